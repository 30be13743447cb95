"""What is exported, in which form, and of what it never is."""

import re
from collections.abc import Iterable, Mapping

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as read_text

from agent.core.snapshot import Snapshot
from agent.status.about import Moment
from agent.status.families import Family
from agent.status.metrics import SnapshotCollector
from agent.status.scraping import KEPT, Scrapes, wants_openmetrics
from tests.status.situations import (
    ABOUT,
    EVERY,
    MOMENT,
    NOW,
    OFFSET,
    STARTED,
    failing,
    ready,
    stuck,
    waiting,
)

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
Labels = tuple[str, ...]


def exported(snapshot: Snapshot | None, accept: str = "") -> tuple[str, str]:
    content_type, body = Scrapes().text(snapshot, ABOUT, MOMENT, accept)
    return content_type, body.decode()


def samples(families: Iterable[Metric | Family]) -> Mapping[str, dict[Labels, float]]:
    """The values of each metric by the values of its labels, sorted by the labels' names."""
    found: dict[str, dict[Labels, float]] = {}
    for family in families:
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def values(snapshot: Snapshot | None) -> Mapping[str, dict[Labels, float]]:
    return samples(read_text(exported(snapshot)[1]))


def test_all_of_a_snapshot_is_there() -> None:
    seen = {name: of for name, of in values(failing()).items() if not name.startswith("process_")}
    assert seen == {
        "rollcall_build_info": {("0.1.0",): 1},
        "rollcall_live": {(): 1},
        "rollcall_ready": {(): 1},
        "rollcall_members": {(): 3},
        "rollcall_members_missing": {(): 1},
        "rollcall_replicas": {(): 3},
        "rollcall_membership_changes_total": {(): 1},
        "rollcall_polls_total": {("answered",): 5, ("quiet",): 0, ("absent",): 1, ("unknown",): 2},
        "rollcall_last_answer_timestamp_seconds": {(): OFFSET + NOW - 6},
        "rollcall_output_current": {
            ("/peers/peers.cnf",): 1,
            ("/peers/c.yaml",): 0,
            ('/peers/"odd"\\.json',): 0,
            ("/peers/etcd.yaml",): 1,
        },
        "rollcall_output_writes_total": {
            ("/peers/peers.cnf",): 2,
            ("/peers/c.yaml",): 0,
            ('/peers/"odd"\\.json',): 1,
            ("/peers/etcd.yaml",): 0,
        },
        "rollcall_output_failures_total": {
            ("/peers/peers.cnf",): 0,
            ("/peers/c.yaml",): 0,
            ('/peers/"odd"\\.json',): 7,
            ("/peers/etcd.yaml",): 0,
        },
        "rollcall_output_last_write_timestamp_seconds": {
            ("/peers/peers.cnf",): OFFSET + NOW - 39,
            ('/peers/"odd"\\.json',): OFFSET + NOW - 30,
        },
        "rollcall_notifications_total": {
            ("on-change", "success"): 2,
            ("on-change", "failure"): 0,
            ("reload", "success"): 0,
            ("reload", "failure"): 0,
            ("signal HUP", "success"): 0,
            ("signal HUP", "failure"): 0,
            ("http 127.0.0.1:8080", "success"): 1,
            ("http 127.0.0.1:8080", "failure"): 5,
        },
        "rollcall_notification_pending": {
            ("on-change",): 0,
            ("reload",): 1,
            ("signal HUP",): 1,
            ("http 127.0.0.1:8080",): 1,
        },
        "rollcall_notification_pending_since_timestamp_seconds": {
            ("reload",): OFFSET + NOW - 3,
            ("signal HUP",): OFFSET + NOW - 1.5,
            ("http 127.0.0.1:8080",): OFFSET + NOW - 12,
        },
    }


def test_what_never_was_or_is_not_set_has_no_value() -> None:
    seen = values(waiting())
    assert seen["rollcall_ready"] == {(): 0}
    assert seen["rollcall_output_current"] == {("/peers/peers.cnf",): 0}
    absent = ("replicas", "last_answer_timestamp_seconds", "output_last_write_timestamp_seconds")
    assert not seen.keys() & {f"rollcall_{name}" for name in absent}


def test_before_the_first_snapshot_it_says_that_it_is_there_and_not_ready() -> None:
    seen = {name for name in values(None) if not name.startswith("process_")}
    assert seen == {"rollcall_build_info", "rollcall_live", "rollcall_ready"}
    assert values(None)["rollcall_ready"] == {(): 0}


def test_a_loop_that_stands_still_is_not_live_also_in_its_first_turn() -> None:
    last = STARTED + ABOUT.patience
    for snapshot, now, live in ((None, last, 1), (None, last + 1, 0), (stuck(), NOW, 0)):
        families = SnapshotCollector(snapshot, ABOUT, Moment(now, OFFSET)).collect()
        assert samples(families)["rollcall_live"] == {(): live}


@pytest.mark.parametrize("situation", EVERY)
def test_no_peer_is_in_a_label(situation: str) -> None:
    _, text = exported(EVERY[situation])
    assert not re.search(r"db-\d|10\.0\.0\.|cluster\.local", text)


def test_the_process_itself_is_measured() -> None:
    assert values(ready())["process_resident_memory_bytes"][()] > 1e6
    assert "process_open_fds" in values(ready())


@pytest.mark.parametrize("situation", EVERY)
def test_who_asks_for_openmetrics_gets_the_same_values_in_it(situation: str) -> None:
    content_type, text = exported(EVERY[situation], OPENMETRICS)
    assert content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert text.endswith("# EOF\n")
    read = read_openmetrics(text)  # type: ignore[no-untyped-call]  # the library's has no types
    ours = {n: of for n, of in samples(read).items() if n.startswith("rollcall")}
    plain = {n: of for n, of in values(EVERY[situation]).items() if n.startswith("rollcall")}
    assert ours == plain


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/html",
        "application/openmetrics-text;version=x",
        "application/openmetrics-text;version=",
        "text/plain;version=1.x;escaping=x",
        "application/openmetrics-text;version=1.0.0.x",
        "application/openmetrics-text; version = 2.x",
        "application/openmetrics-text;version=2.\xe9",
        "application/openmetrics-text;version=2.\xb2",
        "application/openmetrics-text;version=1.0.0=3",
        f"application/openmetrics-text;version={'9' * 5000}",
        "," * 999,
        ";=;=\x7f",
    ],
)
def test_any_accept_gets_a_text_that_can_be_read(accept: str) -> None:
    content_type, text = exported(ready(), accept)
    read = read_openmetrics if content_type.startswith("application/open") else read_text
    assert samples(read(text))["rollcall_members"] == {(): 3}
    assert re.fullmatch(r"[a-z/-]+; version=[\d.]+; charset=utf-8", content_type)


PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "is_open"),
    [
        (PROMETHEUS, True),
        ("application/openmetrics-text", True),
        ('Application/OpenMetrics-Text; Version="1.0.0"', True),
        ("text/plain, application/openmetrics-text", True),
        ("text/plain, application/openmetrics-text;q=0.9", False),
        ("text/plain;q=0, */*, application/openmetrics-text;q=0.1", True),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=0, application/json", False),
        ("application/openmetrics-text;q=2", False),
        ("application/openmetrics-text;version=9.9.9", False),
        ("application/openmetrics-text;version=2.0.0", False),
        ("application/openmetrics-text;version=0.0.1", False),
        ("*/*", False),
        ("application/*", False),
        ("", False),
    ],
)
def test_a_form_is_chosen_by_weight_out_of_the_two_versions_that_there_are(
    accept: str, is_open: bool
) -> None:
    assert wants_openmetrics(accept) == is_open


def test_within_a_second_the_same_text_is_answered_again_unless_there_is_news() -> None:
    scrapes, snapshot = Scrapes(), ready()

    def text(snapshot: Snapshot, later: float, accept: str = "") -> bytes:
        return scrapes.text(snapshot, ABOUT, Moment(NOW + later, OFFSET), accept)[1]

    first = text(snapshot, 0.0)
    assert text(snapshot, KEPT - 0.01) is first
    assert text(snapshot, KEPT - 0.01, OPENMETRICS) != first
    assert text(snapshot, KEPT) is not first
    second = text(snapshot, KEPT)
    assert text(failing(), KEPT) != second
