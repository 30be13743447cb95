"""Part of an answer, not all of it: who is in it is there, and nobody is missing from it."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.bootstrap import listing
from agent.core.decisions import Did
from agent.core.finding import CantTell
from agent.core.gate import GateRules, Open, WaitFor, Waiting, judge
from agent.core.membership import Rules
from agent.core.observation import Answered, Endpoint
from tests.core.test_membership import (
    DB0,
    DB1,
    DB2,
    DB3,
    DOWN,
    NEW,
    POOL,
    RULES,
    Watch,
    named,
    seconds,
    three,
    unhurried,
)


def part(*endpoints: Endpoint) -> Answered:
    """Some of those who are there."""
    return Answered(endpoints, 5.0, is_whole=False)


def test_who_is_in_a_part_is_added_and_moved() -> None:
    watch = three().says(part(DB1, NEW, DB3), 10, 11)
    assert watch.names == ["db-0", "db-1", "db-2", "db-3"]
    assert watch.addresses("db-2") == ("10.0.0.99",)


def test_who_is_in_no_part_is_kept_for_ever_and_never_called_missing() -> None:
    watch = three().says(part(DB0, DB1), *range(3, 100_000, 500))
    assert watch.names == ["db-0", "db-1", "db-2"]
    assert not {Did.MISSING, Did.DROPPED} & {did for did, _ in watch.did}


def test_who_was_missing_and_is_in_a_part_has_returned() -> None:
    watch = three().lists((DB0, DB1), 3, 4).says(part(DB2), 5)
    assert watch.did[-1] == (Did.RETURNED, "db-2")
    assert not [t for t in watch.state.tracked if t.sighting.missed]


def test_the_time_before_a_part_counts_for_nobody_who_is_not_in_it() -> None:
    watch = three().lists((DB0, DB1), *seconds(3, 12)).says(part(DB0, DB1), *seconds(13, 200))
    watch.lists((DB0, DB1), *seconds(201, 220)).later(221)
    assert watch.names == ["db-0", "db-1", "db-2"]
    assert watch.lists((DB0, DB1), 221, 222).names == ["db-0", "db-1"]


@pytest.mark.parametrize("gap", [1, 5, 11, 100])
def test_however_many_parts_came_a_missing_peer_is_gone_forget_after_later(gap: int) -> None:
    watch = three().lists((DB0, DB1), 3, 4).says(part(DB0, DB1), *range(5, 2000, gap))
    (held,) = (t for t in watch.state.tracked if t.sighting.missed)
    assert held.fqdn == DB2.fqdn
    assert held.sighting.missing_for(2000) >= 0
    assert watch.lists((DB0, DB1), *seconds(2000, 2032)).names == ["db-0", "db-1"]


def test_in_a_part_the_addresses_of_a_name_are_all_of_them() -> None:
    """Each question is answered as a whole, or not at all."""
    watch = three().says(part(NEW), *seconds(3, 40))
    (known,) = [t for t in watch.state.tracked if t.fqdn == DB2.fqdn]
    assert [address for address, _ in known.addresses] == ["10.0.0.99"]


def test_an_outage_before_a_part_is_no_time_in_which_an_address_was_missing() -> None:
    both = named("db-2", "10.0.0.2", "10.0.0.99")
    watch = three().lists((DB0, DB1, both), 3).lists((DB0, DB1, named("db-2", "10.0.0.2")), 4)
    watch.says(DOWN, *seconds(5, 100)).says(part(named("db-2", "10.0.0.2")), 101, 102)
    assert watch.addresses("db-2") == ("10.0.0.99",)


def test_the_time_before_a_part_makes_this_pod_no_more_unlisted() -> None:
    watch = three().lists((DB0,), *seconds(3, 12)).says(part(DB0), *seconds(13, 200))
    watch.lists((DB0,), *seconds(201, 220))
    assert Did.UNLISTED not in [did for did, _ in watch.did]
    assert watch.lists((DB0,), 221).did[-1] == (Did.UNLISTED, "db-1")


def test_nothing_is_founded_on_a_part() -> None:
    """The advice goes by whole answers; it has to know when the last of them came."""
    watch = three().says(part(DB0, DB1), *seconds(3, 20))
    said = listing(watch.state, 20.0, RULES.longest_gap)
    assert isinstance(said, CantTell)
    assert said.reason == "DNS has not said lately who is there"


def test_a_part_with_nobody_else_in_it_does_not_make_a_pod_alone() -> None:
    watch = Watch().says(part(DB1), *seconds(0, 100)).says(part(), *seconds(101, 200))
    assert (watch.names, watch.state.is_answered) == ([], False)


@pytest.mark.parametrize(
    ("wait_for", "is_open"),
    [("predecessors", True), ("self", True), (2, True), (3, False), ("all", False)],
)
def test_a_part_opens_the_gate_if_those_are_in_it_that_are_waited_for(
    wait_for: WaitFor, is_open: bool
) -> None:
    """Whoever is in it is there; the others are added when they are heard of."""
    watch = Watch().says(part(DB0), 0)
    assert watch.names == ["db-0", "db-1"]
    gate = judge(watch.state, GateRules(wait_for, replicas=3), 0.0)
    assert isinstance(gate, Open if is_open else Waiting)


def test_the_first_part_is_taken_at_once_and_the_rest_when_it_settled() -> None:
    watch = Watch().says(part(DB0), 0).says(Answered((DB0, DB1, DB2), 5.0), 0.5)
    assert watch.names == ["db-0", "db-1"]
    assert watch.later(1.5).names == ["db-0", "db-1", "db-2"]


parts = st.lists(
    st.tuples(
        st.sampled_from([0.5, 1.0, 1.0, 9.0, 15.0]),
        st.lists(st.sampled_from(POOL), max_size=4).map(tuple),
        st.booleans(),
    ),
    max_size=40,
)


@unhurried
@given(parts, st.sampled_from([0.0, 3.0]))
def test_nobody_is_dropped_by_a_part_nor_by_the_time_between_parts(
    history: list[tuple[float, tuple[Endpoint, ...], bool]], forget_after: float
) -> None:
    rules = Rules(settle=0.0, forget_after=forget_after)
    now, watch = 0.0, Watch(rules).lists((DB0, DB1, DB2), 0)
    for gap, endpoints, is_whole in history:
        now += gap
        watch.did.clear()
        watch.says(Answered((DB0, DB1, *endpoints), 5.0, is_whole=is_whole), now)
        dropped = [about for did, about in watch.did if did is Did.DROPPED]
        assert is_whole or all(about[0].isdigit() for about in dropped)  # it has a name now
        for known in watch.state.tracked:
            assert known.sighting.missing_for(now) >= 0
            ages = [seen.missing_for(now) for _, seen in known.addresses]
            assert all(age >= 0 for age in ages)


@unhurried
@given(parts)
def test_after_any_parts_whole_answers_are_what_counts_in_the_end(
    history: list[tuple[float, tuple[Endpoint, ...], bool]],
) -> None:
    now, watch = 0.0, Watch(replace(RULES, settle=0.0)).lists((DB0, DB1, DB2), 0)
    for gap, endpoints, is_whole in history:
        now += gap
        watch.says(Answered((DB0, DB1, *endpoints), 5.0, is_whole=is_whole), now)
    views = [watch.lists((DB0, DB1), now + second).names for second in seconds(1, 33)]
    assert views[-1] == ["db-0", "db-1"]
    assert all(set(after) <= set(before) for before, after in pairwise(views))
