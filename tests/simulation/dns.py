"""DNS as it is: servers that lag behind one another, caches, lies and silence.

`ask` gives what one poll of an agent would see, as the observation that the agent's own reading of
DNS would make of it, and how long it took.
"""

from dataclasses import dataclass, field

from agent.core.observation import Absent, Answered, Endpoint, Observation, Unknown, Why
from tests.simulation.agenda import Agenda, chance_for
from tests.simulation.scenario import TIMEOUT, Scenario, Trouble
from tests.simulation.world import SERVICE, Cluster, Records

TRY = 1.0
FAILURE_TTL = 5.0  # RFC 2308: a server's failure may be remembered for 5 minutes; CoreDNS does 5 s
SILENT = "no answer in 2 s"
DOUBTS = (
    (SILENT, TIMEOUT),
    ("10.96.0.10:53 answered SERVFAIL", 0.004),
    ("10.96.0.10:53 answered REFUSED", 0.004),
    ("the answer is cut short, on TCP too", 0.01),
    ("the answer is malformed", 0.004),
)
NOBODY = f"DNS has no {SERVICE.fqdn} (NXDOMAIN)"
NO_DATA = f"{SERVICE.fqdn} has no SRV records"
WRONG = (
    Absent(f"{SERVICE.fqdn} is not a headless service", Why.NOT_HEADLESS),
    Absent(f"{SERVICE.fqdn} is an ExternalName service", Why.EXTERNAL_NAME),
)
Found = Records | str  # the endpoints (none: NXDOMAIN), or why there is no answer


@dataclass(slots=True)
class Cache:
    """What was answered last, until it expires. `ttl` 0 is no cache."""

    ttl: float
    found: Found = ()
    expires: float = -1.0

    def keep(self, found: Found, now: float) -> None:
        """Remembers an answer, a "nobody" as long as one with peers, a failure not so long."""
        if self.ttl and found != SILENT:
            self.found = found
            self.expires = now + (
                min(self.ttl, FAILURE_TTL) if isinstance(found, str) else self.ttl
            )


@dataclass(slots=True)
class Server:
    """One replica of the cluster's DNS."""

    number: int
    lag: float
    cache: Cache
    knows_from: dict[str, float] = field(default_factory=dict)


class Dns:
    """Everything that an agent's question may come by on its way."""

    def __init__(self, plan: Scenario, agenda: Agenda, cluster: Cluster) -> None:
        self._plan = plan
        self._agenda = agenda
        self._cluster = cluster
        self._chance = chance_for(plan.seed, "dns")
        self._servers = [
            Server(number, lag, Cache(plan.server_ttl)) for number, lag in enumerate(plan.lags)
        ]
        self._nodes: dict[int, Cache] = {}
        self._troubles = plan.in_dns

    def heal(self) -> None:
        """Ends all trouble. Caches keep what they have until it expires."""
        self._troubles = ()
        for server in self._servers:
            server.lag = 0.02

    @property
    def slowness(self) -> float:
        """How long it may take, once healed, until a change is in every answer (seconds)."""
        return 0.02 + self._plan.server_ttl + self._plan.node_ttl

    def ask(self, ordinal: int) -> tuple[Observation, float]:
        """What a poll by the pod of this ordinal sees, and how many seconds that takes."""
        now, chance = self._agenda.now, self._chance
        took = chance.uniform(0.0005, 0.02)
        active = [each for each in self._troubles if each.start <= now < each.end]
        for each in active:
            if each.kind == "outage":
                kinds = 1 if each.whom % 2 else len(DOUBTS)
                reason, takes = DOUBTS[(each.whom + chance.randrange(kinds)) % len(DOUBTS)]
                return Unknown(reason), takes
            if each.kind == "loss" and chance.random() < each.share:
                if chance.random() < each.share:
                    return Unknown(SILENT), TIMEOUT
                took += TRY
        found, ttl = self._through_caches(ordinal, active)
        if isinstance(found, str):
            return Unknown(found), TIMEOUT if found == SILENT else took
        return self._lie(found, ttl, active), took

    def _lie(self, found: Records, ttl: float, active: list[Trouble]) -> Observation:
        """The observation, after those troubles that change a whole answer."""
        chance = self._chance
        for each in active:
            if each.whom % 2 and chance.random() >= each.share:  # else it is always so
                continue
            match each.kind:
                case "nxdomain":
                    return Absent(NOBODY, Why.NO_SUCH_NAME, ttl)
                case "nodata":
                    return Absent(NO_DATA, Why.NO_DATA, ttl)
                case "misconfigured":
                    return WRONG[each.whom // 2 % 2]
                case "no-glue":
                    found = tuple(Endpoint(e.fqdn) if chance.random() < 0.5 else e for e in found)
                case "dropped":  # whole by all signs, and yet somebody is not in it
                    found = tuple(e for e in found if chance.random() < 0.6)
        if not found:
            return Absent(NOBODY, Why.NO_SUCH_NAME, ttl)
        shuffled = [self._turned(endpoint) for endpoint in found]
        chance.shuffle(shuffled)
        return Answered(tuple(shuffled), ttl)

    def _turned(self, endpoint: Endpoint) -> Endpoint:
        if len(endpoint.addresses) < 2 or self._chance.random() < 0.5:
            return endpoint
        return Endpoint(endpoint.fqdn, endpoint.addresses[::-1])

    def _through_caches(self, ordinal: int, active: list[Trouble]) -> tuple[Found, float]:
        """What is found, by way of the node's cache and that of a server; and its time to live."""
        now = self._agenda.now
        node = self._nodes.setdefault(ordinal, Cache(self._plan.node_ttl))
        if now < node.expires:
            return node.found, node.expires - now
        server = self._servers[self._chance.randrange(len(self._servers))]
        mine = [each for each in active if each.whom % len(self._servers) == server.number]
        kinds = [each.kind for each in mine]
        if "server-down" in kinds:
            found: Found = SILENT
        elif "server-servfail" in kinds:
            found = DOUBTS[1][0]
        elif now < server.cache.expires:
            found = server.cache.found
        else:
            found = self._look(server, mine)
            server.cache.keep(found, now)
        node.keep(found, now)
        return found, max(server.cache.expires - now, 0.0) or 5.0

    def _look(self, server: Server, troubles: list[Trouble]) -> Found:
        """What the server itself knows: late, frozen, or not all of it yet."""
        now = self._agenda.now
        at = now - server.lag
        for each in troubles:
            if each.kind == "frozen":
                at = min(at, each.start)
        found = self._cluster.records(at)
        for each in troubles:
            if each.kind == "starting":
                known = server.knows_from
                for endpoint in found:
                    if endpoint.fqdn not in known:
                        known[endpoint.fqdn] = self._chance.uniform(each.start, each.end)
                found = tuple(e for e in found if known[e.fqdn] <= now)
                if not found:
                    return DOUBTS[1][0]
        return found
