"""The dashboard is bound to no one Grafana, and Prometheus can read its queries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitoring.conftest import Promtool
from tests.monitoring.exported import EXPORTED, FOLDER, TARGET
from tests.monitoring.promql import labels, metrics, wrong

DASHBOARD: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
VARIABLES = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
QUERIES = [
    (f"{panel['type']} {panel['title']}", query) for panel in PANELS for query in panel["targets"]
]
each_panel = pytest.mark.parametrize("panel", PANELS, ids=lambda p: f"{p['type']} {p['title']}")


def filled(expression: str) -> str:
    """A query as Prometheus gets it, with each variable of Grafana's as a value."""
    return re.sub(r"\$\w+", ".*", expression.replace("$__rate_interval", "5m"))


def everything_in(part: object) -> Iterator[dict[str, Any]]:
    """Each object in the dashboard."""
    if isinstance(part, dict):
        yield part
    if isinstance(part, dict | list):
        for each in part.values() if isinstance(part, dict) else part:
            yield from everything_in(each)


def test_prometheus_reads_every_query(promtool: Promtool, tmp_path: Path) -> None:
    rules = [
        {"record": f"q{number}", "expr": filled(query["expr"])}
        for number, (_, query) in enumerate(QUERIES)
    ]
    document = {"groups": [{"name": "dashboard", "rules": rules}]}
    (tmp_path / "queries.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    assert f"{len(rules)} rules found" in promtool(
        "check", "rules", "queries.yaml", within=tmp_path
    )


def test_every_query_speaks_only_of_what_an_agent_exports() -> None:
    said = {
        name: found
        for name, query in QUERIES
        if (found := wrong(filled(query["expr"]), EXPORTED, TARGET))
    }
    assert said == {}
    for name, query in QUERIES:
        shown = set(re.findall(r"\{\{(\w+)\}\}", query["legendFormat"]))
        left = labels_left(query["expr"])
        assert shown <= left, f"{name}: its legend has a label that its result has not"


def labels_left(expression: str) -> frozenset[str]:
    """The labels that a query's result has: those it is grouped by, or all of its metric."""
    grouped = re.match(r"(?:sum|min|max|count) by \(([^)]*)\)", expression)
    if grouped:
        return frozenset(re.findall(r"\w+", grouped[1]))
    return TARGET.union(*(EXPORTED[name] for name in metrics(filled(expression))))


def test_every_metric_of_an_agent_but_those_that_alerts_are_made_of_is_on_the_dashboard() -> None:
    shown = {name for _, query in QUERIES for name in metrics(filled(query["expr"]))}
    elsewhere = {
        "rollcall_output_last_write_timestamp_seconds",
        "rollcall_notification_pending_since_timestamp_seconds",
    }
    assert {name for name in EXPORTED if name.startswith("rollcall_")} - shown == elsewhere


def test_every_query_is_narrowed_by_the_variables_and_rates_by_what_grafana_scrapes() -> None:
    for name, query in QUERIES:
        narrowed = set(re.findall(r'(\w+)=~"\$(\w+)"', query["expr"]))
        assert {(each, each) for each in ("namespace", "job", "instance")} == narrowed, name
        for window in re.findall(r"rate\([^)]*\[(.*?)\]\)", query["expr"]):
            assert window == "$__rate_interval", name


def test_the_data_source_is_a_variable_and_nothing_is_bound_to_one_grafana() -> None:
    assert VARIABLES["datasource"]["type"] == "datasource"
    assert VARIABLES["datasource"]["query"] == "prometheus"
    sources = [part["datasource"] for part in everything_in(DASHBOARD) if "datasource" in part]
    assert sources
    assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)
    ids = {"id", "version", "gnetId", "iteration", "__inputs", "__requires"}
    assert not ids & DASHBOARD.keys()
    assert not [panel["title"] for panel in PANELS if ids & panel.keys()]


def test_the_variables_lead_from_the_namespace_to_the_agent() -> None:
    assert [*VARIABLES] == ["datasource", "namespace", "job", "instance"]
    for name, variable in [*VARIABLES.items()][1:]:
        asked = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"])
        assert asked
        assert asked[2] == name
        assert metrics(filled(asked[1])) == {"rollcall_build_info"}
        assert labels(asked[1]) <= TARGET
        # A target without a namespace, as in docker-compose, is among all.
        assert (variable["includeAll"], variable["allValue"]) == (True, ".*")


@each_panel
def test_each_panel_says_what_it_shows_in_which_unit(panel: dict[str, Any]) -> None:
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["type"] in ("stat", "timeseries")
    references = [query["refId"] for query in panel["targets"]]
    assert len(references) == len(set(references))


def test_the_panels_fill_rows_of_24_and_none_covers_another() -> None:
    places = [panel["gridPos"] for panel in PANELS]
    for one, other in combinations(places, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)
    rows = {place["y"]: sum(p["w"] for p in places if p["y"] == place["y"]) for place in places}
    assert set(rows.values()) == {24}
