"""The table of core/hearing: from single findings to who is known to answer."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.finding import CantTell, Finding, No, Yes
from agent.core.hearing import Hearing

YES, NO, DOUBT = Yes("it answers"), No("it refuses"), CantTell("nothing came")
HOLD = 30.0


def known(*heard: tuple[float, Finding]) -> bool | None:
    """What is known of one peer after it was heard at these seconds."""
    hearing = Hearing()
    for at, finding in heard:
        hearing = hearing.hear({"db-1": finding}, at, HOLD)
    return hearing.known(HOLD).get("db-1")


@pytest.mark.parametrize(
    ("heard", "is_known"),
    [
        ([], None),
        ([(0, YES)], True),
        ([(0, DOUBT)], None),
        ([(0, NO)], None),
        ([(0, NO), (29, NO)], None),
        ([(0, NO), (30, NO)], False),
        ([(0, NO), (30, NO), (31, YES)], True),
        ([(0, NO), (29, DOUBT), (31, NO)], None),
        ([(0, NO), (29, DOUBT), (31, NO), (61, NO)], False),
        ([(0, NO), (30, NO), (31, DOUBT)], None),
        ([(0, YES), (5, NO)], True),
        ([(0, YES), (5, NO), (34, NO)], True),
        ([(0, YES), (5, NO), (35, NO)], False),
        ([(0, YES), (5, NO), (20, DOUBT), (40, NO)], True),
        ([(0, YES), (5, NO), (20, YES), (40, NO)], True),
        ([(0, YES), (5, DOUBT), (500, DOUBT)], True),
    ],
)
def test_what_is_known_of_a_peer(
    heard: Sequence[tuple[float, Finding]], is_known: bool | None
) -> None:
    assert known(*heard) is is_known


def test_with_no_hold_it_still_takes_two_noes() -> None:
    hearing = Hearing().hear({"db-1": NO}, 5.0, 0.0)
    assert "db-1" not in hearing.known(0.0)
    assert hearing.hear({"db-1": NO}, 6.0, 0.0).known(0.0) == {"db-1": False}


def test_who_was_not_asked_stays_as_it_was() -> None:
    hearing = Hearing().hear({"db-1": YES, "db-2": YES}, 0.0, HOLD)
    assert hearing.hear({"db-2": NO}, 50.0, HOLD).known(HOLD)["db-1"] is True


def test_who_is_no_member_any_more_is_forgotten() -> None:
    hearing = Hearing().hear({"db-1": YES, "db-2": YES}, 0.0, HOLD)
    assert hearing.only(["db-2", "db-3"]).known(HOLD) == {"db-2": True}


@given(st.lists(st.tuples(st.floats(0, 20), st.sampled_from([NO, DOUBT]))))
def test_doubt_and_a_short_silence_make_nobody_known_not_to_answer(
    steps: list[tuple[float, Finding]],
) -> None:
    """Only noes for as long as the hold, with nothing else in between, say so."""
    heard, now, silent_since = [], 0.0, None
    for step, finding in steps:
        now += step
        heard.append((now, finding))
        silent_since = None if finding is DOUBT else now if silent_since is None else silent_since
    is_silent = silent_since is not None and now - silent_since >= HOLD
    assert (known(*heard) is False) == is_silent
