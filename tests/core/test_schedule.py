import random
from itertools import pairwise

import pytest

from agent.core.schedule import LONGEST_CACHED, Pace, next_poll


def gaps(pod: str, polls: int, interval: float = 1.0, doubts: int = 0) -> list[float]:
    """The times between a pod's polls."""
    times, chance = [0.0], random.Random(pod)
    for _ in range(polls):
        times.append(next_poll(times[-1], interval, Pace(doubts), chance.random()))
    return [later - earlier for earlier, later in pairwise(times)]


def test_a_poll_is_a_little_early_or_late_and_there_is_no_more_than_one_in_an_interval() -> None:
    times = gaps("db-0", 1000)
    assert min(times) < 0.97
    assert max(times) > 1.04
    assert all(0.96 <= gap <= 1.05 for gap in times)
    assert sum(times) >= 1000


def test_pods_that_start_together_do_not_poll_in_step() -> None:
    times = [sum(gaps(f"db-{n}", 60)) % 1.0 for n in range(100)]
    per_tenth = [sum(tenth <= 10 * time < tenth + 1 for time in times) for tenth in range(10)]
    assert max(per_tenth) < 30


@pytest.mark.parametrize(
    ("interval", "doubts", "longest"),
    [
        (1.0, 1, 1.0),
        (1.0, 2, 2.0),
        (1.0, 3, 4.0),
        (1.0, 4, 5.0),
        (1.0, 10**6, 5.0),
        (0.1, 4, 0.8),
        (0.1, 10**6, 0.8),
        (30.0, 9, 30.0),
    ],
)
def test_while_dns_does_not_answer_polls_are_further_apart_up_to_a_bound(
    interval: float, doubts: int, longest: float
) -> None:
    (gap,) = gaps("db-0", 1, interval, doubts)
    least = 0.7 if longest > interval else 0.96
    assert least * longest <= gap <= 1.05 * longest


def pace(*answers: tuple[float, float]) -> Pace:
    """After answers with these times to live, at these times."""
    found = Pace()
    for ttl, now in answers:
        found = found.answered(ttl, now)
    return found


def test_a_time_to_live_that_falls_with_time_is_a_caches_which_is_asked_again_when_it_expires() -> (
    None
):
    then = next_poll(1.0, 1.0, pace((4, 0.0), (3, 1.0)), 0.3)
    assert 4.0 <= then <= 4.0 + 0.1 or then == 1.0 + LONGEST_CACHED


def test_while_a_cache_answers_a_poll_is_three_intervals_late_at_most() -> None:
    assert next_poll(1.0, 1.0, pace((30, 0.0), (29, 1.0)), 0.3) == 1.0 + LONGEST_CACHED


def test_pods_behind_one_cache_do_not_ask_at_the_same_time_when_it_expires() -> None:
    cached = pace((3, 0.0), (2, 1.0))
    assert len({next_poll(1.0, 1.0, cached, n / 100) for n in range(100)}) > 90


@pytest.mark.parametrize(
    "answers",
    [
        [(30, 0.0)],
        [(30, 0.0), (30, 1.0)],  # no cache
        [(30, 0.0), (12, 1.0)],  # another server's cache
        [(5, 0.0), (30, 1.0)],  # asked anew
        [(1, 0.0), (0, 1.0)],  # stale
        [(5, 0.0), (4, 1.0), (5, 2.0)],
    ],
)
def test_any_other_time_to_live_puts_no_poll_off(answers: list[tuple[float, float]]) -> None:
    assert next_poll(1.0, 1.0, pace(*answers), 0.3) <= 2.0


def test_a_poll_without_an_answer_ends_the_waiting_for_a_cache() -> None:
    assert next_poll(1.0, 1.0, pace((30, 0.0), (29, 1.0)).doubted(), 0.3) <= 2.0


def test_after_an_old_answer_it_asks_again_soon_however_long_the_interval_is() -> None:
    """CoreDNS's `serve_stale immediate` asks anew right after it gave out what had expired."""
    assert next_poll(10.0, 60.0, pace((5, 0.0), (0, 10.0)), 0.3) <= 11.0
    assert next_poll(11.0, 60.0, pace((5, 0.0), (0, 10.0), (0, 11.0)), 0.3) <= 12.0
    assert next_poll(11.0, 60.0, pace((5, 0.0), (0, 10.0), (5, 11.0)), 0.7) > 60.0
    assert next_poll(10.0, 60.0, pace((0, 0.0), (0, 10.0)), 0.3) > 60.0  # always so
