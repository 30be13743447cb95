"""A wrong port, family or kind of workload is told from a service without pods."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import dns.rcode
import pytest

from agent.core.nameservers import Nameserver
from agent.core.observation import Absent, Answered, Endpoint, Observation, Unknown, Why
from agent.core.roll import Peer
from agent.discovery import Discoverer, Inquiry, Mode, discoverer
from agent.discovery.auto import NO_PORT
from agent.discovery.second_look import ASK_AGAIN, TWICE
from agent.lab.cluster import Pod, Port, Service
from tests.discovery.clock import Clock, Overtime
from tests.discovery.conftest import Serve
from tests.discovery.test_observe import absent, answered, listed
from tests.discovery.world import DB, OWN, World, address, at, inquire, pods
from tests.support.scripted_dns import Question, ScriptedDns, answer, relay

PROD = Service("db", "prod", ports=(Port("cql", 9042), Port("dns", 53, "UDP")))
SIX = tuple(Pod(f"db-{n}", (f"fd00::{n + 1}",)) for n in range(3))
DUAL = tuple(Pod(f"db-{n}", (address(n), f"fd00::{n + 1}")) for n in range(3))
BY_SRV: tuple[Mode, ...] = ("auto", "srv")
BY_ADDRESS: tuple[Mode, ...] = ("auto", "address")
WRONG_PORT = (
    "no pod of db.prod.svc.cluster.local has a port named http: set --port-name to one of the "
    "names under the service's ports, or leave it out"
)
# SRV has no records of a service without ports.
each_that_answers = pytest.mark.parametrize(
    ("mode", "ports"),
    [
        ("auto", PROD.ports),
        ("srv", PROD.ports),
        ("address", PROD.ports),
        ("auto", ()),
        ("address", ()),
    ],
)
by_srv = pytest.mark.parametrize("mode", BY_SRV)


def asked(nameserver: Nameserver, **changes: Any) -> tuple[Observation, list[tuple[str, str]]]:
    """What one poll brings, and the questions that it asked, each as (kind, name)."""
    with relay(lambda: nameserver.port) as counting:
        seen = inquire(at(counting), **changes).observe()
        return seen, [(question.kind, question.name) for question in counting.asked]


# The port.


@by_srv
@pytest.mark.parametrize("port", ["cql", "cql/tcp", "dns/udp"])
def test_a_port_is_asked_for_by_its_name_and_protocol(world: World, mode: Mode, port: str) -> None:
    nameserver = world.show(replace(PROD, pods=pods(3)))
    seen, questions = asked(nameserver, mode=mode, port=port)
    assert answered(seen) == Answered(listed(3), 5.0)
    name, _, protocol = port.partition("/")
    assert questions == [("SRV", f"_{name}._{protocol or 'tcp'}.{DB.fqdn}")]


@pytest.mark.parametrize("port", ["http", "cql/udp", "dns"])
@pytest.mark.parametrize("those", [pods(3), SIX, DUAL], ids=["IPv4", "IPv6", "both"])
def test_a_port_that_the_service_does_not_have_is_named_as_the_mistake(
    world: World, port: str, those: tuple[Pod, ...]
) -> None:
    nameserver = world.show(replace(PROD, pods=those))
    said = absent(inquire(nameserver, mode="srv", port=port).observe())
    assert said.why is Why.NO_SUCH_PORT
    assert said.reason == WRONG_PORT.replace("http", port)


def test_a_service_without_ports_has_none_of_that_name(world: World) -> None:
    nameserver = world.show(replace(PROD, pods=pods(3), ports=()))
    said = absent(inquire(nameserver, mode="srv", port="cql").observe())
    assert said.why is Why.NO_SUCH_PORT


def test_a_service_without_a_pod_is_no_wrong_port(world: World) -> None:
    said = absent(inquire(world.show(PROD), mode="srv", port="http").observe())
    assert said.why is Why.NO_SUCH_NAME


def test_a_wrong_namespace_is_no_wrong_port(world: World) -> None:
    service = replace(DB, namespace="staging")
    nameserver = world.show(replace(PROD, pods=pods(3)))
    said = absent(inquire(nameserver, service=service, mode="srv", port="cql").observe())
    assert said.why is Why.NO_NAMESPACE


def test_auto_asks_for_addresses_where_there_is_no_such_port_and_says_so(world: World) -> None:
    following = inquire(world.show(replace(PROD, pods=pods(3))), port="http")
    seen = answered(following.observe())
    assert (seen.endpoints, seen.remarks) == (listed(3), (NO_PORT.format("http"),))
    world.show(replace(PROD, pods=pods(3), ports=(Port("http", 80),)))
    assert answered(following.observe()) == Answered(listed(3), 5.0)


def test_auto_says_nothing_of_the_port_while_no_pod_is_there(world: World) -> None:
    assert absent(inquire(world.show(PROD), port="http").observe()).why is Why.NO_SUCH_NAME


# The second question.


def looking(server: ScriptedDns, clock: Clock, **changes: Any) -> Discoverer:
    inquiry = Inquiry(DB, Peer(OWN), lambda: (at(server),), "srv", 0.2)
    return discoverer(replace(inquiry, **changes), clock)


NAMESPACE = "prod.svc.cluster.local"


class Zone:
    """A zone without the service; `said` is what is answered otherwise, by (kind, name)."""

    def __init__(self, **said: str) -> None:
        self.said = said

    def __call__(self, question: Question) -> Iterable[bytes]:
        of = "namespace" if question.name == NAMESPACE else question.kind
        match self.said.get(of, "NXDOMAIN"):
            case "silent":
                return ()
            case "address":
                return [answer(question, f"{question.name}. 5 IN {question.kind} 10.0.0.1")]
            case rcode:
                return [answer(question, rcode=dns.rcode.from_text(rcode))]


def whys(following: Discoverer, clock: Clock, times: int, gap: float) -> list[Why | None]:
    """What several polls bring, so many seconds apart; None for a doubt."""
    found: list[Why | None] = []
    for _ in range(times):
        seen = following.observe()
        found.append(seen.why if isinstance(seen, Absent) else None)
        clock.ahead += gap
    return found


def test_the_second_question_is_asked_again_after_ten_seconds_and_not_before(
    serve: Serve,
) -> None:
    server, clock = serve(Zone(namespace="NOERROR")), Clock()
    following = looking(server, clock)
    assert whys(following, clock, 12, 1.0) == [Why.NO_SUCH_NAME] * 12
    assert [question.name for question in server.asked].count(NAMESPACE) == 2
    assert ASK_AGAIN == 10.0


def test_a_namespace_that_comes_later_is_noticed(serve: Serve) -> None:
    zone, clock = Zone(), Clock()
    following = looking(serve(zone), clock)
    assert whys(following, clock, 2, 5.0) == [Why.NO_NAMESPACE] * 2
    zone.said["namespace"] = "NOERROR"
    assert whys(following, clock, 2, 5.0) == [Why.NO_SUCH_NAME] * 2


@pytest.mark.parametrize("trouble", ["SERVFAIL", "REFUSED", "silent"])
def test_what_was_found_stands_while_the_second_question_has_no_answer(
    serve: Serve, trouble: str
) -> None:
    """Else a pod with a wrong namespace would be alone, and its gate would open."""
    zone, clock = Zone(), Clock()
    following = looking(serve(zone), clock)
    assert whys(following, clock, 1, 11.0) == [Why.NO_NAMESPACE]
    zone.said["namespace"] = trouble
    assert whys(following, clock, 2, 1.0) == [Why.NO_NAMESPACE] * 2
    zone.said["namespace"] = "NOERROR"
    assert whys(following, clock, 1, 1.0) == [Why.NO_SUCH_NAME]


@pytest.mark.parametrize("trouble", ["SERVFAIL", "silent"])
def test_where_it_cant_be_told_whether_pods_are_there_a_wrong_port_is_a_doubt(
    serve: Serve, trouble: str
) -> None:
    zone, clock = Zone(A=trouble, AAAA=trouble, namespace="NOERROR"), Clock()
    following = looking(serve(zone), clock, port="http")
    assert whys(following, clock, 2, 1.0) == [None, None]
    zone.said |= {"A": "address", "AAAA": "NOERROR"}
    assert whys(following, clock, 1, 1.0) == [Why.NO_SUCH_PORT]


def test_the_second_question_keeps_to_the_deadline_of_the_poll(serve: Serve) -> None:
    clock = Overtime()
    server = serve(clock.udp(Zone(A="silent", namespace="silent")))
    assert isinstance(looking(server, clock, timeout=30.0, port="http").observe(), Unknown)
    assert [question.kind for question in server.asked] == ["SRV", "A"]


# The family.


@pytest.mark.parametrize("mode", ["auto", "srv", "address"])
@pytest.mark.parametrize(("family", "which"), [("ipv4", 0), ("ipv6", 1)])
def test_of_two_families_only_the_wanted_addresses_are_seen(
    world: World, mode: Mode, family: str, which: int
) -> None:
    seen = answered(
        inquire(world.show(replace(PROD, pods=DUAL)), mode=mode, family=family).observe()
    )
    assert seen.endpoints == tuple(
        Endpoint(DB.pod(pod.name), (pod.addresses[which],)) for pod in DUAL
    )
    assert seen.remarks == ()


@pytest.mark.parametrize(
    ("family", "kinds"), [("any", {"A", "AAAA"}), ("ipv4", {"A"}), ("ipv6", {"AAAA"})]
)
def test_only_the_kinds_of_record_are_asked_for_that_are_wanted(
    world: World, family: str, kinds: set[str]
) -> None:
    nameserver = world.show(replace(PROD, pods=DUAL, ports=()))
    seen, questions = asked(nameserver, mode="address", family=family)
    assert len(answered(seen).endpoints) == 3
    assert {kind for kind, _ in questions} - {"PTR"} == kinds


@pytest.mark.parametrize("ports", [PROD.ports, ()], ids=["ports", "no ports"])
@pytest.mark.parametrize(
    ("those", "family", "other"), [(pods(3), "ipv6", "ipv4"), (SIX, "ipv4", "ipv6")]
)
def test_by_address_a_family_that_no_pod_has_is_named_as_the_mistake(
    world: World, ports: tuple[Port, ...], those: tuple[Pod, ...], family: str, other: str
) -> None:
    """It would else be a service without pods, and a pod would find itself alone."""
    nameserver = world.show(replace(PROD, pods=those, ports=ports))
    said = absent(inquire(nameserver, mode="address", family=family).observe())
    assert said.why is Why.OTHER_FAMILY
    assert said.reason == (
        f"no pod of {DB.fqdn} has an {family.replace('ipv', 'IPv')} address: set --address-family "
        f"to {other}, or leave it out"
    )


@by_srv
def test_pods_with_names_are_seen_by_them_although_none_has_that_family_and_it_is_said(
    world: World, mode: Mode
) -> None:
    nameserver = world.show(replace(PROD, pods=pods(2)))
    seen = answered(inquire(nameserver, mode=mode, family="ipv6").observe())
    assert seen.endpoints == (Endpoint(DB.pod("db-0")), Endpoint(DB.pod("db-1")))
    (remark,) = seen.remarks
    assert remark.startswith(f"no pod of {DB.fqdn} has an IPv6 address")


def test_an_empty_service_is_no_wrong_family(world: World) -> None:
    for mode in ("auto", "srv", "address"):
        said = absent(inquire(world.show(PROD), mode=mode, family="ipv6").observe())
        assert said.why is Why.NO_SUCH_NAME


# A Deployment.


def deployment(nameserver: Nameserver, **changes: Any) -> Discoverer:
    """A discoverer for a Deployment's pod at 10.0.0.1."""
    own = Peer("10.0.0.1", ("10.0.0.1", "fd00::1"))
    return inquire(nameserver, **{"own": own, "has_names": False, **changes})


@each_that_answers
@pytest.mark.parametrize("is_named", [True, False], ids=["one hostname for all", "no hostnames"])
def test_the_pods_of_a_deployment_are_seen_by_their_addresses(
    world: World, mode: Mode, is_named: bool, ports: tuple[Port, ...]
) -> None:
    """A template with `hostname` and `subdomain` gives all of its pods one name."""
    those = tuple(Pod("web", (address(n),)) for n in range(3))
    service = replace(PROD, pods=those, ports=ports, own_hostnames=is_named)
    seen = answered(deployment(world.show(service), mode=mode).observe())
    assert seen.endpoints == tuple(Endpoint(address(n), (address(n),)) for n in range(3))
    assert TWICE not in seen.remarks


@pytest.mark.parametrize("mode", BY_ADDRESS)
def test_that_each_pod_of_a_deployment_counts_twice_is_said(world: World, mode: Mode) -> None:
    nameserver = world.show(replace(PROD, pods=DUAL, own_hostnames=False))
    seen = answered(deployment(nameserver, mode=mode).observe())
    assert len(seen.endpoints) == 6
    assert TWICE in seen.remarks
    seen = answered(deployment(nameserver, mode=mode, family="ipv4").observe())
    assert seen.endpoints == tuple(Endpoint(address(n), (address(n),)) for n in range(3))
    assert TWICE not in seen.remarks


@pytest.mark.parametrize("mode", ["auto", "srv", "address"])
def test_a_deployment_without_an_address_of_the_family_is_the_mistake(
    world: World, mode: Mode
) -> None:
    nameserver = world.show(replace(PROD, pods=pods(3), own_hostnames=False))
    said = absent(deployment(nameserver, mode=mode, family="ipv6").observe())
    assert said.why is Why.OTHER_FAMILY


def test_an_observer_of_a_deployment_sees_all_of_it(world: World) -> None:
    nameserver = world.show(replace(PROD, pods=pods(3), own_hostnames=False))
    seen = answered(deployment(nameserver, own=None).observe())
    assert [endpoint.fqdn for endpoint in seen.endpoints] == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


# The StatefulSet's serviceName.


@each_that_answers
def test_that_a_pod_knows_its_own_name_does_not_hide_that_the_others_have_none(
    world: World, mode: Mode, ports: tuple[Port, ...]
) -> None:
    nameserver = world.show(replace(PROD, pods=pods(3), ports=ports, own_hostnames=False))
    said = absent(inquire(nameserver, mode=mode, own=Peer(OWN, ("10.0.0.1",))).observe())
    assert said.why is Why.NO_NAMES
    assert "set --workload deployment" in said.reason


@pytest.mark.parametrize("mode", BY_ADDRESS)
def test_a_pod_that_is_the_only_one_is_seen_by_the_name_that_it_knows(
    world: World, mode: Mode
) -> None:
    nameserver = world.show(replace(PROD, pods=pods(1), ports=()))
    seen = answered(inquire(nameserver, mode=mode, own=Peer(OWN, ("10.0.0.1",))).observe())
    assert seen.endpoints == listed(1)
