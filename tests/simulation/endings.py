"""The promises on a run as a whole: what is so in the end, and how often a file may change."""

from collections.abc import Iterator
from itertools import pairwise

from agent import formats
from agent.core.membership import LONGEST_SETTLE
from agent.core.observation import Absent, Answered, Endpoint, Why
from agent.core.roll import Peer, Roll
from agent.core.schedule import LONGEST_GAP
from tests.simulation.agents import MAIN, PEERS, Disk, fits
from tests.simulation.journal import Damaged, Refused, Rolled, Said, Saw, Started, Turned, Wrote
from tests.simulation.reader import Reader, place_of
from tests.simulation.run import LATENCY, Outcome
from tests.simulation.scenario import TIMEOUT
from tests.simulation.world import SERVICE

# Seconds: more than an agent takes to start again and to hear of those who are listed.
OPENS_IN = 30.0
MENDS = ("wait_for must be predecessors", "publishNotReadyAddresses: true")
Element = tuple[str, str]  # a name and an address of it; the address is empty for the name itself


def convergence(outcome: Outcome) -> Iterator[str]:
    """Once DNS is whole and still, the file is the cluster, and stays so."""
    if outcome.still_from is None:
        return
    for pod, (disk, _) in outcome.alive.items():
        own = {address for of in _itself(outcome, pod).values() for address in of}
        others = {e.fqdn: e.addresses for e in outcome.records if e.fqdn not in own}
        wanted = others | _itself(outcome, pod)
        lines = (f"{name} {' '.join(wanted[name])}\n" for name in sorted(wanted, key=place_of))
        text = "".join(lines).encode()
        if disk.files.get(MAIN) != text:
            yield f"{pod} has {disk.files.get(MAIN)!r}, and not {text!r}"
        yield from _second_true(outcome, pod, wanted)
        for event in reversed(disk.journal):
            if event.at <= outcome.true_from:
                break
            if isinstance(event, Wrote):
                yield f"{pod} wrote {event.path} at {event.at:.3f}, when all was true"


def freshness(outcome: Outcome) -> Iterator[str]:
    """Once all of DNS has a change, it is asked for in time, whatever serials say.

    After an outage polls may be `LONGEST_GAP` apart.
    """
    if outcome.still_from is None:
        return
    there = {(e.fqdn, *sorted(e.addresses)) for e in outcome.records}
    plan = outcome.plan
    well_by = plan.turmoil + plan.slowness + LONGEST_GAP
    for pod, (disk, _) in outcome.alive.items():
        started = max(event.at for event in disk.journal if isinstance(event, Started))
        by = max(outcome.known_by, well_by, started) + plan.unasked + LATENCY
        polls = (e for e in reversed(disk.journal) if isinstance(e, Saw) and e.at <= by)
        last = next((e.seen for e in polls if isinstance(e.seen, Answered)), Answered(()))
        if {(e.fqdn, *sorted(e.addresses)) for e in last.endpoints} != there:
            yield f"{pod} had not asked who is there by {by:.3f}"


def _itself(outcome: Outcome, pod: str) -> dict[str, tuple[str, ...]]:
    """A pod as its own file names it, which an observer's does not."""
    _, it = outcome.alive[pod]
    if it.ordinal is None:
        return {}
    return {it.addresses[0] if outcome.plan.is_deployment else SERVICE.pod(pod): it.addresses}


def _second_true(outcome: Outcome, pod: str, wanted: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """The second file is of the same roll as the first."""
    plan, (disk, it) = outcome.plan, outcome.alive[pod]
    form = formats.load(plan.second_output or "list")
    if not plan.second_output or not fits(form, plan, it):
        return
    peers = tuple(Peer(name, wanted[name]) for name in sorted(wanted, key=place_of))
    me = next((peer for peer in peers if peer.fqdn in _itself(outcome, pod)), None)
    roll = Roll(SERVICE, me, peers, 1, plan.gate.replicas, plan.start_ordinal)
    text = formats.render(formats.Recipe(form), roll)
    if not isinstance(text, formats.Withheld) and disk.files.get(PEERS / form.header.file) != text:
        yield f"{pod} has {disk.files.get(PEERS / form.header.file)!r}, and not {text!r}"


def opening(outcome: Outcome) -> Iterator[str]:
    """Once nothing happens any more, every gate is open.

    But for one that waits for more members than are listed, which only its setting can mend: it
    says so.
    """
    plan = outcome.plan
    if outcome.still_from is None and not plan.is_hopeless:
        yield "the cluster did not come to rest: some pod waits for ever"
    for pod, (disk, _) in outcome.alive.items():
        ends = (event.end for event in reversed(disk.journal) if isinstance(event, Turned))
        if next(ends, "") == "ready":
            continue
        there = {endpoint.fqdn for endpoint in outcome.records} | _itself(outcome, pod).keys()
        if not plan.is_hopeless or (len(there) >= plan.wanted and outcome.quiet_for > OPENS_IN):
            yield f"the gate of {pod} is not open in the end, with {len(there)} listed"
        elif outcome.quiet_for > OPENS_IN and there and not _says_how_to_mend(disk):
            yield f"the gate of {pod} does not say which setting keeps it shut"


def _says_how_to_mend(disk: Disk) -> bool:
    said = [event.sentence for event in reversed(disk.journal) if isinstance(event, Said)]
    return any(mend in sentence for sentence in said for mend in MENDS)


def last_news(outcome: Outcome, readers: dict[str, Reader]) -> Iterator[str]:
    """In the end the database has been told of the file that is there, if it began with another.

    Or a hook does so just now.
    """
    for pod in outcome.alive:
        at = readers[pod]
        if not at.life.is_calling and at.file != (at.baseline if at.told is None else at.told):
            yield f"{pod} was not told of {at.file!r}"


def flapping(outcome: Outcome, disk: Disk) -> Iterator[str]:
    """While the cluster stays as it is, a file changes only as often as its answers can demand.

    What all answers agree on, and the file has, can't change it. Anything else, a name or one of
    its addresses, can come and go; but between two comings it has to be forgotten, for which no
    answer may have it for `forget_after`. That makes ⌊length / forget_after⌋ + 1 times that it goes
    at most, and once more that it comes, whatever the number of polls.
    """
    rules = outcome.plan.rules
    edges = [0.0, *outcome.changes, outcome.true_from or outcome.plan.turmoil]
    openings = _openings(disk)
    grace = LONGEST_SETTLE * rules.settle + TIMEOUT
    for start, end in pairwise(edges):
        if end - start - grace < 5 or not rules.forget_after:
            continue
        events = [event for event in disk.journal if start < event.at < end]
        later = [event for event in events if event.at > start + grace]
        writes = [e for e in later if isinstance(e, Wrote) and e.path == str(MAIN)]
        if not writes or any(isinstance(event, Refused | Damaged) for event in events):
            continue
        if writes[0].before is None:  # the gate opens
            continue
        disputed = _disputed(outcome, [e for e in events if isinstance(e, Saw)], writes[0].before)
        goes = int((end - start) / rules.forget_after) + 1
        opens = sum(start < at < end for at in openings)
        allowed = disputed * (2 * goes + 1) + opens
        if len(writes) > allowed:
            yield (
                f"{disk.owner}'s file changed {len(writes)} times from {start:.3f} to {end:.3f}, "
                f"{allowed} at most for {disputed} things that answers disagree on"
            )


def _openings(disk: Disk) -> list[float]:
    """When an agent began to write: the first time that it rendered, in each of its lives."""
    found: list[float] = []
    is_first = False
    for event in disk.journal:
        if isinstance(event, Started):
            is_first = True
        elif isinstance(event, Rolled) and is_first:
            found.append(event.at)
            is_first = False
    return found


def _disputed(outcome: Outcome, polls: list[Saw], file: bytes) -> int:
    """How many names and addresses not all of the answers and the file have."""
    everything, agreed = elements_of(file), elements_of(file)
    for poll in polls:
        match poll.seen:
            case Answered(endpoints):
                listed = _elements(endpoints)
                everything |= listed
                bare = {endpoint.fqdn for endpoint in endpoints if not endpoint.addresses}
                agreed = {e for e in agreed if e in listed or (e[1] and e[0] in bare)}
            case Absent(_, Why.NO_SUCH_NAME | Why.NO_DATA) if outcome.plan.rules.accept_empty:
                agreed = set()
    return len(everything - agreed)


def _elements(endpoints: tuple[Endpoint, ...]) -> set[Element]:
    return {(e.fqdn, a) for e in endpoints for a in ("", *e.addresses)}


def elements_of(file: bytes) -> set[Element]:
    """The names in a file, and each of their addresses."""
    rows = (line.split() for line in file.decode().splitlines())
    return {(name, address) for name, *addresses in rows for address in ("", *addresses)}
