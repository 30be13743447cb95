"""Knowing an answer again: what is known is what would be read, in whatever order it comes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.discovery import wire
from agent.discovery.repeats import Repeats
from agent.discovery.wire import Kind, Print, Serial, plain
from tests.discovery.answers import ZONE, Packet, opt, record, srv
from tests.discovery.test_wire import (
    ADDRESSES,
    BOTH,
    DIFFERENT,
    IPV4,
    NOS,
    OTHER,
    PLAIN,
    POD,
    SRV,
    TARGET,
    ZONE_OF_NO,
    pointer,
    soa,
)
from tests.discovery.test_wire_coredns import asked, db
from tests.discovery.test_wire_fuzz import SENT, Sent, damaged
from tests.discovery.world import CoreDnsWorld


def taught(sent: bytes, question: bytes) -> Repeats:
    """One that has read an answer until it knows it."""
    repeats = Repeats()
    for _ in range(3):
        repeats.plain(sent, question)
    return repeats


def is_known(repeats: Repeats, sent: bytes, question: bytes) -> bool:
    """Whether it is not read again: a print that is made anew is another object."""
    return repeats.plain(sent, question) is repeats.plain(sent, question) is not None


@settings(max_examples=400)
@given(damaged())
def test_whatever_came_before_a_damaged_answer_is_what_it_is_by_itself(sent: Sent) -> None:
    packet, question = sent
    for before, asks in SENT:
        if asks[-4:] == question[-4:]:
            assert taught(before, asks).plain(packet, question) == plain(packet, question)


@settings(max_examples=400)
@given(st.sampled_from(SENT), st.data())
def test_an_answer_with_one_bit_changed_is_known_only_if_it_says_the_same(
    sent: Sent, data: st.DataObject
) -> None:
    before, question = sent
    bit = data.draw(st.integers(16, 8 * len(before) - 1))  # not in the ID, which is the caller's
    changed = before[bit // 8] ^ 1 << bit % 8
    packet = before[: bit // 8] + bytes([changed]) + before[bit // 8 + 1 :]
    assert taught(before, question).plain(packet, question) == plain(packet, question)


@pytest.mark.parametrize("packet", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_each_change_that_has_a_meaning_is_read(packet: Packet) -> None:
    for before in (PLAIN, BOTH):
        seen = taught(before.wire, SRV).plain(packet.wire, SRV)
        assert seen == plain(packet.wire, SRV)
        assert (seen == plain(before.wire, SRV)) == (packet == before)


X, Y = (record(b"\1" + label + pointer(TARGET), "A", IPV4) for label in (b"x", b"y"))
SHUFFLED = {
    "beside it, in full": (BOTH, replace(BOTH, additional=BOTH.additional[::-1])),
    "beside it, by pointers": (
        replace(PLAIN, additional=(X, Y, opt())),
        replace(PLAIN, additional=(Y, X, opt())),
    ),
    "the addresses that were asked for": (
        replace(ADDRESSES, answer=(*ADDRESSES.answer, record(pointer(12), "A", bytes(4)))),
        replace(ADDRESSES, answer=(record(pointer(12), "A", bytes(4)), *ADDRESSES.answer)),
    ),
}


@pytest.mark.parametrize(("one", "other"), SHUFFLED.values(), ids=SHUFFLED.keys())
def test_addresses_in_another_order_are_known(one: Packet, other: Packet) -> None:
    repeats = taught(one.wire, one.question)
    assert is_known(repeats, one.wire, one.question)
    assert repeats.plain(other.wire, one.question) is repeats.plain(one.wire, one.question)


def test_an_address_whose_owner_is_said_by_another_one_is_read_wherever_it_stands() -> None:
    first = replace(PLAIN, additional=(X, Y))
    at = len(first.wire) - len(X) - len(Y)
    led = record(b"\1y" + pointer(at), "A", IPV4)
    one, other = (replace(PLAIN, additional=each) for each in ((X, led), (led, X)))
    repeats = taught(one.wire, SRV)
    assert not is_known(repeats, one.wire, SRV)
    assert repeats.plain(other.wire, SRV) == plain(other.wire, SRV)


def test_with_something_else_between_the_addresses_an_answer_is_read() -> None:
    one = replace(BOTH, additional=(BOTH.additional[0], opt(), BOTH.additional[1]))
    other = replace(BOTH, additional=(opt(), *BOTH.additional))
    assert not is_known(taught(one.wire, SRV), one.wire, SRV)
    assert is_known(taught(other.wire, SRV), other.wire, SRV)


def test_a_name_that_runs_on_into_an_address_is_read_wherever_that_stands() -> None:
    """Its pointer leads to a byte of a target that is taken for a length."""
    target = b"\2a\x13\0"
    lists = record(pointer(12), "SRV", srv(target))
    into = pointer(12 + len(SRV) + len(lists) - 2)
    led = record(b"\1z" + into, "A", IPV4)
    others = [record(b"\2a" + letter + b"\0", "A", IPV4) for letter in (b"a", b"b")]
    packets = [Packet(SRV, (lists,), (), (*each, led)) for each in (others, others[::-1])]
    one, other = (packet.wire for packet in packets)
    assert plain(one, SRV) != plain(other, SRV)
    assert taught(one, SRV).plain(other, SRV) == plain(other, SRV)


def test_an_answer_that_came_once_is_not_known_yet_and_the_last_one_no_more() -> None:
    repeats = Repeats()
    assert not is_known(repeats, PLAIN.wire, SRV)
    assert is_known(repeats, PLAIN.wire, SRV)
    other = replace(PLAIN, answer=(record(pointer(12), "SRV", srv(OTHER)),))
    assert repeats.plain(other.wire, SRV) == plain(other.wire, SRV)
    assert not is_known(repeats, PLAIN.wire, SRV)


def test_names_that_come_in_another_order_are_known_in_that_from_then_on() -> None:
    repeats = taught(BOTH.wire, SRV)
    turned = replace(BOTH, answer=BOTH.answer[::-1])
    assert not is_known(repeats, turned.wire, SRV)
    assert is_known(repeats, turned.wire, SRV)


def test_a_time_to_live_that_a_cache_counts_down_is_told() -> None:
    def lasting(ttl: int) -> Packet:
        return replace(PLAIN, answer=(record(pointer(12), "SRV", srv(POD), ttl=ttl),))

    repeats = taught(lasting(30).wire, SRV)
    for ttl in range(30, 0, -1):
        seen = repeats.plain(lasting(ttl).wire, SRV)
        assert isinstance(seen, Print)
        assert seen.ttl == ttl


def test_an_answer_to_another_question_is_read() -> None:
    other = replace(PLAIN, question=wire.section(f"xx.{ZONE[3:]}", "SRV"))
    repeats = taught(PLAIN.wire, SRV)
    assert repeats.plain(other.wire, other.question) == plain(other.wire, other.question)
    assert repeats.plain(PLAIN.wire, other.question) is None


def named(second: int) -> bytes:
    return wire.section(f"rollcall-{second}.cluster.local", "SOA")


@pytest.mark.parametrize("form", ["in full", "by pointers"])
def test_a_zone_and_its_number_are_known_whatever_name_was_asked_for(form: str) -> None:
    said = NOS[form][0]
    if form == "by pointers":  # to the zone in the question
        zone = pointer(12 + 1 + named(1790000000)[0])
        said = replace(said, authority=(said.authority[0].replace(ZONE_OF_NO, zone),))
    before, after = (replace(said, question=named(second)) for second in (1790000000, 1790000001))
    repeats = taught(before.wire, before.question)
    seen = repeats.plain(after.wire, after.question)
    assert isinstance(seen, Serial)
    assert seen is repeats.plain(before.wire, before.question)
    news = after.wire.replace(seen.number.to_bytes(4, "big"), b"\0\0\1\0")
    assert repeats.plain(news, after.question) == plain(news, after.question)


def test_a_zone_that_is_called_as_the_question_is_read_with_each_question() -> None:
    zone = pointer(12 + 1 + named(1790000000)[0])
    said = replace(NOS["in full"][0], authority=(soa(pointer(12)).replace(ZONE_OF_NO, zone),))
    before, after = (replace(said, question=named(second)) for second in (1790000000, 1790000001))
    seen = taught(before.wire, before.question).plain(after.wire, after.question)
    assert seen == plain(after.wire, after.question) != plain(before.wire, before.question)


# Over TCP a hundred names are spelt in full, and so have two lengths.
@pytest.mark.parametrize(
    ("count", "transport"), [(3, "udp"), (10, "udp"), (10, "tcp"), (100, "udp")]
)
@pytest.mark.parametrize(("name", "kind"), [(ZONE, "SRV"), (ZONE, "A"), ("x.cluster.local", "SOA")])
def test_coredns_is_known_again_in_any_order(
    coredns_world: CoreDnsWorld, name: str, kind: Kind, count: int, transport: str
) -> None:
    at = coredns_world.show(db(count))
    repeats, orders, seen = Repeats(), set(), set()
    for number in range(23):
        question, sent = asked(at, name, kind, transport)
        told = repeats.plain(sent, question)
        if number >= 3:
            orders.add(sent[2:])
            seen.add(id(told))
    assert len(seen) == 1
    assert (len(orders) > 1) == (kind != "SOA")
