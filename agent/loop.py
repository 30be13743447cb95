"""The loop: the one place where deciding and doing meet, and where decisions are logged.

A turn asks DNS if a poll is due, lets the core judge, writes what the view demands, tells those who
are to be told, and shows what is. What it holds between turns is the core's frozen values. It reads
no clock and touches no file by itself: `Edges` does, and tests hand in their own.
"""

from dataclasses import replace
from enum import Enum

from agent.core import membership
from agent.core.bootstrap import Advice, lasts, listing
from agent.core.delivery import stamp_of
from agent.core.gate import Gate, Open, TimedOut, Waiting, judge
from agent.core.hearing import Heard
from agent.core.memory import Memory
from agent.core.observation import Quiet
from agent.core.roll import Roll
from agent.core.snapshot import Snapshot
from agent.delivering import Deliveries
from agent.edges import Edges, Plan, Target, nobody_listens
from agent.keeping import Keeper
from agent.polling import Poller
from agent.publishing import Publisher
from agent.telling import Teller

__all__ = ["Edges", "End", "Loop", "Plan", "Target"]


# Seconds. What has ended, and nobody waits for, is nothing but a number until it is taken leave of.
REAP_EVERY = 10.0


class End(Enum):
    """How a loop ended by itself."""

    READY = "ready"
    TIMED_OUT = "timed out"


class Loop:
    """Keeps the targets true, and those informed who are to be.

    `run` returns when it may; a signal ends it by an exception. `close` ends what it has started.
    """

    def __init__(self, plan: Plan, edges: Edges) -> None:
        self._plan = plan
        self._edges = edges
        self._started = self._reap_at = edges.clock.now()
        self._deadline = self._started + plan.gate.wait_timeout
        self._tell = Teller(edges.tell, edges.clock)
        self._keeper = Keeper(plan.identity, edges, self._tell)
        recalled = self._keeper.recall()
        self._state = recalled.membership
        self._publisher = Publisher(edges.targets, self._tell, edges.clock)
        self._deliveries = Deliveries(edges.notifiers, recalled.told, self._tell, edges.clock)
        self._advice: Advice | None = None
        self._heard = Heard()
        self._last_roll = self._state.roll(plan.gate.replicas, plan.gate.start_ordinal)
        self._roll_of: object = None
        self._is_open = self._was_open = recalled.opened_for == plan.gate.asks
        self._is_ready = False
        self._gate = "DNS was not asked yet"
        self._poller = Poller(plan, edges, self._tell)
        self._is_resting = False
        self._shown = self._snapshot()

    def run(self, *, until_ready: bool = False) -> End:
        """Turns until the gate's deadline passes, or for ever; `until_ready`: until it is open."""
        while True:
            end = self.turn()
            if end is End.TIMED_OUT or (end is End.READY and until_ready):
                return end
            self._edges.clock.wait_until(self.next_turn())

    def next_turn(self) -> float:
        """When there is something to do again (clock seconds)."""
        if self._is_resting:
            return self._poller.due
        due = [
            self._poller.due,
            membership.due(self._state, self._plan.rules),
            None if self._is_ready else self._deadline,
            self._deliveries.next(),
        ]
        return min(time for time in due if time is not None)

    def close(self) -> None:
        """Ends what it has started: it is done again after a restart."""
        self._deliveries.close()

    def turn(self) -> End | None:
        """Does all that is due now. None while the gate is shut and has time left."""
        now, before = self._edges.clock.now(), self._state
        if now >= self._reap_at:
            self._edges.reap()
            self._reap_at = now + REAP_EVERY
        if now >= self._poller.due:
            self._take(self._poll())
        else:
            self._take(membership.advance(self._state, now, self._plan.rules))
        self._is_resting = self._is_idle(before)
        end = End.READY if self._is_resting else self._follow()
        self._show(self._at_rest() if self._is_resting else self._snapshot())
        return end

    def _follow(self) -> End | None:
        """Does what follows from the members as they are now."""
        self._remember()
        match self._judge_gate():
            case Waiting(reason):
                self._gate = reason
                self._tell.seldom("gate", "info", reason, kind="waiting")
                return None
            case TimedOut(reason):
                self._gate = reason
                return self._give_up(reason)
            case Open():
                end = self._keep_true()
        self._remember()  # and what was notified, which a restart must know too
        return end

    def _is_idle(self, before: membership.Membership) -> bool:
        """Whether nothing follows: the same answer at rest, untouched files, nobody to be told."""
        edges, rest = self._edges, self._state.rest
        is_same = self._is_ready and rest is not None and rest is before.rest
        is_asked = edges.advise is not None or edges.listen is not nobody_listens
        return is_same and not is_asked and self._deliveries.is_idle and self._publisher.is_idle

    def _keep_true(self) -> End | None:
        """Writes and notifies what is due, with the gate open."""
        self._listen()
        if not self._is_ready:
            self._gate = "the files are being written"
            self._show(self._snapshot())  # a check may take its time
        problem = self._advise() or self._publisher.publish(self._roll(), self._heard)
        # In an earlier life of this pod all was written, and its database runs on that.
        if not problem or (self._was_open and self._publisher.are_there):
            self._become_ready(problem)
        if self._is_ready:
            if self._plan.notifies and self._publisher.written is not None:
                self._deliveries.turn(*self._news())
                self._remember()
                self._deliveries.start()
            return End.READY
        self._gate = problem
        return self._give_up(problem) if self._edges.clock.now() >= self._deadline else None

    def _listen(self) -> None:
        """Hears who answers, and tells what is new of that."""
        self._heard = self._edges.listen(self._roll(), is_urgent=not self._is_ready)
        self._tell.heard(self._heard)

    def _advise(self) -> str:
        """Takes new advice; why nothing is written without it, empty if that does not matter."""
        if self._edges.advise is None:
            return ""
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
        """The roll as it is now: the same one, while nothing in it has changed."""
        state, gate, advice = self._state, self._plan.gate, self._advice
        made_of = (state.peers, state.generation, advice, self._heard.answering)
        if made_of != self._roll_of:
            roll = state.roll(gate.replicas, gate.start_ordinal)
            word = None if advice is None else advice.word
            self._last_roll = replace(roll, bootstrap=word, answering=self._heard.answering)
            self._roll_of = made_of
        return self._last_roll

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
        """Asks DNS, and judges what it says."""
        seen = self._poller.poll(at_rest=self._is_ready and self._state.rest is not None)
        if isinstance(seen, Quiet):
            return membership.Step(self._state)
        return membership.observe(self._state, seen, self._poller.ended, self._plan.rules)

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
        opened_for = self._plan.gate.asks if self._is_open else ""
        self._keeper.remember(Memory(self._state, self._deliveries.told, opened_for))

    def _judge_gate(self) -> Gate:
        """The gate, which stays open once it is."""
        if self._is_open:
            return Open("it was open before")
        gate = judge(self._state, self._plan.gate, self._waited(), self._poller.polls.reason)
        if isinstance(gate, Open):
            self._is_open = True
            self._gate = gate.reason
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

    def _become_ready(self, problem: str) -> None:
        """Opens the gate, once."""
        if not problem:
            self._gate = "all files are written"
        if self._is_ready:
            return
        self._is_ready = True
        if problem:
            self._gate = f"it was open before this restart, although {problem}"
        self._deliveries.begin(*self._news())
        took = self._edges.clock.now() - self._started
        sentence = f"the gate is open: {self._gate}, after {took:.1f} s"
        self._tell.now("info", sentence, kind="ready", seconds=round(took, 3))

    def _news(self) -> tuple[str, Roll]:
        """What stands for the content of all files, and the roll that they are of."""
        return stamp_of(self._publisher.published), self._publisher.written or self._roll()

    def _show(self, snapshot: Snapshot) -> None:
        self._shown = snapshot
        self._edges.show(snapshot)

    def _at_rest(self) -> Snapshot:
        """What was shown last, with the little that a turn changes which brings nothing."""
        return self._shown._replace(polls=self._poller.polls, next_poll=self._poller.due)

    def _snapshot(self) -> Snapshot:
        plan = self._plan
        return Snapshot(
            me=plan.identity,
            membership=self._state,
            rules=plan.rules,
            roll=self._roll(),
            started=self._started,
            next_poll=self._poller.due,
            patience=plan.patience,
            is_ready=self._is_ready,
            gate=self._gate,
            polls=self._poller.polls,
            advice=self._advice,
            outputs=self._publisher.states,
            notifiers=self._deliveries.states,
        )
