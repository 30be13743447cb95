"""The reader of addresses and of their names says what dnspython says, or nothing."""

from __future__ import annotations

from random import Random

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.names import dns_name
from agent.core.nameservers import Nameserver
from agent.core.roll import Service
from agent.discovery import wire
from agent.discovery.attempt import Reply
from agent.discovery.rdata import Names, addresses_in, names_in, targets_in
from agent.discovery.reading import read_srv
from agent.discovery.wire import Kind, Print

NAME = "db.prod.svc.cluster.local"
POINTER = "7.0.0.10.in-addr.arpa"
POD = f"db-7.{NAME}."

labels = st.from_regex("[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?", fullmatch=True)
hosts = st.lists(labels, min_size=1, max_size=6).map(lambda parts: ".".join([*parts, ""]))
ipv4 = st.ip_addresses(v=4).map(str)
ipv6 = st.ip_addresses(v=6).map(str)


def message(name: str, kind: str, *data: str, options: bool = True) -> dns.message.Message:
    """An answer with these records."""
    query = dns.message.make_query(f"{name}.", kind, use_edns=0 if options else None, payload=1232)
    reply = dns.message.make_response(query)
    if data:
        reply.answer.append(dns.rrset.from_text(f"{name}.", 5, "IN", kind, *data))
    return reply


def host_of(name: str) -> str | None:
    """As whoever reads these names has them: nothing else than a host's gets by."""
    try:
        return dns_name(name)
    except ValueError:
        return None


def hosts_in(reply: dns.message.Message) -> set[str]:
    texts = (rdata.target.to_text(omit_final_dot=True) for rdata in reply.answer[0])
    return {host for text in texts if (host := host_of(text))}


def pointed(reply: dns.message.Message, max_size: int = 65535) -> tuple[str, ...] | None:
    found = names_in(reply.to_wire(max_size=max_size), wire.section(POINTER, "PTR"))
    return found.names if found else None


@given(st.lists(ipv4, min_size=1, max_size=40, unique=True), st.booleans())
def test_ipv4_addresses_are_read_as_dnspython_reads_them(data: list[str], options: bool) -> None:
    reply = message(NAME, "A", *data, options=options)
    found = addresses_in(reply.to_wire())
    assert found is not None
    assert sorted(found) == sorted(rdata.address for rdata in reply.answer[0])


@given(st.lists(ipv6, min_size=1, max_size=40, unique=True))
def test_ipv6_addresses_are_read_as_dnspython_reads_them(data: list[str]) -> None:
    reply = message(NAME, "AAAA", *data)
    found = addresses_in(reply.to_wire())
    assert found is not None
    assert sorted(found) == sorted(rdata.address for rdata in reply.answer[0])


@given(st.lists(hosts, min_size=1, max_size=8, unique_by=str.lower))
def test_names_are_read_as_dnspython_reads_them(data: list[str]) -> None:
    """dnspython compresses them, so that pointers of all kinds are followed."""
    try:
        reply = message(POINTER, "PTR", *data)
    except dns.name.NameTooLong:
        return
    found = pointed(reply)
    assert found is not None
    assert {name.lower() for name in found} == hosts_in(reply)


def test_names_and_owners_that_are_written_out_are_read_too() -> None:
    """As CoreDNS does where the answer is short."""
    question = wire.section(POINTER, "PTR")
    target = wire.encoded(POD[:-1])
    data = b"\0\0\0\5" + len(target).to_bytes(2) + target
    head = b"\0\1\x84\0\0\1\0\2\0\0\0\0" + question
    assert names_in(head + 2 * (question + data), question) == Names((POD[:-1],) * 2)
    other = question.replace(b"\x017", b"\x018")
    assert names_in(head + question + data + other + data, question) is None


pods = st.lists(labels, min_size=1, max_size=30, unique_by=str.lower)


@given(pods, st.lists(ipv4 | ipv6, min_size=1, max_size=40), st.randoms())
def test_srv_answers_are_read_as_dnspython_reads_them(
    named: list[str], places: list[str], chance: Random
) -> None:
    """In any order, with addresses of both families, several for a name or none."""
    targets = [f"{name}.{NAME}." for name in named]
    reply = message(NAME, "SRV", *(f"0 5 {chance.choice([1, 2])} {each}" for each in targets))
    for place in places:
        kind = "AAAA" if ":" in place else "A"
        owner = dns.name.from_text(chance.choice(targets))
        rrset = reply.find_rrset(
            reply.additional, owner, dns.rdataclass.IN, dns.rdatatype.from_text(kind), create=True
        )
        rrset.add(dns.rdata.from_text("IN", kind, place))
    came = reply.to_wire(max_size=65535)
    plain = wire.plain(came, wire.section(NAME, "SRV"))
    assert isinstance(plain, Print)
    assert targets_in(came) is not None
    service, server = Service("db", "prod", "cluster.local"), Nameserver("192.0.2.1")
    quick, slow = Reply(came, server, plain), Reply(came, server)
    assert read_srv(quick, service) == read_srv(slow, service)


def test_srv_records_without_addresses_or_of_strangers_are_read_alike() -> None:
    service, server = Service("db", "prod", "cluster.local"), Nameserver("192.0.2.1")
    for targets in (
        [POD],
        [POD, "db-7.evil.example."],
        [POD, f"a\\.b.{NAME}."],
        ["db-7.evil.example."],
        [f"{NAME}."],
        [f"10-0-0-7.{NAME}."],
    ):
        reply = message(NAME, "SRV", *(f"0 5 1 {target}" for target in targets))
        beside = dns.rrset.from_text(targets[-1], 5, "IN", "A", "10.0.0.7")
        for additional in ([], [beside]):
            reply.additional[:] = additional
            came = reply.to_wire()
            quick = Reply(came, server, wire.plain(came, wire.section(NAME, "SRV")))
            assert quick.plain
            assert read_srv(quick, service) == read_srv(Reply(came, server), service), targets


@given(st.data())
def test_an_answer_with_a_byte_changed_is_read_as_dnspython_reads_it_or_not_at_all(
    data: st.DataObject,
) -> None:
    reply = message(POINTER, "PTR", POD, f"10-0-0-7.client.{NAME[3:]}.")
    damaged = bytearray(reply.to_wire())
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    found = names_in(bytes(damaged), wire.section(POINTER, "PTR"))
    if found is not None:
        read = dns.message.from_wire(bytes(damaged))
        assert read.rcode() == 0
        assert not read.flags & dns.flags.TC
        assert {host for name in found.names if (host := host_of(name))} == hosts_in(read)


@given(st.binary(max_size=200))
def test_nothing_that_comes_raises(noise: bytes) -> None:
    question = wire.section(POINTER, "PTR")
    head = b"\0\1\x84\0\0\1\0\2\0\0\0\0"
    for each in (noise, head + noise, head + question + noise, head + question[:-4] + noise):
        addresses_in(each)
        targets_in(each)
        names_in(each, question)


def test_every_shorter_part_of_an_answer_is_none() -> None:
    whole = message(POINTER, "PTR", POD).to_wire()
    question = wire.section(POINTER, "PTR")
    assert names_in(whole, question)
    assert not any(names_in(whole[:end], question) for end in range(len(whole)))
    assert not names_in(whole + b"\0", question)
    located = message(NAME, "A", "10.0.0.1", "10.0.0.2").to_wire()
    assert not any(addresses_in(located[:end]) for end in range(len(located)))


def test_a_dot_in_a_label_makes_no_other_name_of_it() -> None:
    reply = message(POINTER, "PTR", f"db-7\\.db.{NAME[3:]}.")
    assert pointed(reply) is None


@pytest.mark.parametrize(
    "odd",
    [
        message(POINTER, "PTR"),
        message(POINTER, "CNAME", "7.0-15.0.0.10.in-addr.arpa."),
        message("8.0.0.10.in-addr.arpa", "PTR", POD),
        message(POINTER, "TXT", '"db-7"'),
    ],
    ids=["no record", "CNAME", "another question", "another kind"],
)
def test_what_is_no_answer_of_names_is_left_to_dnspython(odd: dns.message.Message) -> None:
    assert pointed(odd) is None


def test_a_record_of_another_name_or_class_or_an_error_is_left_to_dnspython() -> None:
    other = message(POINTER, "PTR", POD)
    other.answer.append(dns.rrset.from_text("8.0.0.10.in-addr.arpa.", 5, "IN", "PTR", POD))
    chaos = message(POINTER, "PTR", POD)
    chaos.answer.append(dns.rrset.from_text(f"{POINTER}.", 5, "CH", "PTR", POD))
    failed, cut, query = (message(POINTER, "PTR", POD) for _ in range(3))
    failed.set_rcode(dns.rcode.SERVFAIL)
    cut.flags |= dns.flags.TC
    query.flags &= ~dns.flags.QR
    options = message(POINTER, "PTR", POD)
    options.use_edns(0, options=[dns.edns.GenericOption("EDE", b"\0\0")])
    beside = message(POINTER, "PTR", POD)
    beside.additional.append(dns.rrset.from_text(POD, 5, "IN", "A", "10.0.0.7"))
    for odd in (other, chaos, failed, cut, query, options, beside):
        assert pointed(odd) is None, odd


@pytest.mark.parametrize("kind", ["SRV", "SOA", "PTR"])
def test_addresses_are_those_of_an_answer_to_a_question_for_addresses(kind: Kind) -> None:
    question = wire.section(NAME, kind)
    reply = b"\0\1\x84\0\0\1\0\1\0\0\0\0" + question
    assert addresses_in(reply + b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4\x0a\0\0\1") is None
