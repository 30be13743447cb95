"""The `static` mode: the peers that the settings name, and no question at all.

This pod is among them by the name that `core.identity.told_among` found, or by its address.
"""

from agent.core.names import is_address
from agent.core.observation import Answered, Endpoint
from agent.discovery.inquiry import Inquiry


class StaticDiscovery:
    """Says what it was told, each time the same."""

    def __init__(self, inquiry: Inquiry) -> None:
        told = {name: Endpoint(name, (name,) if is_address(name) else ()) for name in inquiry.peers}
        if own := inquiry.own:
            said_shorter = {name for name in told if f"{own.fqdn}.".startswith(f"{name}.")}
            told = {n: e for n, e in told.items() if n not in {*said_shorter, *own.addresses}}
            told[own.fqdn] = Endpoint(own.fqdn, own.addresses)
        self._answer = Answered(tuple(told[name] for name in sorted(told)))

    def observe(self, _: float) -> Answered:
        """Asks nobody."""
        return self._answer
