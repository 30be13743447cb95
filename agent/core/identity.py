"""Who am I: pod, ordinal, service, namespace, cluster domain and own addresses, and who says so.

`identify` is a function of `Surroundings`, a frozen snapshot of all that was read. Sources are
asked in one order: what the operator told, the downward API's variables, the line that the kubelet
writes into /etc/hosts (it holds the pod's whole name when the StatefulSet's serviceName is right),
the hostname, the search list of /etc/resolv.conf. DNS is never asked: a pod's own name resolves up
to a second after its start, and asking too early can keep it from resolving for 30 s more
(kubernetes issue 92559).

Docker's own DNS in /etc/resolv.conf says that this is docker-compose, where there are no domains.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from agent.core.names import (
    LONGEST_NAME,
    Family,
    address_key,
    ip_address,
    is_address,
    of_family,
    split_ordinal,
)
from agent.core.roll import Peer, Service
from agent.core.sources import address_looks, fields
from agent.core.surroundings import (
    Surroundings,
    bare_source,
    full_name,
)


@dataclass(frozen=True, slots=True)
class Role:
    """What this pod is to the service, as the operator says.

    `is_member` False: an observer, which follows a service that it is not part of. `has_ordinals`
    False: the service's pods are those of a Deployment, which are known by their addresses only.
    """

    is_member: bool = True
    has_ordinals: bool = True
    family: Family = "any"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A field of which /etc/hosts says something else, namely `told`; the sentence tells both."""

    field: str
    told: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this pod is. `sources` says where each field came from, by field name.

    `addresses` is empty where nothing names one: then DNS tells, as it does for other pods. An
    observer has none, and neither `set_name` nor `ordinal`, as a Deployment's pod has none of them.
    """

    pod: str
    set_name: str
    ordinal: int | None
    service: Service
    addresses: tuple[str, ...]
    sources: Mapping[str, str]
    contradictions: tuple[Contradiction, ...] = ()
    is_member: bool = True
    told_as: str = ""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is odd about all that, although one can go by it."""
        return tuple(odd.sentence for odd in self.contradictions)

    @property
    def fqdn(self) -> str:
        """The name under which DNS lists this pod: an address, where pods have no ordinals.

        Where the peers are told, it is the name by which this pod is among them.

        An observer is not listed; its name has no dot.
        """
        if not self.is_member:
            return self.pod
        if self.told_as:
            return self.told_as
        return self.addresses[0] if self.ordinal is None else self.service.pod(self.pod)

    @property
    def peer(self) -> Peer | None:
        """This pod as its peers see it, None for an observer."""
        return Peer(self.fqdn, self.addresses) if self.is_member else None

    @property
    def label(self) -> str:
        """What this pod is called where its peers are called db-0 or 10.0.0.1."""
        return Peer(self.fqdn).name


def told_among(me: Identity, peers: Sequence[str]) -> Identity:
    """The same pod, called as it is among the peers that were told, names and addresses.

    So all pods have one list, whatever each would call itself. It may be there by its whole name,
    by the beginning of it, as a search list would have it (`db-0.db` in the same namespace), or by
    a name in another domain, if only one of them is called as this pod is.
    """
    own = replace(me, told_as="").fqdn
    called = [peer for peer in peers if not is_address(peer) and peer.partition(".")[0] == me.pod]
    if len(called) > 1:
        called = [peer for peer in called if f"{own}.".startswith(f"{peer}.")]
    if not called or not me.is_member or me.ordinal is None:
        return me
    return replace(me, told_as=max(called, key=len))


class IdentityError(ValueError):
    """Parts of the identity that can't be known, or can't be right: a line for each.

    `values` and `sources` are what was found of the others, by field name.
    """

    def __init__(self, text: str, values: Mapping[str, str], sources: Mapping[str, str]) -> None:
        super().__init__(text)
        self.values = values
        self.sources = sources


def identify(around: Surroundings, role: Role | None = None) -> Identity:
    """Works out the identity of a member of a StatefulSet, or of one with another `role`.

    Raises IdentityError, with a line for each field not known.
    """
    role = role or Role()
    problems: list[str] = []
    values: dict[str, str] = {}
    sources: dict[str, str] = {}
    for field in fields(around, is_member=role.is_member):
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
    parts = split_ordinal(pod) if role.is_member and role.has_ordinals else ("", None)
    if pod and parts is None:
        problems.append(
            f"the ordinal is not known: {pod!r} (from {sources['pod name']}) does not end in "
            f"'-' and a number as a StatefulSet's pod does; set {_ordinal_mend(around)}"
        )
    service = Service(
        *(values.get(name, "") for name in ("service", "namespace", "cluster domain"))
    )
    if not problems and len(service.pod(pod)) > LONGEST_NAME:
        problems.append(f"the name {service.pod(pod)} is longer than DNS allows ({LONGEST_NAME})")
    if bare := bare_source(around):
        sources |= {"namespace": f"none: {bare}", "cluster domain": f"none: {bare}"}
    addresses = _own_addresses(around, role, sources, problems)
    if problems or parts is None:
        raise IdentityError("\n".join(problems), values, sources)
    return Identity(
        pod=pod,
        set_name=parts[0],
        ordinal=parts[1],
        service=service,
        addresses=addresses,
        sources=MappingProxyType(sources | {"ordinal": _ordinal_source(role)}),
        contradictions=tuple(_contradictions(around, role, values, sources)),
        is_member=role.is_member,
    )


def _ordinal_mend(around: Surroundings) -> str:
    if bare_source(around):
        return "POD_NAME to the database container's name, as in db-0"
    return "--pod-name (or, if it is a Deployment's, --workload deployment)"


def _ordinal_source(role: Role) -> str:
    if not role.is_member:
        return "none: this pod is an observer"
    return "the pod name" if role.has_ordinals else "none: a Deployment's pods have no ordinals"


def _contradictions(
    around: Surroundings, role: Role, values: Mapping[str, str], sources: Mapping[str, str]
) -> Iterator[Contradiction]:
    """Where /etc/hosts, which the kubelet wrote, says something else than what is used.

    An observer may well be of another service, and of another namespace.
    """
    for name, found in full_name(around).items():
        if not role.is_member and name != "cluster domain":
            continue
        if found.source == "/etc/hosts" and found.value.lower() != values.get(name, found.value):
            sentence = (
                f"the {name} is {values[name]} by {sources[name]}, but this pod's own line in "
                f"/etc/hosts has {found.value}: one of them is wrong"
            )
            yield Contradiction(name, found.value.lower(), sentence)


def _own_addresses(
    around: Surroundings, role: Role, sources: dict[str, str], problems: list[str]
) -> tuple[str, ...]:
    """Own addresses, the first of each family, IPv4 first, from the first source that has any."""
    if not role.is_member:
        sources["addresses"] = "none: this pod is an observer"
        return ()
    for found in (look.found for look in address_looks(around) if look.found):
        try:
            known = tuple(ip_address(word.strip()) for word in found.value.split(","))
        except ValueError as wrong:
            problems.append(f"the address from {found.source} can't be used: {wrong}; set --pod-ip")
            return ()
        first = {address_key(address)[0]: address for address in reversed(known)}
        fitting = of_family(tuple(first[version] for version in sorted(first)), role.family)
        if fitting:
            sources["addresses"] = found.source
            return fitting
    sources["addresses"] = "DNS, once it lists this pod (set --pod-ip or POD_IP to know before)"
    if not role.has_ordinals:
        problems.append(_no_address(around, role))
    return ()


def _no_address(around: Surroundings, role: Role) -> str:
    """What a Deployment's pod lacks."""
    kind = {"any": "", "ipv4": "IPv4 ", "ipv6": "IPv6 "}[role.family]
    mend = "--pod-ip" if bare_source(around) else "POD_IPS from the downward API (status.podIPs)"
    return (
        f"this pod's {kind}address is not known, and a Deployment's pods have no other name: set "
        f"{mend}"
    )
