"""What Docker's embedded DNS says, as a script: its own containers, and strangers for the rest.

After what was observed of Docker Engine 20.10: `tests/docker` asks the real one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address

import dns.flags
import dns.message
import dns.rcode
import dns.reversename
import dns.rrset

from tests.support.scripted_dns import Question, UdpScript

# Docker's, in seconds, whatever the container does.
TTL = 600
_KINDS = {4: "A", 6: "AAAA"}


def nobody(question: Question) -> Iterable[bytes]:
    """A server behind Docker's that knows no name."""
    yield _reply(question, rcode=dns.rcode.NXDOMAIN)


def silence(_: Question) -> Iterable[bytes]:
    """No server behind Docker's: an internal network, or a laptop that is off the net."""
    return ()


@dataclass
class DockerDns:
    """The script. It may be changed while it runs.

    `containers` are addresses by container name, `aliases` container names by alias. `upstream` is
    asked for all that Docker has no record of.
    """

    containers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    network: str = "proj_default"
    upstream: UdpScript = nobody

    def __call__(self, question: Question) -> Iterable[bytes]:
        if question.kind == "PTR":
            return self._names(question)
        if question.kind in _KINDS.values():
            return self._addresses(question)
        return self.upstream(question)

    def _addresses(self, question: Question) -> Iterable[bytes]:
        known = self.aliases.get(question.name, (question.name,))
        found = [a for name in known for a in self.containers.get(name, ())]
        if not found:
            return self.upstream(question)
        fitting = [a for a in found if _KINDS[ip_address(a).version] == question.kind]
        return [_reply(question, *fitting)]

    def _names(self, question: Question) -> Iterable[bytes]:
        asked = dns.reversename.to_address(question.message.question[0].name)
        for name, addresses in self.containers.items():
            if asked in addresses:
                return [_reply(question, *self._called(name))]
        return self.upstream(question)

    def _called(self, name: str) -> tuple[str, ...]:
        return (f"{name}.{self.network}.",)


class PodmanDns(DockerDns):
    """The script of Podman's aardvark-dns, as its source has it: an address has every name."""

    def _called(self, name: str) -> tuple[str, ...]:
        aliases = [alias for alias, names in self.aliases.items() if name in names]
        return tuple(f"{each}." for each in (name, *aliases, "0a1b2c3d4e5f"))


def points_to(answers: dict[str, tuple[str, ...]], otherwise: UdpScript = nobody) -> UdpScript:
    """A server behind Docker's that has these records, by `KIND NAME`; others are NXDOMAIN."""

    def upstream(question: Question) -> Iterable[bytes]:
        found = answers.get(f"{question.kind} {question.name}")
        return otherwise(question) if found is None else [_reply(question, *found)]

    return upstream


def pointer(address: str) -> str:
    """The question for the name of an address, as `points_to` has it."""
    return f"PTR {dns.reversename.from_address(address).to_text(omit_final_dot=True)}"


def _reply(question: Question, *data: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> bytes:
    """An answer as Docker makes them: neither authority nor EDNS."""
    reply = dns.message.make_response(question.message)
    reply.use_edns(False)
    reply.flags |= dns.flags.RA
    reply.set_rcode(rcode)
    if data:
        owner = question.message.question[0].name
        reply.answer.append(dns.rrset.from_text(owner, TTL, "IN", question.kind, *data))
    return reply.to_wire()
