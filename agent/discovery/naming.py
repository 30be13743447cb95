"""What addresses are called: the names that PTR records have for them, learnt once and remembered.

After `ASK_AGAIN` a name is asked for again, because two pods that were made anew may have swapped
their addresses: one name a second, the oldest, so as many at once as seconds have passed. All that
are due are asked for again at once where an address has no name, and in docker-compose: a container
gets any address that is free.

Where a name is said anew for an address, and another of its family has it too, one of both may be
an old word, of what is known or of a cache. Both are asked for in that poll and in each that
follows, until the names differ or were said again after `ASK_AGAIN`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from math import inf

from agent.core.names import is_address
from agent.core.observation import Absent, Endpoint, Unknown
from agent.discovery.attempt import Reply
from agent.discovery.docker import Container, Docker, Stranger
from agent.discovery.inquiry import Inquiry
from agent.discovery.reading import pointer_of, read_pointer
from agent.discovery.transport import Resolver

# Seconds. A "no such name" may be remembered by a cache for 30 s (kubernetes issue 92559).
ASK_AGAIN = 30.0
# Names. A whole fleet asks for so many more in the same second, when a change has all of it ask.
MOST_AGAIN = 16
# What stands for the name of whoever is no container; no name in DNS has a space.
STRANGER = "a stranger"
# The same where DNS has none, and has said so only once: a cache may remember an earlier "no".
NO_NAME_YET = "no name yet"


@dataclass(frozen=True, slots=True)
class _Named:
    """The name that an address has, or what stands for it, None for none.

    `asked`: when that was asked, in clock seconds.
    """

    fqdn: str | None
    asked: float


class Naming:
    """Names addresses, and remembers the names of those that are still listed."""

    def __init__(self, resolver: Resolver, inquiry: Inquiry) -> None:
        self._resolver = resolver
        self._inquiry = inquiry
        self._docker = Docker(resolver, inquiry.here)
        self._known: dict[str, _Named] = {}  # in the order in which they were asked
        self._disputed: dict[str, float] = {}  # who has another's name, and since when
        self._swept = inf  # when old names were asked for last, in clock seconds

    def learn(self, endpoints: Iterable[Endpoint], said: float) -> None:
        """Takes these names for what is known, and forgets all others; `said` as clock seconds."""
        named = [endpoint for endpoint in endpoints if not is_address(endpoint.fqdn)]
        self._known = {a: _Named(e.fqdn, said) for e in named for a in e.addresses}
        self._disputed = {}

    def name(
        self, addresses: tuple[str, ...], deadline: float
    ) -> Mapping[str, str] | Absent | Unknown:
        """The name of each address, itself where it has none.

        Where names don't matter one is asked for all the same: a virtual IP has the service's.
        Names that were learnt before it went wrong stay known.
        """
        own = self._inquiry.own
        mine = own.addresses if own else ()
        others = dict.fromkeys(address for address in addresses if address not in mine)
        if self._known.keys() - others.keys():
            self._known = {a: named for a, named in self._known.items() if a in others}
            self._disputed = {a: at for a, at in self._disputed.items() if a in others}
        wanted = (
            others if self._inquiry.has_names or self._inquiry.service.is_bare else [*others][:1]
        )
        if (doubt := self._ask(self._due(wanted), deadline)) is not None:
            return doubt
        called = {a: self._known[a].fqdn or a for a in wanted}
        return {a: called.get(a, a) if own is None or a in others else own.fqdn for a in addresses}

    def _due(self, addresses: Iterable[str]) -> dict[str, str]:
        """The addresses whose names are to be asked for, new ones and old, with what to ask."""
        now = self._resolver.clock()
        old = [*takewhile(lambda a: now - self._known[a].asked >= ASK_AGAIN, self._known)]
        due = [*(a for a in addresses if a not in self._known), *self._disputed]
        if old:
            due += old[: round(min(MOST_AGAIN, max(1.0, now - self._swept)))]
            due += [a for a in old if self._changes(self._known[a])]
            self._swept = now
        return {address: pointer_of(address) for address in due}

    def _changes(self, known: _Named) -> bool:
        """Whether there is soon another name."""
        return known.fqdn in (None, NO_NAME_YET) or self._inquiry.service.is_bare

    def _ask(self, due: Mapping[str, str], deadline: float) -> Absent | Unknown | None:
        """Learns the names of those, and of all who have one of them; None if all went well."""
        asked: dict[str, str] = {}
        doubt = None
        while due and doubt is None:
            before = {a: self._name_at(a) for a in due}
            doubt = self._ask_for(due, deadline)
            asked |= due
            self._compare({self._name_at(a) for a in due if self._name_at(a) != before[a]} - {None})
            due = {a: pointer_of(a) for a in self._disputed if a not in asked}
        return doubt

    def _name_at(self, address: str) -> tuple[str, bool] | None:
        """The name that is known for an address, and its family; None if it has none."""
        known = self._known.get(address)
        name = known.fqdn if known else None
        return None if name in (None, NO_NAME_YET, STRANGER) else (name, ":" in address)

    def _compare(self, news: set[tuple[str, bool] | None]) -> None:
        """Finds out whose name another has, too, of whom one has it anew."""
        if not news and not self._disputed:
            return
        names = {a: name for a in self._known if (name := self._name_at(a))}
        count, now = Counter(names.values()), self._resolver.clock()
        since = self._disputed | {a: now for a, name in names.items() if name in news}
        self._disputed = {a: at for a, at in since.items() if a in names and count[names[a]] > 1}

    def _ask_for(self, due: Mapping[str, str], deadline: float) -> Absent | Unknown | None:
        """Learns the names of those; None if all went well."""
        is_bare = self._inquiry.service.is_bare
        many = () if is_bare or len(due) < 2 else due.values()
        soon = self._resolver.ask_many(many, "PTR", deadline)
        for address in sorted(due, key=lambda address: due[address] not in soon):
            known = self._known.pop(address, None)
            now = self._resolver.clock()
            match self._name_of(address, soon.get(due[address]), deadline):
                case Absent() as absent:
                    return absent
                case Unknown() if known:
                    self._known[address] = replace(known, asked=now)
                case Unknown(reason, doubt):
                    return Unknown(f"{address} has no name yet: {reason}", doubt)
                case None if self._is_news(known):
                    self._known[address] = _Named(NO_NAME_YET, now)
                case named:
                    self._known[address] = _Named(named, now)
                    if now - self._disputed.get(address, inf) >= ASK_AGAIN:
                        del self._disputed[address]
        return None

    def _is_news(self, known: _Named | None) -> bool:
        """Whether it was not said before that an address has no name, where each should have."""
        is_new = known is None or known.fqdn not in (None, NO_NAME_YET)
        return is_new and self._inquiry.has_names and not self._inquiry.service.is_bare

    def _name_of(
        self, address: str, reply: Reply | None, deadline: float
    ) -> str | Absent | Unknown | None:
        """The name that DNS has for an address, by what it said or by one question more."""
        if not self._inquiry.service.is_bare:
            said = reply or self._resolver.ask(pointer_of(address), "PTR", deadline)
            return read_pointer(said, self._inquiry.service)
        match self._docker.at(address, deadline):
            case Container(name):
                return name or None
            case Stranger():
                return STRANGER
            case Unknown() as doubt:
                return doubt
