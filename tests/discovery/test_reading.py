"""What is read out of a message: whatever its bytes are, names and addresses or a reason."""

from __future__ import annotations

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.reversename
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.names import dns_name, ip_address, is_address
from agent.core.nameservers import Nameserver
from agent.core.observation import Absent, Answered, Endpoint, Unknown
from agent.discovery.attempt import Reply
from agent.discovery.reading import Addresses, read_addresses, read_pointer, read_srv
from agent.lab.cluster import Cluster, Pod, Service
from agent.lab.zone import answer as zone_answer
from tests.discovery.world import DB, pods

ZONE = f"{DB.fqdn}."
OWN, OTHER = f"{DB.pod('db-0')}.", f"{DB.pod('db-9')}."
POINTER = dns.reversename.from_address("10.0.0.1").to_text()
FROM = Nameserver("192.0.2.53")
OPT = 11  # bytes of the EDNS record at the end of each question


def asking(name: str, kind: str) -> dns.message.Message:
    """The question, always under the same ID."""
    return dns.message.make_query(name, kind, use_edns=0, id=4711)


def message(question: dns.message.Message, *records: str) -> dns.message.Message:
    """An answer: `records` as in a zone file, each in its section.

    Those of the asked kind answer, SOA is authority, the rest is additional.
    """
    reply = dns.message.make_response(question)
    reply.flags |= dns.flags.AA
    asked = dns.rdatatype.to_text(question.question[0].rdtype)
    sections = {asked: reply.answer, "SOA": reply.authority}
    for record in records:
        owner, ttl, rdclass, kind, data = record.split(maxsplit=4)
        rrset = dns.rrset.from_text(owner, int(ttl), rdclass, kind, data)
        sections.get(kind, reply.additional).append(rrset)
    return reply


def arrived(sent: dns.message.Message) -> Reply:
    """The message as it is after its way through the network."""
    return Reply(sent.to_wire(), FROM)


ASKED_SRV, ASKED_A, ASKED_PTR = asking(ZONE, "SRV"), asking(ZONE, "A"), asking(POINTER, "PTR")
SRV = f"{ZONE} 5 IN SRV 0 50 9042 {OWN}"
SOA = "ns.dns.cluster.local. hostmaster.cluster.local. 1 7200 1800 86400"
# A record of the class CH may have other fields than one of IN, or none that are known.
CHAOS_ADDRESS = "ch.example. 0101"
CHAOS_SRV = r"\# 8 0000003223520000"


def test_a_service_record_of_another_class_is_passed_over() -> None:
    sent = message(ASKED_SRV, f"{ZONE} 3 CH SRV {CHAOS_SRV}", SRV, f"{OWN} 5 IN A 10.0.0.1")
    seen = read_srv(arrived(sent), DB)
    assert seen == Answered((Endpoint(OWN.rstrip("."), ("10.0.0.1",)),), 5.0)


def test_an_answer_of_nothing_but_another_class_has_no_data() -> None:
    sent = message(ASKED_SRV, f"{ZONE} 5 CH SRV {CHAOS_SRV}")
    assert isinstance(read_srv(arrived(sent), DB), Absent)


def test_an_additional_address_of_another_class_is_passed_over() -> None:
    sent = message(ASKED_SRV, SRV, f"{OWN} 5 CH A {CHAOS_ADDRESS}", f"{OWN} 5 IN A 10.0.0.1")
    seen = read_srv(arrived(sent), DB)
    assert isinstance(seen, Answered)
    assert seen.endpoints == (Endpoint(OWN.rstrip("."), ("10.0.0.1",)),)


def test_an_address_of_another_class_is_passed_over() -> None:
    sent = message(ASKED_A, f"{ZONE} 3 CH A {CHAOS_ADDRESS}", f"{ZONE} 5 IN A 10.0.0.1")
    assert read_addresses(arrived(sent), DB.fqdn) == Addresses(("10.0.0.1",), 5.0)


def test_a_pointer_of_another_class_is_passed_over() -> None:
    sent = message(ASKED_PTR, f"{POINTER} 5 CH PTR {OTHER}")
    assert read_pointer(arrived(sent), DB) is None
    sent = message(ASKED_PTR, f"{POINTER} 5 CH PTR {OTHER}", f"{POINTER} 5 IN PTR {OWN}")
    assert read_pointer(arrived(sent), DB) == DB.pod("db-0")


@pytest.mark.parametrize(("rdclass", "ttl"), [("IN", 7.0), ("CH", None)])
def test_how_long_a_no_holds_is_not_read_from_another_class(
    rdclass: str, ttl: float | None
) -> None:
    sent = message(ASKED_SRV, f"cluster.local. 30 {rdclass} SOA {SOA} 7")
    sent.set_rcode(dns.rcode.NXDOMAIN)
    seen = read_srv(arrived(sent), DB)
    assert isinstance(seen, Absent)
    assert seen.ttl == ttl


# Bytes that were changed on their way.

CLUSTER = Cluster(
    services=(
        Service("db", "prod", (*pods(2), Pod("db-2", ("10.0.0.3", "fd00::3")))),
        Service("virtual", "prod", pods(1), headless=False),
        Service("alias", "prod", external_name="db.prod.svc.cluster.local"),
    ),
    namespaces=("prod",),
)
QUESTIONS = [
    *(asking(ZONE, kind) for kind in ("SRV", "A", "AAAA", "PTR")),
    *(asking(ZONE.replace("db", name), "SRV") for name in ("virtual", "none")),
    asking(ZONE.replace("db", "alias"), "A"),
    ASKED_PTR,
    asking(dns.reversename.from_address("fd00::3").to_text(), "PTR"),
]
ASKED_AAAA = asking(ZONE, "AAAA")
ODD = [
    (ASKED_SRV, (SRV, f"{ZONE} 9 IN SRV 1 1 1 {OTHER}", f"{OWN} 5 IN A 10.0.0.1")),
    (ASKED_SRV, (SRV, f"{OWN} 5 CH A {CHAOS_ADDRESS}", f"{OWN} 5 IN AAAA fd00::1")),
    (ASKED_A, (f"{ZONE} 5 IN A 10.0.0.1", f"{ZONE} 5 CH TXT odd")),
    (ASKED_AAAA, (f"{ZONE} 5 IN AAAA ::ffff:10.0.0.1", f"{ZONE} 5 IN AAAA fe80::1")),
    (ASKED_PTR, (f"{POINTER} 5 IN PTR {OWN}", f"{POINTER} 5 IN PTR {OTHER}")),
]
SENT = [
    *((question, zone_answer(CLUSTER, question).to_wire()) for question in QUESTIONS),
    *((question, message(question, *records).to_wire()) for question, records in ODD),
]

# What leaves the length as it is makes the most messages that can still be read.
CHANGES = ["change"] * 4 + ["flip"] * 4 + ["take out", "put in"]


@st.composite
def damaged(draw: st.DrawFn) -> tuple[dns.message.Message, bytes]:
    """A question, and the bytes of a real answer to it with some changed, taken out or put in.

    Mostly behind the question: a changed one makes it no answer, which the transport passes over.
    """
    question, sent = draw(st.sampled_from(SENT))
    wire = bytearray(sent)
    behind_question = len(question.to_wire()) - OPT
    for _ in range(draw(st.integers(1, 3))):
        least = draw(st.sampled_from([2, *[behind_question] * 4]))
        at = draw(st.integers(min(least, len(wire) - 1), len(wire) - 1))
        match draw(st.sampled_from(CHANGES)):
            case "change":
                wire[at] = draw(st.integers(0, 255))
            case "flip":
                wire[at] ^= 1 << draw(st.integers(0, 7))
            case "take out":
                del wire[at]
            case "put in":
                wire.insert(at, draw(st.integers(0, 255)))
    return question, bytes(wire)


@settings(max_examples=1000)
@given(damaged())
def test_damaged_bytes_are_names_of_the_service_and_addresses_or_a_reason(
    arriving: tuple[dns.message.Message, bytes],
) -> None:
    question, wire = arriving
    reply = Reply(wire, FROM)
    try:
        is_answer = question.is_response(reply.message)
    except (dns.exception.DNSException, ValueError):
        return  # what the transport takes for no message at all
    if not is_answer:
        return
    for seen in (read_srv(reply, DB), read_addresses(reply, DB.fqdn), read_pointer(reply, DB)):
        must_be_sound(seen)


def must_be_sound(seen: Answered | Addresses | Absent | Unknown | str | None) -> None:
    """Nothing is in it but names of the service's pods, addresses, and words for people."""
    match seen:
        case Answered(endpoints, ttl, remarks):
            assert endpoints
            assert ttl is not None
            assert ttl >= 0
            assert all(remark.isprintable() for remark in remarks)
            for endpoint in endpoints:
                must_be_named(endpoint.fqdn, or_by_address=True)
                assert [ip_address(text) for text in endpoint.addresses] == [*endpoint.addresses]
        case Addresses(addresses, ttl):
            assert addresses
            assert ttl is not None
            assert ttl >= 0
            assert [ip_address(text) for text in addresses] == [*addresses]
        case Absent(reason, _, ttl):
            assert ttl is None or ttl >= 0
            assert reason.isprintable()
        case Unknown(reason):
            assert reason.isprintable()
        case str(name):
            must_be_named(name)
        case None:
            pass


def must_be_named(name: str, *, or_by_address: bool = False) -> None:
    """A name of a pod of the service, as it is written everywhere."""
    if or_by_address and is_address(name):
        assert ip_address(name) == name
        return
    assert dns_name(name) == name
    assert name.partition(".")[2] == DB.fqdn
