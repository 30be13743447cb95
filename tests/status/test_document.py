"""What /v1/status says of a snapshot."""

from typing import Any

import pytest

from agent.core.delivery import Delivery, Told
from agent.core.snapshot import NotifierState, Snapshot
from agent.status.document import status_document
from tests.status.situations import NOW, failing, observer, ready, stuck, waiting

STANDS_STILL = (
    "the loop stands still: a poll was due 40 s ago and has not ended, although 30 s are enough"
)


def document(snapshot: Snapshot, now: float = NOW) -> dict[str, Any]:
    return status_document(snapshot, now, "0.1.0")


def test_each_part_of_the_identity_says_where_it_comes_from() -> None:
    identity = document(ready())["identity"]
    assert identity["pod_name"] == {"value": "db-1", "source": "POD_NAME"}
    assert identity["service"] == {"value": "db", "source": "/etc/hosts"}
    assert identity["name_in_dns"]["value"] == "db-1.db.prod.svc.cluster.local"


def test_an_observer_has_no_name_in_dns_and_is_none_of_the_members() -> None:
    seen = document(observer())
    assert "name_in_dns" not in seen["identity"]
    assert [member["self"] for member in seen["members"]] == [False, False]


def test_a_held_member_says_for_how_long_of_how_long() -> None:
    members = {member["name"]: member for member in document(failing())["members"]}
    assert members["db-2"]["missing"] == {
        "for": 4.0,
        "of": 30.0,
        "reason": "missing for 4 s of 30 s",
    }
    assert members["db-0"]["missing"] is None
    assert [name for name, member in members.items() if member["self"]] == ["db-1"]


def test_ages_grow_with_time_and_what_never_was_has_none() -> None:
    now, later = document(failing()), document(failing(), NOW + 60)
    assert (now["uptime"], later["uptime"]) == (60.0, 120.0)
    assert (now["polls"]["last_answer"], later["polls"]["last_answer"]) == (6.0, 66.0)
    assert [output["last_write"] for output in now["outputs"]] == [39.0, None, 30.0, None]
    assert [output["last_write"] for output in later["outputs"]] == [99.0, None, 90.0, None]
    assert document(waiting())["polls"]["last_answer"] is None


def test_a_clock_that_reads_a_moment_before_the_snapshot_makes_no_age_less_than_0() -> None:
    early = document(failing(), NOW - 1000)
    ages = (early["uptime"], early["polls"]["last_answer"], early["outputs"][0]["last_write"])
    assert ages == (0.0, 0.0, 0.0)


def test_the_next_poll_is_due_in_so_many_seconds_and_never_in_less_than_0() -> None:
    assert document(ready())["polls"]["next_in"] == 0.5
    assert document(ready(), NOW + 9)["polls"]["next_in"] == 0.0


@pytest.mark.parametrize(
    ("snapshot", "is_live", "because"),
    [
        (ready(), True, "a poll is due in 0.5 s"),
        (ready()._replace(next_poll=NOW - 30), True, "a poll is under way"),
        (
            stuck(),
            False,
            STANDS_STILL,
        ),
    ],
)
def test_it_is_live_until_a_poll_is_later_than_it_may_be(
    snapshot: Snapshot, is_live: bool, because: str
) -> None:
    seen = document(snapshot)
    assert (seen["live"], seen["liveness"]) == (is_live, because)


def test_a_gate_that_is_shut_says_what_it_waits_for() -> None:
    seen = document(waiting())
    assert (seen["ready"], seen["gate"]) == (False, "DNS has not named anybody yet")
    assert [output["condition"] for output in seen["outputs"]] == ["waiting"]


def test_an_output_that_is_not_current_says_why() -> None:
    seen = {output["path"]: output for output in document(failing())["outputs"]}
    assert seen["/peers/c.yaml"]["condition"] == "withheld"
    assert seen["/peers/c.yaml"]["reason"] == "nobody answers on port 7000"
    assert seen["/peers/peers.cnf"]["reason"] == ""


BEFORE, AFTER = Told("a", ()), Told("b", ())


@pytest.mark.parametrize(
    ("delivery", "due", "state", "waits"),
    [
        (Delivery(), None, "told", None),
        (Delivery(told=BEFORE), None, "told", None),
        (Delivery(told=BEFORE, waits_since=NOW - 2), 7.0, "waiting", 2.0),
        (Delivery(under_way=AFTER, waits_since=NOW - 2), None, "running", 2.0),
        (Delivery(under_way=AFTER, failed=2, waits_since=NOW - 9), None, "running", 9.0),
        (Delivery(failed=2, waits_since=NOW - 9), 4.0, "failed", 9.0),
        (Delivery(failed=2, waits_since=NOW - 9), -4.0, "failed", 9.0),
    ],
)
def test_a_notifier_says_what_it_does_and_when_it_tries_again(
    delivery: Delivery, due: float | None, state: str, waits: float | None
) -> None:
    notifier = NotifierState("reload", delivery, None if due is None else NOW + due)
    (seen,) = document(ready()._replace(notifiers=(notifier,)))["notifiers"]
    assert (seen["state"], seen["waits"]) == (state, waits)
    assert seen["retry_in"] == (None if due is None else max(0.0, due))


def test_a_notifier_that_fails_says_why_and_how_often_in_a_row() -> None:
    seen = document(failing())["notifiers"][-1]
    assert (seen["reason"], seen["failures_in_a_row"]) == ("failed with 1, and said nothing", 3)
    assert (seen["successes"], seen["failures"]) == (1, 5)


def test_the_bootstrap_advice_and_who_answers_are_there_where_somebody_asked() -> None:
    asked, not_asked = document(failing()), document(ready())
    assert asked["bootstrap"] == {"advice": "join", "reason": "db-0 answers on port 4567"}
    assert asked["answering"]["7000"]["db-2.db.prod.svc.cluster.local"] is False
    assert (not_asked["bootstrap"], not_asked["answering"]) == (None, {})
