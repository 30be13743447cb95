"""/metrics: which form a client takes, and the newest text in it, which is kept for a second.

Making it takes some milliseconds: without that second a client that asks without end would slow the
probes down.
"""

import re
from dataclasses import dataclass

from agent.core.snapshot import Snapshot
from agent.status.about import About, Moment

# Seconds that a text is answered again, unless there is a newer snapshot.
KEPT = 1.0
_WEIGHT = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A text with its content type, of which snapshot, and until when it is answered."""

    snapshot: Snapshot | None
    until: float
    content_type: str
    body: bytes


class Scrapes:
    """The texts that were made last, one of each form."""

    def __init__(self) -> None:
        self._kept: dict[bool, _Kept] = {}

    def text(
        self, snapshot: Snapshot | None, about: About, moment: Moment, accept: str
    ) -> tuple[str, bytes]:
        """The content type that `accept` chooses, and the metrics in it."""
        is_open = wants_openmetrics(accept)
        kept = self._kept.get(is_open)
        if kept is None or kept.snapshot is not snapshot or moment.now >= kept.until:
            from agent.status.metrics import (  # noqa: PLC0415  # for who is scraped
                SnapshotCollector,
                exposition,
            )

            collector = SnapshotCollector(snapshot, about, moment)
            content_type, body = exposition(collector, is_open=is_open)
            kept = self._kept[is_open] = _Kept(snapshot, moment.now + KEPT, content_type, body)
        return kept.content_type, kept.body


def wants_openmetrics(accept: str) -> bool:
    """Whether a header Accept prefers OpenMetrics 1.0.0 to the text format 0.0.4.

    There is nothing else to have: who wants neither gets the text (RFC 9110 section 12.5.1).
    """
    asked = [_asked(each) for each in accept.split(",")]
    # OpenMetrics is for who names it: `*/*` is what a person's client sends.
    open_ = _weight(asked, ("application/openmetrics-text",), "1.0.0")
    return open_ > 0 and open_ >= _weight(asked, ("text/plain", "text/*", "*/*"), "0.0.4")


def _asked(part: str) -> tuple[str, str, float]:
    """A range of types, the version where there is one, and its weight; 0 if that is none."""
    media, *parameters = (each.strip().lower() for each in part.split(";"))
    given = {name: value for name, _, value in (each.partition("=") for each in parameters)}
    weight = given.get("q", "1")
    version = given.get("version", "").strip('"')
    return media, version, float(weight) if _WEIGHT.fullmatch(weight) else 0.0


def _weight(asked: list[tuple[str, str, float]], ranges: tuple[str, ...], version: str) -> float:
    """How much a form is wanted, by the first of its ranges that was named."""
    for media in ranges:
        given = [weight for name, of, weight in asked if name == media and of in ("", version)]
        if given:
            return max(given)
    return 0.0
