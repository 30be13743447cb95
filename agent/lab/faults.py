"""What may go wrong between the cluster and an answer: one frozen value for each fault.

A fault may choose the moment whose cluster is answered from, change that cluster, and spoil the
answer. It is pure: the time is an argument, in seconds since the epoch. It must not know sockets,
or who holds the cluster. `Fault` itself is the null object: nothing goes wrong.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace
from typing import ClassVar

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from agent.core.duration import parse_duration
from agent.lab.cluster import Cluster
from agent.lab.zone import reply_to


class FaultError(ValueError):
    """A fault that can't be played: the sentence names it and the known ones."""


@dataclass(frozen=True, slots=True)
class Fault:
    """No fault at all, and what the others start from."""

    name: ClassVar[str] = "none"

    def moment(self, since: float, now: float) -> float:
        """The moment whose cluster is answered from; `since` is when the fault began."""
        return now

    def world(self, cluster: Cluster) -> Cluster:
        """The cluster that is answered from in the place of `cluster`."""
        return cluster

    def spoil(
        self, query: dns.message.Message, reply: dns.message.Message, age: float
    ) -> dns.message.Message | None:
        """What is sent in the place of `reply`, or None for silence.

        `age` is how many seconds old the cluster is that the reply was made from.
        """
        return reply


@dataclass(frozen=True, slots=True)
class ServFail(Fault):
    """Every question is answered SERVFAIL, as by a CoreDNS that has not synced yet."""

    name: ClassVar[str] = "servfail"

    def spoil(
        self, query: dns.message.Message, reply: dns.message.Message, age: float
    ) -> dns.message.Message | None:
        failure = reply_to(query)
        failure.set_rcode(dns.rcode.SERVFAIL)
        return failure


@dataclass(frozen=True, slots=True)
class Timeout(Fault):
    """Nothing is answered."""

    name: ClassVar[str] = "timeout"

    def spoil(
        self, query: dns.message.Message, reply: dns.message.Message, age: float
    ) -> dns.message.Message | None:
        return None


@dataclass(frozen=True, slots=True)
class Empty(Fault):
    """Every service is NXDOMAIN, its namespace is not."""

    name: ClassVar[str] = "empty"

    def world(self, cluster: Cluster) -> Cluster:
        return replace(cluster, services=(), namespaces=tuple(sorted(cluster.known_namespaces())))


@dataclass(frozen=True, slots=True)
class Truncate(Fault):
    """TC on UDP and on TCP, half of the answer's records, none of the additional ones.

    Half, and not none: whoever overlooks TC loses peers by it.
    """

    name: ClassVar[str] = "truncate"

    def spoil(
        self, query: dns.message.Message, reply: dns.message.Message, age: float
    ) -> dns.message.Message | None:
        cut = copy.copy(reply)
        cut.flags |= dns.flags.TC
        cut.sections = [list(section) for section in reply.sections]
        cut.additional.clear()
        cut.answer.clear()
        for rrset in reply.answer:
            half = list(rrset)[: len(rrset) // 2]
            if half:
                cut.answer.append(dns.rrset.from_rdata_list(rrset.name, rrset.ttl, half))
        return cut


@dataclass(frozen=True, slots=True)
class Stale(Fault):
    """A cache in between keeps each answer, NXDOMAIN too, while the cluster changes.

    It fills when the fault begins and again after each `duration_s` seconds; TTLs count down to
    the next filling and, as from CoreDNS's cache, never show 0.
    """

    duration_s: float
    name: ClassVar[str] = "stale"

    def moment(self, since: float, now: float) -> float:
        return since + max(0.0, now - since) // self.duration_s * self.duration_s

    def spoil(
        self, query: dns.message.Message, reply: dns.message.Message, age: float
    ) -> dns.message.Message | None:
        left = max(1, math.ceil(self.duration_s - age))
        aged = copy.copy(reply)
        question, *sections = reply.sections
        aged.sections = [list(question)]
        for section in sections:
            rrsets = (dns.rrset.from_rdata_list(s.name, left, list(s)) for s in section)
            aged.sections.append(list(rrsets))
        return aged


HEALTHY = Fault()
KNOWN = ("servfail", "timeout", "empty", "truncate", "stale=DURATION")
"""How each fault is written, for help texts and error sentences."""

_SIMPLE: dict[str, Fault] = {
    fault.name: fault for fault in (ServFail(), Timeout(), Empty(), Truncate())
}


def parse(text: str) -> Fault:
    """The fault that `text` names, such as `servfail` or `stale=30s`; or FaultError."""
    name, equals, value = text.strip().partition("=")
    if name in _SIMPLE:
        if equals:
            raise FaultError(f"the fault {name} takes no value: {name}")
        return _SIMPLE[name]
    if name != Stale.name:
        raise FaultError(f"unknown fault {name!r}; known are {', '.join(KNOWN)}")
    try:
        seconds = parse_duration(value)
    except ValueError as wrong:
        raise FaultError(f"the fault stale needs a time, as in stale=30s: {wrong}") from None
    if not seconds:
        raise FaultError("the fault stale=0s is none: give it more than 0s")
    return Stale(seconds)
