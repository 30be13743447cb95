"""What must hold of every run: each promise is one check with its own sentence.

A check is handed each event of a journal, with the reader as it was before that event and the books
as they are after it, and yields what is wrong.
"""

from collections.abc import Callable, Iterator

from agent.core.membership import LONGEST_SETTLE
from agent.core.observation import Unknown
from agent.core.schedule import EARLY, EARLY_IN_DOUBT, LATE
from agent.formats import Withheld
from tests.simulation.agents import MAIN
from tests.simulation.journal import Called, Event, Rolled, Saw, Turned, Wrote
from tests.simulation.reader import Reader, names_in, ordinal_of, place_of
from tests.simulation.scenario import TIMEOUT, Scenario
from tests.simulation.world import SERVICE

EPSILON = 1e-6  # seconds that adding up may lose
Check = Callable[[Reader, Event], Iterator[str]]


def evidence(at: Reader, event: Event) -> Iterator[str]:
    """Nobody leaves a file without the evidence for it."""
    for name in leaving(at, event):
        if name == at.books.me:
            yield f"{name}, the agent's own, left the file"
        elif belief := at.books.names.get(name):
            yield f"{name} left the file, although only {belief.missed} answers lacked it"


def truth_of_bytes(at: Reader, event: Event) -> Iterator[str]:
    """The same set gives the same bytes, other bytes only are written, and nobody is invented."""
    if isinstance(event, Rolled):
        roll = event.roll
        before = at.rendered.get((event.path, roll.me, frozenset(roll.peers)), event.content)
        if before != event.content:
            yield f"one set was rendered as {before!r} and as {event.content!r}"
        for peer in roll.peers:
            for address in peer.addresses:
                is_own = peer.fqdn == at.books.me and address in at.books.own
                if not is_own and (peer.fqdn, address) not in at.books.ever:
                    yield f"{peer.fqdn} with {address} was in no answer"
    if isinstance(event, Wrote):
        if event.content == event.before:
            yield f"{event.path} was written although its bytes did not change"
        if event.content != at.life.contents.get(event.path):
            yield f"{event.path} was written with something else than was rendered last"


def causes(at: Reader, event: Event) -> Iterator[str]:
    """Each write has a cause of its own: somebody or an address that came or was forgotten."""
    if isinstance(event, Wrote) and event.path == str(MAIN) and at.writes >= at.books.reasons:
        yield f"{at.writes + 1} writes, and only {at.books.reasons} things that changed"


def order(at: Reader, event: Event) -> Iterator[str]:
    """This pod is always in the roll, if it is a member; that is sorted and has nobody twice."""
    if not isinstance(event, Rolled):
        return
    names = [peer.fqdn for peer in event.roll.peers]
    places = [place_of(name) for name in names]
    if places != sorted(set(places)):
        yield f"the roll is not sorted: {' '.join(names)}"
    own = [peer for peer in event.roll.peers if peer.fqdn == at.books.me]
    if own != ([event.roll.me] if at.books.me else []) or bool(event.roll.me) != bool(own):
        yield f"this pod is not in the roll once, or is and only looks on: {' '.join(names)}"
    elif at.books.own and own[0].addresses != at.books.own:
        yield f"this pod has {own[0].addresses}, not its own {at.books.own}"


def generations(at: Reader, event: Event) -> Iterator[str]:
    """The generation grows by one when the view changes, and only then."""
    if not isinstance(event, Rolled) or event.path != str(MAIN) or at.life.roll is None:
        return
    before, now = at.life.roll, event.roll
    if now.generation != before.generation + 1:
        yield f"generation {before.generation} was followed by {now.generation}"
    if now.peers == before.peers:
        yield f"generation {now.generation} has the same peers as the one before"


def gate(at: Reader, event: Event) -> Iterator[str]:
    """The gate opens no sooner than it may, and once it may.

    It may where DNS has answered in this life and all are listed that it waits for, or at its
    deadline if told so, or at once if it was open for this very pod before.
    """
    life, plan, books = at.life, at.plan, at.books
    if life.roll is not None:
        return
    if isinstance(event, Rolled) and event.path == str(MAIN) and not life.was_open:
        waited = event.clock - life.started.clock
        if not books.is_answered:
            yield f"it opened although DNS had not answered {waited:.3f} s after the start"
        missing = lacking(at, {peer.fqdn for peer in event.roll.peers})
        if missing and not may_proceed(at, event.clock):
            yield f"it opened although {missing}"
    if isinstance(event, Turned):
        waited = event.clock - life.started.clock
        if event.end == "timed out" and waited < plan.gate.wait_timeout - EPSILON:
            yield "it gave up before its time"
        if may_proceed(at, event.clock) and event.end == "timed out":
            yield "it gave up although it was told to proceed"
        if life.was_open:
            yield "it is shut, although it was open for this pod"
        may = books.is_answered and not lacking(at, set(books.view()))
        life.may_open_from = (life.may_open_from or event.clock) if may else None
        if late(plan, life.may_open_from, event.clock):
            yield f"it is shut, although all that it waits for is listed since {life.may_open_from}"


def files_first(at: Reader, event: Event) -> Iterator[str]:
    """Nothing starts without its files: the gate is open once each is on disk as it is to be.

    One that an earlier life of this very pod left is good enough, as its database runs on that.
    """
    life = at.life
    if not isinstance(event, Turned) or event.end != "ready" or life.is_ready:
        return
    for path, content in life.contents.items():
        if life.was_open and path in at.files:
            continue
        if at.files.get(path) != content:
            yield f"the gate is open without {path}"


def restarts(at: Reader, event: Event) -> Iterator[str]:
    """A restart changes no file by itself, and nobody leaves one because of it.

    For that the view is kept before a file is written from it.
    """
    life = at.life
    if isinstance(event, Wrote) and event.path == str(MAIN):
        if names_in(event.content) != at.kept.view:
            yield "it was written before the view was kept"
        if life.file is not None and life.was_true and not life.has_heard:
            yield "it was written after a restart with nothing heard from DNS"
    for name in leaving(at, event):
        if name in at.books.names and life.roll is None:
            yield f"{name} left the file when the agent was started again"


def outages(at: Reader, event: Event) -> Iterator[str]:
    """What is not known changes no file, however long it lasts."""
    life = at.life
    if not isinstance(event, Wrote) or life.saw is None or life.was_refused:
        return
    is_outage = isinstance(life.saw.seen, Unknown)
    settled_by = life.heard_at + LONGEST_SETTLE * at.plan.rules.settle + TIMEOUT
    if is_outage and event.clock > settled_by and event.clock != life.opened_at:
        yield f"{event.path} was written {event.clock - life.heard_at:.3f} s into an outage"


def turns(at: Reader, event: Event) -> Iterator[str]:
    """The loop never turns for nothing, and polls once in an interval, a little early or late.

    After a poll that brought nothing, or what a cache had, it may wait for longer.
    """
    life = at.life
    if isinstance(event, Saw) and life.asked_before is not None:
        gap = event.asked - life.asked_before
        early = EARLY if life.shortest_gap == life.longest_gap else EARLY_IN_DOUBT
        if gap < life.shortest_gap * (1 - early) - EPSILON:
            yield f"it asked again after {gap:.6f} s"
        if gap > max(life.longest_gap * (1 + LATE), life.took_before) + EPSILON:
            yield f"it did not ask for {gap:.6f} s"
    if isinstance(event, Turned) and life.saw:
        if not life.has_polled and not life.has_changed and event.end != "timed out":
            yield f"it turned for nothing at {event.began}"
        if event.due > life.saw.asked + life.longest_gap * (1 + LATE) + EPSILON:
            yield f"it would not ask before {event.due - life.saw.asked:.6f} s"


def agreement(at: Reader, event: Event) -> Iterator[str]:
    """What DNS says is in the view: an address at once, a name within five times `settle`.

    The first answer that names others is the view at once.
    """
    life = at.life
    if not isinstance(event, Turned):
        return
    wanted = at.books.view()
    if life.is_first and life.view != set(wanted):
        yield f"the first answer was not taken at once: {sorted(life.view)}"
    if life.roll is None:
        return
    has = {peer.fqdn: peer.addresses for peer in life.roll.peers}
    for name in wanted:
        if name in has and has[name] != wanted[name]:
            yield f"{name} has {has[name]}, and not {wanted[name]}"
    if has.keys() == wanted.keys() or not at.books.is_answered:
        life.differs_from = None
    elif life.differs_from is None:
        life.differs_from = event.clock
    if late(at.plan, life.differs_from, event.clock):
        yield f"the view is {sorted(has)}, and not {sorted(wanted)}, since {life.differs_from}"


def settling(at: Reader, event: Event) -> Iterator[str]:
    """Nobody comes or goes in a file before the list has settled, so that a burst is one write."""
    life, settle = at.life, at.plan.rules.settle
    if not isinstance(event, Rolled) or life.roll is None or event.path != str(MAIN):
        return
    names = {peer.fqdn for peer in event.roll.peers}
    if life.is_first or names == {peer.fqdn for peer in life.roll.peers}:
        return
    calm = event.clock - at.books.changed_at
    since = event.clock if life.unsettled_from is None else life.unsettled_from
    if calm < settle - EPSILON and event.clock - since < LONGEST_SETTLE * settle - EPSILON:
        yield f"it was rendered {calm:.3f} s after the list changed"


def news(at: Reader, event: Event) -> Iterator[str]:
    """The database is told of each change of its files, of what is in them, and once."""
    if isinstance(event, Called):
        is_early = at.baseline is None and at.books.own and not at.life.was_open
        if is_early and not at.may_have_missed:  # what a damaged state had of that nobody knows
            yield "it was told of a file before its database could have started"
        if event.content != at.file:
            yield f"it was told of {event.content!r} while the file was {at.file!r}"
        if event.content == at.told and not at.is_unsure and at.life.saw and at.lives == 1:
            yield f"it was told twice of {event.content!r}"
        if at.life.is_calling:
            yield "two hooks ran at a time"


def founding(at: Reader, event: Event) -> Iterator[str]:
    """No file makes a database found a cluster by itself: the first pod may name itself, if alone.

    A file whose database would is withheld, which is so for nobody who has peers.
    """
    if not isinstance(event, Rolled) or "cassandra" not in event.path:
        return
    me, roll = at.books.me, event.roll
    is_first = ordinal_of(me) == at.plan.start_ordinal
    if isinstance(event.content, Withheld):
        if roll.others or is_first:
            yield f"it was withheld although there are {len(roll.others)} others"
        return
    seeds = event.content.decode().partition('- seeds: "')[2].partition('"')[0].split(",")
    if seeds == [""]:
        yield "it names no seed"
    if me in seeds and (roll.others or not is_first):
        yield f"it names this pod as a seed beside {len(roll.others)} others"


def leaving(at: Reader, event: Event) -> list[str]:
    """Who was in the view before, or in what is left of it from an earlier life, and is not now."""
    if not isinstance(event, Rolled) or event.path != str(MAIN):
        return []
    before = {peer.fqdn for peer in at.life.roll.peers} if at.life.roll else at.life.inherited
    return sorted(before - {peer.fqdn for peer in event.roll.peers})


def lacking(at: Reader, view: set[str]) -> str:
    """Whom the gate has to wait for, by the words of its setting; empty if nobody.

    Of the view only those count whom DNS has listed since the agent started, and this pod.
    """
    plan, me = at.plan, at.books.me
    names = {name for name in view if name in at.books.listed} | ({me} if me else set())
    if plan.gate.wait_for == "predecessors":
        if not me or plan.is_deployment:
            return ""
        lower = (SERVICE.pod(f"db-{n}") for n in range(plan.start_ordinal, ordinal_of(me)))
        missing = [name for name in lower if name not in names]
        return f"{' '.join(missing)} are missing" if missing else ""
    short = len(names) < plan.wanted
    return f"{len(names)} are listed, not {plan.wanted}" if short else ""


def may_proceed(at: Reader, clock: float) -> bool:
    """Whether the gate may open although somebody is missing."""
    rules, waited = at.plan.gate, clock - at.life.started.clock
    return (
        rules.proceed_at_timeout and at.books.is_answered and waited >= rules.wait_timeout - EPSILON
    )


def late(plan: Scenario, since: float | None, now: float) -> bool:
    """Whether something lasts for longer than a list may take to settle."""
    return since is not None and now - since > LONGEST_SETTLE * plan.rules.settle + EPSILON
