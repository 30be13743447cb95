"""What happened in a run: the situations that the seeds have to bring about to be worth playing."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from agent.core.names import is_address
from agent.core.observation import Absent, Answered, Quiet, Unknown, Why
from agent.core.roll import Roll
from agent.core.serial import AGAIN, MISSES
from agent.formats import Withheld
from tests.simulation.agents import Disk
from tests.simulation.journal import (
    Ended,
    Event,
    Heard,
    Refused,
    Rolled,
    Said,
    Saw,
    Started,
    Turned,
)
from tests.simulation.run import Outcome

SITUATIONS = (
    "wait_for: predecessors",
    "wait_for: self",
    "wait_for: quorum",
    "wait_for: all",
    "wait_for: a number",
    "replicas unset",
    "without publishNotReadyAddresses",
    "OrderedReady that waits for more than there can be",
    "a gate that stays shut and says why",
    "caches of several ages",
    "a time to live that falls",
    "an answer that is stale",
    "a part of an answer",
    "a time to live of 0 for all records",
    "an observer that writes",
    "a Deployment's pod that writes",
    "a peer without a name",
    "a peer that lost its name",
    "a wrong setup",
    "on_empty: accept drops somebody",
    "once, then run",
    "a file that is withheld",
    "a write that fails",
    "a gate that gives up",
    "a gate that opens without all",
    "a peer that is dropped",
    "a peer that moves",
    "a long silence",
    "a quiet poll",
    "a serial that is news",
    "two changes in one second",
    "a change that no serial announced",
    "trust that ends",
)
_ENDS = {"it has done its work": "once, then run", "gave up": "a gate that gives up"}
_SAYINGS = {
    ("info", "dropped"): "a peer that is dropped",
    ("info", "readdressed"): "a peer that moves",
    ("warning", "gate"): "a gate that opens without all",
}


def situations(outcome: Outcome) -> set[str]:
    """Those of `SITUATIONS` that the run had."""
    found = set(_planned(outcome))
    for disk in outcome.disks:
        for event in disk.journal:
            found.update(_happened(event))
        found.update(_answered(outcome, disk))
        found.update(_by_serial(outcome, disk))
    for disk, _ in outcome.alive.values():
        last = next((e for e in reversed(disk.journal) if isinstance(e, Turned)), None)
        if outcome.plan.is_hopeless and last and last.end != "ready":
            found.add("a gate that stays shut and says why")
    return found


def _planned(outcome: Outcome) -> Iterator[str]:
    plan = outcome.plan
    wait_for = plan.gate.wait_for
    yield f"wait_for: {'a number' if isinstance(wait_for, int) else wait_for}"
    if plan.gate.replicas is None:
        yield "replicas unset"
    if not plan.publishes_not_ready:
        yield "without publishNotReadyAddresses"
    if plan.is_hopeless and plan.is_ordered:
        yield "OrderedReady that waits for more than there can be"
    if plan.ttl == 0:
        yield "a time to live of 0 for all records"
    if len({*plan.server_ttls, plan.node_ttl} - {0.0}) > 1:
        yield "caches of several ages"


def _happened(event: Event) -> Iterator[str]:
    match event:
        case Ended(why=why) if why in _ENDS:
            yield _ENDS[why]
        case Said(level=level, kind=kind) if (level, kind) in _SAYINGS:
            yield _SAYINGS[level, kind]
        case Refused():
            yield "a write that fails"
        case Rolled(content=Withheld()):
            yield "a file that is withheld"
        case Rolled(roll=Roll(me=None)):
            yield "an observer that writes"
        case Rolled(roll=roll) if roll.me and is_address(roll.me.fqdn):
            yield "a Deployment's pod that writes"
        case Rolled(roll=roll) if any(is_address(peer.fqdn) for peer in roll.peers):
            yield "a peer without a name"
        case Saw(seen=Absent(why=why)) if why not in {Why.NO_SUCH_NAME, Why.NO_DATA}:
            yield "a wrong setup"


@dataclass(slots=True)
class _Asked:
    """What one agent has heard of the serial, and what it asked for in the poll at hand."""

    known: set[int] = field(default_factory=set)
    news_at: float = 0.0
    heard: Heard | None = None
    misses: int = 0
    was_quiet: bool = False
    is_surprised: bool = False
    ends: bool = False
    answer: Answered | None = None


def _by_serial(outcome: Outcome, disk: Disk) -> Iterator[str]:
    """What came of asking by the serial: in polls right after those that brought nothing but it."""
    asked = _Asked()
    for event in disk.journal:
        match event:
            case Started():
                asked = _Asked()
            case Heard(serial=serial):
                asked.heard = event
                asked.misses = asked.misses + 1 if serial is None else 0
                is_untold = asked.is_surprised and serial in asked.known
                asked.ends = is_untold or asked.misses == MISSES
                asked.is_surprised = False
            case Saw(seen=seen):
                yield from _polled(asked, event, AGAIN + outcome.plan.longest_gap)
                asked.answer = seen if isinstance(seen, Answered) else asked.answer
                asked.was_quiet, asked.heard, asked.ends = isinstance(seen, Quiet), None, False


def _polled(asked: _Asked, event: Saw, second: float) -> Iterator[str]:
    seen, heard, before = event.seen, asked.heard, asked.answer
    if isinstance(seen, Quiet):
        yield "a quiet poll"
    elif asked.ends:
        yield "trust that ends"
    if heard and heard.serial is not None and heard.serial not in asked.known:
        asked.known.add(heard.serial)
        asked.news_at = event.at
        if asked.was_quiet:
            yield "a serial that is news"
    if heard or not asked.was_quiet or not isinstance(seen, Answered) or before is None:
        return
    if seen.endpoints == before.endpoints:
        return
    asked.is_surprised = event.at - asked.news_at > second
    if asked.is_surprised:
        yield "a change that no serial announced"
    else:
        yield "two changes in one second"


def _answered(outcome: Outcome, disk: Disk) -> Iterator[str]:
    """What one answer after another had."""
    ttl, doubts = 0.0, 0
    named: set[str] = set()
    was_nobody = False
    for event in disk.journal:
        if isinstance(event, Said) and event.kind == "dropped" and was_nobody:
            yield "on_empty: accept drops somebody"
        if not isinstance(event, Saw):
            continue
        seen = event.seen
        was_nobody = isinstance(seen, Absent) and outcome.plan.rules.accept_empty
        doubts = doubts + 1 if isinstance(seen, Unknown) else 0
        if doubts == 5:
            yield "a long silence"
        if isinstance(seen, Answered):
            if not seen.is_whole:
                yield "a part of an answer"
            if seen.ttl == 0 < outcome.plan.ttl:
                yield "an answer that is stale"
            elif 0 < (seen.ttl or 0.0) < ttl:
                yield "a time to live that falls"
            ttl = seen.ttl or 0.0
            nameless = {e.fqdn for e in seen.endpoints if is_address(e.fqdn)}
            if nameless & named:
                yield "a peer that lost its name"
            named |= {a for e in seen.endpoints if not is_address(e.fqdn) for a in e.addresses}
