"""The check of the advice on founding a cluster, which docs/bootstrap.md explains."""

from collections.abc import Iterator

from agent.core.bootstrap import SHOWN, Advice, advise
from agent.core.diagnosis import mends
from agent.core.diagnosis.evidence import Evidence, Founding
from agent.core.diagnosis.manifests import Manifest, manifest_of
from agent.core.diagnosis.mends import Mend
from agent.core.diagnosis.verdict import Verdict, fail, moot, together, warn
from agent.core.finding import CantTell, Finding, No, Yes

_WORDS: tuple[tuple[type[Finding], str], ...] = (
    (Yes, "answering"),
    (No, "refusing"),
    (CantTell, "unknown"),
)


def wants_advice(evidence: Evidence) -> bool:
    """Whether anybody asks if a cluster may be founded."""
    return evidence.founding is not None


def check_bootstrap(evidence: Evidence) -> Verdict:
    """What the advice would be now, and whether all that it rests on can be told."""
    founding = evidence.founding
    if founding is None:
        return moot("nobody asks whether to found a cluster (bootstrap.port is not set)")
    advice = advise(founding.found)
    if advice.word == "unknown":
        unknown = f"{_heard(founding)}\nunknown: {advice.reason}"
        return fail(unknown, *_mends(evidence, founding))
    fact = f"{_heard(founding)}\n{advice.word}: {advice.reason}"
    return together(fact, _troubles(evidence, founding, advice))


def _heard(founding: Founding) -> str:
    """Who of the peers answers."""
    peers = _peers(founding)
    counts = ((sum(isinstance(peer, kind) for peer in peers), word) for kind, word in _WORDS)
    told = ", ".join(f"{count} {word}" for count, word in counts if count)
    return f"peers at port {founding.port}: {told or 'none'}"


def _peers(founding: Founding) -> tuple[Finding, ...]:
    return () if isinstance(founding.found.peers, CantTell) else founding.found.peers


def _unheard(founding: Founding) -> list[str]:
    """Why there are peers of whom nothing can be told."""
    return [peer.reason for peer in _peers(founding) if isinstance(peer, CantTell)]


def _troubles(evidence: Evidence, founding: Founding, advice: Advice) -> Iterator[Verdict]:
    """What is not as it should be, although the advice is known."""
    manifest, found = manifest_of(evidence), founding.found
    # Who may not found anyway may leave open what only `first` has to rest on.
    if isinstance(found.data, CantTell) and (founding.data or found.allowed):
        yield warn(found.data.reason, _data(founding, manifest))
    if isinstance(found.marker, CantTell) and (founding.marker or found.allowed):
        yield warn(found.marker.reason, _marker(founding, manifest))
    if unheard := _unheard(founding):
        yield warn("; ".join(unheard[:SHOWN]), _reach(evidence, founding))
    signs = (found.marker, found.data, *_peers(founding))
    if found.allowed and advice.word == "join" and any(isinstance(sign, Yes) for sign in signs):
        yield warn(
            "bootstrap.allow_first is still set, and there is a cluster: a pod that lost its data "
            "might found a second one",
            manifest.variable("ROLLCALL_BOOTSTRAP_ALLOW_FIRST", "false"),
        )


def _mends(evidence: Evidence, founding: Founding) -> Iterator[Mend | None]:
    """What makes the advice known, where it is not."""
    manifest, found = manifest_of(evidence), founding.found
    if isinstance(found.data, CantTell):
        yield _data(founding, manifest)
    if isinstance(found.marker, CantTell):
        yield _marker(founding, manifest)
    yield _reach(evidence, founding)
    # Without a doubt only a person's leave is lacking; beside one it is not proposed.
    doubts = (found.lowest, found.listing, found.data, found.marker, found.peers, *_peers(founding))
    if not any(isinstance(doubt, CantTell) for doubt in doubts):
        when = "for the first start of a new cluster, and not after"
        yield manifest.variable("ROLLCALL_BOOTSTRAP_ALLOW_FIRST", "true", when)


def _data(founding: Founding, manifest: Manifest) -> Mend:
    if not founding.data:
        return manifest.variable("ROLLCALL_BOOTSTRAP_DATA", "/FOLDER-OF-THE-DATABASE")
    return (
        manifest.data(founding.data) if founding.data in founding.not_there else manifest.writable()
    )


def _marker(founding: Founding, manifest: Manifest) -> Mend:
    data = founding.data.rstrip("/")
    if not founding.marker or (data and founding.marker.startswith(f"{data}/")):
        return manifest.variable("ROLLCALL_BOOTSTRAP_MARKER", "/PERSISTENT-FOLDER/has-cluster")
    folder = founding.marker.rpartition("/")[0] or "/"
    return manifest.lasting(folder) if folder in founding.not_there else manifest.writable()


def _reach(evidence: Evidence, founding: Founding) -> Mend | None:
    is_policys = founding.is_kept_away and not evidence.bare_by
    return mends.among_peers(founding.port) if is_policys else None
