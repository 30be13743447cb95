"""When the zone's serial is enough: each row of the table at the head of core/serial.py."""

from dataclasses import replace
from itertools import pairwise

import pytest

from agent.core.serial import (
    AGAIN,
    GAP,
    KNOWN,
    LATE,
    LONGEST_CACHED,
    MISSES,
    OFF_FOR,
    Watch,
    answered,
    elsewhere,
    heard,
    in_doubt,
    is_credible,
    is_due,
    missed,
    spread,
)

TTL = 30.0
NOW_UNIX = 1_790_000_123.4


def asked(watch: Watch, at: float, ttl: float = TTL, *, surprised: bool = False) -> Watch:
    """The peers were asked for, and a whole answer came."""
    return answered(watch, ttl, at, surprised=surprised)


def trusting(serial: int = 7) -> Watch:
    """The peers were asked for at 0 s and at 2.5 s, and the serial in between was news."""
    watch = asked(heard(asked(Watch(), 0.0), serial, 0.5), 0.5)
    watch = asked(watch, 2.5)
    assert not is_due(watch, 2.5, 0.0)
    return watch


def is_asked(watch: Watch, now: float) -> bool:
    """Whether the peers are to be asked for, without a word of the serial."""
    return is_due(watch, now, 0.0)


# A trigger.


def test_the_peers_are_asked_for_before_a_serial_says_anything() -> None:
    assert is_asked(Watch(), 0.0)
    assert not is_asked(asked(Watch(), 0.0), 1.0)


def test_a_serial_that_was_not_seen_before_has_the_peers_asked_for_at_once() -> None:
    assert is_asked(heard(trusting(7), 8, 3.0), 3.0)


def test_a_lower_serial_is_news_too_because_the_clocks_of_two_servers_may_differ() -> None:
    assert is_asked(heard(trusting(7), 5, 3.0), 3.0)


def test_a_serial_that_was_seen_before_is_no_news() -> None:
    assert not is_asked(heard(trusting(7), 7, 3.0), 3.0)


def test_the_first_serial_is_news_because_nobody_knows_which_answers_it_stands_for() -> None:
    assert is_asked(heard(asked(Watch(), 0.0), 7, 0.5), 0.5)


def test_the_serials_of_servers_that_differ_are_no_news_by_turns() -> None:
    watch = asked(asked(heard(trusting(7), 5, 3.0), 3.0), 5.0)
    for now, serial in enumerate((7, 5, 5, 7, 5), start=6):
        watch = heard(watch, serial, float(now))
        assert not is_asked(watch, float(now))


def test_news_stay_news_until_the_peers_have_answered() -> None:
    watch = in_doubt(heard(trusting(7), 8, 3.0))
    assert is_asked(watch, 3.5)
    assert is_asked(heard(watch, 8, 4.0), 4.0)


# What hides a change, and what brings it all the same.


def test_two_changes_in_one_second_both_arrive_the_peers_are_asked_again_when_it_is_over() -> None:
    watch = asked(heard(trusting(7), 8, 3.0), 3.01)
    assert is_asked(watch, 3.0 + AGAIN)
    watch = asked(watch, 3.0 + AGAIN)
    assert not is_asked(watch, 3.1 + AGAIN)


def test_between_these_two_times_the_serial_is_enough() -> None:
    """A change elsewhere in the cluster costs two questions for all peers, at any interval."""
    watch = asked(heard(trusting(7), 8, 3.0), 3.01)
    assert not is_asked(watch, 2.9 + AGAIN)
    assert is_asked(heard(watch, 9, 2.9 + AGAIN), 2.9 + AGAIN)


def test_an_answer_from_before_the_news_is_not_the_one_that_they_ask_for() -> None:
    watch = heard(asked(trusting(7), 2.9), 8, 3.0)
    assert is_asked(asked(watch, 2.95), 3.0)


def test_what_another_server_has_later_its_own_serial_announces() -> None:
    watch = heard(trusting(7), 8, 3.0)
    watch = asked(asked(watch, 3.01), 5.1)  # and neither answer had it yet
    assert not is_asked(heard(watch, 8, 6.0), 6.0)
    assert is_asked(heard(watch, 11, 7.0), 7.0)


def test_records_that_a_cache_has_from_before_are_asked_for_until_they_have_expired() -> None:
    watch = heard(trusting(7), 8, 3.0)
    for now in range(3, 23):  # it has them from 2.5 s
        watch = asked(watch, float(now), ttl=TTL - (now - 2.5))
        assert is_asked(watch, now + AGAIN)
    watch = asked(watch, 32.5, ttl=TTL)
    assert not is_asked(watch, 32.5 + AGAIN)


def test_an_answer_of_a_cache_may_be_a_second_older_than_it_says() -> None:
    watch = asked(heard(trusting(7), 8, 3.0), 3.01)
    watch = asked(watch, 4.9)  # kept by the cache at 3.95 s, in the second of the serial
    assert is_asked(watch, 5.0)


def test_an_old_answer_of_another_cache_is_asked_away_although_a_young_one_came_before() -> None:
    watch = heard(trusting(7), 8, 3.0)
    watch = asked(watch, 6.0)
    assert not is_asked(watch, 6.5)
    watch = asked(watch, 7.0, ttl=2.0)
    assert is_asked(watch, 7.5)
    assert not is_asked(asked(watch, 9.5), 10.0)


def test_no_cache_is_waited_for_longer_than_any_in_a_cluster_lasts() -> None:
    watch = asked(heard(trusting(7), 8, 3.0), 3.0 + LONGEST_CACHED, ttl=1.0)
    assert not is_asked(watch, 3.5 + LONGEST_CACHED)


@pytest.mark.parametrize("part", [0.0, 0.5, 0.999])
def test_no_serial_keeps_the_peers_from_being_asked_for_longer_than_a_minute_or_so(
    part: float,
) -> None:
    watch, due = heard(trusting(7), 7, 30.0), 2.5 + GAP * (1 + LATE * part)
    assert not is_due(watch, due - 0.01, part)
    assert is_due(watch, due + 0.01, part)


def test_a_change_that_no_serial_announced_ends_the_trust_for_an_hour() -> None:
    watch = asked(trusting(7), 70.0, surprised=True)
    assert not is_asked(watch, 71.0)  # the serial may be about to say it
    watch = heard(watch, 7, 71.0)
    for now in (71.0, 72.0, 71.0 + OFF_FOR - 1):
        assert is_asked(watch, now)
        watch = asked(watch, now)


def test_a_surprise_is_not_forgotten_while_the_peers_settle() -> None:
    watch = asked(trusting(7), 70.0, surprised=True)
    for now in (71.0, 72.0, 73.0):
        watch = asked(watch, now)
    assert is_asked(heard(watch, 7, 74.0), 74.0)
    assert not is_asked(asked(asked(heard(watch, 8, 74.0), 74.0), 76.1), 77.0)


def test_a_change_that_the_next_serial_announces_ends_no_trust() -> None:
    watch = heard(asked(trusting(7), 70.0, surprised=True), 8, 71.0)
    watch = asked(asked(watch, 71.0), 73.1)
    assert not is_asked(heard(watch, 8, 74.0), 74.0)


def test_a_change_that_news_may_have_brought_ends_no_trust() -> None:
    watch = asked(heard(trusting(7), 8, 3.0), 3.0)
    watch = asked(watch, 5.1, surprised=True)  # the second one of that second
    assert not is_asked(heard(watch, 8, 6.0), 6.0)


def test_a_change_that_was_awaited_ends_no_trust() -> None:
    assert not is_asked(heard(asked(trusting(7), 70.0), 7, 71.0), 71.0)


# Another nameserver.


def test_a_serial_of_another_nameserver_is_news_whatever_the_one_before_said() -> None:
    watch = heard(elsewhere(trusting(7)), 7, 40.0)
    assert is_asked(watch, 40.0)
    watch = asked(asked(watch, 40.0, surprised=True), 42.1)
    assert not is_asked(heard(watch, 7, 43.0), 43.0)


def test_a_change_that_another_nameserver_told_of_ends_no_trust() -> None:
    watch = heard(elsewhere(asked(trusting(7), 70.0, surprised=True)), 7, 71.0)
    watch = asked(asked(watch, 71.0), 73.1)
    assert not is_asked(heard(watch, 7, 74.0), 74.0)


# No serial.


def test_serials_that_do_not_come_so_often_in_a_row_are_not_asked_for_for_an_hour() -> None:
    watch = trusting(7)
    for now in range(3, 3 + MISSES - 1):
        watch = asked(missed(watch, now), now)
        assert not is_asked(watch, now + 0.5)
    watch = asked(missed(watch, 10.0), 10.0)
    assert is_asked(watch, 11.0)
    assert is_asked(asked(watch, 10.0 + OFF_FOR - 2), 10.0 + OFF_FOR - 1)


def test_a_serial_that_comes_forgives_all_that_did_not() -> None:
    watch = trusting(7)
    for now in range(3, 40):
        watch = asked(missed(watch, now), now)
        watch = heard(watch, 7, now + 0.5)
        assert not is_asked(watch, now + 0.5)


def test_after_that_hour_it_is_asked_for_again_and_what_it_says_first_is_news() -> None:
    watch = trusting(7)
    for _ in range(MISSES):
        watch = missed(watch, 3.0)
    back = 3.0 + OFF_FOR
    watch = asked(watch, back)
    assert not is_asked(watch, back + 1)
    watch = heard(watch, 7, back + 1)
    assert is_asked(watch, back + 1)
    watch = asked(asked(watch, back + 1), back + 3.1)
    assert not is_asked(heard(watch, 7, back + 4), back + 4)


def test_a_change_in_that_hour_is_no_surprise() -> None:
    watch = trusting(7)
    for _ in range(MISSES):
        watch = missed(watch, 3.0)
    watch = asked(watch, 2.0 + OFF_FOR, surprised=True)
    assert not watch.is_surprised


def test_a_doubt_about_the_peers_has_them_asked_for_again() -> None:
    assert is_asked(in_doubt(trusting(7)), 3.0)


# What is kept.


def test_of_a_cluster_that_never_rests_only_so_many_serials_are_known() -> None:
    watch = Watch()
    for serial in range(10 * KNOWN):
        watch = heard(watch, serial, float(serial))
    assert watch.known == tuple(range(9 * KNOWN, 10 * KNOWN))


def test_how_long_a_whole_time_to_live_is_outlives_the_trust() -> None:
    watch = trusting(7)
    for _ in range(MISSES):
        watch = missed(watch, 3.0)
    assert watch == replace(Watch(), longest_ttl=TTL, off_until=3.0 + OFF_FOR)


# When it is due.


def test_pods_that_asked_at_one_change_do_so_again_over_most_of_a_minute() -> None:
    parts = sorted(spread(f"db-{n} 3.0") for n in range(100))
    assert 0.0 <= parts[0] < 0.1
    assert 0.9 < parts[-1] < 1.0
    assert max(later - earlier for earlier, later in pairwise(parts)) < 0.1


# Which serial it can be.


@pytest.mark.parametrize("ago", [0, 1, 59, 40 * 86400, -5, -3000])
def test_the_second_of_a_change_of_late_is_credible_though_clocks_may_differ(ago: int) -> None:
    assert is_credible(1_790_000_123 - ago, NOW_UNIX)


@pytest.mark.parametrize(
    "serial",
    [
        1_790_000_123 // 3600 * 3600,
        1_790_000_123 // 3600 * 3600 - 3600,
        0,
        1,
        4096,
        2026092201,
        2026092207,
        1_790_000_123 + 2 * 86400,
        1_790_000_123 - 400 * 86400,
        2**32 - 1,
    ],
    ids=[
        "kube-dns's",
        "kube-dns's an hour later",
        "none",
        "a first version",
        "a version",
        "a day's first version",
        "a day's eighth version",
        "in two days",
        "of last year",
        "the highest",
    ],
)
def test_a_serial_that_is_no_second_of_late_says_nothing_of_changes(serial: int) -> None:
    assert not is_credible(serial, NOW_UNIX)


@pytest.mark.parametrize("days", [-2, 400])
def test_where_the_clock_of_the_node_is_wrong_by_days_no_serial_is_credible(days: int) -> None:
    assert not is_credible(1_790_000_123, NOW_UNIX + days * 86400)
