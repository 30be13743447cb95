"""The `static` mode: the peers that the settings name, and no question at all."""

from agent.core.names import is_address
from agent.core.observation import Answered, Endpoint
from agent.discovery.inquiry import Inquiry


class StaticDiscovery:
    """Says what it was told, each time the same."""

    def __init__(self, inquiry: Inquiry) -> None:
        told = {name: Endpoint(name, (name,) if is_address(name) else ()) for name in inquiry.peers}
        if inquiry.own is not None:
            told[inquiry.own.fqdn] = Endpoint(inquiry.own.fqdn, inquiry.own.addresses)
        self._answer = Answered(tuple(told[name] for name in sorted(told)))

    def observe(self, _: float) -> Answered:
        """Asks nobody."""
        return self._answer
