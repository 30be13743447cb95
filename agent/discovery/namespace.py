"""A second question, for an NXDOMAIN: is there such a namespace at all?

CoreDNS answers alike for a service without a listed pod and for one that does not exist; the
namespace's own name tells a wrong namespace or cluster domain from both. Asked off the hot path
only: after an NXDOMAIN, and then not again for `ASK_AGAIN`.
"""

from dataclasses import replace

import dns.rcode

from agent.core.observation import Absent, Answered, Unknown, Why
from agent.core.roll import Service
from agent.discovery.address import AddressDiscovery
from agent.discovery.auto import AutoDiscovery
from agent.discovery.srv import SrvDiscovery
from agent.discovery.transport import Reply, Resolver

# Seconds. A namespace is made once, and before its pods.
ASK_AGAIN = 10.0


Way = SrvDiscovery | AddressDiscovery | AutoDiscovery


class NamespaceCheck:
    """Asks as `inner` does, and looks further into an NXDOMAIN."""

    def __init__(self, inner: Way, resolver: Resolver, service: Service) -> None:
        self._inner = inner
        self._resolver = resolver
        self._service = service
        self._asked_at: float | None = None
        self._is_missing = False

    def observe(self) -> Answered | Absent | Unknown:
        """Asks once."""
        deadline = self._resolver.deadline()
        seen = self._inner.observe()
        if not isinstance(seen, Absent) or seen.why is not Why.NO_SUCH_NAME:
            return seen
        now = self._resolver.clock()
        if self._asked_at is None or now - self._asked_at >= ASK_AGAIN:
            self._ask(deadline)
            self._asked_at = now
        if not self._is_missing:
            return seen
        namespace, domain = self._service.namespace, self._service.cluster_domain
        reason = (
            f"DNS has no namespace {namespace} in the cluster domain {domain}: set --namespace and "
            "--cluster-domain to this cluster's"
        )
        return replace(seen, reason=reason, why=Why.NO_NAMESPACE)

    def _ask(self, deadline: float) -> None:
        """Learns whether the namespace is missing; no answer teaches nothing."""
        name = f"{self._service.namespace}.svc.{self._service.cluster_domain}"
        reply = self._resolver.ask(name, "A", deadline)
        if isinstance(reply, Reply):
            self._is_missing = reply.message.rcode() == dns.rcode.NXDOMAIN
