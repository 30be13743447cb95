"""The `address` mode: A and AAAA for the service, and PTR for each address that has no name yet.

For a service without ports, which has no SRV records, for one with more than fit into an answer,
and for an alias in docker-compose. A kind of address that the service never had is asked for again
when the other's addresses change, and after `ASK_AGAIN`.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from agent.core.names import is_address
from agent.core.observation import Absent, Answered, Endpoint, Unknown, Why
from agent.discovery.attempt import Reply
from agent.discovery.inquiry import BOTH, Inquiry
from agent.discovery.naming import ASK_AGAIN, NO_NAME_YET, STRANGER, Naming
from agent.discovery.reading import Addresses, aged, answer_of, read_addresses
from agent.discovery.transport import Resolver
from agent.discovery.wire import Kind, Print

NO_NAME = (
    "DNS has no name for {} of the addresses of {} (such as {}): who has them is left out until it "
    f"has one, or says so again after {ASK_AGAIN:g} s"
)


class AddressDiscovery:
    """Asks for the service's addresses and names them."""

    def __init__(self, resolver: Resolver, inquiry: Inquiry) -> None:
        self._resolver = resolver
        self._inquiry = inquiry
        self._places = Places(resolver, inquiry, inquiry.service.fqdn)
        self._naming = Naming(resolver, inquiry)
        self._called: Mapping[str, str] = {}
        self._seen: Answered | Absent | None = None

    def learn(self, endpoints: Iterable[Endpoint], said: float) -> None:
        """Takes these names for what is known; `said` in clock seconds."""
        self._naming.learn(endpoints, said)

    def observe(self, deadline: float) -> Answered | Absent | Unknown:
        """Asks once: one question or two, and one more for each address that is new.

        While DNS has no name for one, though it has for others, the answer is not a whole one.
        """
        found = self._places.locate(deadline)
        if not isinstance(found, Addresses):
            if isinstance(found, Absent):
                self._naming.learn((), 0.0)  # whoever has an address next may be another
            return found
        called = self._naming.name(found.addresses, deadline)
        if isinstance(called, Absent | Unknown):
            return called
        if self._seen is None or called != self._called:
            self._called, self._seen = called, self._read(called, found.ttl)
        return aged(self._seen, found.ttl)

    def _read(self, called: Mapping[str, str], ttl: float) -> Answered | Absent:
        by_name: dict[str, tuple[str, ...]] = {}
        for address, fqdn in called.items():
            by_name[fqdn] = (*by_name.get(fqdn, ()), address)
        if strangers := by_name.pop(STRANGER, ()):
            name, who = self._inquiry.service.name, ", ".join(strangers)
            remark = f"passed over {who} for {name}: no container of this network"
            absent = Absent(f"{remark} (is none of them running?)", Why.NO_SUCH_NAME)
            return replace(answer_of(by_name, ttl), remarks=(remark,)) if by_name else absent
        if not (unnamed := by_name.pop(NO_NAME_YET, ())):
            return self._nameless(answer_of(by_name, ttl))
        own = self._inquiry.own
        if any(not is_address(name) for name in by_name if own is None or name != own.fqdn):
            waits = NO_NAME.format(len(unnamed), self._inquiry.service.fqdn, min(unnamed))
            return replace(answer_of(by_name, ttl), remarks=(waits,), is_whole=False)
        return self._nameless(answer_of(by_name | {a: (a,) for a in unnamed}, ttl))

    def _nameless(self, answer: Answered) -> Answered:
        """The answer, without this pod's name where none of the others has one.

        This pod knows its name by itself; that DNS would have it is not said.
        """
        own = self._inquiry.own
        others = [e for e in answer.endpoints if own is None or e.fqdn != own.fqdn]
        if not others or not all(is_address(endpoint.fqdn) for endpoint in others):
            return answer
        mine = (a for e in answer.endpoints if e not in others for a in e.addresses)
        nameless = (Endpoint(address, (address,)) for address in mine)
        return replace(answer, endpoints=(*nameless, *others))


class Places:
    """Where a name's pods are, which it asks for again and again."""

    def __init__(self, resolver: Resolver, inquiry: Inquiry, name: str) -> None:
        self._resolver = resolver
        self._inquiry = inquiry
        self._name = name
        self._last: dict[Kind, tuple[bytes, Addresses]] = {}  # with the answer's digest
        self._asked_all = -math.inf  # clock seconds

    def locate(self, deadline: float) -> Addresses | Absent | Unknown:
        """The addresses of the families that are asked for; one question for each, if need be."""
        inquiry = self._inquiry
        found = self._ask(inquiry.kinds, deadline)
        if inquiry.family == "any" or not isinstance(found, Absent) or found.why is not Why.NO_DATA:
            return found
        others = tuple(kind for kind in BOTH if kind not in inquiry.kinds)
        is_there = isinstance(self._ask(others, deadline), Addresses)
        return other_family(inquiry) if is_there else found

    def _ask(self, kinds: tuple[Kind, ...], deadline: float) -> Addresses | Absent | Unknown:
        now = self._resolver.clock()
        found: dict[Kind, Addresses | Absent] = {}
        for kind in sorted(kinds, key=self._had_none):
            at_rest = now - self._asked_all < ASK_AGAIN
            if at_rest and found and self._had_none(kind):
                break
            digest, seen = self._read(kind, deadline)
            if isinstance(seen, Unknown):
                return seen
            if not digest or digest != self._last.get(kind, (b"",))[0]:
                self._asked_all = -math.inf
            if isinstance(seen, Addresses):
                self._last[kind] = digest, seen
            found[kind] = seen
        else:
            self._asked_all = now
        located = [seen for seen in found.values() if isinstance(seen, Addresses)]
        if not located:
            return next(seen for seen in found.values() if isinstance(seen, Absent))
        addresses = tuple(address for each in located for address in each.addresses)
        return Addresses(addresses, min(each.ttl for each in located))

    def _had_none(self, kind: Kind) -> bool:
        """Whether there never were any: one "no" after them may be a server's that lags behind."""
        return kind not in self._last

    def _read(self, kind: Kind, deadline: float) -> tuple[bytes, Addresses | Absent | Unknown]:
        """What one question brings, and the digest of its answer, empty where it has none."""
        reply = self._resolver.ask(self._name, kind, deadline)
        plain = reply.plain if isinstance(reply, Reply) else None
        if not isinstance(plain, Print):
            return b"", read_addresses(reply, self._name)
        digest, last = self._last.get(kind, (b"", None))
        if last is not None and plain.digest == digest:
            return digest, replace(last, ttl=plain.ttl)
        return plain.digest, read_addresses(reply, self._name)


def locate(
    resolver: Resolver, inquiry: Inquiry, name: str, deadline: float
) -> Addresses | Absent | Unknown:
    """The addresses that a name has, of the families that are asked for; one question for each."""
    return Places(resolver, inquiry, name).locate(deadline)


def other_family(inquiry: Inquiry) -> Absent:
    """What it means that pods have addresses, and none of the family that is asked for."""
    has_not, has = ("an IPv4", "ipv6") if inquiry.family == "ipv4" else ("an IPv6", "ipv4")
    return Absent(
        f"no pod of {inquiry.service.fqdn} has {has_not} address: set --address-family to {has}, "
        "or leave it out",
        Why.OTHER_FAMILY,
    )
