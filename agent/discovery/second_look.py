"""What no answer says by itself: a wrong namespace or port name, and pods that have no names.

CoreDNS answers NXDOMAIN alike for a service without a listed pod, for one that does not exist, and
for a port that it does not have. A second question tells them apart: the service's addresses, the
namespace's own name. It is asked off the hot path only: after an NXDOMAIN, and then not again for
`ASK_AGAIN`, unless it was not answered.
"""

from dataclasses import replace

import dns.rcode

from agent.core.names import address_key, is_address, of_family, split_ordinal
from agent.core.observation import Absent, Answered, Endpoint, Unknown, Why
from agent.core.roll import Service
from agent.discovery.address import locate, other_family
from agent.discovery.attempt import Reply
from agent.discovery.inquiry import Inquiry, Way
from agent.discovery.reading import Addresses
from agent.discovery.transport import Resolver, doubt_of, refusal_of

# Seconds. A namespace is made once, and before its pods.
ASK_AGAIN = 10.0
TWICE = (
    "the service has addresses of both families, and nothing says which two are one pod's: each of "
    "its pods is listed twice; set --address-family to ipv4 or ipv6"
)


class SecondLook:
    """Asks as `inner` does, looks further into an NXDOMAIN, and keeps to what was asked for."""

    def __init__(self, inner: Way, resolver: Resolver, inquiry: Inquiry) -> None:
        self._inner = inner
        self._resolver = resolver
        self._inquiry = inquiry
        self._asked_at: float | None = None
        self._found: Absent | None = None
        self._answered = Answered(())
        self._fits: Answered | Absent = self._answered

    def observe(self, deadline: float) -> Answered | Absent | Unknown:
        """Asks once, and returns by `deadline` (clock seconds)."""
        match self._inner.observe(deadline):
            case Answered() as answered:
                if answered is not self._answered:
                    self._answered, self._fits = answered, self._fitting(answered)
                return self._fits
            case Absent() as absent if self._inquiry.service.is_bare:
                return replace(absent, ttl=None)  # Docker keeps no "no", whatever a stranger says
            case Absent(_, Why.NO_SUCH_NAME) as absent:
                return self._look_into(absent, deadline)
            case seen:
                return seen

    def _look_into(self, absent: Absent, deadline: float) -> Absent | Unknown:
        now = self._resolver.clock()
        if self._asked_at is None or now - self._asked_at >= ASK_AGAIN:
            match self._explain(deadline):
                case Unknown() as doubt if self._asked_at is None:
                    return doubt  # whether the setting is wrong is not known yet
                case Unknown():
                    pass  # what was found before stands
                case found:
                    self._found, self._asked_at = found, now
        return replace(self._found, ttl=absent.ttl) if self._found else absent

    def _explain(self, deadline: float) -> Absent | Unknown | None:
        """The wrong setting that is behind an NXDOMAIN; None if there is none to be seen."""
        service, port = self._inquiry.service, self._inquiry.port
        if port:
            any_family = replace(self._inquiry, family="any")
            match locate(self._resolver, any_family, service.fqdn, deadline):
                case Addresses():
                    return no_such_port(service, port)
                case Unknown() as doubt:
                    return doubt
        name = f"{service.namespace}.svc.{service.cluster_domain}"
        reply = self._resolver.ask(name, "A", deadline)
        rcode = reply.rcode if isinstance(reply, Reply) else None
        if rcode == dns.rcode.NXDOMAIN:
            return Absent(
                f"DNS has no namespace {service.namespace} in the cluster domain "
                f"{service.cluster_domain}: set --namespace and --cluster-domain to this cluster's",
                Why.NO_NAMESPACE,
            )
        return None if rcode == dns.rcode.NOERROR else Unknown(refusal_of(reply), doubt_of(reply))

    def _fitting(self, answer: Answered) -> Answered | Absent:
        """The answer, if it fits what was asked for."""
        inquiry = self._inquiry
        if inquiry.peers:
            return _of_family(answer, inquiry)
        if not inquiry.has_names:
            answer = _apart(answer)
        fitting = _of_family(answer, inquiry)
        if answer.endpoints and not fitting.endpoints:
            return other_family(inquiry)
        if inquiry.service.is_bare and _is_of_others(fitting, inquiry):
            return Absent(_called_otherwise(fitting, inquiry), Why.NO_NAMES)
        return _named(fitting, inquiry) if inquiry.has_names else _counted_twice(fitting)


def _is_of_others(answer: Answered, inquiry: Inquiry) -> bool:
    """Whether containers are listed, and none of them is called as this one and its peers are.

    Then this container may be one of them under another name, and would be its own peer.
    """
    own = split_ordinal(inquiry.own.name) if inquiry.own else None
    named = [e.fqdn for e in answer.endpoints if not is_address(e.fqdn)]
    sets = {parts[0] for name in named if (parts := split_ordinal(name))}
    return own is not None and bool(named) and own[0] not in sets


def _called_otherwise(answer: Answered, inquiry: Inquiry) -> str:
    service, own = inquiry.service.name, inquiry.own.name if inquiry.own else ""
    first = next(e.fqdn for e in answer.endpoints if not is_address(e.fqdn))
    return (
        f"Docker calls a container of {service} {first}, and none as {own} is called: set "
        "--replicas, and they are asked for by their names, or give them such names by "
        "container_name"
    )


def no_such_port(service: Service, port: str) -> Absent:
    """What it means that a service has addresses and no SRV records for a port's name."""
    return Absent(
        f"no pod of {service.fqdn} has a port named {port}: set --port-name to one of the names "
        "under the service's ports, or leave it out",
        Why.NO_SUCH_PORT,
    )


def _of_family(answer: Answered, inquiry: Inquiry) -> Answered:
    """The answer with addresses of a family only; endpoints stay, if they have names."""
    if inquiry.family == "any":
        return answer
    fitting = (Endpoint(e.fqdn, of_family(e.addresses, inquiry.family)) for e in answer.endpoints)
    kept = tuple(e for e in fitting if e.addresses or not is_address(e.fqdn))
    if kept and not any(e.addresses for e in kept) and any(e.addresses for e in answer.endpoints):
        return replace(
            answer, endpoints=kept, remarks=(*answer.remarks, other_family(inquiry).reason)
        )
    return replace(answer, endpoints=kept)


def _apart(answer: Answered) -> Answered:
    """Each address by itself: a Deployment's pods have no names, or all of them the same one."""
    addresses = {address for endpoint in answer.endpoints for address in endpoint.addresses}
    located = (Endpoint(address, (address,)) for address in sorted(addresses))
    others = (endpoint for endpoint in answer.endpoints if not endpoint.addresses)
    return replace(answer, endpoints=(*located, *others))


def _counted_twice(answer: Answered) -> Answered:
    """The answer, with a word on it if each pod seems to be in it once for each family."""
    versions = {address_key(a)[0] for endpoint in answer.endpoints for a in endpoint.addresses}
    return replace(answer, remarks=(*answer.remarks, TWICE)) if len(versions) > 1 else answer


def _named(answer: Answered, inquiry: Inquiry) -> Answered | Absent:
    """The answer, if its pods have the names that a StatefulSet's have.

    If none of them has one, none can be told from another, and from this pod.
    """
    nameless = sum(1 for endpoint in answer.endpoints if is_address(endpoint.fqdn))
    if not nameless:
        return answer
    if nameless == len(answer.endpoints):
        return Absent(no_names(inquiry.service), Why.NO_NAMES)
    return replace(answer, remarks=(*answer.remarks, no_names(inquiry.service)))


def no_names(service: Service) -> str:
    """What it means that pods which should have names have none."""
    if service.is_bare:
        return (
            f"DNS has addresses for {service.name}, but no names for them: set --replicas, and the "
            "containers are asked for by their names"
        )
    return (
        f"DNS names pods of {service.fqdn} by their addresses: their StatefulSet's serviceName is "
        f"not {service.name} (if they are of a Deployment, set --workload deployment)"
    )
