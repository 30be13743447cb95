"""What was decided, about whom and why: the sentences that logs carry, in one place."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from agent.core.identity import Identity
from agent.core.roll import Peer
from agent.core.sightings import Tracked


class Did(Enum):
    """What a decision did; the words are those that logs carry as `kind`."""

    ADDED = "added"
    READDRESSED = "readdressed"
    MISSING = "missing"
    RETURNED = "returned"
    DROPPED = "dropped"
    UNLISTED = "unlisted"
    MISPLACED = "misplaced"
    KEPT = "kept"
    REMARK = "remark"


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing that was decided, about whom (empty: the whole set), and why, in a sentence."""

    did: Did
    about: str
    reason: str


def added(peer: Peer, why: str) -> Decision:
    """A new member."""
    return Decision(Did.ADDED, peer.name, f"add {peer.name}: {why}, {_where(peer)}")


def readdressed(old: Peer, new: Peer) -> Decision:
    """A member at another address."""
    was = ", ".join(old.addresses) or "no address"
    reason = f"{new.name} moved: {was} is now {_where(new)}"
    return Decision(Did.READDRESSED, new.name, reason)


def missing(known: Tracked, forget_after: float) -> Decision:
    """A member that an answer lacks for the first time."""
    name = Peer(known.fqdn).name
    reason = f"keep {name}: missing from DNS, held for {forget_after:.0f} s"
    return Decision(Did.MISSING, name, reason)


def returned(known: Tracked, now: float) -> Decision:
    """A member that was missing and is listed again."""
    name = Peer(known.fqdn).name
    gone = known.sighting.missing_for(now)
    return Decision(Did.RETURNED, name, f"keep {name}: listed again after {gone:.0f} s")


def dropped(known: Tracked, now: float) -> Decision:
    """A member that was missing for too long."""
    name, missed = Peer(known.fqdn).name, known.sighting.missed
    gone = known.sighting.missing_for(now)
    reason = f"drop {name}: missing for {gone:.0f} s, in {missed} answers"
    return Decision(Did.DROPPED, name, reason)


def named(address: str) -> Decision:
    """A member without a name, which DNS has a name for now."""
    reason = f"drop {address}: DNS has the name of this address now"
    return Decision(Did.DROPPED, address, reason)


def unlisted(me: Identity, forget_after: float) -> Decision:
    """This pod, which DNS has not listed for a long time."""
    reason = f"DNS has not listed {me.label} under {me.service.fqdn} for {forget_after:.0f} s: "
    if me.service.is_bare:
        reason += (
            "no container of that name runs (where --replicas is not set, its container_name has "
            f"to be {me.label})"
        )
    elif me.ordinal is None:
        reason += "set publishNotReadyAddresses: true on the service, and check its selector"
    else:
        reason += (
            "set publishNotReadyAddresses: true on the service, and check that the StatefulSet's "
            f"serviceName is {me.service.name}"
        )
    return Decision(Did.UNLISTED, me.label, reason)


def misplaced(me: Identity, elsewhere: Sequence[str]) -> Decision:
    """This pod, which DNS has at another address than its own."""
    reason = (
        f"DNS has {me.label} at {', '.join(elsewhere)}, but this pod is at "
        f"{', '.join(me.addresses)}: its own address is used; peers may go to the other one while "
        "a DNS cache has it, or while an older pod of this name still runs"
    )
    return Decision(Did.MISPLACED, me.label, reason)


def remark(sentence: str) -> Decision:
    """Something that is odd about the setup, although it works."""
    return Decision(Did.REMARK, "", sentence)


def kept(peers: int, reason: str) -> Decision:
    """The whole list, which stays as it is."""
    known = f"keep the list of {peers}" if peers else "no peers known yet"
    return Decision(Did.KEPT, "", f"{known}: {reason}")


def _where(peer: Peer) -> str:
    return ", ".join(peer.addresses) or "no address yet"
