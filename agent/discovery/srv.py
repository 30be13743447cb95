"""The `srv` mode: one SRV question for the bare service name.

Kubernetes answers it with every port of every endpoint, and with their addresses beside them; the
specification has only `_port._proto.service`, yet CoreDNS and kube-dns both do this.
"""

from agent.core.observation import Absent, Answered, Unknown
from agent.core.roll import Service
from agent.discovery.reading import read_srv
from agent.discovery.transport import Resolver


class SrvDiscovery:
    """Asks for the service's SRV records."""

    def __init__(self, resolver: Resolver, service: Service) -> None:
        self._resolver = resolver
        self._service = service

    def observe(self) -> Answered | Absent | Unknown:
        """Asks once."""
        reply = self._resolver.ask(self._service.fqdn, "SRV", self._resolver.deadline())
        return read_srv(reply, self._service)
