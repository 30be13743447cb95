"""What a poll finds, the same from the lab's name server and from a real CoreDNS."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.observation import Absent, Answered, Endpoint, Observation, Why
from agent.core.roll import Service as Asked
from agent.discovery import Mode
from agent.lab.cluster import Pod, Port, Service
from tests.discovery.world import DB, World, address, asking, observe, pods

MODES: tuple[Mode, ...] = ("auto", "srv", "address")
ADDRESSES: tuple[Mode, ...] = ("auto", "address")
PROD = Service("db", "prod")
every_mode = pytest.mark.parametrize("mode", MODES)


def answered(seen: Observation) -> Answered:
    assert isinstance(seen, Answered), seen
    return seen


def absent(seen: Observation) -> Absent:
    assert isinstance(seen, Absent), seen
    return seen


def listed(count: int) -> tuple[Endpoint, ...]:
    """What `pods(count)` are seen as."""
    endpoints = (Endpoint(DB.pod(f"db-{n}"), (address(n),)) for n in range(count))
    return tuple(sorted(endpoints, key=lambda endpoint: endpoint.fqdn))


@every_mode
def test_three_pods_are_seen_with_their_names_and_addresses(world: World, mode: Mode) -> None:
    seen = answered(observe(world.show(replace(PROD, pods=pods(3))), mode))
    assert seen.endpoints == listed(3)
    assert seen.ttl == 5
    assert seen.remarks == ()


@every_mode
def test_a_pod_of_both_families_is_one_endpoint_with_both_addresses(
    world: World, mode: Mode
) -> None:
    both = tuple(Pod(f"db-{n}", (address(n), f"fd00::{n + 1}")) for n in range(2))
    seen = answered(observe(world.show(replace(PROD, pods=both)), mode))
    assert [(e.fqdn, set(e.addresses)) for e in seen.endpoints] == [
        (DB.pod("db-0"), {"10.0.0.1", "fd00::1"}),
        (DB.pod("db-1"), {"10.0.0.2", "fd00::2"}),
    ]


@every_mode
def test_a_cluster_of_ipv6_only_is_seen(world: World, mode: Mode) -> None:
    six = tuple(Pod(f"db-{n}", (f"2001:db8::1:{n + 1}",)) for n in range(2))
    seen = answered(observe(world.show(replace(PROD, pods=six)), mode))
    assert seen.endpoints == (
        Endpoint(DB.pod("db-0"), ("2001:db8::1:1",)),
        Endpoint(DB.pod("db-1"), ("2001:db8::1:2",)),
    )


@every_mode
def test_two_ports_make_no_pod_count_twice(world: World, mode: Mode) -> None:
    ports = (Port("cql", 9042), Port("gossip", 7000))
    nameserver = world.show(replace(PROD, pods=pods(3), ports=ports))
    assert answered(observe(nameserver, mode)).endpoints == listed(3)


@every_mode
def test_a_port_without_a_name_is_a_port(world: World, mode: Mode) -> None:
    nameserver = world.show(replace(PROD, pods=pods(3), ports=(Port("", 9042),)))
    seen = answered(observe(nameserver, mode))
    assert (seen.endpoints, seen.remarks) == (listed(3), ())


@every_mode
@pytest.mark.parametrize("count", [7, 60, 300])
def test_a_set_that_no_packet_holds_is_seen_whole(world: World, mode: Mode, count: int) -> None:
    nameserver = world.show(replace(PROD, pods=pods(count)))
    assert answered(observe(nameserver, mode, timeout=20)).endpoints == listed(count)


@pytest.mark.parametrize("mode", ADDRESSES)
def test_a_service_without_ports_is_seen_by_its_addresses_and_their_names(
    world: World, mode: Mode
) -> None:
    nameserver = world.show(replace(PROD, pods=pods(3), ports=()))
    assert answered(observe(nameserver, mode)).endpoints == listed(3)


def test_it_is_said_that_a_service_without_ports_has_no_srv_records(world: World) -> None:
    nameserver = world.show(replace(PROD, pods=pods(3), ports=()))
    (remark,) = answered(observe(nameserver, "auto")).remarks
    assert "no SRV records" in remark
    said = absent(observe(nameserver, "srv"))
    assert said.why is Why.NO_DATA
    assert "no ports" in said.reason


def test_addresses_are_followed_as_pods_come_go_and_move(world: World) -> None:
    portless = replace(PROD, ports=())
    following = asking(world.show(replace(portless, pods=pods(3))))
    assert answered(following.observe()).endpoints == listed(3)
    moved = (*pods(2)[:1], Pod("db-1", ("10.0.9.9",)), *pods(4)[3:])
    world.show(replace(portless, pods=moved))
    assert answered(following.observe()).endpoints == (
        Endpoint(DB.pod("db-0"), ("10.0.0.1",)),
        Endpoint(DB.pod("db-1"), ("10.0.9.9",)),
        Endpoint(DB.pod("db-3"), ("10.0.0.4",)),
    )


def test_a_service_that_loses_its_ports_is_followed_by_the_same_discoverer(world: World) -> None:
    following = asking(world.show(replace(PROD, pods=pods(2))))
    assert answered(following.observe()).endpoints == listed(2)
    world.show(replace(PROD, pods=pods(3), ports=()))
    assert answered(following.observe()).endpoints == listed(3)
    world.show()
    assert absent(following.observe()).why is Why.NO_SUCH_NAME
    world.show(replace(PROD, pods=pods(1)))
    assert answered(following.observe()).endpoints == listed(1)


@every_mode
def test_a_service_that_does_not_exist_is_no_such_name(world: World, mode: Mode) -> None:
    asked = Asked("cache", "prod", "cluster.local")
    said = absent(observe(world.show(replace(PROD, pods=pods(3))), mode, asked))
    assert said.why is Why.NO_SUCH_NAME
    assert asked.fqdn in said.reason


@every_mode
def test_a_namespace_that_does_not_exist_is_told_from_a_service_without_pods(
    world: World, mode: Mode
) -> None:
    asked = Asked("db", "staging", "cluster.local")
    said = absent(observe(world.show(replace(PROD, pods=pods(3))), mode, asked))
    assert said.why is Why.NO_NAMESPACE
    assert said.reason.startswith("DNS has no namespace staging in the cluster domain cluster")


@every_mode
def test_a_service_without_pods_is_no_such_name(world: World, mode: Mode) -> None:
    said = absent(observe(world.show(PROD), mode))
    assert said.why is Why.NO_SUCH_NAME
    assert DB.fqdn in said.reason


@every_mode
def test_a_service_with_a_virtual_address_is_named_as_the_mistake(world: World, mode: Mode) -> None:
    said = absent(observe(world.show(replace(PROD, pods=pods(3), headless=False)), mode))
    assert said.why is Why.NOT_HEADLESS
    assert "clusterIP: None" in said.reason


@every_mode
def test_a_virtual_service_without_ports_is_named_as_the_mistake_where_addresses_are_asked_for(
    world: World, mode: Mode
) -> None:
    said = absent(observe(world.show(replace(PROD, pods=pods(3), headless=False, ports=())), mode))
    assert said.why is (Why.NO_DATA if mode == "srv" else Why.NOT_HEADLESS)


@pytest.mark.parametrize("mode", ADDRESSES)
def test_an_external_name_is_named_as_the_mistake(world: World, mode: Mode) -> None:
    nameserver = world.show(replace(PROD, external_name="db.example.org"))
    said = absent(observe(nameserver, mode))
    assert said.why is Why.EXTERNAL_NAME
    assert "ExternalName" in said.reason
    assert "headless service" in said.reason


def test_an_external_name_has_no_srv_records(world: World) -> None:
    said = absent(observe(world.show(replace(PROD, external_name="db.example.org")), "srv"))
    assert said.why is Why.NO_DATA


@every_mode
def test_pods_under_another_service_cannot_be_told_apart_and_it_is_said_why(
    world: World, mode: Mode
) -> None:
    six = (Pod("db-0", ("fd00::1",)), Pod("db-1", ("2001:db8::a:0:1",)))
    for those in (pods(2), six):
        nameserver = world.show(replace(PROD, pods=those, own_hostnames=False))
        said = absent(observe(nameserver, mode))
        assert said.why is Why.NO_NAMES
        assert "serviceName is not db" in said.reason


@every_mode
def test_a_pod_that_is_not_ready_is_seen_only_where_the_service_publishes_it(
    world: World, mode: Mode
) -> None:
    starting = (*pods(1), replace(pods(2)[1], ready=False))
    told = replace(PROD, pods=starting, publish_not_ready=True)
    assert answered(observe(world.show(told), mode)).endpoints == listed(2)
    untold = replace(told, publish_not_ready=False)
    assert answered(observe(world.show(untold), mode)).endpoints == listed(1)
    nobody = replace(untold, pods=(replace(pods(1)[0], ready=False),))
    said = absent(observe(world.show(nobody), mode))
    assert said.why is Why.NO_SUCH_NAME
    assert "publishNotReadyAddresses" in said.reason


@every_mode
def test_two_pods_of_one_name_are_one_endpoint_with_both_addresses(
    world: World, mode: Mode
) -> None:
    twice = (Pod("db-0", ("10.0.0.1",)), Pod("db-0", ("10.0.7.7",)), *pods(2)[1:])
    seen = answered(observe(world.show(replace(PROD, pods=twice)), mode))
    assert seen.endpoints == (
        Endpoint(DB.pod("db-0"), ("10.0.0.1", "10.0.7.7")),
        Endpoint(DB.pod("db-1"), ("10.0.0.2",)),
    )


@pytest.mark.parametrize("mode", ADDRESSES)
def test_an_address_that_two_services_list_has_the_name_in_the_one_that_is_asked_about(
    world: World, mode: Mode
) -> None:
    nameserver = world.show(
        replace(PROD, name="all", pods=pods(2), own_hostnames=False),
        replace(PROD, pods=pods(2), ports=()),
        replace(PROD, name="web", pods=pods(2), own_hostnames=False),
    )
    assert answered(observe(nameserver, mode)).endpoints == listed(2)


def test_repeated_polls_say_the_same_whatever_order_the_records_come_in(world: World) -> None:
    following = asking(world.show(replace(PROD, pods=pods(9), ports=())))
    first = answered(following.observe())
    assert all(following.observe() == first for _ in range(10))
