"""Listens for who answers on the ports that outputs want to know of, no more often than it must.

It joins asking (`answering`) and judging (`core/hearing`), and remembers what was heard, but not
over a restart: a file that can't be rendered then stays as it is. It knows neither settings nor
files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from agent.answering import Ask, Clock, answering
from agent.core.finding import Yes
from agent.core.hearing import Heard, Hearing, HearingRules, News, news
from agent.core.roll import Peer, Roll

# Seconds. A database may log each connect, so the same peers are asked no more often than this:
# while a file still waits for the answer or somebody has begun to refuse, and else.
ASK_AGAIN_SOON = 5.0
ASK_AGAIN = 30.0
# Seconds for all connects of one round together, at all ports.
ANSWER_WITHIN = 1.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A port to ask at, and of how many peers an answer is enough: 0 is of all."""

    port: int
    limit: int = 0


class Listener:
    """Gives who answers at each wanted port, each time by what was heard by then.

    Only `ask` takes time, and only it may be ended in the middle; `clock` gives seconds that never
    go back.
    """

    def __init__(
        self, wanted: Sequence[Wanted], rules: HearingRules, clock: Clock, ask: Ask = answering
    ) -> None:
        self._wanted = tuple(wanted)
        self._rules = rules
        self._clock = clock
        self._ask = ask
        self._hearings = {each.port: Hearing() for each in self._wanted}
        self._asked: tuple[Peer, ...] = ()
        self._asked_at = clock()

    def __call__(self, roll: Roll, *, is_urgent: bool) -> Heard:
        """Who answers; `is_urgent` while a file waits for it. Raises nothing of its own."""
        told: list[News] = []
        if self._wanted and self._is_time(roll.others, is_urgent=is_urgent):
            self._asked, self._asked_at = roll.others, self._clock()
            for each in self._wanted:
                before = self._known(each.port)
                self._listen(each, roll.others)
                told += news(roll, each.port, before, self._known(each.port))
        hold = self._rules.hold
        return Heard(
            MappingProxyType({port: self._known(port) for port in self._hearings}),
            tuple(told),
            {port: hearing.waiting(hold) for port, hearing in self._hearings.items()},
        )

    def _is_time(self, others: tuple[Peer, ...], *, is_urgent: bool) -> bool:
        hold = self._rules.hold
        is_soon = is_urgent or any(h.is_unsettled(hold) for h in self._hearings.values())
        due = self._asked_at + (ASK_AGAIN_SOON if is_soon else ASK_AGAIN)
        return others != self._asked or self._clock() >= due

    def _known(self, port: int) -> Mapping[str, bool]:
        return self._hearings[port].known(self._rules.hold)

    def _listen(self, wanted: Wanted, others: tuple[Peer, ...]) -> None:
        """Asks the first ones in their order, and all the rest only if those are too few.

        Of whom nobody asked in this round nothing is known any more.
        """
        within = ANSWER_WITHIN / len(self._wanted)
        until = self._clock() + within
        first = others[: wanted.limit] if wanted.limit else others
        rest = others[len(first) :]
        found = dict(self._ask(first, wanted.port, within / 2 if rest else within, self._clock))
        if rest and sum(isinstance(finding, Yes) for finding in found.values()) < wanted.limit:
            found |= self._ask(rest, wanted.port, until - self._clock(), self._clock)
        kept = self._hearings[wanted.port].only(found)
        self._hearings[wanted.port] = kept.hear(found, self._clock(), self._rules)
