"""What a fleet goes through, and what its DNS servers are asked meanwhile.

Agents know nothing of one another, so some of them stand for all: what they ask is multiplied.
Nothing is left to chance: they start evenly, and what spreads them then is made of their names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

from agent.discovery.inquiry import UseOfSerial
from tests.fleet.dns import PARTS, Books, Dns, Listing, Load, moving, total
from tests.fleet.member import Agent, run

# So many agents are played, unless there are fewer, or somebody wants more; and where what one asks
# in a single second counts.
PLAYED, MORE = 24, 120
# Seconds. Agents have been asking for at least so long when something happens.
BEFORE = 10.0
# Seconds, in a rolling restart: from one pod to the next, and of that, without an address.
EACH, DOWN = 30.0, 10.0
# Seconds, in a cold start: in which all pods come that are made in parallel, and between two that
# are made in turn.
PARALLEL, IN_TURN = 30.0, 10.0
_PAST = -1000.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What DNS says to a set of so many pods, and the stretch of time that is looked at.

    `start` says when a pod's agent starts, given its share of all, from 0 up to 1. In seconds.
    """

    dns: Callable[[int], Dns]
    since: float
    until: float
    start: Callable[[float], float] = float
    serial: UseOfSerial = "auto"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was asked in a scene by a whole fleet: in each tenth of a second."""

    tenths: tuple[Load, ...]

    @property
    def mean(self) -> Load:
        """In a second."""
        return total(self.tenths).times(PARTS / len(self.tenths))

    @property
    def worst(self) -> Load:
        """In a second: the most questions in any, and the most bytes in any."""
        starts = range(0, len(self.tenths) - PARTS + 1, PARTS)
        seconds = [total(self.tenths[start : start + PARTS]) for start in starts]
        return Load(max(each.questions for each in seconds), max(each.size for each in seconds))


def play(scene: Scene, pods: int, played: int = PLAYED) -> Books:
    """The books of a set's servers, kept of so many of its agents. The first pod has none."""
    books, dns = Books(), scene.dns(pods)
    numbers = range(max(1, pods - played), pods)
    for turn, number in enumerate(numbers):
        start = scene.start((turn + 0.5) / len(numbers))
        run(Agent(number, start, scene.serial), dns, books, scene.until)
    return books


@cache
def seen(scene: Scene, pods: int, played: int = PLAYED) -> Seen:
    """What a set of so many pods asks its servers in a scene."""
    tenths = play(scene, pods, played).tenths(scene.since, scene.until)
    factor = pods / min(played, pods - 1)
    return Seen(tuple(each.times(factor) for each in tenths))


def still(pods: int, others_change: float = 0.0) -> Dns:
    """Nothing changes in the set."""
    return Dns((Listing(_PAST, pods),), others_change=others_change)


def silent(pods: int, seconds: float) -> Dns:
    """No question is answered for so long."""
    return Dns((Listing(_PAST, pods),), (BEFORE, BEFORE + seconds))


def restarting(pods: int) -> Dns:
    """One pod after the other goes, and comes again with another address."""
    there = {n: moving(n) for n in range(3)}
    listings = [Listing(_PAST, pods, tuple(there.values()))]
    for n in range(3):
        gone = BEFORE + EACH * n
        left = tuple(each for m, each in there.items() if m != n)
        there[n] = moving(n, life=1)
        came = tuple(there.values())
        listings += [Listing(gone, pods - 1, left), Listing(gone + DOWN, pods, came)]
    return Dns(tuple(listings))


def growing(counts: list[int], each: float) -> Dns:
    """There are ever more pods, a time apart; the first have always been there."""
    listings = [Listing(_PAST, counts[0])]
    for step, count in enumerate(counts[1:]):
        new = tuple(moving(n) for n in range(step + 1))
        listings.append(Listing(BEFORE + each * step, count, new))
    return Dns(tuple(listings))


def one_more(pods: int) -> Dns:
    """A pod comes."""
    return growing([pods - 1, pods], 1.0)


def in_turn(pods: int) -> Dns:
    """The last pods of a cold start, one after the other."""
    return growing(list(range(pods - 6, pods + 1)), IN_TURN)


def at_once(pods: int) -> Dns:
    """A cold start of all pods together: some more each second."""
    steps = round(PARALLEL)
    return growing([max(1, pods * step // steps) for step in range(steps + 1)], 1.0)


def after(seconds: float) -> Scene:
    """DNS answers again after so long."""
    over = BEFORE + seconds
    return Scene(partial(silent, seconds=seconds), over, over + 20)


def busy(each: float) -> Scene:
    """Another service of the cluster changes again and again, so many seconds apart."""
    return Scene(partial(still, others_change=each), BEFORE, BEFORE + 60)


# Agents that started together would ask for all pods together, a minute later.
REST = Scene(still, 80.0, 300.0, start=lambda share: 70 * share)
NEVER = Scene(still, BEFORE, BEFORE + 60, serial="never")
CHANGE = Scene(one_more, BEFORE, BEFORE + 10)
ECHO = Scene(one_more, BEFORE + 10, BEFORE + 90)
RESTART = Scene(restarting, BEFORE + EACH, BEFORE + 3 * EACH)
ORDERED = Scene(in_turn, BEFORE, BEFORE + 6 * IN_TURN)
TOGETHER = Scene(
    at_once, BEFORE, BEFORE + PARALLEL + 10, start=lambda share: BEFORE + PARALLEL * share
)
BUSY, BUSIER = busy(10.0), busy(1.0)
# That of which a whole answer can't be had.
TOO_MANY = Scene(still, BEFORE + 20, BEFORE + 80)
