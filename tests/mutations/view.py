"""What else holds of the view: its order, its generations, and who is who without a name."""

from tests.mutations.membership import MEMBERSHIP, TESTS, TRACKING
from tests.mutations.mutation import Mutation

ORDER = "the view is sorted, and its generation counts its changes"
STATE = "agent/core/state.py"
NAMELESS = "an address without a name is of whom it was before"


def _mutation(name: str, rule: str, old: str, new: str, file: str = MEMBERSHIP) -> Mutation:
    return Mutation(name, rule, file, old, new, TESTS)


MUTATIONS = (
    _mutation(
        "each answer makes a new generation",
        ORDER,
        "if view == before.peers:",
        "if not view:",
    ),
    _mutation(
        "a change makes no new generation",
        ORDER,
        "changed = replace(state, generation=before.generation + 1)",
        "changed = replace(state, generation=max(1, before.generation))",
    ),
    _mutation(
        "peers are sorted as text",
        ORDER,
        "return tuple(sorted(peers.values(), key=sort_key))",
        "return tuple(sorted(peers.values(), key=lambda peer: peer.fqdn))",
    ),
    _mutation(
        "a peer that is only remembered counts as listed",
        ORDER,
        "if peer.fqdn not in self.remembered}",
        "if peer.fqdn}",
        STATE,
    ),
    _mutation(
        "a peer that lost its name is another",
        NAMELESS,
        "name = lost.get(name, name)",
        "name = lost.get(name, name) if name == me.fqdn else name",
        TRACKING,
    ),
    _mutation(
        "a peer that has got its name is there twice",
        NAMELESS,
        "if fqdn in located:",
        "if fqdn in ():",
        TRACKING,
    ),
)
