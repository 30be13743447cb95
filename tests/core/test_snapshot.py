"""What an agent shows of itself."""

from types import MappingProxyType

from agent.core.identity import Identity
from agent.core.membership import Membership, Rules, observe
from agent.core.observation import Absent, Answered, Endpoint, Unknown, Why
from agent.core.roll import Service
from agent.core.snapshot import Polls, missing

SERVICE = Service("db", "prod", "cluster.local")
ME = Identity("db-1", "db", 1, SERVICE, ("10.0.0.1",), MappingProxyType({}))
RULES = Rules(settle=0.0, forget_after=30.0)


def listed(*ordinals: int) -> Answered:
    """An answer that lists these pods."""
    return Answered(tuple(Endpoint(SERVICE.pod(f"db-{n}"), (f"10.0.0.{n}",)) for n in ordinals))


def test_a_member_that_dns_lacks_is_missing_and_it_is_said_for_how_long_of_how_long() -> None:
    state = Membership(ME)
    for now, answer in ((0.0, listed(0, 1, 2)), (1.0, listed(0, 1)), (5.0, listed(0, 1))):
        state = observe(state, answer, now, RULES).state
    (gone,) = missing(state, RULES, 5.5)
    assert gone.peer.name == "db-2"
    assert gone.reason == "missing for 4 s of 30 s"


def test_while_nobody_answers_nobody_is_missing_for_longer() -> None:
    state = Membership(ME)
    for now, answer in ((0.0, listed(0, 1, 2)), (1.0, listed(0, 1))):
        state = observe(state, answer, now, RULES).state
    for now in range(2, 60):
        state = observe(state, Unknown("down"), float(now), RULES).state
    (gone,) = missing(state, RULES, 60.0)
    assert gone.seconds == 0.0


def test_who_was_dropped_is_missing_until_that_is_in_the_view() -> None:
    rules = Rules(settle=5.0, forget_after=2.0)
    state = Membership(ME)
    for now in (0.0, 6.0):
        state = observe(state, listed(0, 1, 2), now, rules).state
    for now in (7.0, 8.0, 9.5):
        state = observe(state, listed(0, 1), now, rules).state
    assert [peer.name for peer in state.peers] == ["db-0", "db-1", "db-2"]
    (gone,) = missing(state, rules, 10.0)
    assert gone.reason == "missing for 2 s of 2 s"


def test_this_pod_is_never_missing() -> None:
    state = Membership(ME)
    for now, answer in ((0.0, listed(0, 1)), (1.0, listed(0)), (9.0, listed(0))):
        state = observe(state, answer, now, RULES).state
    assert not list(missing(state, RULES, 9.0))


def test_polls_are_counted_by_what_came_of_them() -> None:
    polls = Polls()
    for now, seen in ((1.0, listed(0)), (2.0, Absent("none", Why.NO_DATA)), (3.0, Unknown("down"))):
        polls = polls.saw(seen, now)
    assert polls == Polls(1, 1, 1, "down", 1.0)
    assert polls.saw(listed(0), 4.0).reason == ""
