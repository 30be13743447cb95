from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agent.core.seldom import Seldom


def times_said(trouble: str, at: list[float]) -> list[float]:
    """When a trouble that is there at all these times is said."""
    seldom, said = Seldom(), []
    for now in at:
        seldom, is_due = seldom.say(trouble, now)
        if is_due:
            said.append(now)
    return said


def test_a_lasting_trouble_is_said_at_once_and_then_ever_more_seldom_up_to_once_an_hour() -> None:
    a_day = [float(second) for second in range(86400)]
    said = times_said("DNS is down", a_day)
    gaps = [after - before for before, after in pairwise(said)]
    assert said[0] == 0
    assert [gap / 60 for gap in gaps[:8]] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert set(gaps[8:]) == {3600}


@given(st.lists(st.floats(0, 90000), min_size=1).map(sorted))
def test_between_two_sayings_is_a_minute_at_least(times: list[float]) -> None:
    said = times_said("DNS is down", times)
    assert said[0] == times[0]
    assert all(after - before >= 60 for before, after in pairwise(said))


def test_another_trouble_is_said_at_once_whatever_was_said_before() -> None:
    seldom, _ = Seldom().say("DNS is down", 0)
    seldom, is_due = seldom.say("the volume is full", 1)
    assert is_due
    assert not seldom.say("DNS is down", 2)[1]
    assert not seldom.say("the volume is full", 2)[1]


def test_troubles_without_end_do_not_fill_the_memory_and_the_newest_are_remembered() -> None:
    seldom = Seldom()
    for n in range(1000):
        seldom, _ = seldom.say(f"trouble {n}", float(n) / 1000)
    assert len(seldom.said) <= 100
    assert not seldom.say("trouble 999", 2)[1]
    assert not seldom.say("trouble 950", 2)[1]
    assert seldom.say("trouble 0", 2)[1]


def test_a_trouble_that_is_said_again_counts_as_new_when_others_are_forgotten() -> None:
    seldom, _ = Seldom().say("old", 0)
    for n in range(50):
        seldom, _ = seldom.say(f"one {n}", 1)
    seldom, is_due = seldom.say("old", 60)
    assert is_due
    for n in range(60):
        seldom, _ = seldom.say(f"two {n}", 61)
    assert not seldom.say("old", 62)[1]
