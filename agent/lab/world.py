"""A name server whose cluster and whose fault may be changed while it is asked.

It holds the cluster, as much of its past as the fault needs, and the fault, and swaps them as one
value under a lock. It must not know sockets (`server`) or clocks: `now` is an argument, in
seconds since the epoch, because the whole seconds of a change are the zone's SOA serial.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, replace

import dns.message
import dns.rdatatype
import dns.rrset

from agent.lab.cluster import Cluster
from agent.lab.faults import HEALTHY, Fault
from agent.lab.wire import encode, limit_of, read
from agent.lab.zone import answer


@dataclass(frozen=True, slots=True)
class Change:
    """A cluster, and the moment it became so."""

    at: float
    cluster: Cluster


@dataclass(frozen=True, slots=True)
class State:
    """What a name server knows: changes, oldest first and never none, and the fault that plays."""

    changes: tuple[Change, ...]
    fault: Fault = HEALTHY
    since: float = 0.0

    def seen(self, moment: float) -> Change:
        """The change that was the latest at that moment, or the oldest that is known."""
        past = [change for change in self.changes if change.at <= moment]
        return past[-1] if past else self.changes[0]

    def changed(self, change: Change) -> State:
        """With a further change, and without those that the fault can't reach back to any more."""
        oldest = self.seen(self.fault.moment(self.since, change.at))
        reachable = self.changes[self.changes.index(oldest) :]
        return replace(self, changes=(*reachable, change))


class Nameserver:
    """The answers of a cluster that changes. Every method may be called from any thread."""

    def __init__(self, cluster: Cluster, now: float, shuffle: bool = True) -> None:
        """`shuffle` mixes the addresses in each answer, as CoreDNS's loadbalance plugin does."""
        self._lock = threading.Lock()
        self._state = State((Change(now, cluster),))
        self._shuffle = shuffle

    @property
    def cluster(self) -> Cluster:
        """The cluster as it is now, whatever the fault makes of it."""
        return self._snapshot().changes[-1].cluster

    @property
    def fault(self) -> Fault:
        """The fault that plays; a plain `Fault` if none does."""
        return self._snapshot().fault

    def set(self, cluster: Cluster, now: float) -> None:
        """Make the cluster another one. One that is equal is no change."""
        with self._lock:
            if cluster != self._state.changes[-1].cluster:
                self._state = self._state.changed(Change(now, cluster))

    def play(self, fault: Fault, now: float) -> None:
        """Let a fault begin, in the place of the one that plays."""
        with self._lock:
            self._state = State(self._state.changes[-1:], fault, now)

    def clear(self) -> None:
        """Let the fault end."""
        with self._lock:
            self._state = State(self._state.changes[-1:])

    def respond(self, packet: bytes, transport: str, now: float) -> bytes | None:
        """The bytes to send back for the bytes of a query, or None for silence.

        `transport` is `udp` or `tcp`.
        """
        return respond(self._snapshot(), packet, transport, now, self._shuffle)

    def _snapshot(self) -> State:
        with self._lock:
            return self._state


def respond(state: State, packet: bytes, transport: str, now: float, shuffle: bool) -> bytes | None:
    """What `Nameserver.respond` says, worked out from one state; pure."""
    query = read(packet)
    if query is None or isinstance(query, bytes):
        return query
    moment = state.fault.moment(state.since, now)
    change = state.seen(moment)
    whole = answer(state.fault.world(change.cluster), query, int(change.at))
    if shuffle:
        _mix(whole)
    reply = state.fault.spoil(query, whole, now - moment)
    return None if reply is None else encode(reply, transport, limit_of(query, transport))


def _mix(reply: dns.message.Message) -> None:
    """Address records in an order that the query's random ID decides, so that nothing is drawn."""
    order = random.Random(reply.id)  # noqa: S311  # an order of records guards no secret
    for section in (reply.answer, reply.additional):
        for at, rrset in enumerate(section):
            if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA) and len(rrset) > 1:
                rdatas = list(rrset)
                order.shuffle(rdatas)
                section[at] = dns.rrset.from_rdata_list(rrset.name, rrset.ttl, rdatas)
    order.shuffle(reply.additional)
