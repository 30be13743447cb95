"""Bootstrap advice: may the database of this pod found a new cluster, or has it to join one?

It only says whether founding looks safe; nothing here or behind it founds anything. The rules,
which `advise` applies in this order:

| evidence                                            | advice                               |
|-----------------------------------------------------|--------------------------------------|
| the marker: this pod had a cluster before           | join                                 |
| the database's folder holds something               | join                                 |
| a peer answers on the cluster's port                | join                                 |
| this pod has not the lowest ordinal of its set      | join: it may always, it never founds |
| any of these, or who is there, can't be told        | unknown                              |
| the operator did not allow `first`                  | unknown                              |
| none of these                                       | first                                |

A sign of a cluster comes before everything that can't be told: no doubt makes joining wrong. And
whatever is not known stands against `first`, because a wrong `join` or `unknown` costs a wait, and
a wrong `first` a second cluster of the same name (rabbitmq-server issue 13043).
"""

from dataclasses import dataclass

from agent.core.finding import CantTell, Finding, No, Yes
from agent.core.membership import Membership
from agent.core.names import split_ordinal
from agent.core.roll import Roll, Word

# So many of the peers are named in a reason: enough to act on.
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Advice:
    """One of three words, and a sentence that says by which evidence."""

    word: Word
    reason: str


_NOT_ALLOWED = (
    "first is not allowed: set bootstrap.allow_first while the cluster is founded, and not after"
)
_UNRANKED = CantTell("nobody has looked at the ordinals")
_UNSEEN_MARKER = CantTell("nobody has looked for the marker")
_UNSEEN_DATA = CantTell("nobody has looked into the database's folder")
_UNLISTED = CantTell("DNS was not asked who is there")
_UNASKED = CantTell("no peer was asked whether it answers")


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the advice rests on. What nobody has looked at yet can't be told.

    `lowest`: this pod has the lowest ordinal of its set (`lowest`, below). `allowed`: the operator
    opted in to being told `first`. `marker`: this pod was seen to have a cluster before.
    `data`: the database's folder holds something. `listing`: it is known who is there
    (`listing`, below). `peers`: for each other peer, whether it answers on the cluster's port.
    """

    lowest: Finding = _UNRANKED
    allowed: bool = False
    marker: Finding = _UNSEEN_MARKER
    data: Finding = _UNSEEN_DATA
    listing: Yes | CantTell = _UNLISTED
    peers: tuple[Finding, ...] | CantTell = _UNASKED


def advise(evidence: Evidence) -> Advice:
    """The advice by the table above."""
    peers = () if isinstance(evidence.peers, CantTell) else evidence.peers
    for finding in (evidence.marker, evidence.data, *peers):
        if isinstance(finding, Yes):
            return Advice("join", finding.seen)
    if isinstance(evidence.lowest, No):
        return Advice("join", evidence.lowest.seen)
    against = _doubts(evidence)
    if not evidence.allowed:
        against.append(_NOT_ALLOWED)
    if against:
        return Advice("unknown", "; ".join(against))
    return Advice("first", "; ".join(_signs(evidence)))


def lasts(before: Advice | None, now: Advice) -> bool:
    """Whether the advice from before stays: to join is never wrong, and no doubt changes a file."""
    return before is not None and before.word == "join" and now.word == "unknown"


def _doubts(evidence: Evidence) -> list[str]:
    """Why founding may not be safe, for each thing that can't be told."""
    alone = (evidence.lowest, evidence.marker, evidence.data, evidence.listing)
    doubts = [finding.reason for finding in alone if isinstance(finding, CantTell)]
    match evidence.peers:
        case CantTell(reason):
            return [*doubts, reason]
        case peers:
            unsure = [finding.reason for finding in peers if isinstance(finding, CantTell)]
            return doubts + _shown(unsure)


def _signs(evidence: Evidence) -> list[str]:
    """What was seen of everything, where all could be told."""
    alone = (evidence.lowest, evidence.listing, evidence.marker, evidence.data)
    signs = [finding.seen for finding in alone if not isinstance(finding, CantTell)]
    peers = () if isinstance(evidence.peers, CantTell) else evidence.peers
    return signs + _shown([finding.seen for finding in peers if isinstance(finding, No)])


def _shown(phrases: list[str]) -> list[str]:
    more = len(phrases) - SHOWN
    return phrases[:SHOWN] + ([f"and {more} more"] if more > 0 else [])


def lowest(roll: Roll) -> Finding:
    """Whether this pod is the one that would found: it has the lowest ordinal of the only set.

    Two StatefulSets behind one service have two pods with ordinal 0, and each would found.
    """
    if roll.me is None:
        return No("an observer never founds")
    me = roll.me.name
    mine = split_ordinal(me)
    if mine is None or not roll.is_first:
        return No(f"{me} has not the lowest ordinal, {roll.start_ordinal}, and never founds")
    for peer in roll.others:
        other = split_ordinal(peer.name)
        if other is None or other[0] != mine[0]:
            return CantTell(
                f"{peer.name} is listed beside {me} and is no pod of {mine[0]}, so who of them is "
                "to found is not clear: give each StatefulSet its own service"
            )
        if other < mine:
            return No(f"{peer.name} has a lower ordinal, so {me} never founds")
    return Yes(f"{me} has the lowest ordinal")


def listing(state: Membership, now: float, longest_gap: float) -> Yes | CantTell:
    """Whether DNS's word on who is there is good enough to found a cluster on, at `now` (seconds).

    It has to be believed, and nobody new may wait to be. The last whole answer has to be at most
    `longest_gap` seconds old, and to list this pod where it is now: such an answer was made after
    this pod had its address, so it is none that a cache kept from before (kubernetes issue 92559);
    and it lists pods that are not ready, as this one is not while its database is down, so it hides
    no peer that runs and is not ready.
    """
    me = state.identity
    if not state.is_taken or state.pending is not None:
        return CantTell("DNS has not yet said who is there, or not for long enough to be believed")
    if state.answered_at is None or now - state.answered_at > longest_gap:
        return CantTell("DNS has not said lately who is there")
    if not me.addresses:
        return CantTell(
            f"{me.pod} does not know its address, so DNS's record of it may be an old one: set "
            "POD_IP or --pod-ip"
        )
    known = next((each for each in state.tracked if each.fqdn == me.fqdn), None)
    here = () if known is None or known.sighting.missed else known.addresses
    if not any(address in me.addresses and not seen.missed for address, seen in here):
        return CantTell(
            f"DNS does not list {me.pod} at {', '.join(me.addresses)}, so it may not list a peer "
            "that runs either: set publishNotReadyAddresses: true on the service; an answer from a "
            "cache is over in 30 s"
        )
    return Yes(f"DNS lists {me.pod} where it is")
