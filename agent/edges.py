"""What the loop needs from the world: the shapes of its edges, and those that do nothing.

Each shape is as small as the loop's use of it. Tests hand in their own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from agent.core.bootstrap import Advice
from agent.core.delivery import DeliveryRules, Outcome
from agent.core.finding import CantTell, Yes
from agent.core.gate import GateRules
from agent.core.hearing import Heard
from agent.core.identity import Identity
from agent.core.membership import Rules
from agent.core.notice import Notice
from agent.core.observation import Observation, Quiet
from agent.core.reconcile import OnDisk
from agent.core.roll import Roll
from agent.core.snapshot import Snapshot
from agent.formats import Withheld


class Clock(Protocol):
    """Time, in seconds that never go back."""

    def now(self) -> float:
        """The time."""
        ...

    def wait_until(self, then: float) -> None:
        """Returns at `then`, at once if that is past, or earlier if a try to tell has ended."""
        ...


class Events(Protocol):
    """Where events are told: a sentence for people, and `kind` and more for programs."""

    def __call__(self, level: str, sentence: str, /, *, kind: str, **more: Any) -> None:
        """Tells one event; `level` as in logging."""
        ...


def unchanging() -> object:
    """Stands for what never changes."""
    return None


@dataclass(frozen=True, slots=True)
class Target:
    """One output: its name and path, and how it is rendered, written and read back.

    `is_kept`: its reader rewrites it, so that it is written only where there is none. `made_of`
    gives another value when something else that it is rendered from has changed, as a base file.
    """

    name: str
    path: Path
    render: Callable[[Roll], bytes | Withheld]
    write: Callable[[bytes], None]
    on_disk: Callable[[], OnDisk]
    is_kept: bool = False
    made_of: Callable[[], object] = unchanging


Advise = Callable[[Roll, Yes | CantTell], Advice | None]
"""Whether this pod may found a cluster, given the roll and whether that is certain."""


class Listen(Protocol):
    """Who answers at the ports that outputs want to know of."""

    def __call__(self, roll: Roll, /, *, is_urgent: bool) -> Heard:
        """What is known by now; `is_urgent` while a file waits for it."""
        ...


def nobody_listens(_: Roll, /, *, is_urgent: bool) -> Heard:
    """Asks nobody whether they answer."""
    return Heard()


class Attempt(Protocol):
    """One try to tell, which goes on by itself."""

    def outcome(self) -> Outcome | None:
        """How it ended, None while it goes on. Raises nothing."""
        ...

    def end(self) -> None:
        """Ends it if it goes on, with all that it started, within 0.2 s; what came of it is lost.

        May be called again.
        """
        ...


@dataclass(frozen=True, slots=True)
class Notifier:
    """Somebody to be told when the files change.

    `name` is one word or two for logs and metrics, no other notifier's; what outlives a restart is
    kept under it. `start` begins a try and returns at once; what makes that impossible is an
    outcome too. Its try wakes the loop when it has ended.
    """

    name: str
    start: Callable[[Notice], Attempt]
    rules: DeliveryRules = field(default_factory=DeliveryRules)


def nothing() -> bytes | None:
    """Recalls nothing."""
    return None


def forget(_: bytes) -> None:
    """Remembers nothing."""


def nobody_watches(_: Snapshot) -> None:
    """Shows nobody what is."""


def bury_nobody() -> None:
    """Has no processes to take leave of."""


@dataclass(frozen=True, slots=True)
class Edges:
    """Everything that does something. `show` is given what is, at the end of each turn, and
    `reap` takes leave of what has ended and nobody waits for.

    `advise` says whether this pod may found a cluster, given the roll and whether that is certain;
    None where nobody asks for it. `listen` says which peers answer.

    `recall` gives what `remember` was given last, before the last restart too; `remember` raises
    PublishError where it can't keep it.

    `observe_at_rest` is asked instead of `observe` while nothing is awaited, where there is one.
    """

    observe: Callable[[], Observation]
    clock: Clock
    targets: tuple[Target, ...]
    tell: Events
    notifiers: tuple[Notifier, ...] = ()
    recall: Callable[[], bytes | None] = nothing
    remember: Callable[[bytes], None] = forget
    advise: Advise | None = None
    listen: Listen = nobody_listens
    show: Callable[[Snapshot], None] = nobody_watches
    reap: Callable[[], None] = bury_nobody
    observe_at_rest: Callable[[], Observation | Quiet] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided by. `interval` in seconds, from one poll to the next.

    `patience`: seconds that a turn may take at most, if all is well. `notifies`: notifiers are
    started; else what they would be told first is only written down for the next life.

    `needs_advice`: no first file is written while it is not known whether to found a cluster.
    """

    identity: Identity
    rules: Rules
    gate: GateRules
    interval: float = 1.0
    needs_advice: bool = False
    patience: float = 30.0
    notifies: bool = True
