"""What is remembered of the members, and what they are judged by: values, and no judgment."""

from dataclasses import dataclass, field

from agent.core.decisions import Decision
from agent.core.identity import Identity
from agent.core.observation import Answered
from agent.core.roll import Peer, Roll
from agent.core.sightings import Tracked


@dataclass(frozen=True, slots=True)
class Rules:
    """What membership is judged by. Times in seconds.

    `longest_gap`: a longer time between two answers is one in which nobody was seen to be missing,
    because nobody answered (or this process was stopped). `interval`: of a gap with a poll that was
    not answered, only so much counts. `slack`: so exactly it is kept at rest when answers came.
    """

    settle: float = 1.0
    forget_after: float = 30.0
    accept_empty: bool = False
    longest_gap: float = 10.0
    interval: float = 1.0
    slack: float = 0.0


@dataclass(frozen=True, slots=True)
class Pending:
    """A list of peers that differs from the view and is waiting for things to settle."""

    peers: tuple[Peer, ...]
    since: float
    first: float


@dataclass(frozen=True, slots=True)
class Alone:
    """DNS names nobody else: since when, and until when that may be a cache's word (seconds)."""

    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Membership:
    """All that is remembered. `peers` is the view that files are rendered from.

    `generation` counts its changes; 0 means that DNS has not yet said anything to rely on, and then
    `peers` is empty. `is_answered`: DNS has said who is there since the agent started, or that
    nobody else is; `is_taken`: and that is in the view. `remembered` are the tracked names that it
    has not listed since then. `answered_at`: when the last whole answer came; `heard_at`: when the
    last one came, whole or not; `fresh_at`: when one last had a time to live; at rest all three may
    be `slack` too early. `rest` is the whole answer that left nothing to wait for, if it was the
    last: while it comes again, nothing changes.
    """

    identity: Identity
    tracked: tuple[Tracked, ...] = ()
    peers: tuple[Peer, ...] = ()
    generation: int = 0
    pending: Pending | None = None
    is_answered: bool = False
    is_taken: bool = False
    remembered: frozenset[str] = frozenset()
    alone: Alone | None = None
    answered_at: float | None = None
    heard_at: float | None = None
    fresh_at: float | None = None
    unlisted_since: float | None = None
    was_in_doubt: bool = False
    rest: Answered | None = field(default=None, compare=False)

    @property
    def listed(self) -> frozenset[str]:
        """The names of those in the view that DNS has listed since the agent started, and self."""
        listed = {peer.name for peer in self.peers if peer.fqdn not in self.remembered}
        return frozenset({self.identity.label, *listed} if self.identity.is_member else listed)

    @property
    def is_listed(self) -> bool:
        """Whether DNS listed this very pod in the last whole answer."""
        own = (t for t in self.tracked if t.fqdn == self.identity.fqdn)
        return any(not t.sighting.missed and t.fqdn not in self.remembered for t in own)

    def roll(self, replicas: int | None, start_ordinal: int) -> Roll:
        """The view as a roll."""
        own = self.identity
        me = own.peer and next((peer for peer in self.peers if peer.fqdn == own.fqdn), own.peer)
        return Roll(own.service, me, self.peers, self.generation, replicas, start_ordinal)


@dataclass(frozen=True, slots=True)
class Step:
    """A new state and what was decided on the way to it."""

    state: Membership
    decisions: tuple[Decision, ...] = ()
