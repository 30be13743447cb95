"""What one seed means: the cluster, the settings, and what goes wrong when."""

from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from agent.core.gate import GateRules, WaitFor
from agent.core.membership import LONGEST_NEGATIVE, Rules
from agent.core.schedule import LONGEST_CACHED
from agent.core.serial import AGAIN, GAP, LATE
from tests.simulation.agenda import chance_for

# Whether caches give out what has expired: never, if nothing better comes, or before they ask.
Stale = Literal["never", "verify", "immediate"]
# What the servers' serials are worth: each server's own second of its last change, by clocks that
# agree or do not; kube-dns's, one that never moves, none; what a cache has of that.
Worth = Literal["honest", "skewed", "hourly", "stuck", "refused", "aged"]


@dataclass(frozen=True, slots=True)
class Serials:
    """What is chosen where the agents ask by the zone's serial. Times in seconds.

    `epoch`: the time of day when the run begins, since 1970. `skews`: by how much each server's
    clock is ahead. `age`: how old a serial may be, as one that another agent, whose clock is ahead,
    had a cache keep. `elsewhere`: when something changes that does not concern the service. `off`:
    by how much the agents' time of day is wrong. `late`: what happens to the cluster when it has
    been at rest for a while.
    """

    worth: Worth
    epoch: float
    skews: tuple[float, ...]
    age: float
    elsewhere: tuple[float, ...]
    off: float
    rest: float
    late: tuple["Trouble", ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that goes wrong from `start` until `end` (seconds), or at `start`.

    `whom` is a number to choose by, `share` how often it happens.
    """

    kind: str
    start: float
    end: float
    whom: int
    share: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that is chosen before a run begins. Times in seconds."""

    seed: int
    turmoil: float
    is_deployment: bool
    has_observer: bool
    replicas: int
    start_ordinal: int
    is_ordered: bool
    publishes_not_ready: bool
    is_grown: bool
    has_volume: bool
    families: tuple[int, ...]
    with_agent: tuple[int, ...]
    has_once: bool
    second_output: str
    knows_own_address: bool
    rules: Rules
    gate: GateRules
    interval: float
    ttl: float
    lags: tuple[float, ...]
    server_ttls: tuple[float, ...]
    node_ttl: float
    stale: Stale
    in_cluster: tuple[Trouble, ...]
    in_dns: tuple[Trouble, ...]
    in_agents: tuple[Trouble, ...]
    serials: Serials | None

    @property
    def wanted(self) -> int:
        """How many members the gate counts; 0 if it does not count them."""
        match self.gate.wait_for:
            case "quorum":
                return self.replicas // 2 + 1
            case "all":
                return self.replicas
            case int(number):
                return number
        return 0

    @property
    def is_hopeless(self) -> bool:
        """Whether the gate may wait for ever, by a setting that the gate's own sentence warns of.

        It counts pods that don't exist before it opens (OrderedReady), or that DNS does not list
        before (no publishNotReadyAddresses), and was not told to proceed without them.
        """
        is_sound = self.publishes_not_ready and not self.is_ordered
        return self.wanted > 1 and not is_sound and not self.gate.proceed_at_timeout

    @property
    def longest_gap(self) -> float:
        """How long it may take from one poll that is answered to the next, in seconds."""
        return self.interval * (LONGEST_CACHED if self.has_cache else 1)

    @property
    def has_cache(self) -> bool:
        """Whether there is a cache anywhere between the agents and the records."""
        return any((*self.server_ttls, self.node_ttl))

    @property
    def slowness(self) -> float:
        """How long it may take, once healed, until a change is in every answer (seconds)."""
        return HEALED_LAG + max(self.server_ttls) + self.node_ttl

    @property
    def unasked(self) -> float:
        """How long nobody may ask for a change that all of DNS has, in seconds.

        Serials that tell the truth announce it; two changes in one second are one to them.
        """
        if self.serials is None:
            return self.longest_gap
        has_two_caches = any(self.server_ttls) and self.node_ttl > 0  # whose ages add up
        if self.serials.worth == "honest" and not has_two_caches:
            return AGAIN + self.longest_gap
        return GAP * (1 + LATE) + self.longest_gap


TIMEOUT = 2.0  # seconds that a poll may take
HEALED_LAG = 0.02  # seconds by which a healthy server is late
IN_CLUSTER = "delete delete force scale scale creep roll unready kubelet stranger".split()
IN_DNS = (
    "outage outage loss frozen starting starting nxdomain nodata misconfigured no-glue nameless "
    "part part part dropped dropped server-down server-servfail"
).split()
BY_SERIAL = 0.2  # of the seeds
WORTHS: tuple[Worth, ...] = (
    "honest",
    "honest",
    "honest",
    "skewed",
    "hourly",
    "stuck",
    "refused",
    "aged",
)
LATE_KINDS = "scale scale delete delete force unready roll".split()
IN_AGENTS = "kill kill crash crash crash crash full deaf reboot damage".split()


def scenario_of(seed: int, turmoil: float | None = None) -> Scenario:
    """The scenario of a seed. `turmoil` shortens its troubled part; until then all is the same."""
    chance = chance_for(seed, "scenario")
    length = chance.choice((10.0, 15.0, 20.0, 20.0, 30.0, 60.0))
    replicas = chance.choice((1, 2, 3, 3, 3, 4, 5))
    start = chance.choice((0, 0, 0, 0, 9))
    is_deployment = chance.random() < 0.12
    start = 0 if is_deployment else start
    is_ordered = chance.random() < 0.5 and not is_deployment
    publishes = chance.random() < 0.6
    in_cluster = _troubles(chance_for(seed, "cluster's troubles"), IN_CLUSTER, 5, length)
    count = chance.choice((1, 1, 1, 1, 1, 1, 1, 1, 2, replicas))
    ordinals = sorted(chance.sample(range(start, start + replicas), min(count, replicas)))
    servers = chance.choice((1, 2, 2, 3))
    interval = chance.choice((0.5, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 5.0))
    server_ttls = _server_ttls(chance, servers)
    node_ttl = chance.choice((0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.0, 30.0))
    gate = _gate(chance, replicas, start, may_count=publishes and not is_ordered)
    ttl = chance.choice((5.0, 5.0, 5.0, 5.0, 30.0, 0.0 if len(set(server_ttls)) == 1 else 5.0))
    # A pod that is alone believes it only when no cache can say so any more; with a time to live of
    # 0, when none could that had another.
    patience = gate.wait_timeout + max(server_ttls) + node_ttl + (ttl or LONGEST_NEGATIVE)
    return Scenario(
        seed=seed,
        turmoil=length if turmoil is None else min(turmoil, length),
        is_deployment=is_deployment,
        has_observer=chance.random() < 0.12,
        replicas=replicas,
        start_ordinal=start,
        is_ordered=is_ordered,
        publishes_not_ready=publishes,
        is_grown=chance.random() < 0.5,
        has_volume=chance.random() < 0.3 and not is_deployment,
        families=chance.choice(((4,), (4,), (4,), (6,), (4, 6))),
        with_agent=tuple(ordinals),
        has_once=chance.random() < 0.3,
        second_output=chance.choice(("", "", "env", "yaml", "galera", "cassandra", "cassandra")),
        knows_own_address=chance.random() < 0.8 or is_deployment,
        rules=Rules(
            settle=chance.choice((0.0, 0.4, 1.0, 1.0, 3.0)),
            forget_after=chance.choice((0.0, 3.0, 4.0, 5.0, 6.0, 7.0, 10.0, 30.0)),
            accept_empty=chance.random() < 0.2,
            longest_gap=3 * interval + TIMEOUT,
        ),
        gate=replace(gate, wait_timeout=patience),
        interval=interval,
        ttl=ttl,
        lags=tuple(chance.choice((0.02, 0.02, 0.5, 3.0, 8.0)) for _ in range(servers)),
        server_ttls=server_ttls,
        node_ttl=node_ttl,
        stale=chance.choice(("never", "never", "verify", "immediate")),
        in_cluster=in_cluster,
        in_dns=_troubles(chance_for(seed, "DNS's troubles"), IN_DNS, 5, length),
        in_agents=_troubles(chance_for(seed, "agents' troubles"), IN_AGENTS, 4, length),
        serials=_serials(chance_for(seed, "serials"), servers, length),
    )


def _serials(chance: Random, servers: int, length: float) -> Serials | None:
    """How the serials are, in a part of the seeds."""
    if chance.random() > BY_SERIAL:
        return None
    worth: Worth = chance.choice(WORTHS)
    skews = tuple(chance.uniform(-3, 3) for _ in range(servers))
    return Serials(
        worth=worth,
        epoch=1.79e9 + chance.uniform(0, 1e6),
        skews=skews if worth == "skewed" else (0.0,) * servers,
        age=chance.choice((5.0, 30.0)) if worth == "aged" else 0.0,
        elsewhere=_elsewhere(chance, length),
        off=chance.choice((0.0, 0.0, 0.0, 0.0, 1.7, -1.7, -2 * 86400.0)),
        rest=chance.choice((5.0, 20.0, 20.0, 70.0)),
        late=tuple(
            Trouble(chance.choice(LATE_KINDS), start, start + 3.0, chance.randrange(60), 0.0)
            for start in (chance.uniform(0, 1.5) for _ in range(chance.choice((1, 2, 2, 3))))
        ),
    )


def _elsewhere(chance: Random, length: float) -> tuple[float, ...]:
    """When something changes elsewhere: now and then, all the time, and for ever, or never."""
    gap = chance.choice((0.0, 0.0, 0.4, 2.0, 9.0))
    until = chance.choice((length, length, 3 * length + 200.0))
    times: list[float] = []
    while gap and (not times or times[-1] < until):
        times.append((times[-1] if times else 0.0) + chance.expovariate(1 / gap))
    return tuple(times)


def _server_ttls(chance: Random, servers: int) -> tuple[float, ...]:
    """For how long each server caches; it may be another time for each."""
    options = (0.0, 0.0, 0.0, 0.0, 5.0, 5.0, 5.0, 30.0)
    if chance.random() < 0.7:
        return (chance.choice(options),) * servers
    return tuple(chance.choice(options) for _ in range(servers))


def _gate(chance: Random, replicas: int, start: int, *, may_count: bool) -> GateRules:
    """The gate; it seldom counts members where it should not, and then has less time."""
    options: list[WaitFor] = ["predecessors", "predecessors", "predecessors", "self"]
    counting: tuple[WaitFor, ...] = ("quorum", "all", chance.randint(1, replicas))
    is_odd = not may_count and chance.random() < 0.1
    if may_count:
        options += counting
    wait_for = chance.choice(counting if is_odd else options)
    timeout = chance.choice((15.3, 20.0) if is_odd else (15.3, 20.0, 61.7, 240.0))
    proceeds = chance.random() < (0.5 if is_odd else 0.3)
    is_known = wait_for in {"quorum", "all"} or chance.random() < 0.6
    return GateRules(wait_for, timeout, proceeds, replicas if is_known else None, start)


def _troubles(chance: Random, kinds: list[str], most: int, length: float) -> tuple[Trouble, ...]:
    """Some troubles in the order of their time; most are short, and some last to the end."""
    troubles = []
    for _ in range(chance.randint(0, most)):
        start = chance.uniform(0, length)
        lasts = chance.choice((0.5, 2.0, 5.0, 15.0, length)) * chance.uniform(0.5, 1.5)
        kind, whom = chance.choice(kinds), chance.randrange(60)
        troubles.append(Trouble(kind, start, start + lasts, whom, chance.uniform(0.2, 0.9)))
    return tuple(sorted(troubles, key=lambda trouble: trouble.start))
