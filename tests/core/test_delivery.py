"""When a notifier tells, and when again."""

import pytest

from agent.core.delivery import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    Delivery,
    DeliveryRules,
    Told,
    stamp_of,
)
from agent.core.roll import Peer

PEERS = (Peer("db-0.db.prod.svc.cluster.local", ("10.0.0.2",)),)
A, B, C = (Told(stamp, PEERS) for stamp in "abc")
RULES = DeliveryRules()


def test_what_was_told_is_not_told_again() -> None:
    assert Delivery(A).due("a", RULES) is None
    assert Delivery(A).begun(B, 5.0).arrived().due("b", RULES) is None


def test_what_is_new_is_due_at_once() -> None:
    assert Delivery(A).due("b", RULES) == 0.0
    assert Delivery().due("a", RULES) == 0.0


def test_nothing_is_due_while_something_is_being_told_however_new_it_is() -> None:
    assert Delivery(A).begun(B, 5.0).due("c", RULES) is None


def test_what_changed_while_it_told_is_due_when_that_has_ended() -> None:
    assert Delivery(A).begun(B, 5.0).arrived().due("c", RULES) == 5.0


def test_each_failure_in_a_row_doubles_the_pause_up_to_the_longest() -> None:
    delivery, now, pauses = Delivery(A), 100.0, []
    for _ in range(9):
        delivery = delivery.begun(B, now).lost("failed with 1", now)
        due = delivery.due("b", RULES)
        assert due is not None
        pauses.append(due - now)
        now = due
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]
    assert (delivery.failed, delivery.failures, delivery.successes) == (9, 9, 0)


def test_a_thousand_failures_are_no_number_that_is_too_large() -> None:
    delivery = Delivery(A)
    for _ in range(2000):
        delivery = delivery.begun(B, 0.0).lost("failed with 1", 0.0)
    assert delivery.due("b", RULES) == LONGEST_PAUSE


def test_after_a_success_the_next_failure_is_the_first_again() -> None:
    failed = Delivery(A).begun(B, 0.0).lost("x", 0.0).begun(B, 1.0).lost("x", 1.0)
    well = failed.begun(B, 9.0).arrived()
    assert (well.failed, well.reason) == (0, "")
    assert well.begun(C, 10.0).lost("x", 10.0).due("c", RULES) == 10.0 + FIRST_PAUSE


def test_after_a_failed_try_the_reader_is_told_although_the_files_are_as_before() -> None:
    failed = Delivery(A).begun(B, 0.0).lost("failed with 1", 0.0)
    assert failed.due("a", RULES) == FIRST_PAUSE


def test_what_came_and_went_before_anybody_was_told_need_not_be_told() -> None:
    assert Delivery(A).waiting("b", 1.0).due("a", RULES) is None


@pytest.mark.parametrize("fails", [False, True])
def test_two_tries_begin_the_shortest_gap_apart(fails: bool) -> None:
    rules = DeliveryRules(min_interval=30.0)
    begun = Delivery(A).begun(B, 100.0)
    after = begun.lost("x", 101.0) if fails else begun.arrived()
    assert after.due("c", rules) == 130.0


def test_how_long_news_waits_is_counted_from_the_first_that_did_not_arrive() -> None:
    delivery = Delivery(A).waiting("a", 1.0)
    assert delivery.waits_since is None
    delivery = delivery.waiting("b", 2.0).begun(B, 3.0).lost("x", 4.0).waiting("c", 5.0)
    assert delivery.waits_since == 2.0
    assert delivery.begun(C, 6.0).arrived().waiting("c", 7.0).waits_since is None


def test_what_a_try_has_told_waits_no_more_though_newer_news_came_meanwhile() -> None:
    delivery = Delivery(A).waiting("b", 2.0).begun(B, 3.0).waiting("b", 4.0).waiting("c", 5.0)
    assert delivery.waiting("c", 6.0).arrived().waiting("c", 7.0).waits_since == 5.0
    lost = delivery.lost("x", 8.0).waiting("c", 8.0)
    assert lost.waits_since == 2.0
    assert delivery.waiting("b", 6.0).arrived().waiting("b", 7.0).waits_since is None


def test_of_what_is_told_at_a_restart_only_the_peers_are_sure() -> None:
    assert Delivery(A).begun(B, 1.0).told == Told("", PEERS)


def test_any_change_of_any_file_is_another_stamp() -> None:
    files: dict[str, str | None] = {"/a": "1", "/b": None}
    same = stamp_of(dict(reversed(files.items())))
    assert stamp_of(files) == same
    others: list[dict[str, str | None]] = [
        {"/a": "1"},
        {"/a": "1", "/b": "1"},
        {"/a": None, "/b": "1"},
        {"/a/b": "1"},
        {},
    ]
    assert len({stamp_of(each) for each in (files, *others)}) == 6
