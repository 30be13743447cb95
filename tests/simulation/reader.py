"""Reading a journal event by event, and what one has to know on the way to judge the next event."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.core.names import address_key, is_address
from agent.core.observation import Answered, Quiet, Unknown
from agent.core.roll import Peer, Roll
from agent.core.schedule import LONGEST_CACHED, LONGEST_GAP, ROUNDING, STALE_AGAIN
from agent.formats import Withheld
from tests.simulation.agents import MAIN
from tests.simulation.books import Books
from tests.simulation.journal import (
    Called,
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


@dataclass(slots=True)
class Life:
    """One process of the agent. Times by its own clock.

    `was_true`: the file was what the agent kept when it started. `was_open`: it kept that the gate
    was open for this pod. `is_first`: the event at hand is the first in which DNS names others.
    """

    started: Started
    file: bytes | None = None
    inherited: frozenset[str] = frozenset()
    contents: dict[str, bytes | Withheld] = field(default_factory=dict)
    was_true: bool = True
    was_open: bool = False
    heard_at: float = 0.0
    has_heard: bool = False
    was_answered: bool = False
    is_first: bool = False
    is_ready: bool = False
    was_refused: bool = False
    view: frozenset[str] = frozenset()
    had_anybody: bool = False
    roll: Roll | None = None
    opened_at: float | None = None
    saw: Saw | None = None
    answered: Saw | None = None
    is_stale: bool = False
    shortest_gap: float = 0.0
    longest_gap: float = 0.0
    asked_before: float | None = None
    took_before: float = 0.0
    has_polled: bool = False
    has_changed: bool = False
    is_calling: bool = False
    differs_from: float | None = None
    unsettled_from: float | None = None
    may_open_from: float | None = None

    def pace(self, event: Saw, interval: float) -> None:
        """How long after this poll the next one may come, and may wait.

        It may wait for longer where there was no answer, or one from a cache: the time to live fell
        as time passed since the answer before. One that may be stale is soon asked for again. A
        poll without an answer says nothing of that, nor does one that asked for nobody.
        """
        if isinstance(event.seen, Unknown):
            self.shortest_gap, self.longest_gap = interval, max(interval, LONGEST_GAP)
            return
        if isinstance(event.seen, Quiet):
            self.shortest_gap = self.longest_gap = interval
            return
        before, is_answer = self.answered, isinstance(event.seen, Answered)
        self.answered = event if is_answer else None
        had_ttl = before is not None and (ttl_of(before) > 0 or self.is_stale)
        self.is_stale = is_answer and had_ttl and ttl_of(event) == 0
        self.shortest_gap = min(interval, STALE_AGAIN) if self.is_stale else interval
        self.longest_gap = self.shortest_gap
        if before is not None and is_answer and 0 < ttl_of(event) < ttl_of(before):
            fell, passed = ttl_of(before) - ttl_of(event), event.clock - before.clock
            self.longest_gap *= LONGEST_CACHED if abs(fell - passed) <= ROUNDING else 1


@dataclass(frozen=True, slots=True)
class Kept:
    """What the state document has: the view's names, and for which addresses the gate was open."""

    view: frozenset[str] = frozenset()
    is_open: bool = False
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
    rendered: dict[tuple[str, Peer | None, frozenset[Peer]], bytes | Withheld] = field(
        default_factory=dict
    )
    kept: Kept = Kept()
    baseline: bytes | None = None
    told: bytes | None = None
    is_unsure: bool = False
    may_have_missed: bool = False

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
                life.had_anybody |= bool(peers)
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
                self.kept = Kept(life.view, is_open, self.books.own)
            case Damaged():
                self.kept, self.may_have_missed = Kept(), True
            case Called() | Told():
                self._telling(event)
            case _:
                self._turned(event)

    def _telling(self, event: Called | Told) -> None:
        """A hook begins, after which nobody knows what the database knows, or ends."""
        self.life.has_changed = True
        self.life.is_calling = isinstance(event, Called)
        self.is_unsure = not isinstance(event, Told) or not event.arrived
        if isinstance(event, Told) and event.arrived:
            self.told, self.may_have_missed = event.content, False

    def _start(self, event: Started) -> None:
        self.lives += 1
        if event.is_new_pod or not self.kept.view:  # nobody can say what a database was told
            self.baseline = self.told = None
        kept, books = self.kept, self.books
        is_certain = bool(event.addresses) or not event.me
        self.life = Life(
            started=event,
            file=self.file,
            inherited=kept.view or names_in(self.file),
            was_true=not kept.view or self.file == text_of({n: books.newest(n) for n in kept.view}),
            was_open=kept.is_open and kept.open_for == event.addresses and is_certain,
            heard_at=event.clock,
            view=kept.view,
        )

    def _saw(self, event: Saw) -> None:
        life = self.life
        life.saw, life.has_polled = event, True
        is_doubt = isinstance(event.seen, Unknown)
        life.pace(event, self.plan.interval)
        life.is_first = self.books.is_answered and not life.was_answered
        others = self.books.view().keys() - {self.books.me}
        life.is_first &= isinstance(event.seen, Answered) and bool(others)
        life.is_first &= bool(life.view) or not life.had_anybody  # not after all have gone
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
        life.is_ready |= event.end == "ready"
        life.has_polled = life.has_changed = life.is_first = False


def begin(plan: Scenario) -> Reader:
    """A reader before the first event of a journal."""
    nothing = Started(0.0, 0.0, "", (), is_new_pod=True)
    return Reader(plan, Books(plan.rules), Life(nothing))


def ttl_of(event: Saw) -> float:
    """The time to live of an answer, in seconds."""
    return (event.seen.ttl or 0.0) if isinstance(event.seen, Answered) else 0.0


def text_of(view: Mapping[str, tuple[str, ...]]) -> bytes:
    """The file that says where everybody is."""
    names = sorted(view, key=place_of)
    return "".join(f"{name} {' '.join(view[name])}\n" for name in names).encode()


def names_in(file: bytes | None) -> frozenset[str]:
    """Whom a file names."""
    return frozenset(line.split()[0] for line in (file or b"").decode().splitlines())


def ordinal_of(fqdn: str) -> int:
    """The number of a pod, by its name."""
    return int(fqdn.partition(".")[0].rpartition("-")[2])


def place_of(fqdn: str) -> tuple[int, ...]:
    """Where a peer is in the one order: by its number, and after all that have one by address."""
    return (1, *address_key(fqdn)) if is_address(fqdn) else (0, ordinal_of(fqdn))
