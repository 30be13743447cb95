"""What an agent knows and does at one moment, as one value: what the status server answers from.

The loop makes a new one at the end of each turn, out of values that it holds; what they mean is
worked out when somebody asks. All times are those of the loop's clock, in seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from agent.core.bootstrap import Advice
from agent.core.delivery import Delivery
from agent.core.identity import Identity
from agent.core.membership import Membership, Rules
from agent.core.observation import Absent, Answered, Observation, Quiet, Unknown
from agent.core.roll import Peer, Roll

# `waiting`: the gate is shut. `kept`: it is its reader's own now.
Condition = Literal["waiting", "current", "withheld", "failed", "kept"]


class Polls(NamedTuple):
    """How often DNS was asked, by what came of it, and what came last.

    `quiet`: the zone's serial said that nothing had changed. `reason` is why the last poll was
    neither this nor `answered`, else empty. `answered_at` is when the last of both came.
    """

    answered: int = 0
    absent: int = 0
    unknown: int = 0
    reason: str = ""
    answered_at: float | None = None
    quiet: int = 0

    def saw(self, seen: Observation | Quiet, now: float) -> "Polls":
        """The same with one more poll, which ended at `now`."""
        match seen:
            case Answered():
                return Polls(self.answered + 1, self.absent, self.unknown, "", now, self.quiet)
            case Quiet():
                return Polls(self.answered, self.absent, self.unknown, "", now, self.quiet + 1)
            case Absent(reason):
                return self._replace(absent=self.absent + 1, reason=reason)
            case Unknown(reason):
                return self._replace(unknown=self.unknown + 1, reason=reason)


@dataclass(frozen=True, slots=True)
class OutputState:
    """One file: `name` is its format's, `reason` why it is not current, else empty.

    `writes` and `failures` are counted since the start of the agent, `written_at` is None before
    the first write since then.
    """

    name: str
    path: str
    condition: Condition = "waiting"
    reason: str = ""
    writes: int = 0
    failures: int = 0
    written_at: float | None = None


@dataclass(frozen=True, slots=True)
class NotifierState:
    """One notifier: its name, what it did, and when it is to tell next, None if never."""

    name: str
    delivery: Delivery
    due: float | None = None


class Snapshot(NamedTuple):
    """Everything at one moment, at the end of a turn.

    `started`: when the loop began. `next_poll`: when the next poll is to begin: that it is later in
    each snapshot is the loop's progress. `patience`: how much later the poll after it may be
    finished, at most, if all is well (a poll, a check, a template take so long). `gate`: why it is
    open, or what it waits for.
    """

    me: Identity
    membership: Membership
    rules: Rules
    roll: Roll
    started: float
    next_poll: float
    patience: float
    is_ready: bool
    gate: str
    polls: Polls
    advice: Advice | None = None
    outputs: tuple[OutputState, ...] = ()
    notifiers: tuple[NotifierState, ...] = ()

    def is_live(self, now: float) -> bool:
        """Whether the loop does what it promised: not asking DNS in time is standing still.

        An outage of DNS is no standing still: a poll that nobody answered is finished too.
        """
        return now <= self.next_poll + self.patience


@dataclass(frozen=True, slots=True)
class Missing:
    """A member that DNS does not list now, and for how long (seconds), of how many at most."""

    peer: Peer
    seconds: float
    of: float

    @property
    def reason(self) -> str:
        """The same in a phrase."""
        return f"missing for {self.seconds:.0f} s of {self.of:.0f} s"


def missing(membership: Membership, rules: Rules, now: float) -> Iterator[Missing]:
    """The members that DNS has lacked in whole answers, and that are held all the same.

    While nobody answers nobody is missing for longer: that time does not count.
    """
    sightings = {known.fqdn: known.sighting for known in membership.tracked}
    for peer in membership.peers:
        sighting = sightings.get(peer.fqdn)
        if peer.fqdn == membership.identity.fqdn or (sighting and not sighting.missed):
            continue
        if sighting is None:  # it is dropped, and in the view until that has settled
            yield Missing(peer, rules.forget_after, rules.forget_after)
            continue
        until = now if membership.heard_at is None else min(now, membership.heard_at)
        yield Missing(peer, max(0.0, sighting.missing_for(until)), rules.forget_after)
