"""The text of metrics, held to what the client library of Prometheus makes of the same."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Metric, ProcessCollector, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as read_plain
from prometheus_client.registry import Collector

from agent.status.families import Family, Type, counter, gauge, text_of
from agent.status.metrics import SnapshotCollector
from agent.status.process import process
from tests.status.situations import ABOUT, EVERY, MOMENT

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Zl", "Zp", "Cc"))) | (
    st.text(alphabet='a\\"\n{},= ')
)
NUMBERS = st.floats(min_value=0, allow_infinity=False) | st.integers(0, 2**60)


class Theirs(Collector):
    """The same families as the library has them."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[Metric]:
        for family in self._families:
            metric = Metric(family.name, family.documentation, family.type)
            for name, labels, value in family.samples:
                metric.add_sample(name, dict(labels), value)
            yield metric


def agrees(families: Iterable[Family]) -> None:
    """Fails where the library would write something that reads otherwise, or can't read ours."""
    families = tuple(families)
    registry = CollectorRegistry()
    registry.register(Theirs(families))
    _, plain = text_of(families, is_open=False)
    _, open_ = text_of(families, is_open=True)
    theirs = openmetrics.generate_latest(registry).decode()  # type: ignore[no-untyped-call]  # the library's
    assert [*read_plain(plain.decode())] == [*read_plain(generate_latest(registry).decode())]
    ours, theirs = (
        [*read_openmetrics(text)]  # type: ignore[no-untyped-call]  # the library's
        for text in (open_.decode(), theirs)
    )
    assert ours == theirs


@pytest.mark.parametrize("situation", EVERY)
def test_what_an_agent_says_reads_as_if_the_library_had_written_it(situation: str) -> None:
    agrees(SnapshotCollector(EVERY[situation], ABOUT, MOMENT).collect())


@given(TEXTS, TEXTS, NUMBERS, st.sampled_from(("counter", "gauge", "info")))
def test_any_text_and_number_reads_as_if_the_library_had_written_it(
    said: str, value: str, number: float, type_: Type
) -> None:
    family = Family(type_, "of_any_name", said.strip(), "some", "other")
    agrees([family.add(1 if type_ == "info" else number, value, "x")])


def test_a_metric_without_values_is_told_too() -> None:
    agrees([gauge("a", "It has none."), counter("b", "Neither has this.", "label")])


def test_of_the_process_it_says_what_the_library_does() -> None:
    theirs = {each.name: each for each in ProcessCollector(registry=None).collect()}
    ours = {each.name: each for each in process()}
    assert ours.keys() == theirs.keys()
    for name, family in ours.items():
        its = theirs[name]
        assert (family.type, family.documentation) == (its.type, its.documentation)
    for name in ("process_max_fds", "process_start_time_seconds"):
        assert ours[name].samples[0].value == theirs[name].samples[0].value
    mine, its = ours["process_resident_memory_bytes"], theirs["process_resident_memory_bytes"]
    assert mine.samples[0].value == pytest.approx(its.samples[0].value, rel=0.1)
