"""The checks of what needs no network: settings, who this pod is, its outputs, its memory."""

from collections.abc import Iterator

from agent.core.diagnosis import mends
from agent.core.diagnosis.evidence import Evidence, Flaw, Kept, Mistake
from agent.core.diagnosis.verdict import Verdict, fail, ok, some, together, warn
from agent.core.identity import Identity, IdentityError
from agent.core.memory import RecallError, recall
from agent.core.names import split_ordinal
from agent.core.surroundings import Surroundings, full_name, own_addresses

# By the name of the part of the identity.
_MENDS = {
    "pod name": mends.downward("POD_NAME"),
    "service": mends.service_name("SERVICE"),
    "namespace": mends.downward("POD_NAMESPACE"),
    "cluster domain": mends.variable("ROLLCALL_CLUSTER_DOMAIN", "cluster.local"),
}


def check_settings(evidence: Evidence) -> Verdict:
    """Whether the config file and the variables are good."""
    if evidence.wrong_setting:
        return fail(evidence.wrong_setting)
    told = some(evidence.said_by, 20)
    return ok(f"read from {told}" if told else "nothing is set: all is found out or by default")


def check_identity(evidence: Evidence) -> Verdict:
    """Whether it is known who this pod is, and whether all that says so agrees."""
    match evidence.who:
        case Identity() as me:
            return together(_introduce(me), _oddities(me, evidence.around))
        case IdentityError() as wrong:
            known = {name: value for name, value in wrong.values.items() if _is_fit(name, value)}
            lacking = [mend for name, mend in _MENDS.items() if name not in known]
            return fail(str(wrong), mends.all_of(lacking))
        case None:
            return fail("nobody has asked")


def _is_fit(name: str, value: str) -> bool:
    """Whether a known part of the identity is one to go by: a pod's name holds its ordinal."""
    return name != "pod name" or split_ordinal(value) is not None


def _introduce(me: Identity) -> str:
    by: dict[str, list[str]] = {}
    for name in (*_MENDS, *(["addresses"] if me.addresses else [])):
        by.setdefault(me.sources[name], []).append(name)
    sources = "; ".join(f"{', '.join(names)} by {source}" for source, names in by.items())
    at = f" at {', '.join(me.addresses)}" if me.addresses else ""
    return f"{me.pod} in {me.service.fqdn}{at} ({sources})"


def _oddities(me: Identity, around: Surroundings) -> Iterator[Verdict]:
    in_hosts = full_name(around)
    for name, used in (
        ("service", me.service.name),
        ("namespace", me.service.namespace),
        ("cluster domain", me.service.cluster_domain),
    ):
        told = in_hosts.get(name)
        remark = next((r for r in me.remarks if r.startswith(f"the {name} is ")), "")
        if remark and told and told.value.lower() != used:
            key = f"ROLLCALL_{name.replace(' ', '_').upper()}"
            yield warn(remark, mends.variable(key, told.value.lower()))
    if not me.addresses:
        yield warn(
            f"its addresses come from {me.sources['addresses']}",
            mends.downward("POD_IP"),
        )
    written = own_addresses(around)
    if me.addresses and written and not set(me.addresses) & set(written):
        yield warn(
            f"the address is {', '.join(me.addresses)} by {me.sources['addresses']}, but this "
            f"pod's own line in /etc/hosts has {', '.join(written)}: one of them is wrong",
            mends.downward("POD_IP"),
        )


def check_outputs(evidence: Evidence) -> Verdict:
    """Whether each output can be written, and read by the database."""
    if not evidence.outputs:
        return warn(
            "there is no output: nothing would be written",
            mends.outputs("cassandra:/peers/cassandra.yaml"),
        )
    flawed = {flaw.path for flaw in evidence.flaws}
    good = [path for path in evidence.outputs if path not in flawed]
    fact = f"{some(good)} can be written" if good else ""
    return together(fact, (_of(flaw) for flaw in evidence.flaws))


def _of(flaw: Flaw) -> Verdict:
    folder = flaw.path.rpartition("/")[0] or "/"
    match flaw.mistake:
        case Mistake.NO_FOLDER:
            return fail(flaw.sentence, mends.mounted(folder))
        case Mistake.NOT_WRITABLE:
            return fail(flaw.sentence, mends.fs_group())
        case Mistake.PRIVATE:
            return warn(flaw.sentence, mends.mode(flaw.path))
        case Mistake.FORMAT | Mistake.WITHHELD | Mistake.NO_FILE | Mistake.TWICE:
            return fail(flaw.sentence)


def check_memory(evidence: Evidence) -> Verdict:
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
