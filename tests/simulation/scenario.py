"""What one seed means: the cluster, the settings, and what goes wrong when."""

from dataclasses import dataclass, replace
from random import Random

from agent.core.gate import GateRules, WaitFor
from agent.core.membership import Rules
from tests.simulation.agenda import chance_for


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
    replicas: int
    start_ordinal: int
    is_ordered: bool
    publishes_not_ready: bool
    is_grown: bool
    has_volume: bool
    families: tuple[int, ...]
    with_agent: tuple[int, ...]
    knows_own_address: bool
    rules: Rules
    gate: GateRules
    interval: float
    dns_servers: int
    lags: tuple[float, ...]
    server_ttl: float
    node_ttl: float
    in_cluster: tuple[Trouble, ...]
    in_dns: tuple[Trouble, ...]
    in_agents: tuple[Trouble, ...]


TIMEOUT = 2.0  # seconds that a poll may take
IN_CLUSTER = "delete delete force scale scale creep roll unready kubelet".split()
IN_DNS = (
    "outage outage loss frozen starting starting nxdomain nodata misconfigured no-glue dropped "
    "dropped server-down server-servfail"
).split()
IN_AGENTS = "kill kill crash crash crash crash full deaf reboot damage".split()


def scenario_of(seed: int, turmoil: float | None = None) -> Scenario:
    """The scenario of a seed. `turmoil` shortens its troubled part; until then all is the same."""
    chance = chance_for(seed, "scenario")
    length = chance.choice((10.0, 15.0, 20.0, 20.0, 30.0, 60.0))
    replicas = chance.choice((1, 2, 3, 3, 3, 4, 5))
    start = chance.choice((0, 0, 0, 0, 9))
    is_ordered = chance.random() < 0.5
    publishes = chance.random() < 0.6
    in_cluster = _troubles(chance_for(seed, "cluster's troubles"), IN_CLUSTER, 5, length)
    count = chance.choice((1, 1, 1, 1, 1, 1, 1, 1, 2, replicas))
    ordinals = sorted(chance.sample(range(start, start + replicas), min(count, replicas)))
    servers = chance.choice((1, 2, 2, 3))
    interval = chance.choice((0.5, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 5.0))
    server_ttl = chance.choice((0.0, 0.0, 0.0, 0.0, 5.0, 5.0, 5.0, 30.0))
    node_ttl = chance.choice((0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.0, 30.0))
    gate = _gate(chance, replicas, start, may_count=publishes and not is_ordered)
    # A pod that is alone believes it only when no cache can say so any more.
    patience = gate.wait_timeout + server_ttl + node_ttl
    return Scenario(
        seed=seed,
        turmoil=length if turmoil is None else min(turmoil, length),
        replicas=replicas,
        start_ordinal=start,
        is_ordered=is_ordered,
        publishes_not_ready=publishes,
        is_grown=chance.random() < 0.5,
        has_volume=chance.random() < 0.3,
        families=chance.choice(((4,), (4,), (4,), (6,), (4, 6))),
        with_agent=tuple(ordinals),
        knows_own_address=chance.random() < 0.8,
        rules=Rules(
            settle=chance.choice((0.0, 0.4, 1.0, 1.0, 3.0)),
            forget_after=chance.choice((0.0, 3.0, 4.0, 5.0, 6.0, 7.0, 10.0, 30.0)),
            accept_empty=chance.random() < 0.2,
            longest_gap=3 * interval + TIMEOUT,
        ),
        gate=replace(gate, wait_timeout=patience),
        interval=interval,
        dns_servers=servers,
        lags=tuple(chance.choice((0.02, 0.02, 0.5, 3.0, 8.0)) for _ in range(servers)),
        server_ttl=server_ttl,
        node_ttl=node_ttl,
        in_cluster=in_cluster,
        in_dns=_troubles(chance_for(seed, "DNS's troubles"), IN_DNS, 5, length),
        in_agents=_troubles(chance_for(seed, "agents' troubles"), IN_AGENTS, 4, length),
    )


def _gate(chance: Random, replicas: int, start: int, *, may_count: bool) -> GateRules:
    """The gate; it counts members only where all pods start at once and are listed unready."""
    options: tuple[WaitFor, ...] = ("predecessors", "predecessors", "predecessors", "self")
    if may_count:
        options += ("quorum", "all", chance.randint(1, replicas))
    wait_for = chance.choice(options)
    timeout, proceeds = chance.choice((15.3, 20.0, 61.7, 240.0)), chance.random() < 0.3
    return GateRules(wait_for, timeout, proceeds, replicas, start)


def _troubles(chance: Random, kinds: list[str], most: int, length: float) -> tuple[Trouble, ...]:
    """Some troubles in the order of their time; most are short, and some last to the end."""
    troubles = []
    for _ in range(chance.randint(0, most)):
        start = chance.uniform(0, length)
        lasts = chance.choice((0.5, 2.0, 5.0, 15.0, length)) * chance.uniform(0.5, 1.5)
        kind, whom = chance.choice(kinds), chance.randrange(60)
        troubles.append(Trouble(kind, start, start + lasts, whom, chance.uniform(0.2, 0.9)))
    return tuple(sorted(troubles, key=lambda trouble: trouble.start))
