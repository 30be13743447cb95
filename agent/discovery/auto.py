"""The `auto` mode: SRV, and where the service has none, its addresses.

It stays with addresses once SRV had no data (no ports), so that a poll at rest is one way of
asking, and chooses again only when they say that there is nobody. NXDOMAIN for SRV is no reason to
stay: two DNS servers may disagree for a moment. Where SRV says that the setup is wrong, addresses
are not asked for: that of a service with a virtual IP would look like a peer.
"""

from dataclasses import replace

from agent.core.observation import Absent, Answered, Unknown, Why
from agent.discovery.address import AddressDiscovery
from agent.discovery.srv import SrvDiscovery

_MAY_HAVE_ADDRESSES = {Why.NO_SUCH_NAME, Why.NO_DATA}
NO_SRV = "the service has no SRV records (no ports?): asking for its addresses and their names"


class AutoDiscovery:
    """Chooses between the two by what answers."""

    def __init__(self, srv: SrvDiscovery, address: AddressDiscovery) -> None:
        self._srv = srv
        self._address = address
        self._uses_address = False

    def observe(self) -> Answered | Absent | Unknown:
        """Asks once, in the way that answered last."""
        if not self._uses_address:
            by_srv = self._srv.observe()
            if not isinstance(by_srv, Absent) or by_srv.why not in _MAY_HAVE_ADDRESSES:
                return by_srv
            has_no_srv = by_srv.why is Why.NO_DATA
        else:
            has_no_srv = True
        by_address = self._address.observe()
        self._uses_address = has_no_srv and not isinstance(by_address, Absent)
        if has_no_srv and isinstance(by_address, Answered):
            return replace(by_address, remarks=(*by_address.remarks, NO_SRV))
        return by_address
