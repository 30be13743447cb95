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
from agent.core.names import is_address
from agent.core.observation import Absent, Answered, Endpoint, Observation, Quiet, Why
from tests.simulation.journal import Damaged, Event, Remembered, Saw, Started

# Seconds: for so long a cache gives out what has expired, and keeps a "no".
LONGEST_STALE = 3600.0
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


@dataclass(frozen=True, slots=True)
class Kept:
    """What the state document has, and whether an answer had a time to live."""

    names: dict[str, Belief]
    located: dict[str, dict[str, Belief]]
    had_ttl: bool


@dataclass(slots=True)
class Books:
    """What is believed of whom. `me` is the agent's own name, empty for an observer.

    `is_answered`: DNS has said in this life who is there, or that nobody else is. `reasons` counts
    what may have changed a file; `changed_at` is when the view changed last.
    """

    rules: Rules
    me: str = ""
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
    _heard_at: float | None = None
    _nobody: int = 0
    _nobody_since: float = 0.0
    _nobody_until: float = 0.0
    _is_in_doubt: bool = False
    _fresh_at: float | None = None
    _kept: Kept | None = None

    def take(self, event: Event) -> None:
        """Enters what an event says about whom to believe in."""
        match event:
            case Started():
                self._start(event)
            case Remembered():
                had_ttl = self._fresh_at is not None
                self._kept = Kept(deepcopy(self.names), deepcopy(self.located), had_ttl)
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
        return view | ({self.me: self.newest(self.me)} if self.me else {})

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
        self.me, self.own = event.me, event.addresses
        self.is_answered, self._nobody, self._heard_at = False, 0, None
        self._is_in_doubt = False
        self.was_kept = self._kept is not None
        kept = deepcopy(self._kept) or Kept({}, {}, had_ttl=False)
        self.names, self.located = kept.names, kept.located
        self._fresh_at = event.clock if kept.had_ttl else None
        self.listed = {}
        for beliefs in (self.names, *self.located.values()):
            for belief in beliefs.values():
                belief.missed = 0
        self._view, self.changed_at = self.view(), event.clock

    def _saw(self, seen: Observation | Quiet, clock: float) -> None:
        match seen:
            case Quiet():
                return
            case Answered():
                is_whole = self._answered(seen, clock)
                if any(endpoint.fqdn not in {self.me, *self.own} for endpoint in seen.endpoints):
                    self.is_answered, self._nobody = True, 0
                elif is_whole:
                    # An answer that has this pod where it is now is not older than the pod.
                    is_here = any(set(self.own) & set(e.addresses) for e in seen.endpoints)
                    self._nobody_else(clock, None if is_here else seen.ttl)
                return
            case Absent(ttl=ttl) if self._is_stale(ttl, clock):
                pass
            case Absent(_, Why.NO_SUCH_NAME | Why.NO_DATA, ttl):
                self._nobody_else(clock, ttl)
                if self.rules.accept_empty and self.names:
                    self._take({}, clock, is_whole=True)
                    return
        self._is_in_doubt = True

    def _is_stale(self, ttl: float | None, clock: float) -> bool:
        """Whether it may have expired long ago: it has no time to live, and others had one."""
        fresh_at = self._fresh_at
        return ttl == 0 and fresh_at is not None and clock - fresh_at < LONGEST_STALE

    def _nobody_else(self, clock: float, ttl: float | None) -> None:
        """Nobody but this pod is believed if said twice, and for longer than a cache would."""
        if not self._nobody:
            self._nobody_since, self._nobody_until = clock, 0.0
            self.reasons += 1
        lasts = LONGEST_NEGATIVE if ttl == 0 else min(ttl or 0.0, LONGEST_NEGATIVE)
        until = self._nobody_since + max(lasts, self.rules.settle)
        self._nobody_until = max(self._nobody_until, until)
        self._nobody += 1
        is_said = self._nobody >= 2 and clock >= self._nobody_until
        self.is_answered |= is_said and bool(self.view())  # nobody opens the gate of an observer

    def _answered(self, seen: Answered, clock: float) -> bool:
        """Takes an answer; whether all of it counts, and so who is not in it.

        What may be stale, or is a part, says of nobody that he is missing.
        """
        listed = self._known_as(seen.endpoints)
        is_whole = seen.is_whole
        if seen.ttl:
            self._fresh_at = clock
        elif self._is_stale(seen.ttl, clock):
            listed = {name: of for name, of in listed.items() if name not in self.names}
            is_whole = False
        self._take(listed, clock, is_whole=is_whole)
        return is_whole

    def _take(self, listed: dict[str, tuple[str, ...]], clock: float, *, is_whole: bool) -> None:
        """Who is listed is there; who is not in a whole answer is missing."""
        gap = 0.0 if self._heard_at is None else clock - self._heard_at
        # Where a poll in it was not answered, no more of it counts than from one poll to the next.
        of_doubt = max(0.0, gap - self.rules.interval) if self._is_in_doubt else 0.0
        silence = gap if gap > self.rules.longest_gap else of_doubt
        self._heard_at, self._is_in_doubt = clock, False
        self._answers += 1
        self._list(listed, clock, silence)
        # The time before a part of an answer counts for nobody who is not in it.
        idle = silence if is_whole else gap
        if is_whole:
            for name in self._lack(self.names, listed, clock, silence):
                self._forget(name)
        else:
            self._pause({n: b for n, b in self.names.items() if n not in listed}, idle)
        for name, of in self.located.items():
            if name not in listed:
                self._pause(of, idle)

    def _list(self, listed: dict[str, tuple[str, ...]], clock: float, silence: float) -> None:
        """Who is listed is there, and is at those addresses."""
        placed = {a for name, of in listed.items() if not is_address(name) for a in of}
        for name in placed & self.names.keys():  # an address has got its name
            self._forget(name)
            self.reasons += 1
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

    def _known_as(self, endpoints: tuple[Endpoint, ...]) -> dict[str, tuple[str, ...]]:
        """Who is listed, and where; an address without a name is that of whom it was before.

        It is this pod, if the address is its own, or else the one who had it last, if that name is
        not listed. An address that some name has too is nobody by itself.
        """
        names = {endpoint.fqdn for endpoint in endpoints}
        lost = [
            (n, a, b) for n, of in self.located.items() if n not in names for a, b in of.items()
        ]
        lost.sort(key=lambda each: (not each[2].missed, each[2].since))
        had = {address: name for name, address, _ in lost}
        listed: dict[str, tuple[str, ...]] = {}
        for endpoint in endpoints:
            name = self.me if endpoint.fqdn in self.own else endpoint.fqdn
            name = had.get(name, name)
            listed[name] = (*listed.get(name, ()), *endpoint.addresses)
        placed = {a for name, of in listed.items() if not is_address(name) for a in of}
        return {name: of for name, of in listed.items() if name not in placed}

    def _forget(self, name: str) -> None:
        self.names.pop(name, None)
        self.located.pop(name, None)

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
