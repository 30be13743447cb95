from hypothesis import given
from hypothesis import strategies as st

from agent.core.reconcile import Ledger

digests = st.sampled_from(["a", "b", "c"])


def test_nothing_is_due_before_anything_is_known() -> None:
    assert not Ledger().is_publish_due


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


@given(st.lists(digests, min_size=1), st.lists(st.booleans()))
def test_whatever_fails_in_between_the_last_content_is_written_in_the_end(
    wanted: list[str], writes: list[bool]
) -> None:
    ledger = Ledger()
    for n, content in enumerate([*wanted, wanted[-1]]):
        is_last = n == len(wanted)
        ledger = ledger.want(content)
        if ledger.is_publish_due and (is_last or (n < len(writes) and writes[n])):
            ledger = ledger.wrote(content)
    assert ledger.published == wanted[-1]
