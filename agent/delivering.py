"""Has each notifier tell what is in the files, and remembers what arrived.

`core/delivery.py` says when; it starts what is due, and takes its outcome over at a later turn.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.background import in_background
from agent.core.delivery import Arrived, Delivery, Lost, Told
from agent.core.notice import notice
from agent.core.roll import Roll
from agent.core.snapshot import NotifierState
from agent.edges import Attempt, Clock, Notifier
from agent.telling import Teller

# Under this name is kept what was in the first files that were written: a notifier that is new
# after a restart is told what changed since then.
FIRST_FILES = ""


@dataclass(slots=True)
class _Line:
    """A notifier, what it did, and the try that goes on."""

    notifier: Notifier
    delivery: Delivery
    attempt: Attempt | None = None


class Deliveries:
    """All notifiers of one agent; `told` is what each was told in an earlier life."""

    def __init__(
        self,
        notifiers: tuple[Notifier, ...],
        told: Mapping[str, Told],
        tell: Teller,
        clock: Clock,
    ) -> None:
        self._lines = [_Line(each, Delivery(told.get(each.name))) for each in notifiers]
        self._first = told.get(FIRST_FILES)
        self._tell = tell
        self._clock = clock
        self._stamp: str | None = None

    @property
    def told(self) -> dict[str, Told]:
        """What each notifier was told last, by its name, and what was in the first files."""
        told = {line.notifier.name: line.delivery.told for line in self._lines}
        all_ = {FIRST_FILES: self._first, **told}
        return {name: each for name, each in all_.items() if each is not None}

    @property
    def states(self) -> tuple[NotifierState, ...]:
        """What each notifier did, and is to do."""
        return tuple(NotifierState(line.notifier.name, line.delivery) for line in self._lines)

    def next(self) -> float | None:
        """When a notifier has something to tell again (clock seconds), None if none has."""
        if self._stamp is None:
            return None
        due = [line.delivery.due(self._stamp, line.notifier.rules) for line in self._lines]
        return min((when for when in due if when is not None), default=None)

    def begin(self, stamp: str, roll: Roll) -> None:
        """The first files are written: who reads them needs not be told, unless asked for.

        After a restart the reader may be running, and is told of what changed since.
        """
        self._first = self._first or Told(stamp, roll.peers)
        for line in self._lines:
            if line.delivery.told is None and not line.notifier.rules.on_first:
                line.delivery = Delivery(self._first)

    def turn(self, stamp: str, roll: Roll) -> None:
        """Takes over what came of tries, and starts those that are due."""
        self._stamp = stamp
        for line in self._lines:
            self._take(line)
            now = self._clock.now()
            line.delivery = line.delivery.waiting(stamp, now)
            due = line.delivery.due(stamp, line.notifier.rules)
            if due is not None and due <= now:
                told = line.delivery.told
                news = notice(None if told is None else told.peers, roll)
                line.delivery = line.delivery.begun(Told(stamp, roll.peers), now)
                line.attempt = line.notifier.start(news)
                self._take(line)

    def close(self) -> None:
        """Ends all tries that go on; after a restart they are made again."""
        tries = [line.attempt for line in self._lines if line.attempt is not None]
        # All at once: the agent has half a second to end in, and one may need two tenths.
        for ending in [in_background(each.end, "ending") for each in tries]:
            ending.join()

    def _take(self, line: _Line) -> None:
        """Takes over what came of a try, if it has ended."""
        outcome = None if line.attempt is None else line.attempt.outcome()
        if outcome is None:
            return
        line.attempt = None
        now = self._clock.now()
        match outcome:
            case Arrived():
                line.delivery = line.delivery.arrived()
                self._tell.notified(line.notifier.name)
            case Lost(reason):
                line.delivery = line.delivery.lost(reason, now)
                pause = line.delivery.not_before - now
                self._tell.not_notified(line.notifier.name, reason, line.delivery.failed, pause)
