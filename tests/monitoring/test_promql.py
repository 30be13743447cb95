"""The small reader of expressions that the other tests here rest on."""

from __future__ import annotations

import pytest

from tests.monitoring.promql import labels, metrics, wrong

SOME = {"up": frozenset[str](), "polls_total": frozenset({"outcome"})}
TARGET = frozenset({"job"})


def test_metrics_are_told_from_functions_words_labels_texts_and_durations() -> None:
    expression = (
        'sum by (job) (rate(polls_total{outcome=~"up|down", job!="a{b}"}[5m])) > 2 * 60\n'
        "and on (job) up offset 1h unless time() == bool 1"
    )
    assert metrics(expression) == {"polls_total", "up"}
    assert labels(expression) == {"job", "outcome"}
    assert not wrong(expression, SOME, TARGET)


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("pols_total > 1", {"pols_total"}),
        ('polls_total{outcom="answered"}', {"outcom", "polls_total{outcom}"}),
        ('up{outcome="x"} and polls_total', {"up{outcome}"}),
        ("sum by (job, path) (up)", {"path"}),
    ],
)
def test_what_is_not_exported_is_named(expression: str, found: set[str]) -> None:
    assert wrong(expression, SOME, TARGET) == found
