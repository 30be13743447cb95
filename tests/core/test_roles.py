"""What differs for who is no pod of a StatefulSet: an observer, and a Deployment's pod."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.decisions import Did
from agent.core.delivery import Told
from agent.core.gate import GateRules, Open, TimedOut, WaitFor, Waiting, judge
from agent.core.identity import Identity
from agent.core.membership import Membership, Rules, due
from agent.core.memory import Memory, RecallError, recall, remember
from agent.core.observation import Absent, Answered, Endpoint, Observation, Why
from agent.core.roll import Peer, Roll, Service, from_document, to_document
from agent.core.selection import Selection, select
from tests.core.test_membership import (
    DB0,
    DB1,
    DB2,
    DB3,
    DOWN,
    ME,
    NEW,
    NOBODY,
    RULES,
    SERVICE,
    Watch,
    answers,
    named,
    nameless,
    seconds,
    unhurried,
)

SOURCES: Mapping[str, str] = MappingProxyType({})
OBSERVER = Identity("proxy-5", "", None, SERVICE, (), SOURCES, is_member=False)
# A pod of a Deployment, with an address of each family.
WEB = Identity("web-7d4b9-x2x9z", "", None, SERVICE, ("10.0.0.1", "fd00::1"), SOURCES)
PEER2, PEER3 = nameless("10.0.0.2"), nameless("10.0.0.3")
STRICT = replace(RULES, accept_empty=True)


def observing(rules: Rules = RULES) -> Watch:
    return Watch(rules, OBSERVER)


def warnings(watch: Watch) -> set[Did]:
    return {did for did, _ in watch.did} & {Did.UNLISTED, Did.MISPLACED}


# An observer.


def test_an_observer_is_never_a_member_of_what_it_follows() -> None:
    watch = observing().lists((DB0, DB1), *seconds(0, 100))
    assert watch.names == ["db-0", "db-1"]
    roll = watch.state.roll(None, 0)
    assert (roll.me, roll.others, roll.is_first) == (None, roll.peers, False)
    assert not warnings(watch)


def test_the_peers_of_an_observer_grow_move_and_go_as_those_of_a_member() -> None:
    watch = observing().lists((DB0, DB1, DB2), 0).lists((DB0, DB1, NEW, DB3), 1, 2)
    assert watch.names == ["db-0", "db-1", "db-2", "db-3"]
    assert watch.addresses("db-2") == ("10.0.0.99",)
    watch.lists((DB0, DB1, NEW), *seconds(3, 33))
    assert watch.later(34).names == ["db-0", "db-1", "db-2"]


@pytest.mark.parametrize("nobody", [NOBODY, Answered(())], ids=["NXDOMAIN", "an empty answer"])
def test_an_observer_waits_until_somebody_is_listed_and_takes_those_at_once(
    nobody: Observation,
) -> None:
    watch = observing().says(nobody, *seconds(0, 100)).later(200)
    assert (watch.names, watch.state.generation) == ([], 0)
    assert due(watch.state, RULES) is None
    watch.lists((DB0, DB2), 201)
    assert (watch.names, watch.state.generation) == (["db-0", "db-2"], 1)


def test_whoever_has_the_pod_name_of_an_observer_is_a_peer_like_any_other() -> None:
    """A copy of the set, in another namespace, that follows the first one."""
    namesake = replace(OBSERVER, pod="db-2")
    watch = Watch(RULES, namesake).lists((DB0, DB1, DB2), 0).lists((DB0, DB1), *seconds(1, 31))
    assert watch.later(32).names == ["db-0", "db-1"]
    told = [did for did, about in watch.did if about == "db-2"]
    assert told == [Did.MISSING, Did.DROPPED]


def test_an_observer_that_accepts_an_empty_list_has_one_and_gets_out_of_it() -> None:
    watch = observing(STRICT).lists((DB0, DB1), 0).says(NOBODY, *seconds(1, 31)).later(32)
    assert (watch.names, watch.state.generation) == ([], 2)
    watch.lists((DB0,), 40)
    assert watch.later(41).names == ["db-0"]


def test_without_that_an_observer_keeps_the_last_list_for_ever() -> None:
    watch = observing().lists((DB0, DB1), 0).says(NOBODY, *seconds(1, 500))
    assert watch.names == ["db-0", "db-1"]


@pytest.mark.parametrize(
    ("wait_for", "listed", "is_open"),
    [
        ("predecessors", (DB3,), True),
        ("self", (DB3,), True),
        (1, (DB3,), True),
        (2, (DB3,), False),
        ("quorum", (DB0,), False),
        ("quorum", (DB0, DB2), True),
        ("all", (DB0, DB1), False),
        ("all", (DB0, DB1, DB2), True),
    ],
)
def test_the_gate_of_an_observer_counts_those_that_it_follows(
    wait_for: WaitFor, listed: tuple[Endpoint, ...], is_open: bool
) -> None:
    rules = GateRules(wait_for, replicas=3, start_ordinal=1)
    gate = judge(observing().lists(listed, 0, 1, 2).state, rules, 5.0)
    assert isinstance(gate, Open if is_open else Waiting)


@pytest.mark.parametrize("wait_for", ["predecessors", "self", 1])
def test_the_gate_of_an_observer_is_shut_while_nobody_is_listed_and_says_so(
    wait_for: WaitFor,
) -> None:
    state = observing().says(NOBODY, *seconds(0, 100)).state
    says = "DNS names nobody under db.prod.svc.cluster.local"
    assert judge(state, GateRules(wait_for), 1.0) == Waiting(says)
    proceeding = GateRules(wait_for, wait_timeout=60.0, proceed_at_timeout=True)
    gate = judge(state, proceeding, 60.0, NOBODY.reason)
    assert gate == TimedOut(f"{says}; DNS says: {NOBODY.reason}")


def test_an_observer_is_told_nothing_of_how_a_set_starts() -> None:
    gate = judge(observing().lists((DB0,), 0).state, GateRules("all", replicas=3), 1.0)
    assert gate == Waiting(
        "1 of 3 members are in DNS under db.prod.svc.cluster.local (the others are not started, or "
        "not ready without publishNotReadyAddresses: true)"
    )


def test_what_an_observer_knew_is_known_after_a_restart_and_its_gate_is_open() -> None:
    before = observing().lists((DB0, DB1, DB2), 0).state
    told = {"exec a": Told("abc", before.peers)}
    memory = recall(remember(Memory(before, told, opened_for="self")), OBSERVER, 9.0)
    assert (memory.membership.peers, memory.membership.generation) == (before.peers, 1)
    assert (memory.told, memory.opened_for) == (told, "self")
    watch = observing()
    watch.state = memory.membership
    assert watch.lists((DB0,), *seconds(9, 38)).names == ["db-0", "db-1", "db-2"]
    assert watch.lists((DB0,), 39, 40).names == ["db-0"]


def test_an_empty_list_outlives_a_restart_too() -> None:
    before = observing(STRICT).lists((DB0,), 0).says(NOBODY, *seconds(1, 40)).state
    again = recall(remember(Memory(before, {}, opened_for="self")), OBSERVER, 0.0)
    assert (again.membership.peers, again.opened_for) == ((), "self")


@pytest.mark.parametrize(
    ("of", "found_by", "says"),
    [
        (ME, OBSERVER, "it is of db-1.db.prod.svc.cluster.local"),
        (OBSERVER, ME, "it is of an observer of db.prod.svc.cluster.local"),
        (OBSERVER, WEB, "it is of an observer of db.prod.svc.cluster.local"),
        (WEB, OBSERVER, "it is of 10.0.0.1"),
        (WEB, replace(WEB, addresses=("10.0.0.9",)), "it is of 10.0.0.1"),
        (ME, WEB, "it is of db-1.db.prod.svc.cluster.local"),
    ],
)
def test_what_was_remembered_in_another_role_is_not_used(
    of: Identity, found_by: Identity, says: str
) -> None:
    content = remember(Memory(Watch(RULES, of).lists((DB0, PEER2), 0).state, {}))
    with pytest.raises(RecallError, match=says):
        recall(content, found_by, 0.0)


def test_an_observer_of_another_service_is_another_one() -> None:
    content = remember(Memory(observing().lists((DB0,), 0).state, {}))
    other = replace(OBSERVER, service=Service("cache", "prod", "cluster.local"))
    with pytest.raises(RecallError, match="observer of db"):
        recall(content, other, 0.0)


@pytest.mark.parametrize("exclude", ["never", "always", "unless_first"])
def test_all_peers_are_seeds_to_an_observer(
    exclude: Literal["never", "always", "unless_first"],
) -> None:
    roll = observing().lists((DB1, DB2), 0).state.roll(3, 0)
    seeds = select(roll, Selection(exclude_self=exclude))
    assert [peer.name for peer in seeds] == ["db-1", "db-2"]
    expected = select(roll, Selection("expected", exclude_self=exclude))
    assert [peer.name for peer in expected] == ["db-0", "db-1", "db-2"]
    assert select(Roll(SERVICE, None, ()), Selection(exclude_self=exclude)) == ()


def test_an_observer_expects_the_set_of_those_that_it_knows() -> None:
    roll = observing().lists((nameless("10.0.0.9"), named("my-2-db-7"), DB1), 0).state.roll(2, 5)
    assert [peer.name for peer in roll.expected] == [
        "db-1",
        "db-5",
        "db-6",
        "my-2-db-7",
        "10.0.0.9",
    ]
    assert observing().state.roll(3, 0).expected == ()


def test_the_document_of_an_observer_has_nobody_for_self_and_is_read_back() -> None:
    roll = observing().lists((DB0, DB2), 0).state.roll(3, 0)
    document = to_document(roll)
    assert document["self"] is None
    assert from_document(document) == roll


@unhurried
@given(st.lists(st.one_of(answers, st.just(DOWN), st.just(NOBODY)), max_size=25), st.booleans())
def test_an_observer_has_nobody_in_its_list_whom_no_answer_named(
    history: list[Observation], accept: bool
) -> None:
    watch = observing(replace(RULES, settle=0.0, accept_empty=accept))
    heard = set[str]()
    for second, seen in enumerate(history):
        watch.says(seen, second)
        if isinstance(seen, Answered):
            heard |= {endpoint.fqdn for endpoint in seen.endpoints}
        assert {peer.fqdn for peer in watch.state.peers} <= heard
        assert "proxy-5" not in watch.state.listed
    assert not warnings(watch)


# A Deployment's pod.


def deployed() -> Watch:
    return Watch(RULES, WEB)


def test_a_pod_of_a_deployment_is_called_by_its_first_address_and_sorted_by_it() -> None:
    watch = deployed().lists((PEER3, nameless("10.0.0.10"), PEER2), 0)
    assert watch.names == ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.10"]
    roll = watch.state.roll(None, 0)
    assert roll.me == Peer("10.0.0.1", ("10.0.0.1", "fd00::1"))
    assert not roll.is_first


@pytest.mark.parametrize(
    "own",
    [
        (nameless("10.0.0.1"),),
        (nameless("fd00::1"),),
        (nameless("10.0.0.1"), nameless("fd00::1")),
        (Endpoint("10.0.0.1", ("10.0.0.1", "fd00::1")),),
    ],
    ids=["by IPv4", "by IPv6", "by both, each by itself", "by both at once"],
)
def test_a_pod_of_a_deployment_finds_itself_by_any_of_its_addresses(
    own: tuple[Endpoint, ...],
) -> None:
    watch = deployed().lists((*own, PEER2), *seconds(0, 60))
    assert watch.names == ["10.0.0.1", "10.0.0.2"]
    assert watch.addresses("10.0.0.1") == ("10.0.0.1", "fd00::1")
    assert not warnings(watch)
    assert watch.state.generation == 1


def test_a_pod_of_a_deployment_that_is_not_listed_is_a_member_and_is_told_what_may_be_wrong() -> (
    None
):
    watch = deployed().lists((PEER2, PEER3), *seconds(0, 30))
    assert watch.names == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    assert watch.reasons[-1] == (
        "DNS has not listed 10.0.0.1 under db.prod.svc.cluster.local for 30 s: set "
        "publishNotReadyAddresses: true on the service, and check its selector"
    )


def test_a_pod_of_a_deployment_is_alone_once_that_was_said_twice() -> None:
    for nobody in (NOBODY, Answered((nameless("fd00::1"),))):
        watch = deployed().says(nobody, 0, 0.5)
        assert watch.names == []
        assert watch.says(nobody, 1.0).names == ["10.0.0.1"]


def test_who_replaces_a_pod_of_a_deployment_is_another_one() -> None:
    watch = deployed().lists((PEER2,), 0).lists((PEER3,), 1, 2)
    assert watch.names == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    assert watch.lists((PEER3,), *seconds(3, 32)).names == ["10.0.0.1", "10.0.0.3"]


def test_the_gate_of_a_deployment_waits_for_numbers_and_for_no_predecessor() -> None:
    state = deployed().lists((PEER2,), 0).state
    assert isinstance(judge(state, GateRules(), 0.0), Open)
    assert isinstance(judge(state, GateRules(2), 0.0), Open)
    gate = judge(state, GateRules("all", replicas=3), 0.0)
    assert isinstance(gate, Waiting)
    assert "OrderedReady" not in gate.reason
    assert "publishNotReadyAddresses" in gate.reason


def test_the_expected_of_a_deployment_are_those_that_are_there() -> None:
    roll = deployed().lists((PEER2,), 0).state.roll(5, 0)
    assert roll.expected == roll.peers


# docker-compose.

BARE = Service("db", "", "")
CONTAINER = Identity("db-1", "db", 1, BARE, (), SOURCES)


def test_containers_are_called_by_one_label_and_wait_for_each_other_by_it() -> None:
    watch = Watch(RULES, CONTAINER).lists((Endpoint("db-0", ("172.18.0.2",)),), 0)
    assert [peer.fqdn for peer in watch.state.peers] == ["db-0", "db-1"]
    assert isinstance(judge(watch.state, GateRules(), 0.0), Open)
    gate = judge(watch.state, GateRules("all", replicas=3), 0.0)
    assert gate == Waiting(
        "2 of 3 members are in DNS under db (the others do not run, or are called otherwise)"
    )


def test_what_keeps_a_container_from_starting_is_said_without_a_word_of_kubernetes() -> None:
    state = Watch(RULES, replace(CONTAINER, pod="db-2", ordinal=2)).lists(
        (Endpoint("db-1", ("172.18.0.2",)),), 0
    )
    gate = judge(state.state, GateRules(), 0.0)
    assert gate == Waiting(
        "db-0 is not in DNS under db (not running, called otherwise, or the set starts at a higher "
        "ordinal: then set start_ordinal)"
    )


def test_a_container_that_docker_does_not_list_is_told_what_may_be_wrong() -> None:
    watch = Watch(RULES, CONTAINER).lists((Endpoint("db-0", ("172.18.0.2",)),), *seconds(0, 30))
    assert watch.reasons[-1] == (
        "DNS has not listed db-1 under db for 30 s: no container of that name runs (where "
        "--replicas is not set, its container_name has to be db-1)"
    )


# A pod whose name DNS has at another address.

ELSEWHERE = (
    "DNS has db-1 at 10.0.0.77, but this pod is at 10.0.0.1: its own address is used; peers may go "
    "to the other one while a DNS cache has it, or while an older pod of this name still runs"
)


def test_a_pod_is_told_that_dns_has_its_name_at_another_address() -> None:
    watch = Watch().lists((DB0, named("db-1", "10.0.0.77")), 0)
    assert (watch.did[-1], watch.reasons[-1]) == ((Did.MISPLACED, "db-1"), ELSEWHERE)


@pytest.mark.parametrize(
    ("own", "listed"),
    [
        (("10.0.0.1",), ("10.0.0.1",)),
        (("10.0.0.1",), ("10.0.0.1", "10.0.0.77")),
        (("10.0.0.1",), ("10.0.0.1", "fd00::77")),
        (("10.0.0.1",), ("fd00::77",)),
        (("fd00::1",), ("10.0.0.77",)),
        (("10.0.0.1", "fd00::1"), ("fd00::1",)),
        (("10.0.0.1", "fd00::1"), ("10.0.0.1", "fd00::77")),
        ((), ("10.0.0.77",)),
        (("10.0.0.1",), ()),
    ],
)
def test_it_is_no_alarm_that_dns_knows_more_or_less_of_a_pods_addresses(
    own: tuple[str, ...], listed: tuple[str, ...]
) -> None:
    me = replace(ME, addresses=own)
    watch = Watch(RULES, me).lists((DB0, Endpoint(DB1.fqdn, listed)), *seconds(0, 5))
    assert not warnings(watch)


def test_another_pod_at_an_odd_address_is_no_alarm() -> None:
    assert not warnings(Watch().lists((DB0, DB1, NEW), 0, 1))


def test_a_wrong_family_says_nothing_about_who_is_there() -> None:
    wrong = Absent("no pod has an IPv6 address", Why.OTHER_FAMILY)
    watch = Watch(STRICT).lists((DB0, DB1), 0).says(wrong, *seconds(1, 100))
    assert watch.names == ["db-0", "db-1"]
    unheard = Watch(STRICT).says(wrong, *seconds(0, 100)).state
    assert unheard == Membership(ME, was_in_doubt=True)
