"""An answer's print: the same whatever the answer's form, another with other records, or none."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from io import BytesIO

import dns.message
import dns.name
import dns.rdata
import dns.rdtypes.IN.SRV
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.nameservers import Nameserver
from agent.core.observation import Answered
from agent.core.roll import Service as Asked
from agent.discovery import wire
from agent.discovery.attempt import Reply
from agent.discovery.reading import read_srv
from agent.discovery.wire import Kind, Print, Serial, plain
from agent.lab.cluster import Cluster, Pod, Port, Service
from agent.lab.wire import encode
from agent.lab.zone import answer as zone_answer
from tests.discovery.answers import (
    CHAOS,
    TO_QUESTION,
    ZONE,
    Packet,
    opt,
    record,
    resized,
    spelt,
    srv,
    told,
)

FROM = Nameserver("192.0.2.53")
SRV, A = wire.section(ZONE, "SRV"), wire.section(ZONE, "A")
POD, OTHER = spelt(f"db-0.{ZONE}"), spelt(f"db-1.{ZONE}")
IPV4, IPV6 = bytes([10, 0, 0, 1]), bytes(15) + b"\1"
LISTS_POD = record(TO_QUESTION, "SRV", srv(POD))
LOCATES_POD = record(POD, "A", IPV4)
PLAIN = Packet(SRV, (LISTS_POD,), (), (LOCATES_POD, opt()))
ADDRESSES = Packet(A, (record(TO_QUESTION, "A", IPV4),))
# Where the names of the one record of an answer begin.
OWNER = 12 + len(SRV)
TARGET = OWNER + len(TO_QUESTION) + 10 + 6


def pointer(place: int) -> bytes:
    return (0xC000 | place).to_bytes(2, "big")


def shouted(name: str) -> bytes:
    """A name in upper case."""
    return spelt(name).upper()


def listing(target: bytes) -> Packet:
    return Packet(SRV, (record(TO_QUESTION, "SRV", srv(target)),))


def owned(owner: bytes) -> Packet:
    return replace(PLAIN, additional=(record(owner, "A", IPV4),))


def chain(hops: int) -> Packet:
    """Targets that are each one label and a pointer to the one before; the last has so many."""
    records: list[bytes] = []
    to, at = 12, TARGET
    for _ in range(hops):
        records.append(record(TO_QUESTION, "SRV", srv(b"\1x" + pointer(to))))
        to, at = at, at + len(records[-1])
    return Packet(SRV, tuple(records))


def with_flags(flags: int) -> Packet:
    return replace(PLAIN, flags=flags)


def answered(*records: bytes) -> Packet:
    """With these besides the right one, which is the first."""
    return replace(PLAIN, answer=(LISTS_POD, *records))


def beside(*records: bytes) -> Packet:
    return replace(PLAIN, additional=records)


LONGEST = ".".join(["l" * 63, "l" * 63, "l" * 63, "l" * 35, ZONE])
FORMS: dict[str, Packet] = {
    "a pod and its address": PLAIN,
    "without EDNS": replace(PLAIN, additional=(LOCATES_POD,)),
    "without an address": replace(PLAIN, additional=(opt(),)),
    "an IPv6 address": replace(PLAIN, additional=(record(POD, "AAAA", IPV6),)),
    "EDNS before the address": replace(PLAIN, additional=(opt(), LOCATES_POD)),
    "an owner in full": replace(PLAIN, answer=(record(spelt(ZONE), "SRV", srv(POD)),)),
    "an owner in upper case": replace(PLAIN, answer=(record(shouted(ZONE), "SRV", srv(POD)),)),
    "a target by a pointer": listing(b"\4db-0" + TO_QUESTION),
    "an owner by a pointer to a target": owned(pointer(TARGET)),
    "an owner by a pointer into a target": owned(pointer(TARGET + 5)),
    "the root as a target": listing(b"\0"),
    "a name as long as they get": listing(spelt(LONGEST)),
    "eight pointers": chain(8),
    "the longest time to live": replace(
        PLAIN, answer=(record(TO_QUESTION, "SRV", srv(POD), ttl=2**31 - 1),)
    ),
    "addresses": ADDRESSES,
    "addresses with EDNS": replace(ADDRESSES, additional=(opt(),)),
    "IPv6 addresses": Packet(
        wire.section(ZONE, "AAAA"), (record(TO_QUESTION, "AAAA", IPV6),), (), (opt(),)
    ),
    "a port's records": Packet(
        wire.section(f"_cql._tcp.{ZONE}", "SRV"), (LISTS_POD,), (), (LOCATES_POD,)
    ),
}


@pytest.mark.parametrize("packet", FORMS.values(), ids=FORMS.keys())
def test_an_answer_of_such_a_form_has_a_print(packet: Packet) -> None:
    seen = plain(packet.wire, packet.question)
    assert isinstance(seen, Print)
    assert seen.ttl == told(packet.wire).ttl


def answering(data: bytes, ttl: int = 5, *, owner: bytes = TO_QUESTION) -> Packet:
    return replace(PLAIN, answer=(record(owner, "SRV", data, ttl=ttl),))


LISTS_OTHER = record(TO_QUESTION, "SRV", srv(OTHER))
LOCATES_OTHER = record(OTHER, "A", IPV4)
BOTH = Packet(SRV, (LISTS_POD, LISTS_OTHER), (), (LOCATES_POD, LOCATES_OTHER))
ALIKE = {
    "another weight": (PLAIN, answering(srv(POD, weight=1))),
    "another time to live": (PLAIN, answering(srv(POD), ttl=1)),
    "an owner in another letter case": (PLAIN, answering(srv(POD), owner=shouted(ZONE))),
    "a target in another letter case": (PLAIN, answering(srv(shouted(f"db-0.{ZONE}")))),
    "a pod's name in another letter case": (PLAIN, answering(srv(b"\4DB-0" + spelt(ZONE)))),
    "a target by a pointer": (PLAIN, answering(srv(b"\4db-0" + TO_QUESTION))),
    "an address's owner by a pointer": (
        PLAIN,
        replace(PLAIN, additional=(opt(), record(pointer(TARGET), "A", IPV4))),
    ),
    "an address's owner in another letter case": (
        PLAIN,
        replace(PLAIN, additional=(record(shouted(f"db-0.{ZONE}"), "A", IPV4),)),
    ),
    "another letter case in part, by a pointer": (
        PLAIN,
        replace(PLAIN, additional=(record(b"\4DB-0" + pointer(TARGET + 5), "A", IPV4),)),
    ),
    "no EDNS": (PLAIN, replace(PLAIN, additional=(LOCATES_POD,))),
    "other flags": (PLAIN, replace(PLAIN, flags=0x80B0)),
    "another order of the answer": (BOTH, replace(BOTH, answer=(LISTS_OTHER, LISTS_POD))),
    "another order beside it": (BOTH, replace(BOTH, additional=(LOCATES_OTHER, LOCATES_POD))),
    "an SRV record twice": (PLAIN, replace(PLAIN, answer=(LISTS_POD, LISTS_POD))),
    "an address twice": (PLAIN, replace(PLAIN, additional=(LOCATES_POD, LOCATES_POD))),
}


@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE.keys())
def test_what_changes_without_a_meaning_leaves_the_print(one: Packet, other: Packet) -> None:
    seen, again = plain(one.wire, SRV), plain(other.wire, SRV)
    assert isinstance(seen, Print)
    assert isinstance(again, Print)
    assert seen.digest == again.digest
    assert told(one.wire).records == told(other.wire).records


DIFFERENT = {
    "another port": answering(srv(POD, port=1)),
    "another priority": answering(srv(POD, priority=1)),
    "another target": answering(srv(OTHER)),
    "a second target": answered(LISTS_OTHER),
    "a second port": answered(record(TO_QUESTION, "SRV", srv(POD, port=1))),
    "another address": beside(record(POD, "A", bytes(4))),
    "another one's address": beside(LOCATES_OTHER),
    "a second address": beside(LOCATES_POD, record(POD, "A", bytes(4))),
    "an address of another family": beside(record(POD, "AAAA", IPV6)),
    "no address": beside(),
    "two pods": BOTH,
    "two pods that have swapped": replace(
        BOTH, additional=(LOCATES_OTHER, record(POD, "A", bytes(4)))
    ),
    "two pods that have swapped again": replace(
        BOTH, additional=(LOCATES_POD, record(OTHER, "A", bytes(4)))
    ),
}


def test_each_change_that_has_a_meaning_has_a_print_of_its_own() -> None:
    prints = [plain(packet.wire, SRV) for packet in (PLAIN, *DIFFERENT.values())]
    digests = [seen.digest for seen in prints if isinstance(seen, Print)]
    assert len(set(digests)) == len(DIFFERENT) + 1


@pytest.mark.parametrize(("kind", "size"), [("A", 4), ("AAAA", 16)])
def test_each_set_of_addresses_has_a_print_of_its_own(kind: Kind, size: int) -> None:
    one, other = (record(TO_QUESTION, kind, bytes([number] * size)) for number in (1, 2))
    question = wire.section(ZONE, kind)
    packets = [Packet(question, records) for records in ((one,), (other,), (one, other))]
    digests = [seen.digest for p in packets if isinstance(seen := plain(p.wire, question), Print)]
    assert len(set(digests)) == 3


def listed(target: bytes, priority: int = 0) -> bytes:
    return record(TO_QUESTION, "SRV", srv(target, priority=priority, port=7))


X, Y = b"\1x\0", b"\1y\0"
SIX, SEVEN = b"\0\0\0\6", b"\0\0\0\7"  # priorities and ports, or addresses
IN_A_ROW = {
    "a target whose priority is the length of an address": (
        Packet(SRV, (listed(b"\0"), listed(b"\1a\0", 16), listed(X), listed(Y))),
        Packet(
            SRV,
            (listed(b"\0"),),
            (),
            (record(b"\1a\0", "AAAA", b"\0\7" + X + SEVEN + Y + SEVEN),),
        ),
    ),
    "an address that has others in it": (
        Packet(SRV, (listed(X),), (), (record(b"\0", "AAAA", SIX + b"\0" + SEVEN + X + SEVEN),)),
        Packet(
            SRV,
            (listed(X),),
            (),
            (record(b"\0", "A", SIX), record(b"\0", "A", SEVEN), record(X, "A", SEVEN)),
        ),
    ),
}


@pytest.mark.parametrize(("one", "other"), IN_A_ROW.values(), ids=IN_A_ROW.keys())
def test_records_that_are_the_same_bytes_in_a_row_have_prints_of_their_own(
    one: Packet, other: Packet
) -> None:
    seen, another = plain(one.wire, SRV), plain(other.wire, SRV)
    assert isinstance(seen, Print)
    assert isinstance(another, Print)
    assert seen.digest != another.digest


def test_the_time_to_live_is_the_lowest_of_the_records_that_were_asked_for() -> None:
    ttls = [30, 7, 30]
    records = (record(TO_QUESTION, "SRV", srv(POD, port=ttl), ttl=ttl) for ttl in ttls)
    seen = plain(Packet(SRV, tuple(records), (), (record(POD, "A", IPV4, ttl=1),)).wire, SRV)
    assert isinstance(seen, Print)
    assert seen.ttl == 7


SOA_DATA = spelt("ns.dns.cluster.local") + spelt("hostmaster.cluster.local") + bytes(20)
NEGATIVE = record(spelt("cluster.local"), "SOA", SOA_DATA)
PTR = wire.section("1.0.0.10.in-addr.arpa", "PTR")


ODD: dict[str, Packet] = {
    "a question": with_flags(0x0100),
    "another opcode": with_flags(0xA500),
    "an answer that is cut short": with_flags(0x8700),
    "a bit that means nothing yet": with_flags(0x8540),
    "a server's failure": with_flags(0x8502),
    "a no that has records": with_flags(0x8503),
    "two questions": replace(PLAIN, questions=2),
    "no question": replace(PLAIN, questions=0),
    "a record in the authority section": replace(PLAIN, authority=(NEGATIVE,)),
    "no answer": Packet(SRV, (), (), (LOCATES_POD,)),
    "a no": Packet(SRV, (), (NEGATIVE,)),
    "another name's record": answered(record(OTHER, "SRV", srv(OTHER))),
    "a record of another kind": answered(record(TO_QUESTION, "A", IPV4)),
    "an alias": answered(record(TO_QUESTION, "CNAME", OTHER)),
    "EDNS in the answer": replace(PLAIN, answer=(LISTS_POD, opt()), additional=()),
    "a record of another class": answered(record(TO_QUESTION, "SRV", srv(OTHER), rdclass=CHAOS)),
    "a time to live that is too long": answered(record(TO_QUESTION, "SRV", srv(OTHER), ttl=2**31)),
    "an address of another class": beside(record(POD, "A", IPV4, rdclass=CHAOS)),
    "an address that is too long": beside(record(POD, "A", IPV4 + b"\0")),
    "an address that is too short": beside(record(POD, "AAAA", IPV4)),
    "an address that ends with the message": beside(resized(record(POD, "A", IPV4[:3]), 3, 1)),
    "an answer of an address that is too long": replace(
        ADDRESSES, answer=(record(TO_QUESTION, "A", IPV4 + b"\0"),)
    ),
    "an answer of an address that is too short": replace(
        ADDRESSES, answer=(record(TO_QUESTION, "A", IPV4[:3]),)
    ),
    "an SRV record beside the answer": beside(record(TO_QUESTION, "SRV", srv(OTHER))),
    "a text beside the answer": beside(record(POD, "TXT", b"\1x")),
    "an SRV record with more behind its name": answered(
        record(TO_QUESTION, "SRV", srv(OTHER) + b"\0")
    ),
    "an SRV record that ends in its name": answered(
        resized(record(TO_QUESTION, "SRV", srv(OTHER)), len(srv(OTHER)), -1)
    ),
    "an SRV record without a name": answered(record(TO_QUESTION, "SRV", srv(b""))),
    "two EDNS records": beside(opt(), opt()),
    "an EDNS option": beside(opt(data=b"\0\3\0\0")),
    "another version of EDNS": beside(opt(version=1)),
    "a response code that EDNS has more of": beside(opt(rcode=1)),
    "an EDNS record with an owner": beside(opt(owner=POD)),
    "bytes behind the last record": replace(PLAIN, behind=b"\0"),
    "an address beside addresses": replace(ADDRESSES, additional=(record(TO_QUESTION, "A", IPV4),)),
    "a pointer's answer": Packet(PTR, (record(TO_QUESTION, "PTR", POD),)),
    "a label of the type 64": listing(b"\x40" + b"x" * 64 + b"\0"),
    "a label of the type 128": listing(b"\x80" + b"x" * 128 + b"\0"),
    "a label of the type 64 before the service's name": listing(b"\x40" + b"x" * 64 + spelt(ZONE)),
    "a pointer to itself": listing(pointer(TARGET)),
    "a pointer to its own label": listing(b"\1x" + pointer(TARGET)),
    "a pointer to what comes later": replace(
        PLAIN, answer=(record(TO_QUESTION, "SRV", srv(pointer(TARGET + 2))),), additional=(opt(),)
    ),
    "a pointer into the header": listing(pointer(4)),
    "a pointer to a pointer": listing(pointer(OWNER)),
    # The last bytes of the port and of the weight are lengths of labels here, or half a pointer.
    "a pointer to a label that leads into the name itself": Packet(
        SRV,
        (record(TO_QUESTION, "SRV", srv(b"\1x" + pointer(TARGET - 1), port=4)),),
        additional=(opt(),),
    ),
    "a pointer to a pointer that is half the name itself": Packet(
        SRV,
        (
            record(
                TO_QUESTION,
                "SRV",
                srv(b"\x0c" + b"y" * 12 + pointer(TARGET - 3), weight=1, port=0x78C0),
            ),
        ),
    ),
    "a pointer behind the end": listing(b"\xff\xff"),
    "half a pointer": replace(PLAIN, additional=(), answer=(LISTS_POD, b"\xc0")),
    "nine pointers": chain(9),
    "a name that is too long": listing(b"\1x" + spelt(LONGEST)),
    "a name that is too long by a pointer": listing(
        b"".join([b"\x3f" + b"l" * 63] * 3) + b"\x25" + b"l" * 37 + TO_QUESTION
    ),
    "a pod's name that is too long": Packet(
        wire.section(LONGEST, "SRV"),
        (record(TO_QUESTION, "SRV", srv(b"\1x" + spelt(LONGEST))),),
    ),
}


@pytest.mark.parametrize("packet", ODD.values(), ids=ODD.keys())
def test_an_answer_with_something_odd_has_no_print(packet: Packet) -> None:
    assert plain(packet.wire, packet.question) is None


NO = Packet(wire.section("random.cluster.local", "SOA"), (), (NEGATIVE,), (opt(),))
ZONE_OF_NO = pointer(12 + len("random") + 1)


def soa(owner: bytes = ZONE_OF_NO, *, number: int = 7, kind: str = "SOA") -> bytes:
    """A zone's own record, with the names that CoreDNS has in it, by pointers."""
    names = b"\2ns\3dns" + ZONE_OF_NO + b"\x0ahostmaster" + ZONE_OF_NO
    return record(owner, kind, names + number.to_bytes(4, "big") + bytes(16))


NOS = {
    "in full": (NO, "cluster.local", 0),
    "by pointers": (replace(NO, authority=(soa(),)), "cluster.local", 7),
    "for a name that does not exist": (replace(NO, flags=0x8503), "cluster.local", 0),
    "without EDNS": (replace(NO, additional=()), "cluster.local", 0),
    "forwarded": (replace(NO, flags=0x8180), "cluster.local", 0),
    "the root's": (replace(NO, authority=(soa(b"\0", number=2**32 - 1),)), "", 2**32 - 1),
    "another zone's, in upper case": (
        replace(NO, authority=(soa(shouted("example.org")),)),
        "example.org",
        7,
    ),
}


@pytest.mark.parametrize(("packet", "zone", "number"), NOS.values(), ids=NOS.keys())
def test_a_no_to_a_question_for_a_zone_has_the_zone_and_its_number(
    packet: Packet, zone: str, number: int
) -> None:
    assert plain(packet.wire, packet.question) == Serial(spelt(zone) if zone else b"\0", number)


ODD_NOS = {
    "a question": replace(NO, flags=0x0100),
    "another opcode": replace(NO, flags=0xA500),
    "one that is cut short": replace(NO, flags=0x8700),
    "a bit that means nothing yet": replace(NO, flags=0x8540),
    "a server's failure": replace(NO, flags=0x8502),
    "a refusal": replace(NO, flags=0x8505),
    "two questions": replace(NO, questions=2),
    "an answer": replace(NO, answer=(NEGATIVE,)),
    "nothing": replace(NO, authority=()),
    "two zones": replace(NO, authority=(NEGATIVE, NEGATIVE)),
    "another kind": replace(NO, authority=(soa(kind="MINFO"),)),
    "another class": replace(NO, authority=(record(b"\0", "SOA", SOA_DATA, rdclass=CHAOS),)),
    "a record that ends too soon": replace(NO, authority=(resized(NEGATIVE, len(SOA_DATA), -1),)),
    "a record with more behind it": replace(NO, authority=(record(b"\0", "SOA", SOA_DATA + b"x"),)),
    "a response code that EDNS has more of": replace(NO, additional=(opt(rcode=1),)),
    "another version of EDNS": replace(NO, additional=(opt(version=1),)),
    "an EDNS option": replace(NO, additional=(opt(data=b"\0\3\0\0"),)),
    "two EDNS records": replace(NO, additional=(opt(), opt())),
    "an address beside it": replace(NO, additional=(LOCATES_POD,)),
    "bytes behind the last record": replace(NO, behind=b"\0"),
    "a name that points to itself": replace(NO, authority=(soa(pointer(12 + len(NO.question))),)),
}


@pytest.mark.parametrize("packet", ODD_NOS.values(), ids=ODD_NOS.keys())
def test_a_no_with_something_odd_is_none(packet: Packet) -> None:
    assert plain(packet.wire, packet.question) is None


def test_only_the_answer_to_the_question_has_a_print() -> None:
    for asked in (A, wire.section(f"x{ZONE}", "SRV"), wire.section("db", "SRV")):
        assert plain(PLAIN.wire, asked) is None
    upper = shouted(ZONE) + SRV[-4:]
    assert plain(replace(PLAIN, question=upper).wire, SRV) is None


CUT = with_flags(0x8700)
CUTS = {
    "whole": (CUT, True),
    "with half a record": (replace(CUT, answer=(LISTS_POD, LISTS_POD[:9])), True),
    "without records": (replace(CUT, answer=(), additional=()), True),
    "not cut": (PLAIN, False),
    "a question": (with_flags(0x0700), False),
    "another opcode": (with_flags(0xA700), False),
    "two questions": (replace(CUT, questions=2), False),
    "another question's": (replace(CUT, question=A), False),
}


@pytest.mark.parametrize(("packet", "is_cut"), CUTS.values(), ids=CUTS.keys())
def test_an_answer_is_cut_if_it_answers_the_question_and_says_so(
    packet: Packet, is_cut: bool
) -> None:
    assert wire.is_cut(packet.wire, SRV) is is_cut


def test_no_bytes_are_neither_plain_nor_cut() -> None:
    assert plain(b"", SRV) is None
    assert not wire.is_cut(b"", SRV)


NOT_NAMES = ["", ".", "db.", ".db", "a..b", "l" * 64, "l" * 256, f"x.{LONGEST}"]


@pytest.mark.parametrize("name", NOT_NAMES)
def test_what_is_no_name_can_not_be_asked_for(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(name)}$"):
        wire.section(name, "A")


@pytest.mark.parametrize("name", [ZONE, "db", LONGEST, "DB.Prod", "_cql._tcp.db"])
@pytest.mark.parametrize("kind", ["SRV", "A", "AAAA", "PTR", "SOA"])
@pytest.mark.parametrize("payload", [0, 1232])
def test_a_question_is_what_dnspython_would_ask(name: str, kind: Kind, payload: int) -> None:
    edns = {"use_edns": 0, "payload": payload} if payload else {"use_edns": False}
    theirs = dns.message.make_query(f"{name.lower()}.", kind, id=0xABCD, **edns)
    ours = wire.query(b"\xab\xcd", wire.section(name, kind), payload)
    assert ours == theirs.to_wire()


# Clusters, and every form that their answers come in.

PORTS = (Port("cql", 9042), Port("http", 8080), Port("dns", 53, "UDP"), Port("", 7000))
LONG = 60


@st.composite
def services(draw: st.DrawFn) -> Service:
    pod = draw(st.sampled_from(["db", "DB", "a-b--c", "x" * LONG]))
    families = draw(st.sampled_from([(4,), (6,), (4, 6)]))
    count = draw(st.just(0) | st.integers(1, 9) | st.integers(1, 60))
    return Service(
        draw(st.sampled_from(["db", "s" * LONG])),
        draw(st.sampled_from(["prod", "n" * LONG])),
        tuple(Pod(f"{pod}-{n}", tuple(address(n, v) for v in families)) for n in range(count)),
        tuple(draw(st.lists(st.sampled_from(PORTS), min_size=1, unique=True))),
        own_hostnames=draw(st.booleans()),
    )


def address(number: int, version: int) -> str:
    return f"10.0.{number // 200}.{number % 200 + 1}" if version == 4 else f"fd00::{number + 1:x}"


@st.composite
def changed(draw: st.DrawFn, service: Service) -> Service:
    """The service as it is, or with one thing changed."""
    pods, ports = service.pods, service.ports
    which = draw(st.integers(0, len(pods) - 1)) if pods else 0
    one, others = pods[which : which + 1], pods[:which] + pods[which + 1 :]
    match draw(st.sampled_from(["same", "order", "gone", "new", "moved", "named", "two", "port"])):
        case "order":
            pods = tuple(reversed(pods))
        case "gone":
            pods = others
        case "new":
            pods = (*pods, Pod("new-0", ("10.9.9.9",)))
        case "moved":
            pods = others + tuple(replace(pod, addresses=("10.9.9.9",)) for pod in one)
        case "named":
            pods = others + tuple(replace(pod, name="new-0") for pod in one)
        case "two":
            pods = others + tuple(replace(p, addresses=(*p.addresses, "fd09::9")) for p in one)
        case "port":
            ports = tuple(replace(port, number=port.number + 1) for port in ports)
    return replace(service, pods=pods, ports=ports)


@dataclass(frozen=True, slots=True)
class Form:
    """How an answer is written: all that must not matter, drawn from a seed, and by whom."""

    seed: int
    writer: str
    edns: bool

    def of(self, whole: dns.message.Message) -> bytes:
        """The answer's bytes."""
        chance = random.Random(self.seed)
        reply = dns.message.QueryMessage(id=chance.randrange(2**16))
        reply.flags, reply.question = whole.flags, whole.question
        reply.use_edns(0 if self.edns else -1, payload=1232)
        reply.answer, reply.authority, reply.additional = (
            self._mixed(sets, chance) for sets in (whole.answer, whole.authority, whole.additional)
        )
        match self.writer:
            case "dnspython":
                return reply.to_wire(max_size=65535)
            case "the lab":
                return encode(reply, "tcp", 65535)
            case "the lab, in pointers":
                return encode(reply, "udp", 65535)
        return in_full(reply)

    def _mixed(self, sets: list[dns.rrset.RRset], chance: random.Random) -> list[dns.rrset.RRset]:
        """The records in any order, with any weight, letter case and time to live."""
        mixed = [
            dns.rrset.from_rdata(
                any_case(each.name, chance),
                chance.choice((0, 5, 30, 2**31 - 1)),
                weighed(rdata, chance),
            )
            for each in sets
            for rdata in each
            for _ in range(1 + (chance.random() < 0.1))  # some of them twice
        ]
        chance.shuffle(mixed)
        return mixed


def any_case(name: dns.name.Name, chance: random.Random) -> dns.name.Name:
    if chance.random() < 0.7:
        return name
    return dns.name.Name([chance.choice((label.upper(), label.title())) for label in name.labels])


def weighed(rdata: dns.rdata.Rdata, chance: random.Random) -> dns.rdata.Rdata:
    if not isinstance(rdata, dns.rdtypes.IN.SRV.SRV):
        return rdata
    weight = chance.choice((1, rdata.weight, 65535))
    return rdata.replace(weight=weight, target=any_case(rdata.target, chance))


def in_full(reply: dns.message.Message) -> bytes:
    """The message without a pointer, its header and question as they were."""
    with_pointers = reply.to_wire(max_size=65535)
    sections = reply.answer, reply.authority, reply.additional
    body = BytesIO()
    for each in (rrset for section in sections for rrset in section):
        each.to_wire(body)
    (asked,) = reply.question
    behind = 12 + len(asked.name.to_digestable()) + 4
    edns = opt() if reply.edns >= 0 else b""
    return with_pointers[:behind] + body.getvalue() + edns


WRITERS = ["dnspython", "in full", "the lab", "the lab, in pointers"]
forms = st.builds(Form, st.integers(0, 2**32), st.sampled_from(WRITERS), st.booleans())


@st.composite
def questions(draw: st.DrawFn) -> tuple[Service, str, Kind]:
    """A service, and what is asked about it."""
    service = draw(services())
    fqdn = f"{service.name}.{service.namespace}.svc.cluster.local"
    kind: Kind = draw(st.sampled_from(["SRV", "SRV", "SRV", "A", "AAAA"]))
    port = draw(st.sampled_from([None, *service.ports])) if kind == "SRV" else None
    if port and port.name:
        fqdn = f"_{port.name}._{port.protocol.lower()}.{fqdn}"
    return service, fqdn, kind


def whole_answer(service: Service, name: str, kind: Kind) -> dns.message.Message:
    asked = dns.message.make_query(f"{name}.", kind, use_edns=0)
    return zone_answer(Cluster(services=(service,)), asked)


@settings(max_examples=100)
@given(questions(), st.data(), forms, forms)
def test_two_prints_are_the_same_exactly_where_dnspython_reads_the_same_records(
    asked: tuple[Service, str, Kind], data: st.DataObject, form: Form, other_form: Form
) -> None:
    service, name, kind = asked
    question = wire.section(name, kind)
    messages = [whole_answer(each, name, kind) for each in (service, data.draw(changed(service)))]
    sent = [form.of(messages[0]), other_form.of(messages[1])]
    one, two = (plain(each, question) for each in sent)
    readings = [told(each) for each in sent]
    for seen, message, packet, reading in zip((one, two), messages, sent, readings, strict=True):
        is_whole = not wire.is_cut(packet, question)  # some are longer than a message can be
        assert isinstance(seen, Print) == (bool(message.answer) and is_whole)
        assert not isinstance(seen, Print) or seen.ttl == reading.ttl
    if not isinstance(one, Print) or not isinstance(two, Print):
        return
    assert (one.digest == two.digest) == (readings[0].records == readings[1].records)
    if kind == "SRV" and one.digest == two.digest:
        of = Asked(service.name, service.namespace, "cluster.local")
        seen_one, seen_two = (read_srv(Reply(each, FROM), of) for each in sent)
        if isinstance(seen_one, Answered):
            seen_one = replace(seen_one, ttl=two.ttl)
        assert seen_one == seen_two
