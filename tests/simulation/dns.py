"""DNS as it is: servers that lag behind one another, caches, lies and silence.

`ask` gives what one poll of an agent would see, as the observation that the agent's own reading of
DNS would make of it, and how long it took.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.core.names import is_address
from agent.core.observation import Absent, Answered, Doubt, Endpoint, Observation, Unknown, Why
from agent.discovery.attempt import Failure
from tests.simulation.agenda import Agenda, chance_for
from tests.simulation.scenario import HEALED_LAG, TIMEOUT, Scenario, Stale, Trouble
from tests.simulation.world import SERVICE, Cluster, Records
from tests.simulation.zone import Zone

TRY = 1.0
FAILURE_TTL = 5.0  # RFC 2308: a server's failure may be remembered for 5 minutes; CoreDNS does 5 s
SILENT = "no answer in 2 s"
DOUBTS = (
    (SILENT, TIMEOUT, Doubt.NO_ANSWER),
    ("10.96.0.10:53 answered SERVFAIL", 0.004, Doubt.SERVFAIL),
    ("10.96.0.10:53 answered REFUSED", 0.004, Doubt.REFUSED),
    ("nothing listens at 10.96.0.10:53", 0.001, Doubt.UNREACHABLE),
    ("the answer is cut short, on TCP too", 0.01, Doubt.CUT_SHORT),
    ("the answer has no name of the service", 0.004, Doubt.FOREIGN),
    ("the answer is malformed", 0.004, Doubt.OTHER),
)
FAILED = DOUBTS[1][0]
NOBODY = f"DNS has no {SERVICE.fqdn} (NXDOMAIN)"
NO_DATA = f"{SERVICE.fqdn} has no SRV records"
NAMELESS = Absent(f"DNS names pods of {SERVICE.fqdn} by their addresses", Why.NO_NAMES)
WRONG = (
    Absent(f"{SERVICE.fqdn} is not a headless service", Why.NOT_HEADLESS),
    Absent(f"{SERVICE.fqdn} is an ExternalName service", Why.EXTERNAL_NAME),
    Absent(f"DNS has no namespace {SERVICE.namespace}", Why.NO_NAMESPACE),
    NAMELESS,
)
Found = Records | str  # the endpoints (none: NXDOMAIN), or why there is no answer
Got = tuple[Found, float]  # and its time to live
LONGEST_STALE = 3600.0


@dataclass(slots=True)
class Cache:
    """What was answered last, until it expires, or longer if it serves stale. `ttl` 0: no cache."""

    ttl: float
    stale: Stale = "never"
    found: Found = SILENT
    expires: float = -1.0

    def ask(self, now: float, upstream: Callable[[], Got]) -> Got:
        """What it has, or what is found upstream; what has expired is given out with TTL 0."""
        if now < self.expires:
            return self.found, self.expires - now
        is_kept = self.stale != "never" and not isinstance(self.found, str)
        old = self.found if is_kept and now - self.expires < LONGEST_STALE else None
        found, ttl = upstream()
        if old is not None and isinstance(found, str):
            return old, 0.0
        self._keep(found, now)
        if old is not None and self.stale == "immediate":
            return old, 0.0
        return found, self.expires - now if now < self.expires else ttl

    def _keep(self, found: Found, now: float) -> None:
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
            Server(number, lag, Cache(ttl, plan.stale))
            for number, (lag, ttl) in enumerate(zip(plan.lags, plan.server_ttls, strict=True))
        ]
        self._nodes: dict[str, Cache] = {}
        self._stale = plan.stale
        self._troubles = plan.in_dns
        self._zone = Zone(plan, plan.serials, cluster) if plan.serials else None
        self._serial_chance = chance_for(plan.seed, "questions for serials")

    def heal(self) -> None:
        """Ends all trouble. Caches keep what they have until it expires, and no longer."""
        self._troubles = ()
        self._stale = "never"
        for server in self._servers:
            server.lag = HEALED_LAG
        for cache in (*(server.cache for server in self._servers), *self._nodes.values()):
            cache.stale = "never"
        if self._zone:
            self._zone.heal(self._agenda.now)

    def ask(self, pod: str) -> tuple[Observation, float]:
        """What a poll by a pod of this name sees, and how many seconds that takes."""
        now, chance = self._agenda.now, self._chance
        took = chance.uniform(0.0005, 0.02)
        active = [each for each in self._troubles if each.start <= now < each.end]
        for each in active:
            if each.kind == "outage":
                kinds = 1 if each.whom % 2 else len(DOUBTS)
                reason, takes, doubt = DOUBTS[(each.whom + chance.randrange(kinds)) % len(DOUBTS)]
                return Unknown(reason, doubt), takes
            if each.kind == "loss" and chance.random() < each.share:
                if chance.random() < each.share:
                    return Unknown(SILENT, Doubt.NO_ANSWER), TIMEOUT
                took += TRY
        found, ttl = self._through_caches(pod, active)
        if isinstance(found, str):
            is_silent = found == SILENT
            doubt = Doubt.NO_ANSWER if is_silent else Doubt.SERVFAIL
            return Unknown(found, doubt), TIMEOUT if is_silent else took
        return self._lie(found, ttl, active), took

    def ask_serial(self) -> tuple[int | Failure, float]:
        """What comes of a question for the zone's serial, and how many seconds that takes."""
        now, chance = self._agenda.now, self._serial_chance
        took = chance.uniform(0.0005, 0.02)
        server = self._servers[chance.randrange(len(self._servers))]
        for each in self._troubles:
            if not each.start <= now < each.end:
                continue
            is_its = each.whom % len(self._servers) == server.number
            is_lost = each.kind == "loss" and chance.random() < each.share**2
            if is_lost or (each.kind == "server-down" and is_its):
                return Failure(SILENT, Doubt.NO_ANSWER), TIMEOUT
            if each.kind == "outage":
                reason, takes, doubt = DOUBTS[each.whom % len(DOUBTS)]
                return Failure(reason, doubt), takes
            if each.kind == "server-servfail" and is_its:
                return Failure(FAILED, Doubt.SERVFAIL), took
        if self._zone is None:
            raise NotImplementedError("these agents don't ask by the serial")
        return self._zone.serial(server.number, now, server.knows_from.values()), took

    def _lie(self, found: Records, ttl: float, active: list[Trouble]) -> Observation:
        """The observation, after those troubles that change a whole answer."""
        chance, is_whole = self._chance, True
        for each in active:
            if each.whom % 2 and chance.random() >= each.share:  # else it is always so
                continue
            match each.kind:
                case "nxdomain":
                    return Absent(NOBODY, Why.NO_SUCH_NAME, ttl)
                case "nodata":
                    return Absent(NO_DATA, Why.NO_DATA, ttl)
                case "misconfigured":
                    return WRONG[each.whom // 2 % len(WRONG)]
            is_whole = is_whole and each.kind != "part"
            found = self._without(each.kind, found)
        if not found and not is_whole:
            return Unknown("the answer is cut short", Doubt.CUT_SHORT)
        if not found:
            return Absent(NOBODY, Why.NO_SUCH_NAME, ttl)
        if not self._plan.is_deployment and all(is_address(e.fqdn) for e in found):
            return NAMELESS
        shuffled = [self._turned(endpoint) for endpoint in found]
        chance.shuffle(shuffled)
        return Answered(tuple(shuffled), ttl, (), is_whole)

    def _without(self, kind: str, found: Records) -> Records:
        """The endpoints without what such a trouble takes from some of them."""
        chance = self._chance
        match kind:
            case "no-glue":
                named = {e.fqdn for e in found if not is_address(e.fqdn) and chance.random() < 0.5}
                return tuple(Endpoint(e.fqdn) if e.fqdn in named else e for e in found)
            case "nameless":
                return tuple(part for e in found for part in self._unnamed(e))
            case "dropped" | "part":  # whole by all signs, or not, and somebody is not in it
                return tuple(e for e in found if chance.random() < 0.6)
        return found

    def _unnamed(self, endpoint: Endpoint) -> Records:
        """The endpoint, or half of the time each of its addresses without a name."""
        if self._chance.random() < 0.5:
            return (endpoint,)
        return tuple(Endpoint(address, (address,)) for address in endpoint.addresses)

    def _turned(self, endpoint: Endpoint) -> Endpoint:
        if len(endpoint.addresses) < 2 or self._chance.random() < 0.5:
            return endpoint
        return Endpoint(endpoint.fqdn, endpoint.addresses[::-1])

    def _through_caches(self, pod: str, active: list[Trouble]) -> Got:
        """What is found, by way of the node's cache and that of a server."""
        now = self._agenda.now
        node = self._nodes.setdefault(pod, Cache(self._plan.node_ttl, self._stale))
        return node.ask(now, lambda: self._at_a_server(now, active))

    def _at_a_server(self, now: float, active: list[Trouble]) -> Got:
        server = self._servers[self._chance.randrange(len(self._servers))]
        mine = [each for each in active if each.whom % len(self._servers) == server.number]
        kinds = [each.kind for each in mine]
        if "server-down" in kinds:
            return SILENT, 0.0
        if "server-servfail" in kinds:
            return FAILED, 0.0
        return server.cache.ask(now, lambda: (self._look(server, mine), self._plan.ttl))

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
                    return FAILED
        return found
