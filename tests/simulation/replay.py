"""Prints the timeline of a seed: `python -m tests.simulation.replay SEED [SECONDS]`.

What the cluster did, what DNS said, what the agents decided and what was written; in the end the
promises that were broken. SECONDS ends the turmoil earlier.
"""

import sys
from collections.abc import Iterator

from agent.core.observation import Answered, Observation, Quiet
from agent.core.roll import Peer
from agent.formats import Withheld
from tests.simulation.audit import broken
from tests.simulation.journal import (
    Called,
    Damaged,
    Ended,
    Event,
    Heard,
    Refused,
    Remembered,
    Rolled,
    Said,
    Saw,
    Started,
    Told,
    Turned,
    Wrote,
)
from tests.simulation.run import Outcome, simulate
from tests.simulation.scenario import scenario_of


def timeline(outcome: Outcome) -> list[str]:
    """Every line of the story, in the order of time."""
    rows = [(at, "cluster", sentence) for at, sentence in outcome.notes]
    rows += [
        (each.start, "trouble", f"{each.kind} until {each.end:.3f} (by {each.whom})")
        for each in outcome.plan.in_dns
        if each.start < outcome.plan.turmoil
    ]
    for disk in outcome.disks:
        rows += [(event.at, disk.owner, text) for event in disk.journal for text in _told_by(event)]
    rows += [
        (at, "BROKEN", f"{promise}: {sentence}")
        for promise, (at, sentence) in broken(outcome).items()
    ]
    rows.sort(key=lambda row: row[0])
    return [f"{at:9.3f} {who:8} {what}" for at, who, what in rows]


def _told_by(event: Event) -> Iterator[str]:
    match event:
        case Started(clock=clock, addresses=own, is_new_pod=is_new):
            where = "in a new pod" if is_new else "again"
            yield f"starts {where} with {' '.join(own) or 'no address'}, its clock at {clock:.3f}"
        case Saw(asked=asked, clock=clock, seen=seen):
            yield f"DNS, after {clock - asked:.3f} s: {_seen(seen)}"
        case Heard(serial=serial):
            yield f"the zone's serial is {serial or 'not to be had'}"
        case Said(kind=kind, sentence=sentence):
            yield f"  {kind}: {sentence}"
        case Turned(clock=clock, due=due, end=end):
            yield f"  waits {max(0.0, due - clock):.3f} s, {end or 'the gate is shut'}"
        case Ended(why=why):
            yield f"is gone: {why}"
        case _:
            yield f"  {_done(event)}"


def _done(event: Event) -> str:
    match event:
        case Rolled(path=path, roll=roll, content=Withheld()):
            return f"withholds {path} for generation {roll.generation}"
        case Rolled(path=path, roll=roll):
            return f"renders {path} for generation {roll.generation}"
        case Wrote(path=path, content=content):
            return f"writes {path}: {content.decode()!r}"
        case Refused(path=path):
            return f"can't write {path}"
        case Remembered():
            return "keeps its state"
        case Damaged():
            return "its state is damaged"
        case Called():
            return "calls its hook"
        case Told(arrived=arrived):
            return f"its hook {'has told the database' if arrived else 'failed'}"
        case _:
            return type(event).__name__


def _seen(seen: Observation | Quiet) -> str:
    if isinstance(seen, Quiet):
        return "nothing has changed"
    if not isinstance(seen, Answered):
        return f"{type(seen).__name__}: {seen.reason}"
    parts = (f"{Peer(e.fqdn).name} {'+'.join(e.addresses) or '?'}" for e in seen.endpoints)
    return f"{', '.join(parts)} (ttl {seen.ttl:.1f})"


def shortest(seed: int, promise: str) -> float:
    """The shortest turmoil, in steps of 5 s, after which the seed still breaks the promise."""
    whole = scenario_of(seed).turmoil
    for steps in range(int(whole / 5) + 1):
        if promise in broken(simulate(seed, 5.0 * steps)):
            return 5.0 * steps
    return whole


def main() -> None:
    """Prints the settings and the timeline."""
    if len(sys.argv) not in {2, 3}:
        sys.exit("usage: python -m tests.simulation.replay SEED [SECONDS]")
    outcome = simulate(int(sys.argv[1]), *map(float, sys.argv[2:]))
    print(outcome.plan)
    print("\n".join(timeline(outcome)))


if __name__ == "__main__":
    main()
