"""Who am I: pod, ordinal, service, namespace, cluster domain and own addresses, and who says so.

`identify` is a function of `Surroundings`, a frozen snapshot of all that was read. Sources are
asked in one order: what the operator told, the downward API's variables, the line that the kubelet
writes into /etc/hosts (it holds the pod's whole name when the StatefulSet's serviceName is right),
the hostname, the search list of /etc/resolv.conf. DNS is never asked: a pod's own name resolves up
to a second after its start, and asking too early can keep it from resolving for 30 s more
(kubernetes issue 92559).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from agent.core.names import (
    LONGEST_NAME,
    address_key,
    dns_label,
    dns_name,
    ip_address,
    split_ordinal,
)
from agent.core.roll import Peer, Service
from agent.core.surroundings import (
    Found,
    Surroundings,
    full_name,
    own_addresses,
    pod_name_of,
    search_entry,
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this pod is. `sources` says where each field came from, by field name.

    `remarks` are sentences on sources that contradict each other.

    `addresses` is empty where nothing names one: then DNS tells, as it does for other pods.
    """

    pod: str
    set_name: str
    ordinal: int
    service: Service
    addresses: tuple[str, ...]
    sources: Mapping[str, str]
    remarks: tuple[str, ...] = ()

    @property
    def fqdn(self) -> str:
        """The name under which DNS lists this pod."""
        return self.service.pod(self.pod)

    @property
    def peer(self) -> Peer:
        """This pod as its peers see it."""
        return Peer(self.fqdn, self.addresses)


class IdentityError(ValueError):
    """Parts of the identity that can't be known, or can't be right: a line for each.

    `values` and `sources` are what was found of the others, by field name.
    """

    def __init__(self, text: str, values: Mapping[str, str], sources: Mapping[str, str]) -> None:
        super().__init__(text)
        self.values = values
        self.sources = sources


@dataclass(frozen=True, slots=True)
class _Look:
    """One place that was looked at: its name for people, and what was there."""

    place: str
    found: Found | None


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
    service = Service(
        *(values.get(name, "") for name in ("service", "namespace", "cluster domain"))
    )
    if not problems and len(service.pod(pod)) > LONGEST_NAME:
        problems.append(f"the name {service.pod(pod)} is longer than DNS allows ({LONGEST_NAME})")
    addresses = _addresses(around, sources, problems)
    if problems or parts is None:
        raise IdentityError("\n".join(problems), values, sources)
    return Identity(
        pod=pod,
        set_name=parts[0],
        ordinal=parts[1],
        service=service,
        addresses=addresses,
        sources=MappingProxyType(sources | {"ordinal": "the pod name"}),
        remarks=tuple(_contradictions(around, values, sources)),
    )


def _contradictions(
    around: Surroundings, values: Mapping[str, str], sources: Mapping[str, str]
) -> Iterator[str]:
    """Where /etc/hosts, which the kubelet wrote, says something else than what is used."""
    for name, found in full_name(around).items():
        if found.source == "/etc/hosts" and found.value.lower() != values[name]:
            yield (
                f"the {name} is {values[name]} by {sources[name]}, but this pod's own line in "
                f"/etc/hosts has {found.value}: one of them is wrong"
            )


def _fields(around: Surroundings) -> tuple[_Field, ...]:
    """What there is to know, and where each is looked for, in that order."""
    called = pod_name_of(around)
    short = around.hostname.partition(".")[0]
    full = full_name(around)
    search = search_entry(around.resolv_conf)
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
                _Look("the hostname", Found(short, "the hostname") if short else None),
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


def _told(around: Surroundings, key: str) -> _Look:
    told = around.told.get(key)
    place = "--" + key.replace("_", "-")
    return _Look(place, Found(told.value, told.source) if told else None)


def _variable(around: Surroundings, name: str) -> _Look:
    value = around.environment.get(name, "")
    return _Look(name, Found(value, name) if value else None)


def _addresses(
    around: Surroundings, sources: dict[str, str], problems: list[str]
) -> tuple[str, ...]:
    """Own addresses, the first of each family, IPv4 first, from the first source that has any."""
    in_hosts = ",".join(own_addresses(around))
    looks = [
        _told(around, "pod_ip"),
        _variable(around, "POD_IPS"),
        _variable(around, "POD_IP"),
        _Look("/etc/hosts", Found(in_hosts, "/etc/hosts") if in_hosts else None),
    ]
    found = next((look.found for look in looks if look.found), None)
    if found is None:
        sources["addresses"] = "DNS, once it lists this pod (set --pod-ip or POD_IP to know before)"
        return ()
    sources["addresses"] = found.source
    try:
        words = [word.strip() for word in found.value.split(",")]
        first = {address_key(a)[0]: a for a in reversed([ip_address(word) for word in words])}
        return tuple(first[version] for version in sorted(first))
    except ValueError as wrong:
        problems.append(f"the address from {found.source} can't be used: {wrong}; set --pod-ip")
        return ()
