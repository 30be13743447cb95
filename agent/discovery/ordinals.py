"""The `ordinals` mode: A and AAAA for pod-0, pod-1, … as many as there are to be.

The right one for docker-compose, where a name is a container's and no record lists all of them. In
Kubernetes the service's own name is better: a question for a pod that does not exist yet can be
answered NXDOMAIN from a cache for 30 s after it does (kubernetes issue 92559). This pod is never
asked for where that can happen.

A name that is not answered leaves the others known: the answer is then not a whole one.
"""

import ipaddress

from agent.core.observation import Absent, Answered, Endpoint, Unknown, Why
from agent.core.roll import Peer
from agent.discovery.address import locate, name_of
from agent.discovery.inquiry import Inquiry
from agent.discovery.reading import Addresses
from agent.discovery.transport import Resolver


class OrdinalsDiscovery:
    """Asks for each pod by its name."""

    def __init__(self, resolver: Resolver, inquiry: Inquiry) -> None:
        self._resolver = resolver
        self._inquiry = inquiry
        self._confirmed: set[tuple[str, str]] = set()

    def observe(self, deadline: float) -> Answered | Absent | Unknown:
        """Asks once: two questions for each pod, each with an equal part of the time left."""
        own = self._known()
        fqdns = [fqdn for fqdn in self._fqdns() if own is None or fqdn != own.fqdn]
        endpoints = [] if own is None else [Endpoint(own.fqdn, own.addresses)]
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
        return Answered(tuple(endpoints), min(ttls, default=0.0), remarks, not doubts)

    def _known(self) -> Peer | None:
        """This pod, if it need not be asked for; in docker-compose a question does no harm."""
        own = self._inquiry.own
        return own if own and (own.addresses or not self._inquiry.service.is_bare) else None

    def _fqdns(self) -> tuple[str, ...]:
        return tuple(self._inquiry.service.pod(pod) for pod in self._inquiry.pods)

    def _locate(self, fqdn: str, deadline: float) -> Addresses | Absent | Unknown:
        """A pod's addresses, without those of strangers."""
        found = locate(self._resolver, self._inquiry, fqdn, deadline)
        if not isinstance(found, Addresses) or not self._inquiry.service.is_bare:
            return found
        for address in found.addresses:
            if (doubt := self._doubt(fqdn, address, deadline)) is not None:
                return doubt
        return found

    def _doubt(self, fqdn: str, address: str, deadline: float) -> Absent | Unknown | None:
        """Why an address may not be the container's, None if it is.

        Docker forwards the name of a container that does not run to the host's DNS, and there are
        some that have an answer for any name. Docker has a name for a container's address.
        """
        if not ipaddress.ip_address(address).is_global or (fqdn, address) in self._confirmed:
            return None
        match name_of(self._resolver, self._inquiry, address, deadline):
            case str():
                self._confirmed.add((fqdn, address))
                return None
            case None:
                return Absent(f"{fqdn} is {address}, which is no container here", Why.NO_SUCH_NAME)
            case Absent() | Unknown() as other:
                return other

    def _nobody(self, absent: list[Absent]) -> Absent:
        """None of the pods is in DNS; the first one's reason stands for all."""
        longest = max(each.ttl for each in absent)
        first = absent[0]
        return Absent(f"none of {len(absent)} pods is in DNS: {first.reason}", first.why, longest)
