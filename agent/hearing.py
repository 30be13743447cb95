"""Listens for who answers on the ports that outputs want to know of, no more often than it must.

It joins asking (`answering`) and judging (`core/hearing`), and remembers what was heard, but not
over a restart: a file that can't be rendered then stays as it is. It knows neither settings nor
files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from agent.answering import Ask, Clock, answering
from agent.core.finding import Yes
from agent.core.hearing import Hearing
from agent.core.roll import Answering, Peer, Roll

# Seconds. A database may log each connect, so the same peers are asked no more often than this;
# while a file still waits for the answer, and once all are written.
ASK_AGAIN_SOON = 5.0
ASK_AGAIN = 30.0
# Seconds for all connects of one round together.
ANSWER_WITHIN = 1.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A port to ask at, and of how many peers an answer is enough: 0 is of all."""

    port: int
    limit: int = 0


class Listener:
    """Gives who answers at each wanted port, each time by what was heard by then.

    `hold` is for how many seconds a peer that answered may refuse before that counts, and for how
    many one must refuse until it is known not to answer. Only `ask` takes time, and only it may be
    ended in the middle; `clock` gives seconds that never go back.
    """

    def __init__(
        self, wanted: Sequence[Wanted], hold: float, clock: Clock, ask: Ask = answering
    ) -> None:
        self._wanted = tuple(wanted)
        self._hold = hold
        self._clock = clock
        self._ask = ask
        self._heard = {each.port: Hearing() for each in self._wanted}
        self._asked: tuple[Peer, ...] = ()
        self._asked_at = clock()

    def __call__(self, roll: Roll, *, is_urgent: bool) -> Answering:
        """Who answers; `is_urgent` while a file waits for it. Raises nothing of its own."""
        now = self._clock()
        again = ASK_AGAIN_SOON if is_urgent else ASK_AGAIN
        if self._wanted and (roll.others != self._asked or now >= self._asked_at + again):
            self._asked, self._asked_at = roll.others, now
            for each in self._wanted:
                self._listen(each, roll.others)
        return MappingProxyType(
            {port: heard.known(self._hold) for port, heard in self._heard.items()}
        )

    def _listen(self, wanted: Wanted, others: tuple[Peer, ...]) -> None:
        """Asks the first ones in their order, and all the rest only if those are too few."""
        first = others[: wanted.limit] if wanted.limit else others
        found = dict(self._ask(first, wanted.port, ANSWER_WITHIN, self._clock))
        rest = others[len(first) :]
        if rest and sum(isinstance(finding, Yes) for finding in found.values()) < wanted.limit:
            found |= self._ask(rest, wanted.port, ANSWER_WITHIN, self._clock)
        heard = self._heard[wanted.port].only(peer.fqdn for peer in others)
        self._heard[wanted.port] = heard.hear(found, self._clock(), self._hold)
