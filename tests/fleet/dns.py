"""What the DNS servers of a fleet say when, and the books of what they were asked.

Times are clock seconds, and `EPOCH` is the Unix second at 0.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.core.observation import Endpoint
from agent.core.roll import Service

SERVICE = Service("db", "prod", "cluster.local")
# On no hour: kube-dns changes its serial on the hour, and such a one is not believed.
EPOCH = 1_700_000_123
# Seconds. What a question takes that is answered.
TAKES = 0.001
# Of a second: the books are kept by the tenth.
PARTS = 10


def pod(number: int, life: int = 0) -> Endpoint:
    """A pod of the set; in each of its lives it has another address."""
    address = f"10.{life}.{number // 250}.{number % 250 + 1}"
    return Endpoint(SERVICE.pod(f"db-{number}"), (address,))


def moving(number: int, life: int = 0) -> Endpoint:
    """A pod that is none of those whose agents are played."""
    return pod(50_000 + number, life)


@dataclass(frozen=True, slots=True)
class Listing:
    """What is listed since `since`: so many pods, and those of them that come and go by name.

    An agent is told of the latter, of one more and of itself: who is always there changes nothing.
    """

    since: float
    pods: int
    moving: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Dns:
    """The servers: what they list, when they are silent, and how busy the rest of the zone is.

    `silence`: from when until when. `others_change`: so many seconds lie between two changes of
    other services, 0 for none.
    """

    listings: tuple[Listing, ...]
    silence: tuple[float, float] = (0.0, 0.0)
    others_change: float = 0.0

    def at(self, now: float) -> Listing:
        """What they list."""
        return self.listings[bisect_right(self.listings, now, key=lambda each: each.since) - 1]

    def serial(self, now: float) -> int:
        """The Unix second of the zone's last change."""
        changed = self.at(now).since
        if self.others_change:
            changed = max(changed, now - now % self.others_change)
        return EPOCH + int(changed)

    def is_silent(self, now: float) -> bool:
        """Whether a question is lost."""
        return self.silence[0] <= now < self.silence[1]


@dataclass(frozen=True, slots=True)
class Load:
    """Questions, and bytes of answers to them; of some time, or of a second."""

    questions: float = 0.0
    size: float = 0.0

    def times(self, factor: float) -> "Load":
        """So many times that."""
        return Load(self.questions * factor, self.size * factor)


def total(loads: Iterable[Load]) -> Load:
    """All of them together."""
    every = list(loads)
    return Load(sum(each.questions for each in every), sum(each.size for each in every))


@dataclass
class Books:
    """What was asked, by kind and tenth of a second. An unanswered question has no bytes."""

    questions: Counter[tuple[str, int]] = field(default_factory=Counter)
    sizes: Counter[tuple[str, int]] = field(default_factory=Counter)

    def asked(self, kind: str, at: float, size: int, times: int = 1) -> None:
        """Questions that came, and the bytes that each was answered with."""
        key = kind, int(at * PARTS)
        self.questions[key] += times
        self.sizes[key] += size * times

    def tenths(self, since: float, until: float) -> list[Load]:
        """What was asked in each tenth of a second."""
        kinds = {kind for kind, _ in self.questions}
        return [
            Load(
                sum(self.questions[kind, tenth] for kind in kinds),
                sum(self.sizes[kind, tenth] for kind in kinds),
            )
            for tenth in range(round(since * PARTS), round(until * PARTS))
        ]

    def count(self, kinds: Iterable[str], since: float, until: float) -> int:
        """How many questions of these kinds came."""
        tenths = range(round(since * PARTS), round(until * PARTS))
        return sum(self.questions[kind, tenth] for kind in kinds for tenth in tenths)
