"""What `rollcall status` shows of a document."""

from dataclasses import replace

import pytest

from agent.cli.overview import Row, age, rows, table
from agent.core.delivery import Delivery
from agent.core.roll import Peer
from agent.core.snapshot import NotifierState, Snapshot
from agent.status.document import status_document
from tests.status.situations import NOW, SERVICE, failing, observer, ready, stuck, waiting


def shown(snapshot: Snapshot, now: float = NOW) -> dict[str, Row]:
    return {row.what: row for row in rows(status_document(snapshot, now, "0.1.0"))}


def test_a_table_has_what_its_state_since_when_and_why() -> None:
    text = table((Row("gate", "shut", "nobody is there"), Row("a", "failed", "x", "4 s", "soon")))
    assert text.splitlines() == [
        "WHAT  STATE   SINCE  WHY",
        "gate  shut           nobody is there",
        "a     failed  4 s    x; soon",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.0, "0 s"),
        (119.4, "119 s"),
        (120.0, "2 min"),
        (7199.0, "120 min"),
        (7200.0, "2 h"),
        (172_800.0, "2 d"),
        (90 * 86_400.0, "90 d"),
    ],
)
def test_an_age_is_as_exact_as_a_person_needs_it(seconds: float | None, text: str) -> None:
    assert age(seconds) == text


def test_a_held_member_says_since_when_and_how_long_it_is_held() -> None:
    seen = shown(failing())
    assert seen["member db-2"].cells[1:] == (
        *("missing", "4 s"),
        "10.0.0.4, refuses on 7000, held for 30 s",
    )
    assert seen["member db-0"].why == "10.0.0.2, answers on 7000"
    assert seen["member db-1"].why == "10.0.0.3, this pod"


def test_a_member_without_an_address_says_so() -> None:
    bare = replace(ready().roll, peers=(Peer(SERVICE.pod("db-7")),))
    assert shown(ready()._replace(roll=bare))["member db-7"].why == "no address yet"


def test_members_are_counted_of_how_many_there_are_to_be() -> None:
    assert shown(failing())["members"].state == "3 of 3"
    assert shown(ready())["members"].state == "3"


def test_dns_says_why_the_last_poll_was_not_answered_and_when_one_was() -> None:
    assert shown(ready())["DNS"].cells[1:] == ("answers", "1 s", "")
    in_doubt = ("in doubt", "6 s", "nothing came from 10.96.0.10:53 in 2 s")
    assert shown(failing())["DNS"].cells[1:] == in_doubt


def test_a_notifier_that_fails_says_how_often_and_when_it_tries_again() -> None:
    seen = shown(failing())["notify http 127.0.0.1:8080"]
    assert seen.cells[1:] == (
        *("failed", "12 s"),
        "failed with 1, and said nothing, 3 times in a row; again in 3 s",
    )


def test_a_notifier_that_waits_says_how_long_and_one_that_told_nothing_yet_says_so() -> None:
    assert shown(failing())["notify signal HUP"].cells[1:] == ("waiting", "2 s", "told in 20 s")
    told = ready()._replace(notifiers=(NotifierState("reload", Delivery()),))
    assert shown(told)["notify reload"].cells[1:] == (
        *("told", ""),
        "nothing was to be told since the agent's start",
    )


def test_a_gate_that_is_shut_and_a_loop_that_is_stuck_say_why() -> None:
    assert shown(waiting())["gate"].cells[1:] == ("shut", "", "DNS has not named anybody yet")
    assert shown(stuck())["agent"].state == "stuck"
    assert shown(stuck())["agent"].soon.startswith("the loop stands still: a poll was due 40 s")


def test_an_observer_is_called_by_its_pods_name() -> None:
    assert shown(observer())["agent"].why == "proxy, rollcall 0.1.0"


@pytest.mark.parametrize("snapshot", [waiting(), ready(), failing(), stuck()])
def test_that_time_passes_is_no_news(snapshot: Snapshot) -> None:
    now, later = shown(snapshot), shown(snapshot, NOW + 0.4)
    assert [row.news for row in now.values()] == [row.news for row in later.values()]


def test_every_change_is_news() -> None:
    seen = [row.news for row in shown(ready()).values()]
    for other in (waiting(), failing(), stuck(), observer()):
        assert [row.news for row in shown(other).values()] != seen
