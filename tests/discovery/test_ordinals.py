"""The `ordinals` mode: each pod by its own name."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import dns.rcode
import pytest

from agent.core.bootstrap import listing
from agent.core.finding import CantTell
from agent.core.identity import Identity
from agent.core.membership import Membership, Rules, observe
from agent.core.nameservers import Nameserver
from agent.core.observation import Answered, Doubt, Endpoint, Observation, Unknown, Why
from agent.core.roll import Peer, pod_names
from agent.core.roll import Service as Asked
from agent.discovery import Discoverer
from agent.lab.cluster import Pod, Service
from tests.discovery.conftest import Serve
from tests.discovery.test_observe import absent, answered, listed
from tests.discovery.world import DB, OWN, World, address, at, inquire, pods
from tests.support.scripted_dns import Question, answer, relay

PROD = Service("db", "prod")
ME = Peer(OWN, ("10.0.0.1",))


def ordinals(nameserver: Nameserver, count: int = 3, start: int = 0, **more: Any) -> Discoverer:
    """A discoverer for db-0 that asks for the pods of so many ordinals."""
    of = pod_names("db", start, count)
    return inquire(nameserver, **{"mode": "ordinals", "pods": of, "own": ME, **more})


def names(seen: Observation) -> list[str]:
    return [endpoint.fqdn.partition(".")[0] for endpoint in answered(seen).endpoints]


def test_each_pod_is_seen_by_its_own_name(world: World) -> None:
    seen = answered(ordinals(world.show(replace(PROD, pods=pods(3)))).observe())
    assert seen == Answered((Endpoint(OWN), *listed(3)[1:]), 5.0)


def test_other_pods_behind_the_service_are_not_seen(world: World) -> None:
    nameserver = world.show(replace(PROD, pods=(*pods(4), *pods(2, "web"))))
    assert names(ordinals(nameserver).observe()) == ["db-0", "db-1", "db-2"]


def test_a_set_that_starts_at_a_higher_ordinal_is_asked_for_from_there(world: World) -> None:
    nameserver = world.show(replace(PROD, pods=pods(7)))
    me = Peer(DB.pod("db-4"), (address(4),))
    seen = ordinals(nameserver, start=4, own=me).observe()
    assert names(seen) == ["db-4", "db-5", "db-6"]


def test_a_pod_that_is_not_there_is_not_in_a_whole_answer(world: World) -> None:
    nameserver = world.show(replace(PROD, pods=(pods(3)[0], pods(3)[2])))
    seen = answered(ordinals(nameserver).observe())
    assert names(seen) == ["db-0", "db-2"]
    assert seen.is_whole
    assert seen.remarks == ()


def test_this_pod_is_never_asked_for_in_kubernetes(world: World) -> None:
    """A question that comes too early keeps its name from resolving for 30 s (issue 92559)."""
    nameserver = world.show(replace(PROD, pods=pods(3)[1:]))
    for own in (ME, Peer(OWN)):
        with relay(lambda: nameserver.port) as counting:
            seen = answered(ordinals(at(counting), own=own).observe())
            assert seen.endpoints == (Endpoint(OWN), *listed(3)[1:])
            asked = {question.name.partition(".")[0] for question in counting.asked}
        assert asked == {"db-1", "db-2"}


def test_what_dns_was_not_asked_is_not_taken_for_its_word(world: World) -> None:
    """A cluster is founded only where DNS lists the pod at its address: not by what it knows."""
    nameserver = world.show(replace(PROD, pods=pods(3)))
    me = Identity("db-0", "db", 0, DB, ME.addresses, {})
    state, rules = Membership(me), Rules(settle=0.0)
    for now in (0.0, 1.0):
        state = observe(state, ordinals(nameserver).observe(), now, rules).state
    assert state.peers[0] == ME
    said = listing(state, 1.0, rules.longest_gap)
    assert isinstance(said, CantTell)
    assert said.reason.startswith("DNS does not list db-0 at 10.0.0.1")


def test_an_observer_asks_for_all_of_them(world: World) -> None:
    nameserver = world.show(replace(PROD, pods=pods(3)))
    assert names(ordinals(nameserver, own=None).observe()) == ["db-0", "db-1", "db-2"]
    assert absent(ordinals(world.show(PROD), own=None).observe()).why is Why.NO_SUCH_NAME


def test_where_no_other_pod_is_there_it_is_said_of_which_and_for_how_long_that_may_be_kept(
    world: World,
) -> None:
    said = absent(ordinals(world.show(replace(PROD, pods=pods(1)))).observe())
    assert said.why is Why.NO_SUCH_NAME
    assert said.reason.startswith(f"none of 2 pods is in DNS: DNS has no {DB.pod('db-1')}")
    assert said.ttl == 5


def test_a_wrong_namespace_is_told_here_too(world: World) -> None:
    asked = Asked("db", "staging", "cluster.local")
    nameserver = world.show(replace(PROD, pods=pods(3)))
    own = Peer(asked.pod("db-0"))
    said = absent(ordinals(nameserver, service=asked, own=own).observe())
    assert said.why is Why.NO_NAMESPACE


@pytest.mark.parametrize(
    ("family", "kinds", "addresses"),
    [
        ("any", {"A", "AAAA"}, ("10.0.0.2", "fd00::2")),
        ("ipv4", {"A"}, ("10.0.0.2",)),
        ("ipv6", {"AAAA"}, ("fd00::2",)),
    ],
)
def test_of_two_families_those_are_asked_for_that_are_wanted(
    world: World, family: str, kinds: set[str], addresses: tuple[str, ...]
) -> None:
    both = tuple(Pod(f"db-{n}", (address(n), f"fd00::{n + 1}")) for n in range(2))
    nameserver = world.show(replace(PROD, pods=both))
    with relay(lambda: nameserver.port) as counting:
        seen = answered(ordinals(at(counting), count=2, family=family).observe())
        assert {question.kind for question in counting.asked} == kinds
    assert seen.endpoints[1] == Endpoint(DB.pod("db-1"), addresses)


def test_where_the_pods_have_no_address_of_the_family_that_is_the_mistake(world: World) -> None:
    nameserver = world.show(replace(PROD, pods=pods(3)))
    said = absent(ordinals(nameserver, family="ipv6", own=Peer(OWN)).observe())
    assert said.why is Why.OTHER_FAMILY
    assert "set --address-family to ipv4" in said.reason


def test_a_set_of_one_asks_nobody_and_nothing_of_that_can_expire(serve: Serve) -> None:
    server = serve(lambda _: ())
    seen = ordinals(at(server), count=1).observe()
    assert seen == Answered((Endpoint(OWN),), None)
    assert not server.asked


def scripted(serve: Serve, **said: str) -> Nameserver:
    """A server that has an address for each pod, or says something else of it: db_1="silent"."""

    def udp(question: Question) -> Iterable[bytes]:
        pod = question.name.partition(".")[0]
        match said.get(pod.replace("-", "_"), "there"):
            case "silent":
                return ()
            case "there":
                record = f"{question.name}. 30 IN A 10.0.0.{int(pod[3:]) + 1}"
                return [answer(question, *([record] if question.kind == "A" else []))]
            case "short":
                record = f"{question.name}. 7 IN A 10.0.0.{int(pod[3:]) + 1}"
                return [answer(question, *([record] if question.kind == "A" else []))]
            case rcode:
                return [answer(question, rcode=dns.rcode.from_text(rcode))]

    return at(serve(udp))


@pytest.mark.parametrize(
    ("trouble", "says"),
    [("silent", "nothing came from"), ("SERVFAIL", "answered SERVFAIL")],
)
def test_a_pod_that_cant_be_asked_for_leaves_the_others_known_and_is_not_missing(
    serve: Serve, trouble: str, says: str
) -> None:
    seen = answered(ordinals(scripted(serve, db_1=trouble), count=4, timeout=0.3).observe())
    assert names(seen) == ["db-0", "db-2", "db-3"]
    assert not seen.is_whole
    (remark,) = seen.remarks
    assert remark.startswith("not every pod's name was answered: ")
    assert says in remark


def test_the_last_pod_has_as_much_time_as_the_first(serve: Serve) -> None:
    """Those that answer quickly leave their time to the others."""
    seen = ordinals(scripted(serve, db_3="silent"), count=4, timeout=0.2).observe()
    assert names(seen) == ["db-0", "db-1", "db-2"]
    seen = ordinals(scripted(serve, db_1="silent", db_2="silent"), count=4, timeout=0.3).observe()
    assert names(seen) == ["db-0", "db-3"]


def test_the_time_to_live_is_the_lowest_of_all(serve: Serve) -> None:
    assert answered(ordinals(scripted(serve, db_2="short")).observe()).ttl == 7


def test_where_nobody_can_be_asked_for_nothing_is_known_within_the_timeout(serve: Serve) -> None:
    silent = scripted(serve, **{f"db_{n}": "silent" for n in range(100)})
    began = time.monotonic()
    seen = ordinals(silent, count=100, timeout=0.3).observe()
    assert time.monotonic() - began < 10  # each with a time of its own, it were 30 s
    assert isinstance(seen, Unknown)
    assert seen.doubt is Doubt.NO_ANSWER


def test_a_pod_that_is_not_there_beside_one_that_cant_be_asked_for_makes_nobody_alone(
    serve: Serve,
) -> None:
    seen = ordinals(scripted(serve, db_1="NXDOMAIN", db_2="silent"), timeout=0.2).observe()
    assert isinstance(seen, Unknown)
