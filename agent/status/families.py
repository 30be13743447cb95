"""Metrics and their text: OpenMetrics 1.0.0, or Prometheus' text format 0.0.4.

https://prometheus.io/docs/specs/om/open_metrics_spec/ and
https://prometheus.io/docs/instrumenting/exposition_formats/. The tests hold both to what the client
library of Prometheus writes and reads; that itself would bring a web server and TLS along, for as
long as the pod lives. It knows no snapshot.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple, Self

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN = "text/plain; version=0.0.4; charset=utf-8"

Type = Literal["counter", "gauge", "info"]
_SUFFIX: Mapping[Type, str] = {"counter": "_total", "gauge": "", "info": "_info"}
_ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
# What 0.0.4 says is meant may have quotes as they are.
_BARE = str.maketrans({"\\": r"\\", "\n": r"\n"})


class Sample(NamedTuple):
    """One value, with the whole name that it has in the text."""

    name: str
    labels: Mapping[str, str]
    value: float


class Family:
    """A metric: its name without a suffix, what it says, and its values by their labels."""

    def __init__(self, type_: Type, name: str, documentation: str, *labels: str) -> None:
        self.type = type_
        self.name = name
        self.documentation = documentation
        self.samples: list[Sample] = []
        self._labels = labels

    def add(self, value: float, *labels: str) -> Self:
        """One more value; the labels' values in the order of their names."""
        name = self.name + _SUFFIX[self.type]
        self.samples.append(Sample(name, dict(zip(self._labels, labels, strict=True)), value))
        return self


def counter(name: str, documentation: str, *labels: str) -> Family:
    """What only grows while the agent runs."""
    return Family("counter", name, documentation, *labels)


def gauge(name: str, documentation: str, *labels: str) -> Family:
    """What may be any number."""
    return Family("gauge", name, documentation, *labels)


def text_of(families: Iterable[Family], *, is_open: bool) -> tuple[str, bytes]:
    """The content type, and the families in it."""
    lines = [line for family in families for line in _lines(family, is_open=is_open)]
    if is_open:
        lines.append("# EOF")
    return OPENMETRICS if is_open else PLAIN, ("\n".join(lines) + "\n").encode()


def _lines(family: Family, *, is_open: bool) -> Iterator[str]:
    type_, name = family.type, family.name
    if not is_open:
        name += _SUFFIX[type_]
        type_ = "gauge" if type_ == "info" else type_
    said = family.documentation.translate(_ESCAPED if is_open else _BARE)
    yield f"# HELP {name} {said}"
    yield f"# TYPE {name} {type_}"
    for sample in family.samples:
        pairs = (f'{key}="{value.translate(_ESCAPED)}"' for key, value in sample.labels.items())
        labels = ",".join(pairs)
        yield f"{sample.name}{f'{{{labels}}}' if labels else ''} {float(sample.value)!r}"
