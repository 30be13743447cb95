from itertools import pairwise

import pytest

from agent.core.schedule import next_poll


def gaps(pod: str, polls: int, interval: float = 1.0, doubts: int = 0) -> list[float]:
    """The times between a pod's polls."""
    times = [0.0]
    for number in range(polls):
        times.append(next_poll(times[-1], interval, doubts, f"{pod} {number}"))
    return [later - earlier for earlier, later in pairwise(times)]


def test_a_poll_is_never_later_than_the_interval_and_at_most_a_tenth_early() -> None:
    assert all(0.9 < gap <= 1.0 for gap in gaps("db-0", 1000))


def test_pods_that_start_together_do_not_poll_in_step() -> None:
    times = [sum(gaps(f"db-{n}", 60)) % 1.0 for n in range(100)]
    per_tenth = [sum(tenth <= 10 * time < tenth + 1 for time in times) for tenth in range(10)]
    assert max(per_tenth) < 30


def test_the_same_pod_polls_at_the_same_times_in_each_run() -> None:
    assert gaps("db-0", 10) == gaps("db-0", 10)


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
    assert 0.9 * longest < gap <= longest
