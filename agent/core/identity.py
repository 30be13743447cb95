"""Who am I: pod, ordinal, service, namespace, cluster domain and own addresses, and who says so.

`identify` is a function of `Surroundings`, a frozen snapshot of all that was read. Sources are
asked in one order: what the operator told, the downward API's variables, the line that the kubelet
writes into /etc/hosts (it holds the pod's whole name when the StatefulSet's serviceName is right),
the hostname, the search list of /etc/resolv.conf. DNS is never asked: a pod's own name resolves up
to a second after its start, and asking too early can keep it from resolving for 30 s more
(kubernetes issue 92559).
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from agent.core.names import dns_label, dns_name, ip_address, is_address, split_ordinal
from agent.core.roll import Peer, Service


@dataclass(frozen=True, slots=True)
class Told:
    """What the operator said in so many words, and where: a flag, a variable or a file's key."""

    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that identity may be read from. Texts are whole files, empty where there is none.

    `told` has the keys `pod_name`, `service`, `namespace`, `cluster_domain` and `pod_ip` (which
    holds several addresses separated by commas); `environment` is the downward API's part of the
    process's environment.
    """

    told: Mapping[str, Told] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    environment: Mapping[str, str] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    hosts: str = ""
    hostname: str = ""
    resolv_conf: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this pod is. `sources` says where each field came from, by field name.

    `addresses` is empty where nothing names one: then DNS tells, as it does for other pods.
    """

    pod: str
    set_name: str
    ordinal: int
    service: Service
    addresses: tuple[str, ...]
    sources: Mapping[str, str]

    @property
    def fqdn(self) -> str:
        """The name under which DNS lists this pod."""
        return self.service.pod(self.pod)

    @property
    def peer(self) -> Peer:
        """This pod as its peers see it."""
        return Peer(self.fqdn, self.addresses)


class IdentityError(ValueError):
    """A part of the identity that can't be known, or that can't be right."""


@dataclass(frozen=True, slots=True)
class _Found:
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class _Look:
    """One place that was looked at: its name for people, and what was there."""

    place: str
    found: _Found | None


@dataclass(frozen=True, slots=True)
class _Field:
    """A part of the identity: what mends its lack, what checks it, and where to look, in order."""

    name: str
    mend: str
    check: Callable[[str], str]
    looks: tuple[_Look, ...]


def identify(around: Surroundings) -> Identity:
    """Works out the identity. Raises IdentityError, with a line for each field not known."""
    problems: list[str] = []
    values: dict[str, str] = {}
    sources: dict[str, str] = {}
    for field in _fields(around):
        found = next((look.found for look in field.looks if look.found), None)
        if found is None:
            seen = ", ".join(look.place for look in field.looks)
            problems.append(f"the {field.name} is not known: looked at {seen}; set {field.mend}")
            continue
        sources[field.name] = found.source
        try:
            values[field.name] = field.check(found.value)
        except ValueError as wrong:
            problems.append(
                f"the {field.name} from {found.source} can't be used: {wrong}; set {field.mend}"
            )
    pod = values.get("pod name", "")
    parts = split_ordinal(pod)
    if pod and parts is None:
        problems.append(
            f"the ordinal is not known: {pod!r} (from {sources['pod name']}) does not end in "
            "'-' and a number as a StatefulSet's pod does; set --pod-name"
        )
    addresses = _addresses(around, sources, problems)
    if problems or parts is None:
        raise IdentityError("\n".join(problems))
    return Identity(
        pod=pod,
        set_name=parts[0],
        ordinal=parts[1],
        service=Service(values["service"], values["namespace"], values["cluster domain"]),
        addresses=addresses,
        sources=MappingProxyType(sources | {"ordinal": "the pod name"}),
    )


def _fields(around: Surroundings) -> tuple[_Field, ...]:
    """What there is to know, and where each is looked for, in that order."""
    called = _called(around)
    short = around.hostname.partition(".")[0]
    full = _full_name(around)
    search = _search_entry(around.resolv_conf)
    hosts = f"/etc/hosts (no line with {called or 'the pod'}.SERVICE.NAMESPACE.svc.DOMAIN)"
    searched = "the search list of /etc/resolv.conf (no NAMESPACE.svc.DOMAIN)"
    return (
        _Field(
            "pod name",
            "--pod-name, or POD_NAME from the downward API",
            dns_label,
            (
                _told(around, "pod_name"),
                _variable(around, "POD_NAME"),
                _Look("the hostname", _Found(short, "the hostname") if short else None),
            ),
        ),
        _Field(
            "service",
            "--service to the StatefulSet's serviceName",
            dns_label,
            (_told(around, "service"), _Look(hosts, full.get("service"))),
        ),
        _Field(
            "namespace",
            "--namespace, or POD_NAMESPACE from the downward API",
            dns_label,
            (
                _told(around, "namespace"),
                _variable(around, "POD_NAMESPACE"),
                _Look("/etc/hosts", full.get("namespace")),
                _Look(searched, search.get("namespace")),
            ),
        ),
        _Field(
            "cluster domain",
            "--cluster-domain (most clusters: cluster.local)",
            dns_name,
            (
                _told(around, "cluster_domain"),
                _Look("/etc/hosts", full.get("cluster domain")),
                _Look(searched, search.get("cluster domain")),
            ),
        ),
    )


def _called(around: Surroundings) -> str:
    """The pod's name as far as it is known before anything is checked."""
    if told := around.told.get("pod_name"):
        return told.value
    return around.environment.get("POD_NAME", "") or around.hostname.partition(".")[0]


def _told(around: Surroundings, key: str) -> _Look:
    told = around.told.get(key)
    place = "--" + key.replace("_", "-")
    return _Look(place, _Found(told.value, told.source) if told else None)


def _variable(around: Surroundings, name: str) -> _Look:
    value = around.environment.get(name, "")
    return _Look(name, _Found(value, name) if value else None)


def _own_name(around: Surroundings) -> str:
    """The pod's whole name in its own first line of /etc/hosts, empty if there is none.

    The kubelet writes `ADDRESS FQDN HOSTNAME` for each of the pod's addresses, before any line that
    hostAliases adds.
    """
    called = _called(around)
    for _, names in _host_lines(around.hosts):
        for name in names:
            labels = name.split(".")
            if labels[0] == called and "svc" in labels[3:4]:
                return name
    return ""


def _host_lines(hosts: str) -> list[tuple[str, list[str]]]:
    lines = (line.partition("#")[0].split() for line in hosts.splitlines())
    return [(words[0], words[1:]) for words in lines if len(words) > 1]


def _full_name(around: Surroundings) -> dict[str, _Found]:
    """Service, namespace and cluster domain out of `pod.service.namespace.svc.domain`."""
    in_hosts = _own_name(around)
    source = "/etc/hosts" if in_hosts else "the hostname"
    labels = (in_hosts or around.hostname).removesuffix(".").split(".")
    if len(labels) < 5 or labels[3] != "svc" or labels[0] != _called(around):
        return {}
    return {
        "service": _Found(labels[1], source),
        "namespace": _Found(labels[2], source),
        "cluster domain": _Found(".".join(labels[4:]), source),
    }


def _search_entry(resolv_conf: str) -> dict[str, _Found]:
    """Namespace and cluster domain out of the search list, word by word.

    Never by a pattern over the whole file: that takes a comment or a later domain for the
    cluster's (helm/charts issues 1399 and 4560). resolv.conf(5): the last `search` line counts.
    """
    search: list[str] = []
    for line in resolv_conf.splitlines():
        words = line.split()
        if words and words[0] == "search":
            search = words[1:]
    for word in search:
        if word[0] in "#;":
            break
        labels = word.removesuffix(".").split(".")
        if len(labels) > 2 and labels[1] == "svc":
            source = "the search list of /etc/resolv.conf"
            return {
                "namespace": _Found(labels[0], source),
                "cluster domain": _Found(".".join(labels[2:]), source),
            }
    return {}


def _addresses(
    around: Surroundings, sources: dict[str, str], problems: list[str]
) -> tuple[str, ...]:
    """Own addresses, the pod's primary one first, from the first source that has any."""
    own_name = _own_name(around)
    of_lines = [
        address
        for address, names in _host_lines(around.hosts)
        if own_name in names and is_address(address)
    ]
    looks = [
        _told(around, "pod_ip"),
        _variable(around, "POD_IPS"),
        _variable(around, "POD_IP"),
        _Look("/etc/hosts", _Found(",".join(of_lines), "/etc/hosts") if of_lines else None),
    ]
    found = next((look.found for look in looks if look.found), None)
    if found is None:
        sources["addresses"] = "DNS, once it lists this pod (set --pod-ip or POD_IP to know before)"
        return ()
    sources["addresses"] = found.source
    try:
        words = [word.strip() for word in found.value.split(",")]
        return tuple(dict.fromkeys(ip_address(word) for word in words))
    except ValueError as wrong:
        problems.append(f"the address from {found.source} can't be used: {wrong}; set --pod-ip")
        return ()
