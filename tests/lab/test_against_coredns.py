"""The lab's name server and a real CoreDNS: one cluster, the same questions, the same answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import dns.rrset
import pytest

from agent.lab.cluster import Cluster, Pod, Port, Service
from agent.lab.server import DnsServer
from agent.lab.world import Nameserver
from tests.support.ask import ask, over_tcp
from tests.support.coredns import CoreDns
from tests.support.kubeapi import KubeApi
from tests.support.until import until

TRANSPORTS = ("udp", "tcp")
CQL, HTTP = Port("cql", 9042), Port("http", 8080)


def pods(count: int, start: int = 0, name: str = "db", dual: bool = False) -> tuple[Pod, ...]:
    """Pods name-0, name-1, … with addresses that say their ordinals."""
    return tuple(
        Pod(
            f"{name}-{n}",
            (f"10.0.{n // 250}.{n % 250 + 1}", *([f"fd00::{n + 1:x}"] if dual else [])),
        )
        for n in range(start, start + count)
    )


SERVICES = (
    Service("db", pods=pods(3)),
    Service("dual", pods=pods(3, dual=True)),
    Service("six", pods=(Pod("six-0", ("fd00::",)), Pod("six-1", ("2001:db8::1:0:0:1",)))),
    Service("two-ports", pods=pods(2), ports=(CQL, HTTP)),
    Service("three", pods=pods(7), ports=(CQL, HTTP, Port("dns", 53, "UDP"))),
    Service("portless", pods=pods(2), ports=()),
    Service("unnamed", pods=pods(2), ports=(Port("", 9042),)),
    Service("virtual", pods=pods(2), headless=False, cluster_ip="10.96.0.50", ports=(CQL, HTTP)),
    Service("virtual-empty", headless=False, cluster_ip="10.96.0.51"),
    Service("virtual-portless", pods=pods(1), headless=False, cluster_ip="10.96.0.52", ports=()),
    Service("away", external_name="db.example.org"),
    Service("alias", external_name="db.default.svc.cluster.local"),
    Service("alias-of-alias", external_name="alias.default.svc.cluster.local"),
    Service("alias-of-none", external_name="none.default.svc.cluster.local"),
    Service("loop", external_name="loop.default.svc.cluster.local"),
    Service("ring", external_name="ring-2.default.svc.cluster.local"),
    Service("ring-2", external_name="ring.default.svc.cluster.local"),
    Service("number", external_name="10.9.9.9"),
    Service("empty"),
    Service("dashed", pods=pods(3, dual=True), own_hostnames=False),
    Service("starting", pods=(Pod("db-0", ("10.1.0.1",)), Pod("db-1", ("10.1.0.2",), ready=False))),
    Service(
        "ready-only",
        pods=(Pod("db-0", ("10.2.0.1",)), Pod("db-1", ("10.2.0.2",), ready=False)),
        publish_not_ready=False,
    ),
    Service("none-ready", pods=(Pod("db-0", ("10.3.0.1",), ready=False),), publish_not_ready=False),
    Service("twice", pods=(Pod("db-0", ("10.4.0.1",)), Pod("db-0", ("10.4.0.2",)))),
    Service("two-homed", pods=(Pod("db-0", ("10.5.0.1", "10.5.0.2", "fd00:5::1")),)),
    Service("shared-address", pods=(Pod("a-0", ("10.6.0.1",)), Pod("a-1", ("10.6.0.1",)))),
    Service("db", namespace="other", pods=pods(1, start=20)),
)
CLUSTER = Cluster(services=SERVICES, namespaces=("bare",))

NAMES = (
    *(f"{service.name}.{service.namespace}.svc.cluster.local." for service in SERVICES),
    # endpoints
    "db-0.db.default.svc.cluster.local.",
    "db-2.dual.default.svc.cluster.local.",
    "db-9.db.default.svc.cluster.local.",
    "db-1.starting.default.svc.cluster.local.",
    "db-1.ready-only.default.svc.cluster.local.",
    "db-0.twice.default.svc.cluster.local.",
    "db-0.two-homed.default.svc.cluster.local.",
    "db-0.portless.default.svc.cluster.local.",
    "db-0.virtual.default.svc.cluster.local.",
    "db-0.away.default.svc.cluster.local.",
    "six-0.six.default.svc.cluster.local.",
    "10-0-0-1.dashed.default.svc.cluster.local.",
    "fd00--2.dashed.default.svc.cluster.local.",
    "10-0-0-1.db.default.svc.cluster.local.",
    "db-0.dashed.default.svc.cluster.local.",
    # ports
    "_cql._tcp.db.default.svc.cluster.local.",
    "_cql._tcp.dual.default.svc.cluster.local.",
    "_cql._tcp.dashed.default.svc.cluster.local.",
    "_cql._tcp.two-homed.default.svc.cluster.local.",
    "_cql._tcp.ready-only.default.svc.cluster.local.",
    "_http._tcp.two-ports.default.svc.cluster.local.",
    "_dns._udp.three.default.svc.cluster.local.",
    "_dns._tcp.three.default.svc.cluster.local.",
    "_cql._tcp.virtual.default.svc.cluster.local.",
    "_wrong._tcp.db.default.svc.cluster.local.",
    "_wrong._tcp.virtual.default.svc.cluster.local.",
    "_cql._tcp.portless.default.svc.cluster.local.",
    "_cql._tcp.unnamed.default.svc.cluster.local.",
    "_cql._tcp.empty.default.svc.cluster.local.",
    "_cql._tcp.away.default.svc.cluster.local.",
    "cql.tcp.db.default.svc.cluster.local.",
    "_._tcp.unnamed.default.svc.cluster.local.",
    "_tcp.db.default.svc.cluster.local.",
    "_cql._tcp.db-0.db.default.svc.cluster.local.",
    # what is not there, and what has nothing
    "none.default.svc.cluster.local.",
    "db.nowhere.svc.cluster.local.",
    "db-0.db.nowhere.svc.cluster.local.",
    "db.bare.svc.cluster.local.",
    "bare.svc.cluster.local.",
    "default.svc.cluster.local.",
    "nowhere.svc.cluster.local.",
    "svc.cluster.local.",
    "pod.cluster.local.",
    "default.pod.cluster.local.",
    "10-0-0-1.default.pod.cluster.local.",
    "cluster.local.",
    "anything.cluster.local.",
    "dns-version.cluster.local.",
    "ns.dns.cluster.local.",
    "apex.dns.cluster.local.",
    # case
    "DB.Default.SVC.cluster.local.",
    "dual.default.svc.CLUSTER.Local.",
    "_CQL._Tcp.Db.default.svc.Cluster.Local.",
    "DB-0.db.default.svc.cluster.LOCAL.",
    "None.default.svc.Cluster.local.",
    "Alias.default.svc.cluster.Local.",
    # addresses
    "1.0.0.10.in-addr.arpa.",
    "1.0.4.10.in-addr.arpa.",
    "1.0.6.10.in-addr.arpa.",
    "2.0.2.10.in-addr.arpa.",
    "50.0.96.10.IN-ADDR.arpa.",
    "9.9.9.10.in-addr.arpa.",
    "0.0.10.in-addr.arpa.",
    "in-addr.arpa.",
    "db.default.svc.in-addr.arpa.",
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa.",
    "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa.",
    "0.0.d.f.ip6.arpa.",
    # not ours
    "db.example.org.",
    "db.default.svc.cluster.local.example.org.",
    "local.",
    ".",
)
TYPES = tuple("A AAAA SRV PTR CNAME TXT SOA NS MX ANY HTTPS DS AXFR IXFR".split())


@dataclass(frozen=True, slots=True)
class Pair:
    """A CoreDNS and the lab's server, kept on one cluster."""

    api: KubeApi
    core: CoreDns
    nameserver: Nameserver
    lab: DnsServer

    def set(self, cluster: Cluster) -> None:
        if cluster != self.nameserver.cluster:
            self.api.set(cluster)
            self.nameserver.set(cluster, time.time())
            self.core.in_sync()

    def compare(self, query: bytes, transport: str) -> dns.message.Message:
        """The answer, if it is the same from both, to the length of the packet."""
        theirs = ask(self.core.port, query, transport)
        ours = ask(self.lab.port, query, transport)
        assert readable(ours) == readable(theirs)
        assert len(ours) == len(theirs)
        return dns.message.from_wire(ours)


@pytest.fixture(scope="module")
def unset_pair() -> Iterator[Pair]:
    nameserver = Nameserver(CLUSTER, time.time(), shuffle=False)
    with (
        KubeApi(CLUSTER) as api,
        CoreDns(api) as core,
        DnsServer(nameserver.respond) as lab,
    ):
        yield Pair(api, core, nameserver, lab)


@pytest.fixture
def pair(unset_pair: Pair) -> Pair:
    unset_pair.set(CLUSTER)
    return unset_pair


def readable(packet: bytes) -> dict[str, object]:
    """Everything that an answer says, in text; order is left out, and the SOA's serial."""
    message = dns.message.from_wire(packet)
    return {
        "id": message.id,
        "opcode": dns.opcode.to_text(message.opcode()),
        "rcode": dns.rcode.to_text(message.rcode()),
        "flags": dns.flags.to_text(message.flags),
        "question": lines(message.question),
        "answer": lines(message.answer),
        "authority": lines(message.authority),
        "additional": lines(message.additional),
        "edns": (message.edns, message.payload, message.ednsflags, message.options),
    }


def lines(section: list[dns.rrset.RRset]) -> list[str]:
    found = []
    for rrset in section:
        head = f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)}"
        for rdata in rrset:
            said = rdata.replace(serial=0) if rrset.rdtype == dns.rdatatype.SOA else rdata
            found.append(f"{head} {said}")
        if not rrset:
            found.append(head)
    return sorted(found)


def query(name: str, rdtype: str = "SRV", payload: int | None = 1232) -> bytes:
    edns = None if payload is None else 0
    return dns.message.make_query(
        name, rdtype, use_edns=edns, payload=payload or 512, id=4711
    ).to_wire()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", NAMES)
def test_every_name_has_the_same_answer_for_every_type(
    pair: Pair, name: str, transport: str
) -> None:
    for rdtype in TYPES:
        pair.compare(query(name, rdtype), transport)


def variants() -> Iterator[tuple[str, bytes]]:
    name = "_cql._tcp.dual.default.svc.cluster.local."

    def made(**options: Any) -> dns.message.Message:
        return dns.message.make_query(name, "SRV", id=7, **options)

    yield "no EDNS", made().to_wire()
    yield "no recursion desired", made(flags=0).to_wire()
    yield "CD and AD", made(flags=dns.flags.RD | dns.flags.CD | dns.flags.AD).to_wire()
    yield "DO", made(want_dnssec=True, payload=1400).to_wire()
    yield "a payload below 512", made(use_edns=0, payload=100).to_wire()
    options = [
        dns.edns.CookieOption(b"12345678", b""),
        dns.edns.ECSOption("192.0.2.0", 24),
        dns.edns.NSIDOption(b""),
    ]
    yield "options", made(use_edns=0, options=options).to_wire()
    yield "EDNS version 1", made(use_edns=1).to_wire()
    chaos = dns.message.make_query("version.bind.", "TXT", rdclass="CH")
    yield "class CH", chaos.to_wire()
    inside = dns.message.make_query(name, "SRV", rdclass="CH")
    yield "class CH inside the zone", inside.to_wire()
    notify = made()
    notify.set_opcode(dns.opcode.NOTIFY)
    yield "NOTIFY", notify.to_wire()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("packet", [pytest.param(p, id=name) for name, p in variants()])
def test_flags_edns_classes_and_opcodes_come_back_alike(
    pair: Pair, packet: bytes, transport: str
) -> None:
    pair.compare(packet, transport)


GOOD = query("db.default.svc.cluster.local.", "A")
HEADER_ONLY = GOOD[:12]


def with_counts(*counts: int) -> bytes:
    return GOOD[:4] + b"".join(count.to_bytes(2) for count in counts) + GOOD[12:]


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(GOOD[:11], id="shorter than a header"),
        pytest.param(b"", id="empty"),
        pytest.param(GOOD[:2] + b"\x80\x00" + GOOD[4:], id="an answer"),
        pytest.param(HEADER_ONLY, id="a header without its question"),
        pytest.param(GOOD[:-20], id="cut within the question"),
        pytest.param(GOOD[:-3], id="cut within the OPT"),
        pytest.param(with_counts(0, 0, 0, 0), id="no question"),
        pytest.param(with_counts(2, 0, 0, 1), id="two questions"),
        pytest.param(with_counts(1, 2, 0, 1), id="answers in a query"),
        pytest.param(with_counts(1, 0, 2, 1), id="authority in a query"),
        pytest.param(with_counts(1, 0, 0, 3), id="much additional"),
        pytest.param(HEADER_ONLY + b"\xc0\x0c\x00\x01\x00\x01", id="a name that points to itself"),
        pytest.param(GOOD[:2] + b"\x28\x00" + GOOD[4:], id="opcode UPDATE"),
        pytest.param(GOOD[:2] + b"\x11\x10" + GOOD[4:], id="opcode STATUS"),
        pytest.param(GOOD[:2] + b"\x03\xb0" + GOOD[4:], id="TC, RA, AD and CD in a query"),
        pytest.param(GOOD + b"\0\0\0", id="bytes behind the end"),
    ],
)
def test_malformed_packets_get_the_same_bytes_or_the_same_silence(
    pair: Pair, packet: bytes
) -> None:
    after = query("svc.cluster.local.", "TXT")  # TCP keeps the order: its answer shows a silence
    theirs, ours = (
        over_tcp(server.port, packet, after, answers=1)[0] for server in (pair.core, pair.lab)
    )
    if len(theirs) > 12:
        assert readable(ours) == readable(theirs)
        assert len(ours) == len(theirs)
    else:
        assert ours == theirs


SIZES = (None, 512, 800, 1232, 1480, 4096, 65535)
SIZED = {
    "SRV, short names": "_cql._tcp.db.default.svc.cluster.local. SRV",
    "bare SRV": "db.default.svc.cluster.local. SRV",
    "A": "db.default.svc.cluster.local. A",
    "AAAA": "db.default.svc.cluster.local. AAAA",
    "mixed case": "_cql._tcp.DB.default.svc.Cluster.local. SRV",
    "NXDOMAIN": "none.default.svc.cluster.local. A",
}


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("count", [6, 7, 16, 17, 30, 60, 74, 100])
@pytest.mark.parametrize("asked", SIZED.values(), ids=SIZED.keys())
def test_answers_are_cut_at_the_same_record(
    pair: Pair, asked: str, count: int, transport: str
) -> None:
    name, rdtype = asked.split()
    pair.set(Cluster(services=(Service("db", pods=pods(count)),)))
    for payload in SIZES:
        pair.compare(query(name, rdtype, payload), transport)


def test_seven_pods_at_512_bytes_are_all_in_the_answer_and_yet_truncated(pair: Pair) -> None:
    pair.set(Cluster(services=(Service("db", pods=pods(7)),)))
    reply = pair.compare(query("_cql._tcp.db.default.svc.cluster.local.", "SRV", None), "udp")
    assert reply.flags & dns.flags.TC
    assert len(reply.answer[0]) == 7
    assert len(reply.additional) < 7


@pytest.mark.parametrize(
    ("count", "transport", "payload", "truncated"),
    [
        (300, "tcp", 1232, False),
        (800, "tcp", 1232, False),
        (899, "tcp", 1232, True),
        (300, "udp", 1232, True),
    ],
)
def test_many_slices_differ_in_their_order_only(
    pair: Pair, count: int, transport: str, payload: int, truncated: bool
) -> None:
    """Names of one length, so that what fits doesn't depend on which slice comes first."""
    pair.set(Cluster(services=(Service("db", pods=pods(count, start=100)),)))
    packet = query("_cql._tcp.db.default.svc.cluster.local.", "SRV", payload)
    theirs, ours = (ask(server.port, packet, transport) for server in (pair.core, pair.lab))
    assert len(ours) == len(theirs)
    assert ours[:12] == theirs[:12]  # the flags, and how many records each section holds
    assert bool(dns.message.from_wire(ours).flags & dns.flags.TC) is truncated
    if not truncated:
        assert readable(ours) == readable(theirs)


DB = Service("db", pods=pods(3))
SEQUENCE = {
    "first": Cluster(services=(DB,)),
    "scaled up": Cluster(services=(replace(DB, pods=pods(5)),)),
    "scaled down": Cluster(services=(replace(DB, pods=pods(2)),)),
    "readdressed": Cluster(services=(replace(DB, pods=(Pod("db-0", ("10.7.0.1",)), pods(2)[1])),)),
    "dual stack now": Cluster(services=(replace(DB, pods=pods(2, dual=True)),)),
    "a port more": Cluster(services=(replace(DB, ports=(CQL, HTTP)),)),
    "not ready": Cluster(
        services=(
            replace(DB, pods=(pods(1)[0], replace(pods(2)[1], ready=False))),
            replace(DB, name="strict", publish_not_ready=False, pods=(replace(pods(1)[0]),)),
        )
    ),
    "less ready": Cluster(
        services=(
            replace(DB, pods=(replace(pods(1)[0], ready=False), pods(2)[1])),
            replace(
                DB,
                name="strict",
                publish_not_ready=False,
                pods=(replace(pods(1)[0], ready=False),),
            ),
        )
    ),
    "no longer headless": Cluster(services=(replace(DB, headless=False),)),
    "emptied": Cluster(services=(replace(DB, pods=()),)),
    "service deleted": Cluster(namespaces=("default",)),
    "namespace deleted": Cluster(),
    "back": Cluster(services=(DB,)),
}


def test_changes_are_answered_alike_after_each_watch_event(pair: Pair) -> None:
    for cluster in SEQUENCE.values():
        pair.set(cluster)
        for name in (
            "db.default.svc.cluster.local.",
            "_cql._tcp.db.default.svc.cluster.local.",
            "strict.default.svc.cluster.local.",
            "db-0.db.default.svc.cluster.local.",
            "default.svc.cluster.local.",
            "1.0.0.10.in-addr.arpa.",
            "1.0.7.10.in-addr.arpa.",
        ):
            for rdtype in ("A", "AAAA", "SRV", "PTR"):
                pair.compare(query(name, rdtype), "udp")


@pytest.mark.parametrize("ttl", [0, 600])
def test_another_domain_and_another_ttl_are_told_alike(ttl: int) -> None:
    cluster = replace(CLUSTER, domain="corp.example", ttl=ttl)
    nameserver = Nameserver(cluster, time.time())
    with (
        KubeApi(cluster) as api,
        CoreDns(api, ttl=ttl, domain=cluster.domain, plugins=("loadbalance",)) as core,
        DnsServer(nameserver.respond) as lab,
    ):
        pair = Pair(api, core, nameserver, lab)
        for name in ("db.default.svc.corp.example.", "none.default.svc.corp.example.", *NAMES[-4:]):
            for rdtype in ("A", "SRV", "SOA", "PTR"):
                pair.compare(query(name, rdtype), "tcp")
        pair.compare(query("1.0.0.10.in-addr.arpa.", "PTR"), "udp")


def serial(port: int) -> int:
    (soa,) = dns.message.from_wire(ask(port, query("cluster.local.", "SOA"), "udp")).answer[0]
    assert isinstance(soa, dns.rdtypes.ANY.SOA.SOA)
    return soa.serial


def test_the_serial_is_the_second_of_the_last_change(pair: Pair) -> None:
    before = int(time.time())
    pair.set(Cluster(services=(DB,)))
    assert before <= serial(pair.lab.port) <= time.time()
    # CoreDNS changes what it answers first, and its serial a moment later
    until(lambda: before <= serial(pair.core.port) <= time.time(), 5, "CoreDNS's serial is new")
