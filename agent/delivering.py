"""Has each notifier tell what is in the files, and remembers what arrived.

`core/delivery.py` says when; it starts what is due, and takes its outcome over at a later turn.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.background import in_background
from agent.core.delivery import FIRST_FILES, Arrived, Delivery, Lost, Told
from agent.core.notice import Notice, notice
from agent.core.roll import Roll
from agent.core.snapshot import NotifierState
from agent.edges import Attempt, Clock, Notifier
from agent.telling import Teller


@dataclass(slots=True)
class _Reader:
    """A notifier, what it did, what it is to tell now, and the try that goes on."""

    notifier: Notifier
    delivery: Delivery
    news: Notice | None = None
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
        self._readers = [_Reader(each, Delivery(told.get(each.name))) for each in notifiers]
        self._first = told.get(FIRST_FILES)
        self._tell = tell
        self._clock = clock
        self._stamp: str | None = None

    @property
    def told(self) -> dict[str, Told]:
        """What each notifier was told last, by its name, and what was in the first files."""
        told = {reader.notifier.name: reader.delivery.told for reader in self._readers}
        all_ = {FIRST_FILES: self._first, **told}
        return {name: each for name, each in all_.items() if each is not None}

    @property
    def is_idle(self) -> bool:
        """Whether nobody is being told, or is to be."""
        for reader in self._readers:
            if reader.attempt is not None or self._due(reader) is not None:
                return False
        return True

    @property
    def states(self) -> tuple[NotifierState, ...]:
        """What each notifier did, and is to do."""
        return tuple(
            NotifierState(each.notifier.name, each.delivery, self._due(each))
            for each in self._readers
        )

    def _due(self, reader: _Reader) -> float | None:
        """When it has something to tell (clock seconds), None if it has nothing."""
        if self._stamp is None:
            return None
        return reader.delivery.due(self._stamp, reader.notifier.rules)

    def next(self) -> float | None:
        """When a notifier has something to tell again (clock seconds), None if none has."""
        due = [self._due(reader) for reader in self._readers]
        return min((when for when in due if when is not None), default=None)

    def begin(self, stamp: str, roll: Roll) -> None:
        """The first files are written: who reads them needs not be told, unless asked for.

        After a restart the reader may be running, and is told of what changed since.
        """
        self._first = self._first or Told(stamp, roll.peers)
        for reader in self._readers:
            if reader.delivery.told is None and not reader.notifier.rules.on_first:
                reader.delivery = Delivery(self._first)

    def turn(self, stamp: str, roll: Roll) -> None:
        """Takes over what came of tries, and says which are due: `start` begins these.

        In between it is to be remembered that they have begun: what becomes of a try is not known
        from then on.
        """
        self._stamp = stamp
        for reader in self._readers:
            self._take(reader)
            now = self._clock.now()
            reader.delivery = reader.delivery.waiting(stamp, now)
            due = reader.delivery.due(stamp, reader.notifier.rules)
            if due is not None and due <= now:
                told = reader.delivery.told
                reader.news = notice(None if told is None else told.peers, roll)
                reader.delivery = reader.delivery.begun(Told(stamp, roll.peers), now)

    def start(self) -> None:
        """Begins the tries that are due."""
        for reader in self._readers:
            if reader.news is not None:
                reader.attempt, reader.news = reader.notifier.start(reader.news), None
                self._take(reader)

    def close(self) -> None:
        """Ends all tries that go on; after a restart they are made again."""
        tries = [reader.attempt for reader in self._readers if reader.attempt is not None]
        # All at once: the agent has half a second to end in, and one may need two tenths.
        try:
            for ending in [in_background(each.end, "ending") for each in tries]:
                ending.join()
        except RuntimeError:  # a thread too many for this container
            for each in tries:
                each.end()

    def _take(self, reader: _Reader) -> None:
        """Takes over what came of a try, if it has ended."""
        outcome = None if reader.attempt is None else reader.attempt.outcome()
        if outcome is None:
            return
        reader.attempt = None
        now = self._clock.now()
        match outcome:
            case Arrived():
                reader.delivery = reader.delivery.arrived()
                self._tell.notified(reader.notifier.name)
            case Lost(reason):
                reader.delivery = reader.delivery.lost(reason, now)
                pause = max(0.0, (self._due(reader) or now) - now)
                self._tell.not_notified(reader.notifier.name, reason, reader.delivery.failed, pause)
