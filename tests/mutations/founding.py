"""The advice on founding a cluster: each row of the table at the head of core/bootstrap.py."""

from tests.mutations.mutation import Mutation

BOOTSTRAP = "agent/core/bootstrap.py"

JOIN = "a sign of a cluster says join, whatever else is not known"
DOUBT = "what can't be told is never first"
LISTING = "who is there is known by a fresh answer that lists this pod where it is"


def _mutation(name: str, rule: str, old: str, new: str) -> Mutation:
    return Mutation(name, rule, BOOTSTRAP, old, new, "tests/core/test_bootstrap.py")


MUTATIONS = (
    _mutation(
        "a marker is no sign of a cluster",
        JOIN,
        "for finding in (evidence.marker, evidence.data, *peers):",
        "for finding in (evidence.data, *peers):",
    ),
    _mutation(
        "data is no sign of a cluster",
        JOIN,
        "for finding in (evidence.marker, evidence.data, *peers):",
        "for finding in (evidence.marker, *peers):",
    ),
    _mutation(
        "a peer that answers is no sign of a cluster",
        JOIN,
        "for finding in (evidence.marker, evidence.data, *peers):",
        "for finding in (evidence.marker, evidence.data):",
    ),
    _mutation(
        "any pod may found",
        JOIN,
        "if isinstance(evidence.lowest, No):",
        "if evidence.lowest is None:",
    ),
    _mutation(
        "a pod founds without leave",
        DOUBT,
        "if not evidence.allowed:",
        "if evidence.allowed is None:",
    ),
    _mutation(
        "what can't be told keeps nobody from founding",
        DOUBT,
        "    against = _doubts(evidence)",
        "    against: list[str] = []",
    ),
    _mutation(
        "a peer of which nothing can be told is none",
        DOUBT,
        "return doubts + _shown(unsure)",
        "return doubts",
    ),
    _mutation(
        "where two sets are behind one service each founds",
        DOUBT,
        "if other is None or other[0] != mine[0]:",
        "if other is None:",
    ),
    _mutation(
        "a list that is still changing is good enough",
        LISTING,
        "if not state.is_taken or state.pending is not None:",
        "if not state.is_taken:",
    ),
    _mutation(
        "an old answer is good enough",
        LISTING,
        "if state.answered_at is None or now - state.answered_at > longest_gap:",
        "if state.answered_at is None:",
    ),
    _mutation(
        "an answer that has this pod where it was before is good enough",
        LISTING,
        "if not any(address in me.addresses and not seen.missed for address, seen in here):",
        "if not here:",
    ),
)
