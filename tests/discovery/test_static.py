"""The `static` mode: told, not asked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.identity import Identity
from agent.core.membership import Membership, Rules, observe
from agent.core.nameservers import Nameserver
from agent.core.observation import Answered, Endpoint
from agent.core.roll import Peer, Service
from agent.discovery import Mode
from tests.discovery.conftest import Serve
from tests.discovery.test_observe import answered
from tests.discovery.world import DB, OWN, at, inquire

NOWHERE = Nameserver("127.0.0.1", 9)
ME = Peer(OWN, ("10.0.0.1",))


def told(*peers: str, **changes: Any) -> Answered:
    return answered(inquire(NOWHERE, **{"own": ME, "peers": peers, **changes}).observe())


@pytest.mark.parametrize("mode", ["auto", "static"])
def test_nobody_is_asked_for_peers_that_were_told(serve: Serve, mode: Mode) -> None:
    server = serve(lambda _: ())
    following = inquire(at(server), own=ME, mode=mode, peers=("db-9.example.org", "10.0.0.9"))
    first = following.observe()
    assert first == Answered(
        (
            Endpoint("10.0.0.9", ("10.0.0.9",)),
            Endpoint(OWN, ("10.0.0.1",)),
            Endpoint("db-9.example.org"),
        ),
        None,
    )
    assert following.observe() == first
    assert not server.asked


@pytest.mark.parametrize("own", [OWN, "db-0", "db-0.db", "db-0.db.prod", "db-0.db.prod.svc"])
def test_a_pod_among_the_told_is_itself_however_short_its_name_is_there(own: str) -> None:
    seen = told(own, "db-1.db")
    assert seen.endpoints == (Endpoint(OWN, ("10.0.0.1",)), Endpoint("db-1.db"))


@pytest.mark.parametrize("other", ["db-00", "d", "db-0x.db.prod"])
def test_a_name_that_only_resembles_the_pods_is_another_ones(other: str) -> None:
    assert {endpoint.fqdn for endpoint in told(other).endpoints} == {OWN, other}


def test_of_two_that_are_called_as_this_pod_is_neither_is_taken_for_it() -> None:
    seen = told("db-0.north.example", "db-0.south.example")
    assert {endpoint.fqdn for endpoint in seen.endpoints} == {
        OWN,
        "db-0.north.example",
        "db-0.south.example",
    }


def test_an_observer_is_not_added_to_the_told() -> None:
    assert told("db-0", "db-1", own=None).endpoints == (Endpoint("db-0"), Endpoint("db-1"))


def test_a_containers_name_is_its_own() -> None:
    seen = told("db-1", "db-0", service=Service("db", "", ""), own=Peer("db-0"))
    assert seen.endpoints == (Endpoint("db-0"), Endpoint("db-1"))


def test_of_told_addresses_those_of_the_wanted_family_are_taken() -> None:
    seen = told("10.0.0.9", "fd00::9", "db-9", family="ipv6", own=Peer(OWN, ("fd00::1",)))
    assert [endpoint.fqdn for endpoint in seen.endpoints] == [OWN, "db-9", "fd00::9"]


def test_told_addresses_are_no_mistake_of_a_statefulset() -> None:
    assert told("10.0.0.8", "10.0.0.9").remarks == ()
    assert told("10.0.0.8", "fd00::9", own=None, has_names=False).remarks == ()


names = st.sampled_from(["db-0", "db-0.db", OWN, "10.0.0.1", "10.0.0.2", "db-1", "a.example.org"])


@given(st.lists(names, min_size=1, unique=True), st.sampled_from([None, 0.0]))
def test_whoever_is_told_is_a_member_once_and_stays_one(
    peers: list[str], fresh_at: float | None
) -> None:
    """Also where DNS was asked before a restart: what was told is never an old answer."""
    identity = Identity("db-0", "db", 0, DB, ("10.0.0.1",), {})
    state, rules = Membership(identity, fresh_at=fresh_at), Rules(settle=0.0, forget_after=0.0)
    for now in (100.0, 101.0, 102.0):
        state = observe(state, told(*peers), now, rules).state
    assert state.is_answered
    others = {p for p in peers if not OWN.startswith(p) and p != "10.0.0.1"}
    assert {peer.fqdn for peer in state.peers} == {OWN, *others}
    gone = observe(state, told(OWN), 103.0, rules).state
    assert [p.fqdn for p in observe(gone, told(OWN), 104.0, rules).state.peers] == [OWN]
