"""The books: what an agent may believe, kept from its journal by the contract's words alone.

A second, plain reading of the rules, to compare the agent with. A name or an address that was
listed once is believed until two whole answers at least, `forget_after` apart, lacked it; time in
which nobody answered does not count. An agent that starts again believes what it kept, as if all of
it had just been listed, and has not been answered yet.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address

from agent.core.membership import Rules
from agent.core.observation import Absent, Answered, Endpoint, Observation, Why
from tests.simulation.journal import Damaged, Event, Remembered, Saw, Started

# Seconds; a cache remembers a "no" for so long at most.
LONGEST_NEGATIVE = 30.0


@cache
def _parsed(address: str) -> tuple[int, int]:
    parsed = ip_address(address)
    return parsed.version, int(parsed)


@dataclass(slots=True)
class Belief:
    """Since which answer something is believed, and the answers that have lacked it since."""

    since: int
    missing_from: float = 0.0
    missed: int = 0

    def is_over(self, now: float, forget_after: float) -> bool:
        """Whether there is the evidence to forget it."""
        return self.missed >= 2 and now - self.missing_from >= forget_after

    def lacked(self, now: float, silence: float) -> None:
        """An answer lacked it, the first one after so many seconds in which nobody answered."""
        self.missing_from = now if not self.missed else self.missing_from + silence
        self.missed += 1


@dataclass(slots=True)
class Books:
    """What is believed of whom. `me` is the agent's own name below the service.

    `is_answered`: DNS has said in this life who is there, or that nobody else is. `reasons` counts
    what may have changed a file; `changed_at` is when the view changed last.
    """

    me: str
    rules: Rules
    own: tuple[str, ...] = ()
    names: dict[str, Belief] = field(default_factory=dict)
    located: dict[str, dict[str, Belief]] = field(default_factory=dict)
    listed: dict[str, None] = field(default_factory=dict)
    is_answered: bool = False
    was_kept: bool = False
    reasons: int = 0
    changed_at: float = 0.0
    ever: dict[tuple[str, str], None] = field(default_factory=dict)
    _view: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _answers: int = 0
    _answered_at: float | None = None
    _nobody: int = 0
    _nobody_until: float = 0.0
    _kept: tuple[dict[str, Belief], dict[str, dict[str, Belief]]] | None = None

    def take(self, event: Event) -> None:
        """Enters what an event says about whom to believe in."""
        match event:
            case Started():
                self._start(event)
            case Remembered():
                self._kept = deepcopy((self.names, self.located))
            case Damaged():
                self._kept = None
            case Saw():
                reasons, before = self.reasons, self._view
                self._saw(event.seen, event.clock)
                if self.reasons != reasons:
                    self._view = self.view()
                    self.changed_at = event.clock if self._view != before else self.changed_at

    def view(self) -> dict[str, tuple[str, ...]]:
        """Everybody that is believed to be there, and where; this pod always is."""
        view = {name: self.newest(name) for name in self.names}
        view[self.me] = self.newest(self.me)
        return view

    def newest(self, name: str) -> tuple[str, ...]:
        """Of each family the address that was new last, of equally new ones the lowest."""
        if name == self.me and self.own:
            return self.own
        best: dict[int, tuple[int, int, str]] = {}
        for address, belief in self.located.get(name, {}).items():
            version, number = _parsed(address)
            rank = (-belief.since, number, address)
            if version not in best or rank < best[version]:
                best[version] = rank
        return tuple(best[version][2] for version in sorted(best))

    def _start(self, event: Started) -> None:
        self.reasons += 1 if event.addresses != self.own else 0
        self.own = event.addresses
        self.is_answered, self._nobody, self._answered_at = False, 0, None
        self.was_kept = self._kept is not None
        self.names, self.located = deepcopy(self._kept) if self._kept else ({}, {})
        self.listed = {}
        for beliefs in (self.names, *self.located.values()):
            for belief in beliefs.values():
                belief.missed = 0
        self._view, self.changed_at = self.view(), event.clock

    def _saw(self, seen: Observation, clock: float) -> None:
        match seen:
            case Answered(endpoints):
                self._answered(endpoints, clock)
                if any(endpoint.fqdn != self.me for endpoint in endpoints):
                    self.is_answered, self._nobody = True, 0
                else:
                    self._nobody_else(clock, None)
            case Absent(_, Why.NO_SUCH_NAME | Why.NO_DATA, ttl):
                self._nobody_else(clock, ttl)
                if self.rules.accept_empty and self.names:
                    self._answered((), clock)

    def _nobody_else(self, clock: float, ttl: float | None) -> None:
        """Nobody but this pod is believed if said twice, and for longer than a cache would."""
        if not self._nobody:
            lasts = LONGEST_NEGATIVE if ttl == 0 else min(ttl or 0.0, LONGEST_NEGATIVE)
            self._nobody_until = clock + max(lasts, self.rules.settle)
            self.reasons += 1
        self._nobody += 1
        self.is_answered |= self._nobody >= 2 and clock >= self._nobody_until

    def _answered(self, endpoints: tuple[Endpoint, ...], clock: float) -> None:
        gap = 0.0 if self._answered_at is None else clock - self._answered_at
        silence = gap if gap > self.rules.longest_gap else 0.0
        self._answered_at = clock
        self._answers += 1
        listed = {endpoint.fqdn: endpoint.addresses for endpoint in endpoints}
        for name, addresses in listed.items():
            self.listed[name] = None
            self._enter(self.names, [name])
            self.ever.update(dict.fromkeys((name, address) for address in addresses))
            of = self.located.setdefault(name, {})
            if addresses:
                self._enter(of, addresses)
                self._lack(of, addresses, clock, silence)
            else:
                self._pause(of, silence)
        for name in self._lack(self.names, listed, clock, silence):
            self.located.pop(name, None)
        for name, of in self.located.items():
            if name not in listed:
                self._pause(of, silence)

    def _enter(self, beliefs: dict[str, Belief], listed: Iterable[str]) -> None:
        for each in listed:
            if each not in beliefs:
                beliefs[each] = Belief(self._answers)
                self.reasons += 1
            beliefs[each].missed = 0

    def _lack(
        self,
        beliefs: dict[str, Belief],
        listed: Mapping[str, object] | tuple[str, ...],
        clock: float,
        silence: float,
    ) -> list[str]:
        """Counts the answer against what it lacks; what is forgotten for that."""
        for each, belief in beliefs.items():
            if each not in listed:
                belief.lacked(clock, silence)
        over = [e for e, b in beliefs.items() if b.is_over(clock, self.rules.forget_after)]
        for each in over:
            del beliefs[each]
            self.reasons += 1
        return over

    def _pause(self, beliefs: dict[str, Belief], silence: float) -> None:
        """An answer that says nothing of them, after so many seconds of silence."""
        for belief in beliefs.values():
            belief.missing_from += silence
