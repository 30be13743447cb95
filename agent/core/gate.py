"""The startup gate: may the database start, with the peers that are known now?

The gate holds back the first files until those peers are there that the operator wants to wait for.
It never waits for a pod that cannot exist yet: under OrderedReady Kubernetes makes a pod only when
all lower ordinals are ready, so the default is to wait for just those. `quorum`, `all` and a number
above 1 are for `podManagementPolicy: Parallel`.
"""

from dataclasses import dataclass
from itertools import islice
from typing import Literal

from agent.core.membership import Membership
from agent.core.roll import Peer

# So many of the missing are named: enough to act on.
SHOWN = 3
NOT_READY = "not ready without publishNotReadyAddresses: true"

WaitFor = Literal["predecessors", "self", "quorum", "all"] | int


@dataclass(frozen=True, slots=True)
class GateRules:
    """What the operator set. `wait_timeout` in seconds; `replicas` None where it is unknown.

    `is_to_be_listed`: DNS has to list this pod too, as peer-finder demands.
    """

    wait_for: WaitFor = "predecessors"
    wait_timeout: float = 240.0
    proceed_at_timeout: bool = False
    replicas: int | None = None
    start_ordinal: int = 0
    is_to_be_listed: bool = False

    @property
    def asks(self) -> str:
        """For whom it waits, in a phrase: a gate that opened for others has to open again."""
        of = f" of {self.replicas}" if self.wait_for in ("quorum", "all") else ""
        return f"{self.wait_for}{of}"


@dataclass(frozen=True, slots=True)
class Open:
    """The files may be written, and the database may start.

    `although`: who is missing all the same, where the operator said to proceed without them.
    """

    reason: str
    although: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not yet. `reason` says who is missing, and why that may be."""

    reason: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Not in time, for the same reason, and what DNS said last instead of peers."""

    reason: str


Gate = Open | Waiting | TimedOut


def judge(state: Membership, rules: GateRules, waited: float, last_doubt: str = "") -> Gate:
    """Judges the gate after `waited` seconds; `last_doubt` is why DNS last gave no peers."""
    is_answered = state.is_answered and state.generation > 0
    missing = _missing(state, rules) if is_answered else _unanswered(state, rules)
    if not missing:
        return Open(f"every peer that wait_for: {rules.wait_for} asks for is listed")
    if waited < rules.wait_timeout:
        return Waiting(missing)
    if rules.proceed_at_timeout and is_answered:
        return Open(f"proceeding after {rules.wait_timeout:g} s, as on_timeout says", missing)
    return TimedOut(f"{missing}; DNS says: {last_doubt}" if last_doubt else missing)


def _unanswered(state: Membership, rules: GateRules) -> str:
    """Why what DNS said so far is not enough to go by."""
    if state.alone is None:
        return "DNS has not named anybody yet"
    if not state.identity.is_member:
        return f"DNS names nobody under {state.identity.service.fqdn}"
    if rules.is_to_be_listed and not state.is_listed:
        return _unlisted(state)
    needed = state.alone.until - state.alone.since
    return (
        f"DNS names nobody but {state.identity.label}, which is believed when it has said so for "
        f"{needed:.0f} s: it may be a cache's word"
    )


def _unlisted(state: Membership) -> str:
    me = state.identity
    return f"{me.label} is not in DNS under {me.service.fqdn} ({NOT_READY})"


def _missing(state: Membership, rules: GateRules) -> str:
    """Who is missing, in a phrase that says why that may be; empty if nobody is."""
    if rules.is_to_be_listed and not state.is_listed:
        return _unlisted(state)
    match rules.wait_for:
        case "self":
            return ""
        case "predecessors":
            return _missing_predecessors(state, rules)
        case "quorum":
            return _missing_members(state, (rules.replicas or 0) // 2 + 1)
        case "all":
            return _missing_members(state, rules.replicas or 0)
        case int(number):
            return _missing_members(state, number)


def _missing_predecessors(state: Membership, rules: GateRules) -> str:
    me = state.identity
    numbers = range(rules.start_ordinal, me.ordinal or 0)
    lower, listed = (f"{me.set_name}-{n}" for n in numbers), state.listed
    absent = list(islice((name for name in lower if name not in listed), SHOWN + 1))
    if not absent:
        return ""
    more = len(absent) > SHOWN
    names = ", ".join(absent[:SHOWN]) + (" and others" if more else "")
    if {Peer(t.fqdn).name for t in state.tracked if not t.sighting.missed} >= set(absent):
        return f"{names} {'is' if len(absent) == 1 else 'are'} in DNS, and count once that lasts"
    why = "not running, called otherwise" if me.service.is_bare else f"not started, {NOT_READY}"
    return (
        f"{names} {'is' if len(absent) == 1 else 'are'} not in DNS under {me.service.fqdn} ({why}, "
        "or the set starts at a higher ordinal: then set start_ordinal)"
    )


def _missing_members(state: Membership, wanted: int) -> str:
    listed, me = len(state.listed), state.identity
    if listed >= wanted:
        return ""
    if me.service.is_bare:
        why = "the others do not run, or are called otherwise"
    elif me.ordinal is None:
        why = f"the others are not started, or {NOT_READY}"
    else:
        why = (
            "those that are not ready are listed only with publishNotReadyAddresses: true; under "
            "podManagementPolicy: OrderedReady later pods don't exist before this one is ready: "
            "then wait_for must be predecessors"
        )
    return f"{listed} of {wanted} members are in DNS under {me.service.fqdn} ({why})"
