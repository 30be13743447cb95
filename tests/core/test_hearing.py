"""The table of core/hearing: from single findings to who is known to answer."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.finding import CantTell, Finding, No, Yes
from agent.core.hearing import Hearing, HearingRules, news
from agent.core.roll import Peer, Roll, Service

SERVICE = Service("db", "prod", "cluster.local")
YES, NO, DOUBT = Yes("it answers"), No("it refuses"), CantTell("nothing came")
HOLD = 30.0
RULES = HearingRules(HOLD, longest_gap=30.0)


def known(*heard: tuple[float, Finding]) -> bool | None:
    """What is known of one peer after it was heard at these seconds."""
    hearing = Hearing()
    for at, finding in heard:
        hearing = hearing.hear({"db-1": finding}, at, RULES)
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
    hearing = Hearing().hear({"db-1": NO}, 5.0, HearingRules(0.0))
    assert "db-1" not in hearing.known(0.0)
    assert hearing.hear({"db-1": NO}, 6.0, HearingRules(0.0)).known(0.0) == {"db-1": False}


def test_time_in_which_nobody_asked_is_no_time_of_refusing() -> None:
    """An agent that was frozen, or stood in a slow check, heard nothing meanwhile."""
    rules = HearingRules(HOLD, longest_gap=10.0)
    hearing = Hearing().hear({"db-1": YES, "db-2": NO}, 0.0, rules)
    for at in (1.0, 500.0, 1000.0):
        hearing = hearing.hear({"db-1": NO, "db-2": NO}, at, rules)
        assert hearing.known(HOLD) == {"db-1": True}
    for at in (1010.0, 1020.0):
        hearing = hearing.hear({"db-1": NO, "db-2": NO}, at, rules)
    assert hearing.known(HOLD) == {"db-1": False, "db-2": False}


def test_it_is_unsettled_who_refuses_until_that_is_known() -> None:
    hearing = Hearing().hear({"db-1": YES, "db-2": DOUBT}, 0.0, RULES)
    assert not hearing.is_unsettled(HOLD)
    hearing = hearing.hear({"db-1": NO}, 5.0, RULES)
    assert hearing.is_unsettled(HOLD)
    assert not hearing.hear({"db-1": YES}, 10.0, RULES).is_unsettled(HOLD)
    assert not hearing.hear({"db-1": NO}, 35.0, RULES).is_unsettled(HOLD)


def test_what_is_waited_for_says_what_was_heard_and_for_how_long() -> None:
    hearing = Hearing().hear({"db-1": NO, "db-2": DOUBT, "db-3": YES}, 0.0, RULES)
    hearing = hearing.hear({"db-1": NO}, 4.0, RULES)
    assert hearing.waiting(HOLD) == "it refuses, for 4 s of 30 s; nothing came"
    many = Hearing().hear({f"db-{n}": DOUBT for n in range(9)}, 0.0, RULES)
    assert many.waiting(HOLD) == "nothing came; nothing came; 7 more do not answer"
    assert Hearing().hear({"db-1": YES}, 0.0, RULES).waiting(HOLD) == ""


def sentences(me: int, before: dict[int, bool], now: dict[int, bool], size: int = 3) -> list[str]:
    """What is told of a set of pods, by their ordinals."""
    pods = [Peer(SERVICE.pod(f"db-{n}")) for n in range(size)]
    roll = Roll(SERVICE, pods[me], tuple(pods))
    was, is_now = ({pods[n].fqdn: word for n, word in words.items()} for words in (before, now))
    return [f"{each.level}: {each.sentence}" for each in news(roll, 7000, was, is_now)]


def test_who_begins_to_answer_and_who_answers_no_more_is_told() -> None:
    assert sentences(0, {1: True}, {1: False, 2: True}) == [
        "info: db-1 answers on port 7000 no more: it refused for some time",
        "info: db-2 answers on port 7000",
    ]
    assert sentences(0, {1: True}, {1: True}) == []
    assert sentences(1, {}, {0: False, 2: False}) == []
    (line,) = sentences(0, {}, dict.fromkeys(range(1, 9), True), 9)
    assert line == "info: db-1 answers on port 7000; 7 others changed too"


def test_that_the_first_pod_counts_as_alone_is_a_warning_once() -> None:
    alone = {1: False, 2: False}
    (line,) = sentences(0, {1: False}, alone)
    assert line == (
        "warning: db-1, db-2 refuse connections on port 7000: this pod is the first of its set, so "
        "a file may name it alone, and its database may found a cluster"
    )
    assert sentences(0, alone, alone) == []
    assert sentences(0, {}, {}, 1) == []


def test_who_was_not_asked_stays_as_it_was() -> None:
    hearing = Hearing().hear({"db-1": YES, "db-2": YES}, 0.0, RULES)
    assert hearing.hear({"db-2": NO}, 50.0, RULES).known(HOLD)["db-1"] is True


def test_who_is_no_member_any_more_is_forgotten() -> None:
    hearing = Hearing().hear({"db-1": YES, "db-2": YES}, 0.0, RULES)
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
