"""What all tries have in common: an outcome that is there at once, or that a thread waits for."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.background import in_background
from agent.core.delivery import Lost, Outcome
from agent.edges import Attempt, Events

# Seconds for the thread of a try that was told to end.
FAREWELL = 0.1


@dataclass(frozen=True, slots=True)
class Around:
    """What a notifier has around it. `clock` is monotonic, in seconds; `wake` wakes the loop.

    `tell` and `wake` are called from other threads too.
    """

    tell: Events
    wake: Callable[[], None]
    clock: Callable[[], float]
    environment: Mapping[str, str]


def ended(outcome: Outcome, around: Around) -> Attempt:
    """A try that has ended already."""
    around.wake()
    return _Ended(outcome)


def going_on(
    name: str, work: Callable[[], Outcome], stop: Callable[[], None], around: Around
) -> Attempt:
    """A try that `work` makes in a thread called `name`; after `stop` that returns soon.

    Without a thread it is made here after a `stop`, so that nothing is left open.
    """
    try:
        return _GoingOn(name, work, stop, around)
    except RuntimeError as wrong:  # a thread too many for this container
        stop()
        with contextlib.suppress(Exception):  # the outcome is known, and the loop has to go on
            work()
        return ended(Lost(f"could not be started: {wrong}"), around)


@dataclass(frozen=True, slots=True)
class _Ended:
    _outcome: Outcome

    def outcome(self) -> Outcome:
        return self._outcome

    def end(self) -> None:
        pass


class _GoingOn:
    def __init__(
        self, name: str, work: Callable[[], Outcome], stop: Callable[[], None], around: Around
    ) -> None:
        self._work = work
        self._stop = stop
        self._around = around
        self._outcome: Outcome | None = None
        self._thread = in_background(self._run, name)

    def outcome(self) -> Outcome | None:
        return self._outcome

    def end(self) -> None:
        self._stop()
        self._thread.join(FAREWELL)

    def _run(self) -> None:
        try:
            self._outcome = self._work()
        except Exception as wrong:  # noqa: BLE001  # else nobody would ever be told again
            self._outcome = Lost(f"failed by a mistake in Rollcall: {wrong!r}")
        self._around.wake()
