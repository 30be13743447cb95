"""The `srv` mode: one SRV question, for the bare service name or for one named port.

Kubernetes answers the bare name with every port of every endpoint, and with their addresses beside
them; the specification has only `_port._proto.service`, yet CoreDNS and kube-dns do both.
"""

from agent.core.observation import Absent, Answered, Unknown
from agent.discovery.attempt import Reply
from agent.discovery.inquiry import Inquiry
from agent.discovery.reading import aged, read_srv
from agent.discovery.transport import Resolver
from agent.discovery.wire import Print


class SrvDiscovery:
    """Asks for the service's SRV records."""

    def __init__(self, resolver: Resolver, inquiry: Inquiry) -> None:
        self._resolver = resolver
        self._service = inquiry.service
        self._name = srv_name(inquiry)
        self._digest = b""
        self._seen: Answered | Absent | Unknown | None = None

    def observe(self, deadline: float) -> Answered | Absent | Unknown:
        """Asks once. An answer with the records of the last one is not read again."""
        reply = self._resolver.ask(self._name, "SRV", deadline)
        if not isinstance(reply, Reply) or not isinstance(reply.plain, Print):
            return read_srv(reply, self._service)
        if self._seen is None or reply.plain.digest != self._digest:
            self._digest, self._seen = reply.plain.digest, read_srv(reply, self._service)
        return aged(self._seen, reply.plain.ttl)


def srv_name(inquiry: Inquiry) -> str:
    """The name that has the SRV records which are asked for: RFC 2782."""
    port, _, protocol = inquiry.port.partition("/")
    prefix = f"_{port}._{protocol or 'tcp'}." if port else ""
    return prefix + inquiry.service.fqdn
