"""The loop of who is no pod of a StatefulSet, and how often it asks where a cache answers."""

from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType

import pytest

from agent.core.gate import GateRules
from agent.core.identity import Identity
from agent.core.observation import Absent, Answered, Endpoint, Observation, Why
from agent.core.schedule import LONGEST_CACHED
from agent.loop import End
from tests.test_loop import DOWN, FILE, SERVICE, World, listed

OBSERVER = Identity("proxy-x", "", None, SERVICE, (), MappingProxyType({}), is_member=False)
WEB = Identity("web-x", "", None, SERVICE, ("10.0.0.2",), MappingProxyType({}))
NOBODY = Absent("DNS has no db.prod.svc.cluster.local (NXDOMAIN)", Why.NO_SUCH_NAME)


def at(*numbers: int) -> Answered:
    """An answer that lists these addresses without names."""
    return Answered(tuple(Endpoint(f"10.0.0.{n}", (f"10.0.0.{n}",)) for n in numbers))


def test_an_observer_waits_for_anybody_and_writes_those() -> None:
    world = World(dns=NOBODY)
    running = world.loop(me=OBSERVER)
    assert running.pass_time(100) is None
    assert world.disk == {}
    assert world.said("waiting")[0] == "DNS names nobody under db.prod.svc.cluster.local"
    world.dns = listed(0, 2)
    assert running.pass_time(2) is End.READY
    assert world.disk[FILE] == b"db-0 db-2"
    assert world.said("alone") == []


def test_an_observer_gives_up_at_the_deadline_and_says_that_nobody_is_there() -> None:
    world = World(dns=NOBODY)
    assert world.loop("db-1", GateRules(wait_timeout=20.0), me=OBSERVER).pass_time(30) is (
        End.TIMED_OUT
    )
    (sentence,) = world.said("timed_out")
    assert sentence == (
        "gave up after 20 s: DNS names nobody under db.prod.svc.cluster.local; DNS says: "
        "DNS has no db.prod.svc.cluster.local (NXDOMAIN)"
    )


def test_one_peer_is_no_warning_to_an_observer() -> None:
    world = World(dns=listed(0))
    assert world.loop(me=OBSERVER).pass_time(60) is End.READY
    assert not [level for _, level, _, _ in world.log if level == "warning"]


def test_a_restart_of_an_observer_in_an_outage_changes_nothing() -> None:
    world = World(dns=listed(0, 1))
    world.loop(me=OBSERVER).pass_time(5)
    before = list(world.writes)
    world.dns = DOWN
    assert world.loop(me=OBSERVER).pass_time(60) is End.READY
    assert world.writes == before


def test_a_pod_that_was_no_observer_before_starts_anew() -> None:
    world = World(dns=listed(0, 1))
    world.loop("db-1").pass_time(5)
    world.dns = DOWN
    assert world.loop(me=replace(OBSERVER, pod="db-1")).pass_time(60) is None
    assert "it is of db-1.db.prod.svc.cluster.local" in world.said("memory")[0]


def test_a_deployments_pod_is_one_of_its_peers_by_address() -> None:
    world = World(dns=at(2, 3))
    running = world.loop(me=WEB)
    assert running.pass_time(5) is End.READY
    assert world.disk[FILE] == b"10.0.0.2 10.0.0.3"
    world.dns = at(2, 10)
    running.pass_time(60)
    assert world.disk[FILE] == b"10.0.0.2 10.0.0.10"


def test_a_deployments_pod_that_is_alone_is_warned_as_any_other() -> None:
    world = World(dns=at(2))
    assert world.loop(me=WEB).pass_time(60) is End.READY
    assert world.said("alone")[0].startswith("DNS names nobody but 10.0.0.2 under db.prod")


# A cache.


@dataclass
class Cached(World):
    """A cluster behind a DNS cache that keeps an answer for `keep` seconds."""

    keep: float = 30.0
    kept: Observation = DOWN
    until: float = 0.0

    def observe(self) -> Observation:
        self.asked_at.append(self.now)
        if self.now >= self.until and isinstance(self.dns, Answered):
            self.until = self.now + self.keep
            self.kept = self.dns
        assert isinstance(self.kept, Answered)
        return replace(self.kept, ttl=float(round(self.until - self.now)))


def gaps(world: World) -> list[float]:
    return [later - earlier for earlier, later in pairwise(world.asked_at)]


def test_while_a_cache_answers_there_are_fewer_polls_but_one_in_three_intervals() -> None:
    plain, cached = World(dns=listed(0, 1)), Cached(dns=listed(0, 1))
    for world in (plain, cached):
        world.loop("db-1").pass_time(600)
    assert max(gaps(cached)) <= LONGEST_CACHED + 1e-6
    assert len(cached.asked_at) < 0.5 * len(plain.asked_at)


@pytest.mark.parametrize("keep", [2.0, 3.0, 5.0, 30.0])
def test_what_a_cache_kept_back_is_in_the_file_an_interval_after_it_expires(keep: float) -> None:
    world = Cached(dns=listed(0, 1), keep=keep)
    running = world.loop("db-1")
    running.pass_time(100)
    world.dns = listed(0, 1, 2)
    late = world.until
    while world.disk[FILE] != b"db-0 db-1 db-2":
        running.pass_time(0.05)
        assert world.now <= late + LONGEST_CACHED + 0.1
    assert world.now > late


def test_an_outage_ends_the_waiting_for_a_cache() -> None:
    world = Cached(dns=listed(0, 1))
    running = world.loop("db-1")
    running.pass_time(60)
    assert max(gaps(world)[-5:]) > 2
    world.asked_at.clear()
    world.until, world.keep = 0.0, 0.0  # the cache is gone: no time to live is left
    running.pass_time(20)
    assert max(gaps(world)[2:]) <= 1.05
