"""Prometheus reads the alerts; they fire on what they are for, and are silent in normal life."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitoring.conftest import Promtool
from tests.monitoring.exported import EXPORTED, FOLDER, PAGES, TARGET
from tests.monitoring.promql import metrics, wrong

ALERTS: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
TESTS = yaml.safe_load((FOLDER / "alerts_test.yaml").read_text(encoding="utf-8"))["tests"]
SERIES = [entry["series"] for test in TESTS for entry in test["input_series"]]
NAMES = [alert["alert"] for alert in ALERTS]
every_alert = pytest.mark.parametrize("alert", ALERTS, ids=NAMES)


def test_prometheus_reads_the_rules_and_their_own_tests_pass(promtool: Promtool) -> None:
    promtool("check", "rules", "--lint-fatal", "alerts.yaml", within=FOLDER)
    promtool("test", "rules", "alerts_test.yaml", within=FOLDER)


# Each of these looks as good, and is not.
@pytest.mark.parametrize(
    ("rule", "instead"),
    [
        ("max_over_time(rollcall_ready[10m]) == 0", "rollcall_ready == 0"),
        ("max_over_time(rollcall_members[5m]) and", "rollcall_members and"),
        ("[5m]) and rollcall_ready == 1)", "[5m]))"),
        ("max_over_time(rollcall_members[5m]))\n      <", "rollcall_members)\n      <"),
        ('{outcome=~"answered|quiet"}[5m]', "[5m]"),
        ("      and rollcall_ready == 1\n", ""),
        ("      unless rollcall_live == 0\n", ""),
        ("rollcall_live == 0\n    for: 5m", "rollcall_live == 0\n    for: 2m"),
        ("expr: rollcall_live == 0", "expr: max_over_time(rollcall_live[5m]) == 0"),
        ('{outcome=~"answered|quiet"}[5m]', '{outcome=~"answered|quiet"}[2m]'),
        (" and ignoring (path) rollcall_ready == 1", ""),
        ("last_over_time(rollcall_build_info[1d])", "rollcall_build_info"),
        ("> 2\n", "> 0\n"),
        ("max_over_time(rollcall_ready[30m]) == 1", "rollcall_build_info"),
        ("15 * 60", "5 * 60"),
        *((f"for: {minutes}m", "for: 0m") for minutes in (2, 5, 10, 15)),
    ],
)
def test_a_rule_that_is_a_little_other_fails_its_tests(
    promtool: Promtool, tmp_path: Path, rule: str, instead: str
) -> None:
    text = (FOLDER / "alerts.yaml").read_text(encoding="utf-8")
    assert rule in text
    (tmp_path / "alerts.yaml").write_text(text.replace(rule, instead), encoding="utf-8")
    shutil.copy(FOLDER / "alerts_test.yaml", tmp_path)
    with pytest.raises(AssertionError, match="FAILED"):
        promtool("test", "rules", "alerts_test.yaml", within=tmp_path)


@every_alert
def test_each_alert_speaks_only_of_what_an_agent_exports(alert: dict[str, Any]) -> None:
    assert not wrong(alert["expr"], EXPORTED, TARGET)
    said = set(re.findall(r"\$labels\.(\w+)", " ".join(alert["annotations"].values())))
    of_metrics = set[str]().union(*(EXPORTED[name] for name in metrics(alert["expr"])))
    assert said <= TARGET | of_metrics


def test_the_series_in_the_tests_are_those_of_an_agent_too() -> None:
    assert {series: found for series in SERIES if (found := wrong(series, EXPORTED, TARGET))} == {}


@every_alert
def test_each_alert_is_silent_in_normal_life_and_fires_in_a_test(alert: dict[str, Any]) -> None:
    cases = [case for test in TESTS for case in test.get("alert_rule_test", [])]
    fired = [case for case in cases if case["alertname"] == alert["alert"]]
    assert [case for case in fired if case.get("exp_alerts")]
    used = metrics(alert["expr"])
    silent = {
        name
        for test in TESTS
        if "alert_rule_test" not in test
        for entry in test["input_series"]
        for name in metrics(entry["series"])
    }
    assert used <= silent, "no test of normal life has what this alert looks at"


@every_alert
def test_each_alert_says_what_it_is_how_bad_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"] in ({"severity": "critical"}, {"severity": "warning"})
    notes = alert["annotations"]
    assert notes.keys() == {"summary", "description", "runbook_url"}
    assert not notes["summary"].endswith(".")
    assert notes["description"].endswith(".")
    assert re.search(r"`|Look ", notes["description"]), "it says what to do next"
    assert notes["runbook_url"] == f"docs/runbook.md#{alert['alert'].lower()}"


def test_the_runbook_has_a_section_of_four_parts_for_each_alert_and_for_nothing_else() -> None:
    runbook = (PAGES / "runbook.md").read_text(encoding="utf-8")
    _, *sections = re.split(r"^## ", runbook, flags=re.MULTILINE)
    assert [section.partition("\n")[0] for section in sections] == NAMES
    for section in sections:
        parts = re.findall(r"^\*\*(.*?)\.\*\*", section, re.MULTILINE)
        assert parts == ["Means", "Works meanwhile", "Look at", "Mends it"], section
