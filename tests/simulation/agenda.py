"""Virtual time: what is to happen when, in one order that depends on nothing but the seed."""

import heapq
from collections.abc import Callable
from random import Random


class Agenda:
    """What is to happen, by the second; `now` is the time of what is happening."""

    def __init__(self) -> None:
        self.now = 0.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._entered = 0

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Enters an action; of two at the same time, the one that was entered first comes first."""
        self._entered += 1
        heapq.heappush(self._queue, (max(when, self.now), self._entered, action))

    def after(self, delay: float, action: Callable[[], None]) -> None:
        """Enters an action so many seconds from now."""
        self.at(self.now + delay, action)

    def run(self, until: float) -> None:
        """Lets time pass."""
        while self._queue and self._queue[0][0] <= until:
            self.now, _, action = heapq.heappop(self._queue)
            action()
        self.now = until


def chance_for(seed: int, concern: str) -> Random:
    """Chance of its own for each concern, so that more of one does not change another."""
    return Random(f"{seed} {concern}")
