"""Reading a journal event by event, and what one has to know on the way to judge the next event."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.core.observation import Answered, Unknown
from agent.core.roll import Peer, Roll
from agent.core.schedule import LONGEST_CACHED, LONGEST_GAP
from tests.simulation.agents import MAIN
from tests.simulation.books import Books
from tests.simulation.journal import (
    Damaged,
    Event,
    Refused,
    Remembered,
    Rolled,
    Said,
    Saw,
    Started,
    Told,
    Turned,
    Wrote,
)
from tests.simulation.scenario import Scenario
from tests.simulation.world import SERVICE


@dataclass(slots=True)
class Life:
    """One process of the agent. Times by its own clock.

    `was_true`: the file was what the agent kept when it started. `was_open`: it kept that the gate
    was open for this pod. `is_first`: the event at hand is the first in which DNS names others.
    """

    started: Started
    file: bytes | None = None
    inherited: frozenset[str] = frozenset()
    contents: dict[str, bytes] = field(default_factory=dict)
    was_true: bool = True
    was_open: bool = False
    heard_at: float = 0.0
    has_heard: bool = False
    was_answered: bool = False
    is_first: bool = False
    was_refused: bool = False
    view: frozenset[str] = frozenset()
    roll: Roll | None = None
    opened_at: float | None = None
    saw: Saw | None = None
    longest_gap: float = 0.0
    asked_before: float | None = None
    took_before: float = 0.0
    has_polled: bool = False
    has_changed: bool = False
    differs_from: float | None = None
    unsettled_from: float | None = None
    may_open_from: float | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What the state document has: the view's names, and for which addresses the gate was open."""

    view: frozenset[str] = frozenset()
    open_for: tuple[str, ...] = ()


@dataclass(slots=True)
class Reader:
    """Where one is: all is as it was before the event at hand, and only the books know it."""

    plan: Scenario
    books: Books
    life: Life
    lives: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    writes: int = 0
    rendered: dict[tuple[str, Peer | None, frozenset[Peer]], bytes] = field(default_factory=dict)
    kept: Kept = Kept()
    baseline: bytes | None = None
    told: bytes | None = None

    @property
    def file(self) -> bytes | None:
        """The file that can be read back."""
        return self.files.get(str(MAIN))

    def take(self, event: Event) -> None:
        """Goes on past the event."""
        life = self.life
        match event:
            case Started():
                self._start(event)
            case Saw():
                self._saw(event)
            case Said(kind="members", peers=peers):
                life.view, life.has_changed = frozenset(peers), True
            case Rolled():
                self._rolled(event)
            case Refused():
                life.was_refused = True
            case Wrote(path=path, content=content):
                self.files[path] = content
                self.writes += path == str(MAIN)
                life.has_changed = True
            case Remembered():
                is_open = life.was_open or life.opened_at is not None
                self.kept = Kept(life.view, self.books.own if is_open else ())
            case Damaged():
                self.kept = Kept()
            case Told(content=content, arrived=True):
                self.told = content
            case _:
                self._turned(event)

    def _start(self, event: Started) -> None:
        self.lives += 1
        if event.is_new_pod or not self.kept.view:  # nobody can say what a database was told
            self.baseline = self.told = None
        kept, books = self.kept, self.books
        self.life = Life(
            started=event,
            file=self.file,
            inherited=kept.view or names_in(self.file),
            was_true=not kept.view or self.file == text_of({n: books.newest(n) for n in kept.view}),
            was_open=bool(event.addresses) and kept.open_for == event.addresses,
            heard_at=event.clock,
            view=kept.view,
        )

    def _saw(self, event: Saw) -> None:
        life = self.life
        life.saw, life.has_polled = event, True
        is_doubt = isinstance(event.seen, Unknown)
        longest = LONGEST_CACHED * self.plan.interval if isinstance(event.seen, Answered) else 0.0
        life.longest_gap = max(self.plan.interval, LONGEST_GAP if is_doubt else longest)
        life.is_first = self.books.is_answered and not life.was_answered
        life.is_first &= isinstance(event.seen, Answered) and len(self.books.view()) > 1
        life.was_answered = self.books.is_answered
        if self.books.view().keys() == life.view:
            life.unsettled_from = None
        elif life.unsettled_from is None:
            life.unsettled_from = event.clock
        if not is_doubt:
            life.has_heard, life.heard_at = True, event.clock

    def _rolled(self, event: Rolled) -> None:
        if event.path == str(MAIN):
            self.life.roll = event.roll
        if self.life.opened_at is None:
            self.life.opened_at, self.life.has_changed = event.clock, True
        self.life.contents[event.path] = event.content
        self.rendered[event.path, event.roll.me, frozenset(event.roll.peers)] = event.content

    def _turned(self, event: Event) -> None:
        life = self.life
        if not isinstance(event, Turned):
            return
        if life.has_polled and life.saw:
            life.asked_before = life.saw.asked
            life.took_before = life.saw.clock - life.saw.asked
        if event.end == "ready" and self.baseline is None:
            self.baseline = self.file
        life.has_polled = life.has_changed = life.is_first = False


def begin(plan: Scenario, pod: str) -> Reader:
    """A reader before the first event of a journal of this pod."""
    nothing = Started(0.0, 0.0, (), is_new_pod=True)
    return Reader(plan, Books(SERVICE.pod(pod), plan.rules), Life(nothing))


def text_of(view: Mapping[str, tuple[str, ...]]) -> bytes:
    """The file that says where everybody is."""
    names = sorted(view, key=ordinal_of)
    return "".join(f"{name} {' '.join(view[name])}\n" for name in names).encode()


def names_in(file: bytes | None) -> frozenset[str]:
    """Whom a file names."""
    return frozenset(line.split()[0] for line in (file or b"").decode().splitlines())


def ordinal_of(fqdn: str) -> int:
    """The number of a pod, by its name."""
    return int(fqdn.partition(".")[0].rpartition("-")[2])
