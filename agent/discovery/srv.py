"""The `srv` mode: one SRV question, for the bare service name or for one named port.

Kubernetes answers the bare name with every port of every endpoint, and with their addresses beside
them; the specification has only `_port._proto.service`, yet CoreDNS and kube-dns do both.
"""

from agent.core.observation import Absent, Answered, Unknown
from agent.discovery.inquiry import Inquiry
from agent.discovery.reading import read_srv
from agent.discovery.transport import Resolver


class SrvDiscovery:
    """Asks for the service's SRV records."""

    def __init__(self, resolver: Resolver, inquiry: Inquiry) -> None:
        self._resolver = resolver
        self._service = inquiry.service
        self._name = srv_name(inquiry)

    def observe(self, deadline: float) -> Answered | Absent | Unknown:
        """Asks once."""
        return read_srv(self._resolver.ask(self._name, "SRV", deadline), self._service)


def srv_name(inquiry: Inquiry) -> str:
    """The name that has the SRV records which are asked for: RFC 2782."""
    port, _, protocol = inquiry.port.partition("/")
    prefix = f"_{port}._{protocol or 'tcp'}." if port else ""
    return prefix + inquiry.service.fqdn
