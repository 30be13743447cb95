"""A time to live of 0: an old answer perhaps, or the cluster's way."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.decisions import Did
from agent.core.freshness import STALE, STALE_FOR, weigh
from agent.core.membership import Membership, Rules, observe
from agent.core.memory import Memory, recall, remember
from agent.core.names import is_address
from agent.core.observation import Absent, Answered, Endpoint, Why
from tests.core.test_membership import (
    DB0,
    DB1,
    DB2,
    DB3,
    DOWN,
    ME,
    NEW,
    ONLY_SELF,
    POOL,
    RULES,
    Watch,
    nameless,
    seconds,
    unhurried,
)


def fresh(*endpoints: Endpoint, ttl: float = 5.0) -> Answered:
    return Answered(endpoints, ttl)


def old(*endpoints: Endpoint) -> Answered:
    """What may be an old answer."""
    return Answered(endpoints, 0.0)


def three() -> Watch:
    """Three pods that have been there since second 0, by answers with a time to live."""
    return Watch().says(fresh(DB0, DB1, DB2), 0, 1, 2)


# The part of an answer that can be believed.


def test_an_answer_with_a_time_to_live_is_believed_as_a_whole() -> None:
    answer = fresh(DB0, DB1, ttl=0.001)
    assert weigh(answer, {DB0.fqdn}, 0.0, 10.0) is answer


def test_a_time_to_live_of_0_that_nobody_ever_exceeded_is_believed_as_a_whole() -> None:
    assert weigh(old(DB0, DB1), {DB0.fqdn}, None, 10.0) == old(DB0, DB1)


def test_what_no_record_was_needed_for_is_never_old() -> None:
    told = Answered((DB0, DB1))
    assert told.ttl is None
    assert weigh(told, {DB0.fqdn}, 9.0, 10.0) is told


def test_after_others_a_time_to_live_of_0_leaves_of_an_answer_those_that_are_new() -> None:
    answer = replace(old(DB0, DB1, DB3), remarks=("odd",))
    believed = weigh(answer, {DB0.fqdn, DB1.fqdn}, 0.0, 10.0)
    assert believed == Answered((DB3,), 0.0, ("odd", STALE), is_whole=False)


@pytest.mark.parametrize(("since", "is_whole"), [(STALE_FOR - 0.1, False), (STALE_FOR, True)])
def test_an_hour_later_it_is_the_clusters_way(since: float, is_whole: bool) -> None:
    assert weigh(old(DB0), {DB0.fqdn}, 5.0, 5.0 + since).is_whole is is_whole


# What becomes of the list of peers.


def test_an_old_answer_adds_who_is_new_once_that_settled() -> None:
    watch = three().says(old(DB0, DB1, DB2, DB3), 3, 4)
    assert watch.names == ["db-0", "db-1", "db-2", "db-3"]


def test_an_old_answer_removes_nobody_however_often_it_comes_within_an_hour() -> None:
    watch = three().says(old(DB0, DB1), *seconds(3, 2000))
    assert watch.names == ["db-0", "db-1", "db-2"]
    assert watch.state.generation == 1
    assert Did.MISSING not in [did for did, _ in watch.did]


def test_an_old_answer_moves_nobody() -> None:
    watch = three().says(old(DB0, DB1, NEW), *seconds(3, 100))
    assert watch.addresses("db-2") == ("10.0.0.2",)
    assert watch.state.generation == 1


def test_that_an_answer_may_be_old_is_said() -> None:
    watch = three().says(old(DB0, DB1, DB2), 3)
    assert (watch.did[-1], watch.reasons[-1]) == ((Did.REMARK, ""), STALE)


def test_time_in_which_only_old_answers_came_is_no_time_in_which_a_peer_was_missing() -> None:
    watch = three().says(fresh(DB0, DB1), *seconds(3, 12)).says(old(DB0, DB1), *seconds(13, 612))
    watch.says(fresh(DB0, DB1), *seconds(613, 632)).later(633)
    assert watch.names == ["db-0", "db-1", "db-2"]
    watch.says(fresh(DB0, DB1), 633, 634)
    assert watch.names == ["db-0", "db-1"]


@pytest.mark.parametrize("gap", [1, 4, 11, 60])
def test_however_long_old_answers_came_a_missing_peer_is_gone_forget_after_later(gap: int) -> None:
    """A hold that grew with each of them would keep it for days."""
    watch = three().says(fresh(DB0, DB1), 3, 4).says(old(DB0, DB1), *range(5, 3000, gap))
    watch.says(fresh(DB0, DB1), *seconds(3000, 3032))
    assert watch.names == ["db-0", "db-1"]


def test_an_hour_of_old_answers_later_they_are_believed() -> None:
    watch = three().says(old(DB0, DB1), *range(3, 3603, 5))
    assert watch.names == ["db-0", "db-1", "db-2"]
    watch.says(old(DB0, DB1), *seconds(3603, 3640))
    assert watch.names == ["db-0", "db-1"]


def test_a_cluster_that_never_gives_a_time_to_live_is_followed_like_any_other() -> None:
    watch = Watch().says(old(DB0, DB1, DB2), 0, 1).says(old(DB0, DB1, NEW), 2)
    assert watch.addresses("db-2") == ("10.0.0.99",)
    watch.says(old(DB0, DB1), *seconds(3, 34))
    assert watch.names == ["db-0", "db-1"]


def test_answers_with_a_time_to_live_are_believed_at_once_after_old_ones() -> None:
    watch = three().says(old(DB0, DB1, DB2), *seconds(3, 60))
    assert watch.says(fresh(DB0, DB1, NEW), 61).addresses("db-2") == ("10.0.0.99",)


def test_an_old_answer_with_nobody_else_does_not_make_a_pod_alone() -> None:
    """A pod that was there before has found its old volume, and a DNS server that is stale."""
    state = replace(Membership(ME), fresh_at=0.0)
    for now in seconds(0, 100):
        state = observe(state, replace(ONLY_SELF, ttl=0.0), now, RULES).state
    assert (state.is_answered, state.generation) == (False, 0)


def test_an_old_answer_that_has_others_in_it_is_an_answer_and_nobody_is_taken_for_listed() -> None:
    """Those were there when the record was made, and may be what is old about it."""
    kept = remember(Memory(three().state, {}))
    again = recall(kept, ME, 100.0).membership
    state = observe(again, old(DB0, DB1, DB2), 100.0, RULES).state
    assert state.is_answered
    assert state.listed == {"db-1"}


def test_what_kind_of_answers_came_before_a_restart_is_known_after_it() -> None:
    for first, names in ((fresh, ["db-0", "db-1", "db-2"]), (old, ["db-0", "db-1"])):
        before = Watch().says(first(DB0, DB1, DB2), 0, 1).state
        watch = Watch()
        watch.state = recall(remember(Memory(before, {})), ME, 50.0).membership
        watch.says(old(DB0, DB1), *seconds(50, 82))
        assert watch.names == names


def test_a_nobody_is_no_old_answer_where_that_is_accepted() -> None:
    accepting = Watch(replace(RULES, accept_empty=True)).says(fresh(DB0, DB1, DB2), 0)
    accepting.says(Absent("NXDOMAIN", Why.NO_SUCH_NAME), *seconds(1, 40))
    assert accepting.names == ["db-1"]


def test_an_old_answer_that_has_a_name_for_an_address_renames_nobody_twice() -> None:
    watch = Watch().says(fresh(DB0, DB1, nameless("10.0.0.2")), 0)
    watch.says(old(DB0, DB1, DB2), 1, 2, 3)
    assert watch.names == ["db-0", "db-1", "db-2"]


# All together.

ttls = st.sampled_from([0.0, 0.0, 5.0])
steps = st.lists(
    st.tuples(
        st.sampled_from([0.5, 1.0, 1.0, 5.0, 12.0]),
        st.one_of(
            st.builds(
                lambda endpoints, ttl: Answered(tuple(endpoints), ttl),
                st.lists(st.sampled_from(POOL), min_size=1, max_size=5),
                ttls,
            ),
            st.just(DOWN),
        ),
    ),
    max_size=40,
)


@unhurried
@given(steps, st.lists(st.sampled_from(POOL), min_size=1, max_size=5))
def test_after_an_answer_with_a_time_to_live_an_old_one_never_removes_or_moves_anybody(
    history: list[tuple[float, Answered]], last: list[Endpoint]
) -> None:
    rules = Rules(settle=0.0, forget_after=2.0)
    now, watch = 0.0, Watch(rules).says(fresh(DB0, DB1), 0)
    for gap, seen in history:
        now += gap
        watch.says(seen, now)
    before = {peer.fqdn: peer for peer in watch.state.peers}
    watch.says(old(*last), now + 1.0)
    after = {peer.fqdn: peer for peer in watch.state.peers}
    named = {address for endpoint in last for address in endpoint.addresses}
    for fqdn, peer in before.items():
        renamed = is_address(fqdn) and fqdn in named
        assert renamed or after[fqdn] == peer


# A "no" that may be an old one.

NOBODY = "DNS has no db.prod.svc.cluster.local (NXDOMAIN)"


def test_a_no_that_may_be_old_drops_nobody_although_on_empty_says_accept() -> None:
    rules = Rules(settle=0.0, forget_after=30.0, accept_empty=True)
    state = Membership(ME)
    for now in (0.0, 1.0):
        state = observe(state, fresh(DB0, DB1), now, rules).state
    for now in range(2, 100):
        step = observe(state, Absent(NOBODY, Why.NO_SUCH_NAME, ttl=0.0), float(now), rules)
        state = step.state
    assert [peer.name for peer in state.peers] == ["db-0", "db-1"]
    assert "may be an old answer" in step.decisions[-1].reason
    for now in range(100, 140):
        state = observe(state, Absent(NOBODY, Why.NO_SUCH_NAME, ttl=5.0), float(now), rules).state
    assert [peer.name for peer in state.peers] == ["db-1"]


@pytest.mark.parametrize(("ttl", "lasts"), [(None, 1.0), (5.0, 5.0), (0.0, 30.0), (86400.0, 30.0)])
def test_alone_is_believed_after_the_time_that_a_cache_may_say_so(
    ttl: float | None, lasts: float
) -> None:
    """CoreDNS keeps a "no" for 30 s at most, and one that has expired has a time to live of 0."""
    rules = Rules(settle=1.0)
    state = observe(Membership(ME), Absent(NOBODY, Why.NO_SUCH_NAME, ttl), 0.0, rules).state
    early = observe(state, Absent(NOBODY, Why.NO_SUCH_NAME, ttl), lasts - 0.1, rules).state
    assert not early.is_answered
    assert observe(early, Absent(NOBODY, Why.NO_SUCH_NAME, ttl), lasts, rules).state.is_answered
