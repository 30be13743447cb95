"""What an answer means: from a DNS message to "these", "nobody" or "can't tell".

Pure. Everything that it lets through has been checked: names are DNS names directly below the
service, addresses are addresses. Weights and the order of records change without any meaning and
are not looked at.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace

import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from agent.core.names import dashed_address, dns_name, ip_address
from agent.core.observation import Absent, Answered, Doubt, Endpoint, Unknown, Why
from agent.core.roll import Service
from agent.discovery.attempt import Failure, Reply
from agent.discovery.rdata import Names, addresses_in, targets_in
from agent.discovery.transport import doubt_of, refusal_of
from agent.discovery.wire import Print


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses that a name has, and the lowest time to live of their records, in seconds."""

    addresses: tuple[str, ...]
    ttl: float


def read_srv(reply: Reply | Failure, service: Service) -> Answered | Absent | Unknown:
    """Reads the answer to an SRV question for the service, or for a port of it."""
    if isinstance(reply, Reply) and isinstance(reply.plain, Print):
        plain = targets_in(reply.wire)
        if plain is not None:
            hosts = {text: _host(text) for text in {*plain.names, *(o for o, _ in plain.beside)}}
            named = {hosts[text] for text in plain.names}
            found = _by_owner((hosts[owner], address) for owner, address in plain.beside)
            return _listed(named, found, reply.plain.ttl, reply, service)
    usable = _usable(reply, service.fqdn)
    if not isinstance(usable, dns.message.Message):
        return usable
    records = list(_records(usable, dns.rdatatype.SRV))
    if not records:
        return Absent(
            f"{service.fqdn} has no SRV records: the service has no ports, or no pod has one of "
            "its named ports",
            Why.NO_DATA,
            _negative_ttl(usable),
        )
    targets = {_name(rdata.target) for rrset in records for rdata in rrset}
    ttl = min(float(rrset.ttl) for rrset in records)
    return _listed(targets, _additional(usable), ttl, reply, service)


def _listed(
    targets: Set[str | None],
    found: Mapping[str, tuple[str, ...]],
    ttl: float,
    reply: Reply | Failure,
    service: Service,
) -> Answered | Absent | Unknown:
    """What SRV records with these targets mean, None for what is no host name."""
    if service.fqdn in targets:
        return _not_headless(service)
    named = {name for name in targets if name and service.has(name)}
    if not named:
        return Unknown(
            f"{reply_from(reply)} answered with names that are not of {service.fqdn}", Doubt.FOREIGN
        )
    answered = answer_of({name: found.get(name, ()) for name in named}, ttl)
    if foreign := len(targets) - len(named):
        passed_over = f"passed over {foreign} names in the answer that are not of {service.fqdn}"
        return replace(answered, remarks=(passed_over,))
    return answered


def read_addresses(reply: Reply | Failure, name: str) -> Addresses | Absent | Unknown:
    """Reads the answer to an A or AAAA question for `name`, a service's or a pod's."""
    if isinstance(reply, Reply) and isinstance(reply.plain, Print):
        located = addresses_in(reply.wire)
        if located is not None:
            return Addresses(tuple(sorted({*map(ip_address, located)})), reply.plain.ttl)
    usable = _usable(reply, name)
    if not isinstance(usable, dns.message.Message):
        return usable
    records = [
        rrset for kind in (dns.rdatatype.A, dns.rdatatype.AAAA) for rrset in _records(usable, kind)
    ]
    if not records:
        return Absent(f"{name} has no addresses", Why.NO_DATA, _negative_ttl(usable))
    addresses = {ip_address(rdata.address) for rrset in records for rdata in rrset}
    return Addresses(tuple(sorted(addresses)), min(float(rrset.ttl) for rrset in records))


def read_pointer(reply: Reply | Failure, service: Service) -> str | Absent | Unknown | None:
    """Reads the answer to a PTR question: the pod's name below the service, None if it has none.

    Absent where the address is the service's own, a virtual IP.

    An address that several services list has several names; the service's own counts, and of those
    one with a hostname before a dashed one.
    """
    names = read_names(reply)
    if isinstance(names, Unknown):
        return names
    if service.fqdn in names:
        return _not_headless(service)
    own = [name for name in names if service.has(name)]
    return min(own, key=lambda name: (_spelt_address(name) is not None, name), default=None)


def pointer_of(address: str) -> str:
    """The name whose PTR records name an address, without its final dot: RFC 1035 section 3.5."""
    return ipaddress.ip_address(address).reverse_pointer


def read_names(reply: Reply | Failure) -> tuple[str, ...] | Unknown:
    """Reads the answer to a PTR question: every name that the address has."""
    if isinstance(reply, Failure):
        return Unknown(reply.reason, reply.doubt)
    if isinstance(reply.plain, Names):
        return tuple(name for text in reply.plain.names if (name := _host(text)))
    if reply.rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Unknown(refusal_of(reply), doubt_of(reply))
    records = _records(reply.message, dns.rdatatype.PTR)
    return tuple(name for rrset in records for rdata in rrset if (name := _name(rdata.target)))


def answer_of(listed: Mapping[str, tuple[str, ...]], ttl: float) -> Answered:
    """What a whole answer comes to, which lists these names (or addresses) with their addresses.

    A name that is only an address with dashes is no name: such an endpoint is named by its address.
    """
    dashed = {name for name, addresses in listed.items() if _spelt_address(name) in addresses}
    endpoints = tuple(
        Endpoint(listed[name][0] if name in dashed else name, listed[name])
        for name in sorted(listed)
    )
    return Answered(endpoints, ttl)


def aged(seen: Answered | Absent | Unknown, ttl: float) -> Answered | Absent | Unknown:
    """The same with another time to live, which a cache counts down."""
    if isinstance(seen, Answered) and seen.ttl != ttl:
        return replace(seen, ttl=ttl)
    return seen


class Remarks:
    """Puts a remark on answers: the same value for the same answer, as it is without one."""

    def __init__(self) -> None:
        nobody = Answered(())
        self._last = nobody, "", nobody  # an answer, the remark on it, and both in one

    def on(self, seen: Answered, remark: str) -> Answered:
        """The answer with one remark more; none if that is empty."""
        if (seen, remark) != self._last[:2]:
            remarks = (*seen.remarks, remark) if remark else seen.remarks
            self._last = seen, remark, replace(seen, remarks=remarks)
        return self._last[2]


def reply_from(reply: Reply | Failure) -> str:
    """Whose reply it is, for a sentence."""
    return str(reply.server) if isinstance(reply, Reply) else "the nameserver"


def _usable(reply: Reply | Failure, name: str) -> dns.message.Message | Absent | Unknown:
    """The message, if it is an answer that speaks of `name`, a service's or a pod's."""
    if isinstance(reply, Failure):
        return Unknown(reply.reason, reply.doubt)
    rcode = reply.rcode
    if rcode == dns.rcode.NXDOMAIN:
        return Absent(_no_such(name), Why.NO_SUCH_NAME, _negative_ttl(reply.message))
    if rcode != dns.rcode.NOERROR:
        return Unknown(refusal_of(reply), doubt_of(reply))
    if next(_records(reply.message, dns.rdatatype.CNAME), None) is not None:
        return Absent(
            f"{name} is an ExternalName service, which has no pods: name the "
            "StatefulSet's headless service with --service",
            Why.EXTERNAL_NAME,
        )
    return reply.message


def _no_such(name: str) -> str:
    """What NXDOMAIN may mean."""
    if "." not in name:
        return f"DNS has no {name} (NXDOMAIN): no running container has that name or alias here"
    return (
        f"DNS has no {name} (NXDOMAIN): no pod of it is listed (one that is not ready "
        "is only with publishNotReadyAddresses: true), or the service is another"
    )


def _not_headless(service: Service) -> Absent:
    return Absent(
        f"{service.fqdn} is not a headless service: set clusterIP: None on it, or name the "
        "StatefulSet's headless service with --service",
        Why.NOT_HEADLESS,
    )


def _negative_ttl(message: dns.message.Message) -> float | None:
    """For how many seconds a "no" may be remembered: RFC 2308 section 5."""
    return min(
        (
            float(min(rrset.ttl, rdata.minimum))
            for rrset in message.authority
            if _is_of(rrset, dns.rdatatype.SOA)
            for rdata in rrset
        ),
        default=None,
    )


def _records(
    message: dns.message.Message, kind: dns.rdatatype.RdataType
) -> Iterator[dns.rrset.RRset]:
    """The record sets of a kind that belong to the name that was asked for, in any case."""
    owner = message.question[0].name
    return (rrset for rrset in message.answer if _is_of(rrset, kind) and rrset.name == owner)


def _is_of(rrset: dns.rrset.RRset, kind: dns.rdatatype.RdataType) -> bool:
    """Whether it holds records of a kind, of the Internet's class: another's have other fields."""
    return rrset.rdtype == kind and rrset.rdclass == dns.rdataclass.IN


def _additional(message: dns.message.Message) -> dict[str, tuple[str, ...]]:
    """The addresses in the additional section, by owner."""
    return _by_owner(
        (_name(rrset.name), rdata.address)
        for rrset in message.additional
        if _is_of(rrset, dns.rdatatype.A) or _is_of(rrset, dns.rdatatype.AAAA)
        for rdata in rrset
    )


def _by_owner(located: Iterable[tuple[str | None, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for owner, address in located:
        if owner:
            found.setdefault(owner, set()).add(ip_address(address))
    return {name: tuple(sorted(addresses)) for name, addresses in found.items()}


def _name(name: dns.name.Name) -> str | None:
    """A name as text, None for what is no host name."""
    return _host(name.to_text(omit_final_dot=True))


def _host(text: str) -> str | None:
    try:
        return dns_name(text)
    except ValueError:
        return None


def _spelt_address(name: str) -> str | None:
    return dashed_address(name.partition(".")[0])
