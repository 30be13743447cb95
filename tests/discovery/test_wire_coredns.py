"""Prints of what a real CoreDNS answers, over both transports, small and large."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import dns.message
import pytest

from agent.core.nameservers import Nameserver
from agent.discovery import wire
from agent.discovery.wire import Kind, Print, Serial, plain
from agent.lab.cluster import Pod, Port, Service
from tests.discovery.answers import ZONE, spelt, told
from tests.discovery.world import CoreDnsWorld, pods
from tests.support.ask import ask

ROUNDS = 20
LARGEST = 65535  # what a question leaves room for, so that nothing is cut over UDP either
PORTS = (Port("cql", 9042), Port("http", 8080))
both_transports = pytest.mark.parametrize("transport", ["udp", "tcp"])
sizes = pytest.mark.parametrize("count", [10, 100])


def db(count: int) -> Service:
    return Service("db", "prod", pods(count), PORTS)


def asked(at: Nameserver, name: str, kind: Kind, transport: str) -> tuple[bytes, bytes]:
    """The question and the answer's bytes."""
    question = wire.section(name, kind)
    return question, ask(at.port, wire.query(os.urandom(2), question, LARGEST), transport)


def prints(at: Nameserver, name: str, kind: Kind, transport: str) -> Iterator[tuple[bytes, bytes]]:
    """The digest and the bytes behind the ID of each of some answers to one question."""
    for _ in range(ROUNDS):
        question, sent = asked(at, name, kind, transport)
        seen = plain(sent, question)
        assert isinstance(seen, Print)
        assert seen.ttl == told(sent).ttl == 5
        yield seen.digest, sent[2:]


@sizes
@both_transports
@pytest.mark.parametrize(
    ("name", "kind"), [(ZONE, "SRV"), (f"_cql._tcp.{ZONE}", "SRV"), (ZONE, "A")]
)
def test_the_records_come_in_another_order_and_the_print_stays(
    coredns_world: CoreDnsWorld, name: str, kind: Kind, transport: str, count: int
) -> None:
    at = coredns_world.show(db(count))
    seen = list(prints(at, name, kind, transport))
    assert len({sent for _, sent in seen}) > 1
    assert len({digest for digest, _ in seen}) == 1


def changes(service: Service) -> Iterator[Service]:
    """The service, and then with one thing changed at a time."""
    first, *others = service.pods
    yield service
    yield replace(service, pods=tuple(others))
    yield replace(service, pods=(*service.pods, Pod("db-999", ("10.9.9.9",))))
    yield replace(service, pods=(replace(first, addresses=("10.9.9.9",)), *others))
    yield replace(service, pods=(replace(first, addresses=(*first.addresses, "fd00::9")), *others))
    yield replace(service, pods=(replace(first, name="db-999"), *others))
    yield replace(service, ports=(replace(PORTS[0], number=1), PORTS[1]))


@sizes
@both_transports
def test_a_pod_an_address_a_name_or_a_port_that_changes_changes_the_print(
    coredns_world: CoreDnsWorld, transport: str, count: int
) -> None:
    digests = []
    for service in changes(db(count)):
        question, sent = asked(coredns_world.show(service), ZONE, "SRV", transport)
        seen = plain(sent, question)
        assert isinstance(seen, Print)
        digests.append(seen.digest)
    assert len(set(digests)) == len(digests)


@both_transports
def test_over_udp_and_over_tcp_one_state_has_one_print_and_comes_back_with_it(
    coredns_world: CoreDnsWorld, transport: str
) -> None:
    before = next(prints(coredns_world.show(db(10)), ZONE, "SRV", "udp"))[0]
    assert next(prints(coredns_world.show(db(9)), ZONE, "SRV", transport))[0] != before
    assert next(prints(coredns_world.show(db(10)), ZONE, "SRV", transport))[0] == before


@both_transports
@pytest.mark.parametrize("name", ["random.cluster.local", ZONE, "none.prod.svc.cluster.local"])
def test_the_zone_says_its_number_to_whatever_is_asked_about(
    coredns_world: CoreDnsWorld, name: str, transport: str
) -> None:
    question, sent = asked(coredns_world.show(db(3)), name, "SOA", transport)
    (told_by,) = dns.message.from_wire(sent).authority
    assert plain(sent, question) == Serial(spelt("cluster.local"), told_by[0].serial)


def test_the_zone_itself_and_names_outside_of_it_are_left_to_dnspython(
    coredns_world: CoreDnsWorld,
) -> None:
    at = coredns_world.show(db(3))
    questions: list[tuple[str, Kind]] = [
        ("cluster.local", "SOA"),
        ("example.org", "SOA"),
        ("none.prod.svc.cluster.local", "SRV"),
        (ZONE, "AAAA"),
        ("1.0.0.10.in-addr.arpa", "PTR"),
    ]
    for name, kind in questions:
        question, sent = asked(at, name, kind, "udp")
        assert plain(sent, question) is None
