"""Whatever DNS answers, only names and addresses come into files.

The names go over the wire as they are, byte by byte: text in a zone file could not say them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest

from agent import formats
from agent.core.identity import Identity
from agent.core.membership import Membership, Rules, observe
from agent.core.names import ip_address
from agent.core.roll import Peer, Roll
from agent.discovery import Mode
from tests.discovery.world import DB, at, inquire
from tests.formats.rolls import each_format, render
from tests.formats.structure import same_but_for
from tests.support.scripted_dns import Question, ScriptedDns

ZONE = tuple(DB.fqdn.encode().split(b"."))
ME, GOOD = (Peer(DB.pod(f"db-{n}"), (f"10.0.0.{n + 1}",)) for n in (0, 1))
BOTH = Roll(DB, ME, (ME, GOOD), 1, 2)
HOSTILE = {
    "a quote": b'db-2"',
    "an apostrophe": b"db-2'",
    "a space": b"db-2 db-3",
    "a tab": b"db-2\tx",
    "a newline": b"db-2\nwsrep_cluster_address=",
    "a carriage return": b"db-2\r\n[mysqld]",
    "a NUL": b"db-2\x00x",
    "a dot inside a label": b"db-2.evil",
    "only dots": b"...",
    "a slash": b"../../etc",
    "a backslash": b"db-2\\",
    "a dollar": b"$(touch evil)",
    "a backtick": b"`touch evil`",
    "a semicolon": b"db-2;reboot",
    "a hash": b"db-2#",
    "a percent sign": b"%s%n",
    "Jinja": b"{{ 7 * 7 }}",
    "a Jinja statement": b"{% raw %}",
    "an end of CDATA": b"]]><evil/>",
    "an ampersand": b"&amp;",
    "a YAML tag": b"!!python/name:os",
    "a YAML anchor": b"&a",
    "a YAML list": b"- a",
    "a YAML key": b"a: b",
    "a byte order mark": "\ufeffdb-2".encode(),
    "a line separator": "db-2\u2028x".encode(),
    "another script": "dб-2".encode(),
    "no UTF-8": b"\xff\xfe\xc0",
    "63 octets": b"\x01" * 63,
    "63 spaces": b" " * 63,
    "a dash at its end": b"db-2-",
    "a dash at its start": b"-db-2",
    "an escape": b"\x1b[31mdb-2",
    "a star": b"*",
    "a comma": b"db-2,db-3",
    "an address": b"10.0.0.9",
    "an address of IPv6": b"fd00::9",
}
hostile = pytest.mark.parametrize("label", HOSTILE.values(), ids=HOSTILE.keys())
Records = Callable[[Question], Iterator[tuple[dns.name.Name, dns.rdata.Rdata]]]


def raw(*labels: bytes) -> dns.name.Name:
    """A name in the service's zone."""
    return dns.name.Name((*labels, *ZONE, b""))


def rdata(kind: str, target: dns.name.Name, before: bytes = b"") -> dns.rdata.Rdata:
    """A record of a name, with what comes before that."""
    wire = before + (target.to_wire() or b"")
    return dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.from_text(kind), wire, 0, len(wire))


def a(address: str) -> dns.rdata.Rdata:
    return dns.rdata.from_text("IN", "A", address)


def srv(target: dns.name.Name) -> dns.rdata.Rdata:
    """With priority 0, weight 50 and port 5432 (RFC 2782)."""
    return rdata("SRV", target, b"\0\0\0\x32\x15\x38")


def roll_from(
    records: Records,
    mode: Mode = "srv",
    wire: Callable[[bytes], bytes] = bytes,
    timeout: float = 1.5,
) -> Roll:
    """The roll of db-0 after one poll, with these records for answer, changed by `wire`."""

    def udp(question: Question) -> Iterator[bytes]:
        reply = dns.message.make_response(question.message)
        for owner, data in records(question):
            is_answer = dns.rdatatype.to_text(data.rdtype) in (question.kind, "CNAME")
            section = reply.answer if is_answer else reply.additional
            section.append(dns.rrset.from_rdata(owner, 5, data))
        yield wire(reply.to_wire(max_size=65535))

    with ScriptedDns(udp) as server:
        seen = inquire(at(server), own=ME, mode=mode, timeout=timeout).observe()
    me = Identity("db-0", "db", 0, DB, ME.addresses, {})
    return observe(Membership(me), seen, 0.0, Rules()).state.roll(2, 0)


def name_of(peer: Peer) -> dns.name.Name:
    return dns.name.from_text(f"{peer.fqdn}.")


def the_good() -> Iterator[tuple[dns.name.Name, dns.rdata.Rdata]]:
    for peer in BOTH.peers:
        yield raw(), srv(name_of(peer))
        yield name_of(peer), a(peer.addresses[0])


@hostile
def test_a_hostile_target_of_srv_is_no_peer(label: bytes) -> None:
    def records(_: Question) -> Iterator[tuple[dns.name.Name, dns.rdata.Rdata]]:
        yield raw(), srv(raw(label))
        yield from the_good()
        yield raw(label), a("10.0.0.66")

    for mode in ("srv", "auto"):
        assert roll_from(records, mode).peers == BOTH.peers


@hostile
def test_a_hostile_owner_is_passed_over(label: bytes) -> None:
    def records(_: Question) -> Iterator[tuple[dns.name.Name, dns.rdata.Rdata]]:
        yield raw(label), srv(raw(b"db-2"))
        yield raw(label), a("10.0.0.66")
        yield raw(label, b"db-1"), a("10.0.0.67")
        yield from the_good()

    assert roll_from(records).peers == BOTH.peers


@hostile
def test_a_hostile_name_of_an_address_is_not_taken(label: bytes) -> None:
    def records(question: Question) -> Iterator[tuple[dns.name.Name, dns.rdata.Rdata]]:
        if question.kind == "A":
            yield from ((raw(), a(f"10.0.0.{n}")) for n in (1, 2, 66))
        for n, target in enumerate((name_of(ME), name_of(GOOD)), 1):
            if question.name.startswith(f"{n}.0.0.10."):
                yield dns.name.from_text(f"{question.name}."), rdata("PTR", target)
        if question.name.startswith("66."):
            yield dns.name.from_text(f"{question.name}."), rdata("PTR", raw(label))

    # The address has no name yet, and is left out until that was said twice.
    assert roll_from(records, "address").peers == BOTH.peers


@hostile
def test_an_alias_with_a_hostile_name_leads_to_nobody_of_such_a_name(label: bytes) -> None:
    def records(_: Question) -> Iterator[tuple[dns.name.Name, dns.rdata.Rdata]]:
        yield raw(), rdata("CNAME", raw(label))
        yield raw(label), srv(raw(label, b"db-2"))
        yield raw(label), srv(name_of(GOOD))
        yield name_of(GOOD), a(GOOD.addresses[0])

    peers = roll_from(records).peers
    assert set(peers) <= set(BOTH.peers)


ADDRESSES = ("::ffff:10.0.0.9", "fe80::1", "::", "ff02::1", "64:ff9b::a00:1", "fd00:0:0:0::9")


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_written_in_its_one_form_or_not_at_all(address: str) -> None:
    def records(_: Question) -> Iterator[tuple[dns.name.Name, dns.rdata.Rdata]]:
        yield raw(), srv(name_of(GOOD))
        yield name_of(GOOD), dns.rdata.from_text("IN", "AAAA", address)

    for peer in roll_from(records).peers:
        assert all(ip_address(each) == each for each in peer.addresses)


@pytest.mark.parametrize("length", [0, 3, 5, 255], ids="{} octets".format)
def test_an_address_of_another_length_is_doubt(length: int) -> None:
    def resized(wire: bytes) -> bytes:
        short = a(GOOD.addresses[0]).to_digestable()
        whole = len(short).to_bytes(2) + short
        assert whole in wire
        return wire.replace(whole, length.to_bytes(2) + b"'" * length)

    def records(_: Question) -> Iterator[tuple[dns.name.Name, dns.rdata.Rdata]]:
        yield from the_good()

    assert roll_from(records).peers == BOTH.peers
    # Nothing is known yet: not even that this pod is alone.
    assert roll_from(records, wire=resized, timeout=0.2).peers == ()


LONGEST = b"X" * 61 + b"-2"


@pytest.fixture(scope="module")
def with_the_longest() -> Roll:
    """What comes of an answer with a name as long as they get, in upper case."""

    def records(_: Question) -> Iterator[tuple[dns.name.Name, dns.rdata.Rdata]]:
        yield raw(), srv(raw(LONGEST))
        yield raw(LONGEST), a("10.0.0.3")
        yield from the_good()

    return roll_from(records)


@pytest.fixture(scope="module")
def with_all() -> Roll:
    """What comes of an answer with all that is hostile at once."""

    def records(_: Question) -> Iterator[tuple[dns.name.Name, dns.rdata.Rdata]]:
        yield from the_good()
        for label in HOSTILE.values():
            yield raw(), srv(raw(label))
            yield raw(label), a("10.0.0.66")

    return roll_from(records)


@each_format
def test_a_name_as_long_as_they_get_is_one_like_others(name: str, with_the_longest: Roll) -> None:
    (longest,) = set(with_the_longest.peers) - set(BOTH.peers)
    assert longest.fqdn == f"{LONGEST.decode()}.{DB.fqdn}".lower()
    short = replace(
        with_the_longest, peers=(*BOTH.peers, Peer(DB.pod("harmless-2"), ("10.0.0.3",)))
    )
    value = longest.name.removesuffix("-2")
    file = formats.load(name).header.file
    same_but_for(value, file, render(name, with_the_longest), render(name, short))


@each_format
def test_all_that_is_hostile_at_once_changes_no_byte_of_a_file(name: str, with_all: Roll) -> None:
    assert render(name, with_all) == render(name, replace(BOTH, replicas=with_all.replicas))
