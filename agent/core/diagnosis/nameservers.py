"""The checks of who answers, for which cluster domain, and over TCP, too."""

from collections.abc import Iterator

from agent.core.diagnosis import mends
from agent.core.diagnosis.evidence import Asked, Dns, Evidence, OverTcp, Reaction, Way
from agent.core.diagnosis.manifests import manifest_of
from agent.core.diagnosis.mends import Mend
from agent.core.diagnosis.verdict import Verdict, fail, moot, ok, skipped, together, warn
from agent.core.identity import Identity, IdentityError
from agent.core.nameservers import Nameserver
from agent.core.observation import Unknown
from agent.core.surroundings import DOCKER_DNS, search_entry

RESOLV_CONF = "/etc/resolv.conf"
DOCKER = Nameserver(DOCKER_DNS)
NOBODY_ASKED = "discovery.peers names the peers, and DNS is not asked"
_ANSWERS = (Reaction.THERE, Reaction.MISSING)


def check_nameservers(evidence: Evidence) -> Verdict:
    """Whether each nameserver answers, asked by itself."""
    by, asked = evidence.nameservers_by, evidence.dns.asked
    if evidence.way is Way.STATIC:
        return moot(NOBODY_ASKED)
    if not evidence.nameservers:
        mend = _asking(evidence, DOCKER) if evidence.bare_by else mends.dns_policy()
        return fail(f"{by} names no nameserver", mend)
    if not asked:
        return skipped("identity")  # which has the name to ask for
    good = tuple(each.server for each in asked if each.reaction in _ANSWERS)
    each = "; ".join(_reaction(one) for one in asked)
    if not good:
        return fail(f"{each}: {_cause(asked[0], evidence)}", *_mends(asked[0], evidence))
    if len(good) < len(asked):
        late = "a poll that begins with one that does not answer takes longer"
        return together(each, [warn(late, _asking(evidence, *good))])
    return together(f"{each} (by {by})", _unreadable(evidence))


def _asking(evidence: Evidence, *nameservers: Nameserver) -> Mend:
    """The nameservers to ask instead of the pod's."""
    value = ",".join(str(server) for server in nameservers)
    return manifest_of(evidence).variable("ROLLCALL_NAMESERVER", value)


def _reaction(asked: Asked) -> str:
    took = f"{max(1, round(asked.seconds * 1000))} ms"
    return asked.phrase or f"{asked.server} answers in {took}"


def _unreadable(evidence: Evidence) -> list[Verdict]:
    """Lines of resolv.conf that name no address, where that is what counts."""
    lines = [line.split() for line in evidence.around.resolv_conf.splitlines()]
    words = [words[1:2] for words in lines if words[:1] == ["nameserver"]]
    named = len(words)
    known = len(evidence.nameservers)
    if evidence.nameservers_by != RESOLV_CONF or named <= known:
        return []
    return [
        warn(
            f"of its {named} nameserver lines {known} are used: the others have no address, or "
            "come after the third (resolv.conf(5))"
        )
    ]


def _cause(asked: Asked, evidence: Evidence) -> str:
    """What may be behind it where no nameserver answers, and the first one reacts so."""
    match asked.reaction:
        case _ if evidence.bare_by and asked.server.host == DOCKER_DNS:
            return (
                "Docker itself does not answer: this container is on no network, or Docker is "
                "being restarted, or hangs"
            )
        case Reaction.UNREACHABLE:
            return "no DNS server runs there"
        case _ if evidence.bare_by:
            return "it is no DNS server that knows the containers"
        case Reaction.REFUSED:
            return f"it does not serve the cluster domain {_place(evidence)[1]}"
        case Reaction.SILENT:
            return "the cluster's DNS is down or overloaded, or a NetworkPolicy keeps it away"
        case _:
            return "the cluster's DNS has not begun to serve, or can't reach the Kubernetes API"


def _mends(asked: Asked, evidence: Evidence) -> Iterator[Mend]:
    match asked.reaction:
        case _ if evidence.bare_by:
            if asked.server.host != DOCKER_DNS:
                yield _asking(evidence, DOCKER)
        case Reaction.REFUSED:
            yield _domain(evidence)
            yield mends.dns_policy()
        case Reaction.SILENT:
            yield mends.egress(asked.server.port)
        case Reaction.UNREACHABLE if evidence.nameservers_by == RESOLV_CONF:
            yield mends.dns_policy()
        case Reaction.UNREACHABLE:
            yield manifest_of(evidence).variable("ROLLCALL_NAMESERVER", "CLUSTER-IP-OF-KUBE-DNS")


def check_namespace(evidence: Evidence) -> Verdict:
    """Whether DNS has the namespace, in this cluster domain."""
    if evidence.way is Way.STATIC:
        return moot(NOBODY_ASKED)
    if evidence.bare_by:
        return moot(f"names are bare by {evidence.bare_by}: there are no namespaces")
    namespace, domain = _place(evidence)
    place = f"namespace {namespace} in the cluster domain {domain}"
    having, lacking = (_who(evidence.dns, reaction) for reaction in _ANSWERS)
    if having and lacking:
        names = ", ".join(str(each.server) for each in lacking)
        servers = tuple(each.server for each in having)
        sentence = f"DNS has the {place}, but {names} says that it is not there"
        return warn(sentence, _asking(evidence, *servers))
    if having:
        return ok(f"DNS has the {place}")
    if evidence.dns.has_zone:
        return fail(
            f"DNS has no {place}, which has others: the namespace is wrong",
            _namespace(namespace, evidence),
        )
    return fail(
        f"DNS has no {place}, and no other there: the cluster domain is wrong",
        _domain(evidence),
        mends.dns_policy(),
    )


def _who(dns: Dns, reaction: Reaction) -> list[Asked]:
    return [asked for asked in dns.asked if asked.reaction is reaction]


def _place(evidence: Evidence) -> tuple[str, str]:
    """The namespace and the cluster domain, as far as they are known."""
    match evidence.who:
        case Identity(service=service):
            return service.namespace, service.cluster_domain
        case IdentityError(values=values):
            return values.get("namespace", ""), values.get("cluster domain", "")


def _namespace(used: str, evidence: Evidence) -> Mend:
    """The pod's own namespace, by its search list or else by the downward API.

    An observer may be in another namespace than the service: which, a person has to say.
    """
    manifest = manifest_of(evidence)
    if not evidence.role.is_member:
        return manifest.variable("ROLLCALL_NAMESPACE", "NAMESPACE-OF-THE-SERVICE")
    found = search_entry(evidence.around.resolv_conf).get("namespace")
    if found and found.value != used:
        return manifest.variable("ROLLCALL_NAMESPACE", found.value)
    return manifest.own("POD_NAMESPACE")


def _domain(evidence: Evidence) -> Mend:
    """The cluster domain by the pod's search list, else the usual one, else one to be filled in."""
    used = _place(evidence)[1]
    found = search_entry(evidence.around.resolv_conf).get("cluster domain")
    likely = [found.value] if found else []
    others = [domain for domain in (*likely, "cluster.local") if domain != used]
    likeliest = [*others, "CLUSTER-DOMAIN"][0]
    return manifest_of(evidence).variable("ROLLCALL_CLUSTER_DOMAIN", likeliest)


def check_tcp(evidence: Evidence) -> Verdict:
    """Whether DNS answers over TCP, which an answer takes that is too long for UDP."""
    tried = evidence.dns.over_tcp
    match tried:
        case _ if evidence.way is Way.STATIC:
            return moot(NOBODY_ASKED)
        case _ if evidence.way is Way.ORDINALS:
            return moot("each question is for one pod's addresses, which UDP always carries")
        case None:
            return skipped("service")
        case OverTcp(is_cut_short=True, problem=problem):
            return fail(problem, tcp_mend(evidence))
        case OverTcp(problem=problem) if problem and isinstance(evidence.dns.seen, Unknown):
            return fail(f"{problem}, and over UDP nothing whole comes", tcp_mend(evidence))
        case OverTcp(fits=fits, problem=problem) if problem:
            pods = 15 if evidence.way is Way.SRV else 60
            later = f"an answer of more than {fits} bytes, of some {pods} pods, will not be had"
            return warn(f"{problem}: {later}", tcp_mend(evidence))
        case OverTcp(server=server, fits=fits, size=size):
            if size > fits:
                need = f"its answer has {size} bytes, and UDP carries {fits}"
                return ok(f"{server} answers over TCP, as it has to: {need}")
            return ok(f"{server} answers over TCP, too; its {size} bytes fit into UDP's {fits}")


def tcp_mend(evidence: Evidence) -> Mend | None:
    """What mends it that a long answer does not come whole."""
    tried = evidence.dns.over_tcp
    if tried is None or not tried.problem:
        return None
    if tried.is_cut_short:
        return manifest_of(evidence).variable("ROLLCALL_DISCOVERY", "address")
    return None if evidence.bare_by else mends.egress(tried.server.port)
