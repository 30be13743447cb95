"""Many seeds at once, on all processors: which promises they broke, and what happened in them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from os import cpu_count, nice

from tests.simulation.audit import PROMISES, broken
from tests.simulation.run import simulate
from tests.simulation.situations import situations

CHUNK = 25
MOST_PROCESSES = 4
# Tests that wait for real servers, and run beside this, come first.
POLITENESS = 5

Breach = tuple[int, float, str]  # a seed, a time and a sentence


@dataclass(slots=True)
class Played:
    """What came of many seeds: the breaches of each promise by seed, and how many had what."""

    breaches: dict[str, list[Breach]] = field(
        default_factory=lambda: {promise: [] for promise in PROMISES}
    )
    situations: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Played") -> None:
        """Takes over what came of other seeds, which are higher than these."""
        self.situations.update(other.situations)
        for promise, breaches in other.breaches.items():
            self.breaches[promise] += breaches


def play(seeds: Sequence[int]) -> Played:
    """Plays the seeds in this process."""
    played = Played()
    for seed in seeds:
        outcome = simulate(seed)
        played.situations.update(situations(outcome))
        for promise, (at, sentence) in broken(outcome).items():
            played.breaches[promise].append((seed, at, sentence))
    return played


def play_all(seeds: Sequence[int]) -> Played:
    """Plays the seeds in as many processes as there are processors; the same comes of it."""
    whole = Played()
    for played in _in_chunks(seeds):
        whole.add(played)
    return whole


def _in_chunks(seeds: Sequence[int]) -> Iterator[Played]:
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    workers = min(len(chunks), cpu_count() or 1, MOST_PROCESSES)
    if workers < 2:
        yield from map(play, chunks)
        return
    spawning = get_context("spawn")
    with ProcessPoolExecutor(workers, spawning, initializer=nice, initargs=(POLITENESS,)) as pool:
        yield from pool.map(play, chunks)
