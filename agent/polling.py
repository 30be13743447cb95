"""Asks DNS, and keeps what follows from that for the asking itself: how often, and when again.

What an answer means for who is a member it must not know.
"""

import random

from agent.core.observation import Absent, Answered, Observation, Quiet, Unknown
from agent.core.schedule import Pace, next_poll
from agent.core.snapshot import Polls
from agent.edges import Edges, Plan
from agent.telling import Teller

# Seconds. DNS that has answered for so long is well again, and its next trouble is news.
HEALTHY_AFTER = 60.0


class Poller:
    """Polls DNS, in time.

    `due`: when the next poll is to begin; `ended`: when the last one did (clock seconds). `polls`
    is what all of them came to.
    """

    def __init__(self, plan: Plan, edges: Edges, tell: Teller) -> None:
        self._interval = plan.interval
        self._edges = edges
        self._tell = tell
        self._doubted_at = self.ended = self.due = edges.clock.now()
        self.polls = Polls()
        self._pace = Pace()
        whose = f"{plan.identity.pod}.{plan.identity.service.fqdn}"
        self._chance = random.Random(whose)  # noqa: S311  # that agents are not in step is no secret

    def poll(self, *, at_rest: bool) -> Observation | Quiet:
        """Asks once; `at_rest`: for as little as will do."""
        edges, started = self._edges, self._edges.clock.now()
        if at_rest and edges.observe_at_rest is not None:
            seen = edges.observe_at_rest()
        else:
            seen = edges.observe()
        self.ended = edges.clock.now()
        self._note(seen)
        self.due = next_poll(started, self._interval, self._pace, self._chance.random())
        return seen

    def _note(self, seen: Observation | Quiet) -> None:
        now, was_doubted = self.ended, bool(self.polls.reason)
        self.polls = self.polls.saw(seen, now)
        match seen:
            case Unknown():
                self._pace = self._pace.doubted()
            case Quiet():
                self._pace = self._pace.quiet()
            case Answered(_, ttl):
                self._pace = self._pace.answered(ttl, now)
            case Absent():  # what a cache remembers of it, another DNS server may know better
                self._pace = Pace()
        if not isinstance(seen, Answered | Quiet):
            self._doubted_at = now
        elif was_doubted:
            self._tell.recovered("dns", "DNS answers again", kind="recovered")
        elif now - self._doubted_at >= HEALTHY_AFTER:
            self._tell.is_over("dns")
