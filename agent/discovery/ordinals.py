"""The `ordinals` mode: A and AAAA for pod-0, pod-1, … as many as there are to be.

The right one for docker-compose, where a name is a container's and no record lists all of them. In
Kubernetes the service's own name is better: a question for a pod that does not exist yet can be
answered NXDOMAIN from a cache for 30 s after it does (kubernetes issue 92559). This pod is never
asked for where that can happen.

A name that is not answered leaves the others known: the answer is then not a whole one.
"""

from agent.core.observation import Absent, Answered, Endpoint, Unknown, Why
from agent.core.roll import Peer
from agent.discovery.address import locate
from agent.discovery.docker import Container, Docker, Stranger
from agent.discovery.inquiry import Inquiry
from agent.discovery.reading import Addresses
from agent.discovery.transport import Resolver


class OrdinalsDiscovery:
    """Asks for each pod by its name."""

    def __init__(self, resolver: Resolver, inquiry: Inquiry) -> None:
        self._resolver = resolver
        self._inquiry = inquiry
        self._docker = Docker(resolver, inquiry.here)
        self._containers: frozenset[tuple[str, str]] = frozenset()

    def observe(self, deadline: float) -> Answered | Absent | Unknown:
        """Asks once: two questions for each pod, each with an equal part of the time left."""
        own = self._known()
        fqdns = [fqdn for fqdn in self._fqdns() if own is None or fqdn != own.fqdn]
        endpoints = [] if own is None else [Endpoint(own.fqdn)]  # DNS did not say where
        ttls: list[float] = []
        absent: list[Absent] = []
        doubts: list[Unknown] = []
        for asked, fqdn in enumerate(fqdns):
            now = self._resolver.clock()
            match self._locate(fqdn, now + max(0.0, deadline - now) / (len(fqdns) - asked)):
                case Addresses(addresses, ttl):
                    endpoints.append(Endpoint(fqdn, addresses))
                    ttls.append(ttl)
                case Absent() as nothing:
                    absent.append(nothing)
                case Unknown() as doubt:
                    doubts.append(doubt)
        if doubts and not ttls:
            return doubts[0]
        if absent and not ttls:
            return self._nobody(absent)
        remarks = tuple(f"not every pod's name was answered: {d.reason}" for d in doubts[:1])
        return Answered(tuple(endpoints), min(ttls, default=None), remarks, not doubts)

    def _known(self) -> Peer | None:
        """This pod, if it must not be asked for; in docker-compose a question does no harm."""
        return None if self._inquiry.service.is_bare else self._inquiry.own

    def _fqdns(self) -> tuple[str, ...]:
        return tuple(self._inquiry.service.pod(pod) for pod in self._inquiry.pods)

    def _locate(self, fqdn: str, deadline: float) -> Addresses | Absent | Unknown:
        """A pod's addresses; in docker-compose those of containers only."""
        if not self._inquiry.service.is_bare:
            return locate(self._resolver, self._inquiry, fqdn, deadline)
        now = self._resolver.clock()
        match locate(self._resolver, self._inquiry, fqdn, now + (deadline - now) / 2):
            case Addresses() as found:
                return self._without_strangers(fqdn, found, deadline)
            case Unknown(reason) if self._docker.answers(deadline):
                return Absent(f"Docker has no container {fqdn} ({reason})", Why.NO_SUCH_NAME)
            case other:
                return other

    def _without_strangers(
        self, fqdn: str, found: Addresses, deadline: float
    ) -> Addresses | Absent | Unknown:
        """The addresses, if they are all a container's."""
        pairs = {(fqdn, address) for address in found.addresses}
        for pair in pairs - self._containers:
            match self._docker.at(pair[1], deadline):
                case Stranger():
                    reason = f"{fqdn} is {pair[1]} in DNS, which is no container of this network"
                    return Absent(reason, Why.NO_SUCH_NAME)
                case Unknown() as doubt:
                    return doubt
                case Container():
                    pass
        self._containers = frozenset(c for c in self._containers if c[0] != fqdn) | pairs
        return found

    def _nobody(self, absent: list[Absent]) -> Absent:
        """None of the pods is in DNS; the first one's reason stands for all, or a wrong setting."""
        longest = max((each.ttl for each in absent if each.ttl is not None), default=None)
        wrong = (each for each in absent if each.why is Why.OTHER_FAMILY)
        first = next(wrong, absent[0])
        return Absent(f"none of {len(absent)} pods is in DNS: {first.reason}", first.why, longest)
