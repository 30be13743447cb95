"""All promises at once: which of them a run broke, and with what sentence."""

from collections.abc import Iterator

from tests.simulation import endings, properties
from tests.simulation.journal import Event
from tests.simulation.properties import Check
from tests.simulation.reader import Reader, begin
from tests.simulation.run import Outcome

CHECKS: dict[str, Check] = {
    "evidence": properties.evidence,
    "bytes": properties.truth_of_bytes,
    "causes": properties.causes,
    "order": properties.order,
    "generations": properties.generations,
    "gate": properties.gate,
    "files first": properties.files_first,
    "restarts": properties.restarts,
    "outages": properties.outages,
    "turns": properties.turns,
    "agreement": properties.agreement,
    "settling": properties.settling,
    "news": properties.news,
    "founding": properties.founding,
}
ENDINGS = ("convergence", "freshness", "opening", "flapping", "last news")
PROMISES = (*CHECKS, *ENDINGS)


def broken(outcome: Outcome) -> dict[str, tuple[float, str]]:
    """The first breach of each promise that the run broke: the world's time, and the sentence."""
    found: dict[str, tuple[float, str]] = {}
    readers: dict[str, Reader] = {}
    for disk in outcome.disks:
        reader = readers[disk.owner] = begin(outcome.plan)
        for event in disk.journal:
            reader.books.take(event)
            for promise, at, sentence in _breaches(reader, event):
                found.setdefault(promise, (at, f"{disk.owner}: {sentence}"))
            reader.take(event)
        for sentence in endings.flapping(outcome, disk):
            found.setdefault("flapping", (outcome.true_from, sentence))
    for promise, sentences in (
        ("convergence", endings.convergence(outcome)),
        ("freshness", endings.freshness(outcome)),
        ("opening", endings.opening(outcome)),
        ("last news", endings.last_news(outcome, readers)),
    ):
        for sentence in sentences:
            found.setdefault(promise, (outcome.true_from, sentence))
    return found


def _breaches(reader: Reader, event: Event) -> Iterator[tuple[str, float, str]]:
    for promise, check in CHECKS.items():
        for sentence in check(reader, event):
            yield promise, event.at, sentence
