from hypothesis import given
from hypothesis import strategies as st

from agent.core.reconcile import Ledger

digests = st.sampled_from(["a", "b", "c"])


def test_nothing_is_due_before_anything_is_known() -> None:
    assert not Ledger().is_publish_due
    assert not Ledger().is_notify_due


def test_a_file_of_an_earlier_run_that_is_still_right_is_not_written_again() -> None:
    assert not Ledger(published="a").want("a").is_publish_due


def test_a_file_of_an_earlier_run_that_is_wrong_is_written() -> None:
    assert Ledger(published="a").want("b").is_publish_due


def test_a_write_that_failed_stays_due_until_one_succeeds() -> None:
    wanted = Ledger().want("a")
    assert wanted.is_publish_due
    assert wanted.want("b").is_publish_due
    assert not wanted.want("b").wrote("b").is_publish_due


def test_what_was_wanted_meanwhile_is_due_after_an_older_content_was_written() -> None:
    assert Ledger().want("b").wrote("a").is_publish_due


def test_a_content_that_is_wanted_no_more_before_it_was_written_is_not_due() -> None:
    there = Ledger().want("a").wrote("a")
    assert not there.want("b").want("a").is_publish_due


def test_nobody_is_told_of_what_is_not_on_disk_yet() -> None:
    assert not Ledger().want("a").is_notify_due


def test_a_lost_notification_stays_due_until_the_latest_content_was_told() -> None:
    written = Ledger().want("a").wrote("a")
    assert written.is_notify_due
    changed = written.want("b").wrote("b")
    assert changed.told("a").is_notify_due
    assert not changed.told("b").is_notify_due


def test_what_changed_and_changed_back_before_anyone_was_told_need_not_be_told() -> None:
    known = Ledger().want("a").wrote("a").told("a")
    assert not known.want("b").wrote("b").want("a").wrote("a").is_notify_due


@given(st.lists(digests, min_size=1), st.lists(st.booleans()), st.lists(st.booleans()))
def test_whatever_fails_in_between_the_last_content_is_written_and_told_in_the_end(
    wanted: list[str], writes: list[bool], tells: list[bool]
) -> None:
    ledger = Ledger()
    for n, content in enumerate([*wanted, wanted[-1]]):
        is_last = n == len(wanted)
        ledger = ledger.want(content)
        if ledger.is_publish_due and (is_last or (n < len(writes) and writes[n])):
            ledger = ledger.wrote(content)
        if ledger.is_notify_due and (is_last or (n < len(tells) and tells[n])):
            ledger = ledger.told(ledger.published)
    assert (ledger.published, ledger.notified) == (wanted[-1], wanted[-1])
