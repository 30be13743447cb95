"""Damaged answers: what still has a print says the same to dnspython, and nothing else happens."""

from __future__ import annotations

from typing import SupportsIndex, overload

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.discovery import wire
from agent.discovery.wire import Kind, Print, Serial, plain
from agent.lab.cluster import Pod, Port, Service
from tests.discovery.answers import TO_QUESTION, ZONE, Packet, record, srv, told, told_anew
from tests.discovery.test_wire import (
    FORMS,
    IPV4,
    NO,
    NOS,
    OWNER,
    PLAIN,
    SRV,
    WRITERS,
    Form,
    pointer,
    whole_answer,
)

Sent = tuple[bytes, bytes]  # an answer's bytes, and the question that they answer
PODS = tuple(Pod(f"db-{n}", (f"10.0.0.{n}", f"fd00::{n}")) for n in range(3))
DB = Service("db", "prod", PODS, (Port("cql", 9042), Port("http", 8080)))
ASKED: list[tuple[str, Kind]] = [(ZONE, "SRV"), (f"_cql._tcp.{ZONE}", "SRV"), (ZONE, "AAAA")]
SENT: list[Sent] = [
    *((packet.wire, packet.question) for packet in FORMS.values()),
    *((packet.wire, packet.question) for packet, _, _ in NOS.values()),
    *(
        (Form(1, writer, edns=True).of(whole_answer(DB, name, kind)), wire.section(name, kind))
        for writer in WRITERS
        for name, kind in ASKED
    ),
]


def is_plain(sent: bytes, question: bytes) -> bool:
    """Whether there is a print; then dnspython has to read the same."""
    seen = plain(sent, question)
    if seen is None:
        return False
    message = dns.message.from_wire(sent)
    assert dns.message.from_wire(wire.query(sent[:2], question, 0)).is_response(message)
    assert not message.flags & dns.flags.TC
    if isinstance(seen, Serial):
        assert message.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
        assert not message.answer
        ((owner, rdatas),) = ((rrset.name, list(rrset)) for rrset in message.authority)
        assert seen.zone == owner.to_digestable()
        assert [seen.number] == [rdata.serial for rdata in rdatas]
        return True
    assert message.rcode() == dns.rcode.NOERROR
    assert not message.authority
    (asked,) = message.question
    owners = {(each.name, each.rdclass, each.rdtype) for each in message.answer}
    assert owners == {(asked.name, asked.rdclass, asked.rdtype)}
    assert seen.ttl == told(sent).ttl
    anew = plain(told_anew(sent), question)
    assert isinstance(anew, Print)
    assert anew.digest == seen.digest
    return True


DAMAGES = ["change", "change", "flip", "flip", "take out", "put in", "cut", "splice", "point"]


@st.composite
def damaged(draw: st.DrawFn) -> Sent:
    """The bytes of an answer with some changed, mostly behind the question, and the question."""
    sent, question = draw(st.sampled_from(SENT))
    packet = bytearray(sent)
    for _ in range(draw(st.integers(1, 4))):
        least = draw(st.sampled_from([2, *[12 + len(question)] * 4]))
        last = max(0, len(packet) - 1)
        at = draw(st.integers(min(least, last), last))
        match draw(st.sampled_from(DAMAGES)):
            case "change":
                packet[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case "flip":
                packet[at : at + 1] = bytes(
                    b ^ 1 << draw(st.integers(0, 7)) for b in packet[at:][:1]
                )
            case "take out":
                del packet[at : at + draw(st.integers(1, 20))]
            case "put in":
                packet[at:at] = draw(st.binary(min_size=1, max_size=8))
            case "cut":
                del packet[at:]
            case "splice":
                other, _ = draw(st.sampled_from(SENT))
                begin = draw(st.integers(12, len(other)))
                packet[at:at] = other[begin : begin + draw(st.integers(1, 60))]
            case "point":
                packet[at : at + 2] = pointer(draw(st.integers(0, len(packet))))
    return bytes(packet), question


@settings(max_examples=1500)
@given(damaged())
def test_what_has_a_print_however_damaged_says_the_same_to_dnspython(sent: Sent) -> None:
    is_plain(*sent)


@settings(max_examples=500)
@given(st.binary(max_size=200), st.sampled_from(SENT), st.integers(0, 0xFFFF))
def test_noise_behind_a_question_is_no_answer_or_one_to_dnspython_too(
    noise: bytes, sent: Sent, flags: int
) -> None:
    packet, question = sent
    is_plain(packet[:2] + flags.to_bytes(2) + packet[4 : 12 + len(question)] + noise, question)


SMALL = {name: FORMS[name] for name in ("a pod and its address", "addresses with EDNS")} | {
    "a no": NOS["by pointers"][0]
}
# Of names in them.
BEGINNINGS = (TO_QUESTION, b"\4d", b"\7c", b"\2n", b"\x0ah")
small = pytest.mark.parametrize("packet", SMALL.values(), ids=SMALL.keys())


@small
def test_each_bit_and_each_byte_of_an_answer_may_be_wrong(packet: Packet) -> None:
    plains = 0
    for at, byte in enumerate(packet.wire):
        others = {byte ^ 1 << bit for bit in range(8)} | {0, 1, 0x40, 0xC0, 0xFF, byte + 1 & 0xFF}
        for other in others - {byte}:
            changed = packet.wire[:at] + bytes([other]) + packet.wire[at + 1 :]
            plains += is_plain(changed, packet.question)
    assert plains  # with another address, say


@small
def test_each_byte_of_an_answer_may_be_lost_or_come_twice_and_it_may_end_anywhere(
    packet: Packet,
) -> None:
    sent, question = packet.wire, packet.question
    for at in range(len(sent)):
        assert not is_plain(sent[:at], question)
        is_plain(sent[:at] + sent[at + 1 :], question)
        is_plain(sent[: at + 1] + sent[at:], question)


@pytest.mark.parametrize("packet", [PLAIN, NO], ids=["a pod", "a no"])
def test_a_name_may_be_a_pointer_to_anywhere(packet: Packet) -> None:
    sent, question = packet.wire, packet.question
    names = [at for at in range(OWNER, len(sent)) if sent[at : at + 2] in BEGINNINGS]
    assert len(names) > 2
    for at in names:
        for place in range(len(sent) + 1):
            is_plain(sent[:at] + pointer(place) + sent[at + 2 :], question)


@pytest.mark.parametrize("at", range(4, 12, 2))
@pytest.mark.parametrize("count", [0, 1, 2, 3, 255, 65535])
def test_any_count_of_records_may_be_wrong(at: int, count: int) -> None:
    for sent, question in SENT:
        is_plain(sent[:at] + count.to_bytes(2) + sent[at + 2 :], question)


class Counted(bytes):
    """Bytes that count how often they are looked into."""

    looks = 0

    @overload
    def __getitem__(self, key: SupportsIndex, /) -> int: ...
    @overload
    def __getitem__(self, key: slice, /) -> bytes: ...
    def __getitem__(self, key: SupportsIndex | slice, /) -> int | bytes:
        self.looks += 1
        return super().__getitem__(key)


def costly(size: int) -> Counted:
    """An answer of about so many bytes that are names of as many labels as there can be."""
    target = b"\1x" * 113 + TO_QUESTION
    answer = record(TO_QUESTION, "SRV", srv(target))
    to_second_label = pointer(12 + len(SRV) + len(answer) - len(target) + 2)
    one = record(to_second_label, "A", IPV4)
    count = (size - 12 - len(SRV) - len(answer)) // len(one)
    return Counted(Packet(SRV, (answer,), (), (one,) * count).wire)


def test_the_most_costly_answer_takes_twice_as_long_if_it_is_twice_as_long() -> None:
    half, whole = costly(32767), costly(65535)
    for sent in (half, whole):
        assert isinstance(plain(sent, SRV), Print)
    assert half.looks < whole.looks < 2.2 * half.looks
