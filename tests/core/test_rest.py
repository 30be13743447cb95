"""Rest: the short way through an answer that came before decides what all the rules decide."""

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.core.decisions import Did
from agent.core.identity import Identity
from agent.core.membership import Membership, Rules, advance, observe
from agent.core.observation import Absent, Answered, Endpoint, Observation, Unknown, Why
from agent.core.roll import Service

SERVICE = Service("db", "prod", "cluster.local")
HERE = Identity("db-1", "db", 1, SERVICE, ("10.0.0.1",), MappingProxyType({}))
NOWHERE = replace(HERE, addresses=())
OBSERVER = Identity(
    "proxy-0", "", None, SERVICE, (), MappingProxyType[str, str]({}), is_member=False
)
RULES = Rules(settle=1.0, forget_after=30.0)
DOWN = Unknown("10.96.0.10:53 answered SERVFAIL")
NOBODY = Absent("DNS has no db.prod.svc.cluster.local (NXDOMAIN)", Why.NO_SUCH_NAME, 5.0)
# Seconds. The longest that a poll at rest leaves the peers unasked, and more than `longest_gap`.
QUIET = 60.0
DOUBTS: tuple[Observation, ...] = (DOWN, NOBODY)


def named(pod: str, *addresses: str) -> Endpoint:
    return Endpoint(SERVICE.pod(pod), addresses or (f"10.0.0.{pod.rpartition('-')[2]}",))


DB0, DB1, DB2, DB3 = (named(f"db-{n}") for n in range(4))
THREE = (DB0, DB1, DB2)
MOVED, TWO = named("db-2", "10.0.0.9"), named("db-2", "10.0.0.2", "10.0.0.9")
POOL = (*THREE, DB3, MOVED, TWO, Endpoint(DB2.fqdn), named("db-1", "10.0.0.7"))
NAMELESS = (Endpoint("10.0.0.2", ("10.0.0.2",)), Endpoint("10.0.0.1", ("10.0.0.1",)))

History = Sequence[tuple[float, Observation]]
lists = st.one_of(
    st.just(THREE),
    st.just((DB0, DB2)),  # this pod is not listed
    st.just((DB1,)),  # and nobody else is
    st.lists(st.sampled_from((*POOL, *NAMELESS)), min_size=1, max_size=4).map(tuple),
)
whole = st.builds(Answered, lists, st.sampled_from((5.0, 5.0, None, 0.0)))
answers = st.one_of(
    whole,
    whole,
    st.builds(Answered, lists, st.just(5.0), st.sampled_from(((), ("no ports",)))),
    st.builds(Answered, lists, st.just(5.0), is_whole=st.just(False)),
)
gaps = st.sampled_from((0.3, 1.0, 1.0, 1.0, 7.0, 15.0, QUIET))


@st.composite
def spells(draw: st.DrawFn) -> list[tuple[float, Observation]]:
    """Some observations of one kind in a row: only those lead to rest, and some times to live."""
    if draw(st.integers(0, 3)) == 0:
        return [(draw(gaps), draw(st.sampled_from(DOUBTS)))]
    answer, often = draw(answers), draw(st.integers(1, 4))
    ttls = st.sampled_from((answer.ttl, answer.ttl, 3.0, 0.0))
    return [(draw(gaps), replace(answer, ttl=draw(ttls))) for _ in range(often)]


histories = st.lists(spells(), max_size=8).map(lambda spells: [each for s in spells for each in s])
some_rules = st.builds(
    Rules,
    st.sampled_from((0.0, 1.0, 3.0)),
    st.sampled_from((0.0, 30.0)),
    st.booleans(),
    slack=st.sampled_from((0.0, 0.0, 3.0, 30.0)),
)


def after(history: History, rules: Rules = RULES, me: Identity = HERE) -> Membership:
    """What is remembered after observations, each so many seconds after the one before."""
    now, state = 0.0, Membership(me)
    for gap, seen in history:
        now += gap
        state = observe(state, seen, now, rules).state
    return state


def untimed(state: Membership) -> Membership:
    """The same without when answers came."""
    return replace(state, answered_at=None, heard_at=None, fresh_at=None)


def times(state: Membership) -> list[float]:
    """When answers came; before all time where none has."""
    at = (state.answered_at, state.heard_at, state.fresh_at)
    return [-1.0 if time is None else time for time in at]


def every(seconds: float, *answers: Answered) -> list[tuple[float, Observation]]:
    return [(seconds, answer) for answer in answers]


@settings(deadline=None, max_examples=300)
@given(histories, some_rules, st.sampled_from((HERE, HERE, NOWHERE, OBSERVER)))
@example([*every(1.0, Answered(THREE, 5.0)) * 3, (1.0, Answered((DB0, DB1), 5.0))], RULES, HERE)
@example(every(QUIET, Answered(THREE, 5.0)) * 3, RULES, HERE)
@example([*every(1.0, Answered((DB1,), 5.0)) * 8, (1.0, Answered((DB1,), 30.0))], RULES, NOWHERE)
def test_whatever_came_before_the_short_way_decides_what_all_the_rules_decide(
    history: History, rules: Rules, me: Identity
) -> None:
    now, short, long = 0.0, Membership(me), Membership(me)
    for gap, seen in history:
        now += gap
        short = advance(short, now - gap / 3, rules).state
        long = advance(replace(long, rest=None), now - gap / 3, rules).state
        step = observe(short, seen, now, rules)
        reference = observe(replace(long, rest=None), seen, now, rules)
        assert step.decisions == reference.decisions
        assert untimed(step.state) == untimed(reference.state)
        for kept, exact in zip(times(step.state), times(reference.state), strict=True):
            assert exact == kept or 0 < exact - kept < rules.slack
        short, long = step.state, reference.state


def test_an_answer_that_came_again_leaves_nothing_to_wait_for() -> None:
    assert after(every(1.0, *[Answered(THREE, 5.0)] * 3)).rest == Answered(THREE, 5.0)


def test_a_first_pod_rests_too_once_others_have_come() -> None:
    alone, joined = [Answered((DB1,), 5.0)] * 8, [Answered(THREE, 5.0)] * 4
    assert after(every(1.0, *alone, *joined)).rest is not None


def test_an_agent_that_was_started_again_rests_too_once_it_forgot_a_peer_that_went_meanwhile() -> (
    None
):
    state = after(every(1.0, *[Answered((*THREE, DB3), 5.0)] * 3))
    again = Membership(
        HERE,
        tracked=state.tracked,
        peers=state.peers,
        generation=state.generation,
        remembered=frozenset(known.fqdn for known in state.tracked),
    )
    for now in range(100, 140):
        again = observe(again, Answered(THREE, 5.0), float(now), RULES).state
    assert [peer.name for peer in again.peers] == ["db-0", "db-1", "db-2"]
    assert again.rest is not None


@pytest.mark.parametrize(
    "last",
    [
        DOWN,
        NOBODY,
        Answered((DB0, DB1), 5.0),
        Answered((DB0, DB2), 5.0),
        Answered((*THREE, DB3), 5.0),
        Answered((DB0, DB1, TWO), 5.0),
        Answered((DB0, DB1), 5.0, is_whole=False),
        Answered(THREE, 0.0),
    ],
    ids=[
        "a doubt",
        "a no",
        "somebody is missing",
        "this pod is missing",
        "somebody is new",
        "an old address is remembered",
        "a part of an answer",
        "an answer that may be old",
    ],
)
def test_what_leaves_something_to_wait_for_ends_the_rest(last: Observation) -> None:
    assert after([*every(1.0, *[Answered(THREE, 5.0)] * 3), (1.0, last)]).rest is None


def test_what_is_odd_about_a_setup_is_remarked_at_rest_too() -> None:
    odd = Answered(THREE, 5.0, ("no ports",))
    state = after(every(1.0, odd, odd, odd))
    assert state.rest == odd
    assert [(d.did, d.reason) for d in observe(state, odd, 9.0, RULES).decisions] == [
        (Did.REMARK, "no ports")
    ]
    assert observe(state, Answered(THREE, 5.0), 9.0, RULES).decisions == ()


def test_a_peer_that_vanished_in_a_quiet_minute_is_held_from_when_that_was_first_seen() -> None:
    """The time in which nobody was asked counts for nobody: it is longer than `longest_gap`."""
    state = after(every(1.0, *[Answered(THREE, 5.0)] * 3))
    seen_at = 3.0 + QUIET
    gone = Answered((DB0, DB1), 5.0)
    state = observe(state, gone, seen_at, RULES).state
    for n in range(1, 30):
        state = observe(state, gone, seen_at + n, RULES).state
    assert [peer.name for peer in advance(state, seen_at + 29.99, RULES).state.peers] == [
        "db-0",
        "db-1",
        "db-2",
    ]
    state = observe(state, gone, seen_at + 30, RULES).state
    assert [peer.name for peer in advance(state, seen_at + 31, RULES).state.peers] == [
        "db-0",
        "db-1",
    ]
