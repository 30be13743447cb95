"""The `static` mode: the peers that the settings name, and no question at all.

This pod may be among them by its whole name, by the beginning of it, as a search list would have it
(`db-0.db` in the same namespace), or by a name in another domain, if only one of them is called as
this pod is.
"""

from agent.core.names import is_address
from agent.core.observation import Answered, Endpoint
from agent.discovery.inquiry import Inquiry


class StaticDiscovery:
    """Says what it was told, each time the same."""

    def __init__(self, inquiry: Inquiry) -> None:
        told = {name: Endpoint(name, (name,) if is_address(name) else ()) for name in inquiry.peers}
        if own := inquiry.own:
            namesakes = {n for n in told if not is_address(n) and n.partition(".")[0] == own.name}
            if len(namesakes) > 1:
                namesakes = {n for n in namesakes if f"{own.fqdn}.".startswith(f"{n}.")}
            told = {n: e for n, e in told.items() if n not in {*namesakes, *own.addresses}}
            told[own.fqdn] = Endpoint(own.fqdn, own.addresses)
        self._answer = Answered(tuple(told[name] for name in sorted(told)))

    def observe(self, _: float) -> Answered:
        """Asks nobody."""
        return self._answer
