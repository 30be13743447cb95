"""The checks of what needs no network: settings, who this pod is, its files and programs."""

import re
from collections.abc import Iterator

from agent.core.diagnosis import mends
from agent.core.diagnosis.evidence import Evidence, Flaw, Kept, Known, Mistake
from agent.core.diagnosis.manifests import Manifest, manifest_of
from agent.core.diagnosis.mends import Mend
from agent.core.diagnosis.verdict import Verdict, fail, moot, ok, some, together, warn
from agent.core.identity import Identity, IdentityError
from agent.core.memory import RecallError, recall
from agent.core.names import is_address, of_family, split_ordinal
from agent.core.sources import address_looks
from agent.core.surroundings import Found, own_addresses

# As a ReplicaSet's controller makes names: NAME-HASH-SUFFIX, of what can't spell a word
# (kubernetes, apimachinery/pkg/util/rand).
_OF_DEPLOYMENT = re.compile(
    r".+-[bcdfghjklmnpqrstvwxz2456789]{1,10}-[bcdfghjklmnpqrstvwxz2456789]{5}", re.ASCII
)


def check_settings(evidence: Evidence) -> Verdict:
    """Where the settings come from, which are good by now."""
    told = some(evidence.said_by, 20)
    return ok(f"read from {told}" if told else "nothing is set: all is found out or by default")


def check_identity(evidence: Evidence) -> Verdict:
    """Whether it is known who this pod is, and whether all that says so agrees."""
    match evidence.who:
        case Identity() as me:
            return together(_introduce(me, evidence.bare_by), _oddities(me, evidence))
        case IdentityError() as wrong:
            return fail(str(wrong), *_lacking(wrong, evidence))


def _lacking(wrong: IdentityError, evidence: Evidence) -> Iterator[Mend]:
    """What mends each part that is not known, or not fit to go by."""
    manifest, known, is_bare = manifest_of(evidence), wrong.values, bool(evidence.bare_by)
    pod = known.get("pod name", "")
    is_fit = bool(pod) and (not evidence.has_ordinals or split_ordinal(pod) is not None)
    if not is_fit and _OF_DEPLOYMENT.fullmatch(pod):
        yield manifest.variable("ROLLCALL_WORKLOAD", "deployment")
    elif not is_fit:
        yield manifest.own("POD_NAME")
    if "service" not in known and evidence.has_ordinals and not is_bare:
        yield mends.service_name("SERVICE")
    elif "service" not in known and (is_fit or not evidence.has_ordinals):
        yield manifest.variable("ROLLCALL_SERVICE", "ALIAS" if is_bare else "HEADLESS-SERVICE")
    if "namespace" not in known and not is_bare:
        yield manifest.own("POD_NAMESPACE")
    if "cluster domain" not in known and not is_bare:
        yield manifest.variable("ROLLCALL_CLUSTER_DOMAIN", "cluster.local")
    if evidence.role.is_member and not _has_address(evidence):
        yield manifest.own("POD_IPS")


def _has_address(evidence: Evidence) -> bool:
    """Whether this pod's address is known, or need not be."""
    for found in _told_addresses(evidence):
        words = tuple(word.strip() for word in found.value.split(","))
        if not all(is_address(word) for word in words):
            return False
        if of_family(words, evidence.role.family):
            return True
    return evidence.role.has_ordinals


def _told_addresses(evidence: Evidence) -> list[Found]:
    """What may be taken for this pod's addresses, in order."""
    return [look.found for look in address_looks(evidence.around) if look.found]


def _introduce(me: Identity, bare_by: str) -> str:
    names = ["pod name", "service"]
    names += [] if bare_by else ["namespace", "cluster domain"]
    names += ["addresses"] if me.addresses else []
    by: dict[str, list[str]] = {}
    for name in names:
        by.setdefault(me.sources[name], []).append(name)
    if bare_by:
        by.setdefault(bare_by, []).append("bare names")
    sources = "; ".join(f"{', '.join(names)} by {source}" for source, names in by.items())
    if not me.is_member:
        return f"{me.pod} follows {me.service.fqdn}, and is an observer ({sources})"
    at = f" at {', '.join(me.addresses)}" if me.addresses else ""
    return f"{me.pod} in {me.service.fqdn}{at} ({sources})"


def _oddities(me: Identity, evidence: Evidence) -> Iterator[Verdict]:
    manifest = manifest_of(evidence)
    for odd in me.contradictions:
        key = f"ROLLCALL_{odd.field.replace(' ', '_').upper()}"
        yield warn(odd.sentence, manifest.variable(key, odd.told))
    if me.is_member:
        yield from _odd_addresses(me, evidence)


def _odd_addresses(me: Identity, evidence: Evidence) -> Iterator[Verdict]:
    told, manifest = _told_addresses(evidence), manifest_of(evidence)
    if not me.addresses and told:
        yield warn(
            f"{told[0].source} has {told[0].value}, and address_family is {evidence.role.family}: "
            "its addresses come from DNS, once it lists this pod",
            manifest.own("POD_IPS"),
        )
    elif not me.addresses and not evidence.bare_by:  # a container's is nobody's to know
        yield warn(f"its addresses come from {me.sources['addresses']}", manifest.own("POD_IP"))
    written = own_addresses(evidence.around)
    if me.addresses and written and not set(me.addresses) & set(written):
        yield warn(
            f"the address is {', '.join(me.addresses)} by {me.sources['addresses']}, but this "
            f"pod's own line in /etc/hosts has {', '.join(written)}: one of them is wrong",
            manifest.own("POD_IP"),
        )


def check_outputs(evidence: Evidence) -> Verdict:
    """Whether each output can be written, and read by the database."""
    if not evidence.outputs:
        return warn(
            "there is no output: nothing would be written",
            manifest_of(evidence).variable("ROLLCALL_OUTPUT", "cassandra:/peers/cassandra.yaml"),
        )
    flawed = {flaw.path for flaw in evidence.flaws}
    good = [path for path in evidence.outputs if path not in flawed]
    fact = f"{some(good)} can be written" if good else ""
    return together(fact, (_of(flaw, manifest_of(evidence)) for flaw in evidence.flaws))


def _of(flaw: Flaw, manifest: Manifest) -> Verdict:
    folder = flaw.path.rpartition("/")[0] or "/"
    match flaw.mistake:
        case Mistake.NO_FOLDER | Mistake.SINGLE_FILE:
            return fail(flaw.sentence, manifest.shared(folder))
        case Mistake.NOT_WRITABLE:
            return fail(flaw.sentence, manifest.writable())
        case Mistake.PRIVATE:
            return warn(flaw.sentence, mends.mode(flaw.path))
        case Mistake.OTHER:
            return fail(flaw.sentence)


def check_programs(evidence: Evidence) -> Verdict:
    """Whether the programs of checks and hooks are there, in this very container."""
    if not evidence.programs:
        return moot("no output has a check, and no hook runs a program")
    good = [program.name for program in evidence.programs if not program.problem]
    fact = f"{some(dict.fromkeys(good))} can be run" if good else ""
    bad = (program for program in evidence.programs if program.problem)
    return together(
        fact,
        (
            fail(
                f"{program.of} can't run in this container, which is rollcall's: {program.problem}"
            )
            for program in bad
        ),
    )


def check_memory(evidence: Known) -> Verdict:
    """Whether what an earlier run kept can be used by the next one."""
    match evidence.kept:
        case None:
            return ok("no earlier run left anything to remember")
        case Kept(path, None):
            return warn(f"{path} can't be read: after a restart nothing is remembered")
        case Kept(path, content):
            try:
                known = recall(content or b"", evidence.me, 0.0).membership.peers
            except RecallError as wrong:
                return warn(f"{path} is not used, and replaced by the next run: {wrong}")
            return ok(f"{path} remembers {some(peer.name for peer in known)}")
