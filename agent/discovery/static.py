"""The `static` mode: the peers that the settings name, and no question at all.

This pod may be among them by its whole name or by the beginning of it, as a search list would have
it: `db-0.db` in the same namespace.
"""

from agent.core.names import is_address
from agent.core.observation import Answered, Endpoint
from agent.discovery.inquiry import Inquiry


class StaticDiscovery:
    """Says what it was told, each time the same."""

    def __init__(self, inquiry: Inquiry) -> None:
        told = {name: Endpoint(name, (name,) if is_address(name) else ()) for name in inquiry.peers}
        if own := inquiry.own:
            told = {n: e for n, e in told.items() if not f"{own.fqdn}.".startswith(f"{n}.")}
            told[own.fqdn] = Endpoint(own.fqdn, own.addresses)
        self._answer = Answered(tuple(told[name] for name in sorted(told)))

    def observe(self, _: float) -> Answered:
        """Asks nobody."""
        return self._answer
