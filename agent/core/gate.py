"""The startup gate: may the database start, with the peers that are known now?

The gate holds back the first files until those peers are there that the operator wants to wait for.
It never waits for a pod that cannot exist yet: under OrderedReady Kubernetes makes a pod only when
all lower ordinals are ready, so the default is to wait for just those. `quorum`, `all` and a number
above 1 are for `podManagementPolicy: Parallel`.
"""

from dataclasses import dataclass
from typing import Literal

from agent.core.membership import Membership

WaitFor = Literal["predecessors", "self", "quorum", "all"] | int


@dataclass(frozen=True, slots=True)
class GateRules:
    """What the operator set. `wait_timeout` in seconds; `replicas` None where it is unknown."""

    wait_for: WaitFor = "predecessors"
    wait_timeout: float = 240.0
    proceed_at_timeout: bool = False
    replicas: int | None = None
    start_ordinal: int = 0


@dataclass(frozen=True, slots=True)
class Open:
    """The files may be written, and the database may start."""

    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not yet. `reason` says who is missing."""

    reason: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Not in time. `reason` says who is missing, and why that may be."""

    reason: str


Gate = Open | Waiting | TimedOut


def judge(state: Membership, rules: GateRules, waited: float, last_doubt: str = "") -> Gate:
    """Judges the gate after `waited` seconds; `last_doubt` is why DNS last gave no peers."""
    doubt = f"; DNS says: {last_doubt}" if last_doubt else ""
    if not (state.is_answered and state.generation):
        return _late("DNS has not named anybody yet" + doubt, rules, waited, openable=False)
    if missing := _missing(state, rules):
        return _late(missing + doubt, rules, waited, openable=True)
    return Open(f"all that wait_for: {rules.wait_for} asks for are listed")


def _late(missing: str, rules: GateRules, waited: float, *, openable: bool) -> Gate:
    if waited < rules.wait_timeout:
        return Waiting(missing)
    if rules.proceed_at_timeout and openable:
        return Open(f"proceeding after {rules.wait_timeout:g} s as told, although {missing}")
    return TimedOut(missing)


def _missing(state: Membership, rules: GateRules) -> str:
    """Who is missing, in a phrase that says why that may be; empty if nobody is."""
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
    lower = (f"{me.set_name}-{n}" for n in range(rules.start_ordinal, me.ordinal))
    absent = [name for name in lower if name not in state.listed]
    if not absent:
        return ""
    return (
        f"{_some(absent)} not in DNS under {me.service.fqdn} (not started, not ready without "
        "publishNotReadyAddresses: true, or the set starts at a higher ordinal: then set "
        "start_ordinal)"
    )


def _missing_members(state: Membership, wanted: int) -> str:
    listed = len(state.listed)
    if listed >= wanted:
        return ""
    return (
        f"{listed} of {wanted} members are in DNS under {state.identity.service.fqdn} "
        "(under podManagementPolicy: OrderedReady later pods don't exist before this one is "
        "ready: then wait_for must be predecessors)"
    )


def _some(names: list[str]) -> str:
    """`db-0, db-1 and 7 more are`: long enough to act on, short enough to read."""
    shown = ", ".join(names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{shown}{more} {'is' if len(names) == 1 else 'are'}"
