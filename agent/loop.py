"""The loop: the one place where deciding and doing meet, and where decisions are logged.

A turn asks DNS if a poll is due, lets the core judge, renders what the view demands, and does what
is then due: publish, notify. What it holds between turns is the core's frozen values. It reads no
clock and touches no file by itself: `Edges` does, and tests hand in their own.
"""

from dataclasses import replace
from enum import Enum
from pathlib import Path

from agent.core import membership
from agent.core.bootstrap import Advice, lasts, listing
from agent.core.gate import Gate, Open, TimedOut, Waiting, judge
from agent.core.hearing import Heard
from agent.core.memory import Memory
from agent.core.observation import Absent, Answered, Unknown
from agent.core.reconcile import Ledger, Unread
from agent.core.roll import Roll
from agent.core.schedule import Pace, next_poll
from agent.edges import Edges, Plan, Target
from agent.formats import FormatError, Withheld
from agent.keeping import Keeper
from agent.publish import PublishError, digest
from agent.telling import Teller

__all__ = ["Edges", "End", "Loop", "Plan", "Target"]


# Seconds. DNS that has answered for so long is well again, and its next trouble is news.
HEALTHY_AFTER = 60.0


class End(Enum):
    """How a loop ended by itself."""

    READY = "ready"
    TIMED_OUT = "timed out"


class Loop:
    """Keeps the targets true. `run` returns when it may; a signal ends it by an exception."""

    def __init__(self, plan: Plan, edges: Edges) -> None:
        self._plan = plan
        self._edges = edges
        self._started = self._next_poll = edges.clock.now()
        self._deadline = self._started + plan.gate.wait_timeout
        self._tell = Teller(edges.tell, edges.clock)
        self._keeper = Keeper(plan.identity, edges, self._tell)
        recalled = self._keeper.recall()
        self._state = recalled.membership
        self._ledgers = {
            target.path: Ledger(notified=recalled.notified.get(str(target.path))).saw(
                target.on_disk()
            )
            for target in edges.targets
        }
        self._advice: Advice | None = None
        self._heard = Heard()
        self._rendered: dict[Path, tuple[Roll, object, bytes | Withheld]] = {}
        self._is_open = self._was_open = recalled.opened_for == plan.gate.asks
        self._is_ready = False
        self._no_peers_because = ""
        self._doubted_at = self._started
        self._polls = 0
        self._pace = Pace()

    def run(self, *, until_ready: bool = False) -> End:
        """Turns until the gate's deadline passes, or for ever; `until_ready`: until it is open."""
        while True:
            end = self.turn()
            if end is End.TIMED_OUT or (end is End.READY and until_ready):
                return end
            self._edges.clock.wait_until(self.next_turn())

    def next_turn(self) -> float:
        """When there is something to do again (clock seconds)."""
        due = [
            self._next_poll,
            membership.due(self._state, self._plan.rules),
            None if self._is_ready else self._deadline,
        ]
        return min(time for time in due if time is not None)

    def turn(self) -> End | None:
        """Does all that is due now. None while the gate is shut and has time left."""
        now = self._edges.clock.now()
        if now >= self._next_poll:
            self._take(self._poll())
            me = self._plan.identity
            salt = f"{me.pod}.{me.service.fqdn} {self._polls}"
            self._next_poll = next_poll(now, self._plan.interval, self._pace, salt)
        else:
            self._take(membership.advance(self._state, now, self._plan.rules))
        self._remember()
        match self._judge_gate():
            case Waiting(reason):
                self._tell.seldom("gate", "info", reason, kind="waiting")
                return None
            case TimedOut(reason):
                return self._give_up(reason)
            case Open():
                end = self._keep_true()
        self._remember()  # and what was notified, which a restart must know too
        return end

    def _keep_true(self) -> End | None:
        """Writes and notifies what is due, with the gate open."""
        self._listen()
        problem = self._advise() or self._publish()
        if not problem:
            self._become_ready()
        if self._is_ready:
            self._notify()
            return End.READY
        return self._give_up(problem) if self._edges.clock.now() >= self._deadline else None

    def _listen(self) -> None:
        """Hears who answers, and tells what is new of that."""
        self._heard = self._edges.listen(self._roll(), is_urgent=not self._is_ready)
        self._tell.heard(self._heard)

    def _advise(self) -> str:
        """Takes new advice; why nothing is written without it, empty if that does not matter."""
        now = self._edges.clock.now()
        known = listing(self._state, now, self._plan.rules.longest_gap)
        advice = self._edges.advise(self._roll(), known)
        if advice is None or lasts(self._advice, advice):
            return ""
        self._tell.advice(self._advice, advice)
        self._advice = advice
        gate = self._plan.gate
        is_too_late = gate.proceed_at_timeout and now >= self._deadline
        if self._is_ready or advice.word != "unknown" or not self._plan.needs_advice or is_too_late:
            return ""
        return f"whether to found a cluster is not known: {advice.reason}"

    def _roll(self) -> Roll:
        gate, advice = self._plan.gate, self._advice
        roll = self._state.roll(gate.replicas, gate.start_ordinal)
        word = None if advice is None else advice.word
        return replace(roll, bootstrap=word, answering=self._heard.answering)

    def _waited(self) -> float:
        """Seconds since the start, in step with `_deadline` to the last bit."""
        now = self._edges.clock.now()
        least = self._plan.gate.wait_timeout if now >= self._deadline else 0.0
        return max(now - self._started, least)

    def _give_up(self, because: str) -> End:
        sentence = f"gave up after {self._plan.gate.wait_timeout:g} s: {because}"
        self._tell.now("error", sentence, kind="timed_out")
        return End.TIMED_OUT

    def _poll(self) -> membership.Step:
        seen = self._edges.observe()
        now = self._edges.clock.now()
        self._polls += 1
        match seen:
            case Unknown():
                self._pace = self._pace.doubted()
            case Answered(_, ttl):
                self._pace = self._pace.answered(ttl, now)
            case Absent():  # what a cache remembers of it, another DNS server may know better
                self._pace = Pace()
        if not isinstance(seen, Answered):
            self._no_peers_because = seen.reason
            self._doubted_at = now
        elif self._no_peers_because:
            self._no_peers_because = ""
            self._tell.recovered("dns", "DNS answers again", kind="recovered")
        elif now - self._doubted_at >= HEALTHY_AFTER:
            self._tell.is_over("dns")
        return membership.observe(self._state, seen, now, self._plan.rules)

    def _take(self, step: membership.Step) -> None:
        """Takes a step of the membership over, and tells what was decided."""
        before, self._state = self._state, step.state
        self._tell.decisions(step.decisions)
        if before.generation != step.state.generation:
            self._tell.members(step.state.peers, step.state.generation)
            if self._is_open and len(before.peers) > 1:
                self._tell_if_alone()

    def _remember(self) -> None:
        """Keeps what must outlive a restart, before anything is written that follows from it."""
        told = {str(path): led.notified for path, led in self._ledgers.items() if led.notified}
        opened_for = self._plan.gate.asks if self._is_open else ""
        self._keeper.remember(Memory(self._state, told, opened_for))

    def _judge_gate(self) -> Gate:
        """The gate, which stays open once it is."""
        if self._is_open:
            return Open("it was open before")
        gate = judge(self._state, self._plan.gate, self._waited(), self._no_peers_because)
        if isinstance(gate, Open):
            self._is_open = True
            reason = f"{gate.reason}, although {gate.although}" if gate.although else gate.reason
            self._tell.now("warning" if gate.although else "debug", reason, kind="gate")
            self._tell_if_alone()
        return gate

    def _tell_if_alone(self) -> None:
        me = self._plan.identity
        if len(self._state.peers) > 1 or self._plan.gate.replicas == 1 or not me.is_member:
            return
        sentence = (
            f"DNS names nobody but {me.label} under {me.service.fqdn}: if it has peers, its "
            "database must not start now, it might found a second cluster"
        )
        self._tell.now("warning", sentence, kind="alone")

    def _publish(self) -> str:
        """Writes each file that is due; why one could not be, empty if all are true."""
        roll = self._roll()
        problems = [self._publish_one(target, roll) for target in self._edges.targets]
        return "; ".join(problem for problem in problems if problem)

    def _publish_one(self, target: Target, roll: Roll) -> str:
        if target.is_kept:
            match target.on_disk():
                case Unread(reason, is_there=False):
                    sentence = f"whether there is a file {target.path} can't be told: {reason}"
                    self._tell.seldom(str(target.path), "error", sentence, kind="not_published")
                    return sentence
                case str() | Unread():
                    return ""
        try:
            content = self._render(target, roll)
            if isinstance(content, Withheld):
                return self._withhold(target, content)
            ledger = self._look_at(target).want(digest(content))
            self._ledgers[target.path] = ledger
            if ledger.is_publish_due:
                target.write(content)
                self._ledgers[target.path] = ledger.wrote(digest(content))
                self._tell.written(target, self._state.generation)
        except (FormatError, PublishError) as wrong:
            stays = "; the last good file stays" if self._ledgers[target.path].published else ""
            sentence = f"{wrong}{stays}"
            self._tell.seldom(str(target.path), "error", sentence, kind="not_published")
            return str(wrong)
        return ""

    def _withhold(self, target: Target, content: Withheld) -> str:
        """Tells why a file is not written; empty where an earlier life of this pod wrote it."""
        on_disk = target.on_disk()
        is_there = isinstance(on_disk, str) and bool(on_disk)  # and not a folder, or a pipe
        said = self._tell.withheld(target, content, self._heard, is_there=is_there)
        return "" if is_there and self._was_open else said

    def _look_at(self, target: Target) -> Ledger:
        """The ledger with what is on disk now, which somebody else may have changed."""
        ledger, on_disk = self._ledgers[target.path], target.on_disk()
        match on_disk:
            case Unread(reason) if ledger.published is not None:
                self._tell.unread(target, reason)
            case str() | None if ledger.published not in (None, on_disk):
                self._tell.meddling(target, is_removed=on_disk is None)
        return ledger.saw(on_disk)

    def _render(self, target: Target, roll: Roll) -> bytes | Withheld:
        """What the file is to hold, worked out once for each roll, and each base file."""
        before, stamp, content = self._rendered.get(target.path, (None, None, b""))
        now = target.made_of()
        if before != roll or stamp != now:
            content = target.render(roll)
            self._rendered[target.path] = (roll, now, content)
        return content

    def _become_ready(self) -> None:
        """Opens the gate, once: who reads the files for the first time need not be told of them.

        After a restart of the agent the reader may be running, and is told of what changed since.
        """
        if self._is_ready:
            return
        self._is_ready = True
        self._ledgers = {
            path: led if led.notified else led.told(led.published)
            for path, led in self._ledgers.items()
        }
        took = self._edges.clock.now() - self._started
        sentence = f"the gate is open: all files are written, after {took:.1f} s"
        self._tell.now("info", sentence, kind="ready", seconds=round(took, 3))

    def _notify(self) -> None:
        """Tells of what was written, and if that fails, again at the next turn.

        Not while a file is still to be written: the roll that is told is what is in the files.
        """
        ledgers = self._ledgers.values()
        if any(led.is_publish_due for led in ledgers) or not any(
            led.is_notify_due for led in ledgers
        ):
            return
        if self._edges.notify(self._roll()):
            self._ledgers = {path: led.told(led.published) for path, led in self._ledgers.items()}
