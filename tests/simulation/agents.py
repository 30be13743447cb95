"""The agents: the real loop over edges of the simulation's own, in pods that may die any time."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any, TypeVar

from agent import formats
from agent.core.delivery import Arrived, DeliveryRules, Lost, Outcome
from agent.core.identity import Identity
from agent.core.names import is_address
from agent.core.notice import Notice
from agent.core.observation import Observation, Quiet, Unknown
from agent.core.roll import Roll
from agent.edges import Notifier
from agent.loop import Edges, End, Loop, Plan, Target
from agent.publish import PublishError, digest
from tests.simulation.agenda import Agenda
from tests.simulation.asking import Asked, ways
from tests.simulation.dns import Dns
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
from tests.simulation.scenario import Scenario
from tests.simulation.world import SERVICE, Pod

PEERS = Path("/peers")
MAIN = PEERS / "peers.list"
POINTS = ("ask", "remember", "remembered", "write", "written", "told")

Seen = TypeVar("Seen", Observation, Observation | Quiet)
MOST_SPINS = 20  # turns in no time, after which a run would not end by itself


class Killed(BaseException):
    """The agent's process is gone in the middle of what it did."""


@dataclass(slots=True, eq=False)
class Disk:
    """The volume that the pod's containers share, and the journal of who wrote to it."""

    owner: str
    files: dict[Path, bytes] = field(default_factory=dict)
    state: bytes | None = None
    full_until: float = -1.0
    journal: list[Event] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an agent lives in."""

    plan: Scenario
    agenda: Agenda
    dns: Dns
    opened: Callable[[Pod], None]
    chance: Random


def listed(roll: Roll) -> bytes:
    """The format that the properties can read back: a line for each peer."""
    return "".join(f"{peer.fqdn} {' '.join(peer.addresses)}\n" for peer in roll.peers).encode()


def fits(form: formats.Format, plan: Scenario, pod: Pod) -> bool:
    """Whether a format can be rendered for a pod: some need this pod, or its ordinal."""
    return not form.header.needs or (pod.ordinal is not None and not plan.is_deployment)


class Agent:
    """The agent of one pod, through all its restarts."""

    def __init__(self, around: Surroundings, pod: Pod, disk: Disk) -> None:
        self._around = around
        self._plan = around.plan
        self._agenda = around.agenda
        self.pod = pod
        self.disk = disk
        self.is_over = False
        self.dies_at = ""
        self.deaf_until = -1.0
        self._loop: Loop | None = None
        self._life = 0
        self._has_opened = False
        self._is_once = around.plan.has_once
        self._is_answered = self._is_open = False
        self._spins = self._calls = 0
        self._hook_ends = math.inf
        self._clock = self._began = self._began_at = 0.0
        self.new_clock()

    def new_clock(self) -> None:
        """As on another node, or after this one was started again."""
        self._ahead = self._around.chance.choice((0.0, 12.7, 70626.1, 3141592.653))
        self._ahead -= self._agenda.now * self._around.chance.choice((0, 1))

    @property
    def is_well(self) -> bool:
        """Whether it runs with its gate open, waits for its next turn, and DNS answered last."""
        is_idle = self._loop is not None and self._at() <= self._agenda.now
        return is_idle and self._is_answered and self._is_open

    def start(self) -> None:
        """Starts, or starts again."""
        if self.is_over:
            return
        self._life += 1
        self._clock = self._began = self._agenda.now + self._ahead
        self._began_at = self._agenda.now
        me, is_new_pod = self._identity(), self._life == 1
        name = me.fqdn if me.is_member else ""
        self._write_down(Started(self._agenda.now, self._clock, name, me.addresses, is_new_pod))
        its = self._plan
        plan = Plan(me, its.rules, its.gate, its.interval, notifies=not self._is_once)
        self._hook_ends = math.inf
        asked = Asked(self._around.dns, self.pod.name, self)
        self._ways = ways(its, asked, self.pod.name, self._unix_time)
        self._loop, self._is_open = Loop(plan, self._edges()), False
        self._turn()

    def _identity(self) -> Identity:
        pod, nothing = self.pod, MappingProxyType[str, str]({})
        if pod.ordinal is None:
            return Identity(pod.name, "", None, SERVICE, (), nothing, is_member=False)
        if self._plan.is_deployment:
            return Identity(pod.name, "", None, SERVICE, pod.addresses, nothing)
        own = pod.addresses if self._plan.knows_own_address else ()
        return Identity(pod.name, "db", pod.ordinal, SERVICE, own, nothing)

    def kill(self, why: str, again_after: float | None) -> None:
        """Ends the process at once; it is started again if the pod is still there."""
        if self._loop is None:
            return
        self._loop = None
        self._life += 1
        self._write_down(Ended(self._at(), why))
        if again_after is not None:
            self._agenda.after(again_after, self.start)

    def damage(self, how: int) -> None:
        """Leaves a state document behind that is torn, or another's."""
        if self.disk.state is not None and not self.is_over:
            of_another = self.disk.state.replace(b"prod", b"test")
            kinds = (self.disk.state[:-20], of_another, b"", b"[1]")
            self.disk.state = kinds[how % len(kinds)]
            self._write_down(Damaged(self._agenda.now))

    def _turn(self) -> None:
        if self._loop is None:
            return
        self._began, self._began_at = self._clock, self._agenda.now
        try:
            end = self._loop.turn()
        except Killed as killed:
            self.kill(f"killed at: {killed}", 0.5)
            return
        due = min(self._loop.next_turn(), self._hook_ends)  # it wakes the loop
        outcome = end.value if end else ""
        self._write_down(Turned(self._at(), self._clock, self._began, due, outcome))
        self._is_open = end is End.READY
        self._spins = self._spins + 1 if due <= self._began else 0
        if end is End.TIMED_OUT or self._spins == MOST_SPINS:
            self.kill("gave up" if end else "it spins", 1.0)
            return
        if end is End.READY and not self._has_opened:
            self._has_opened = True
            self._around.opened(self.pod)
        if end is End.READY and self._is_once:  # the init container is done, the sidecar comes
            self._is_once = False
            self.kill("it has done its work", 0.2)
            return
        when = self._at() + max(0.0, due - self._clock)
        life, then = self._life, max(due, self._clock)
        self._agenda.at(when, lambda: self._wake(life, then))

    def _wake(self, life: int, then: float) -> None:
        """Turns at exactly the time that was asked for, if it is still the same process."""
        if life == self._life:
            self._clock = then
            self._turn()

    def _at(self) -> float:
        """The world's time at which the agent is, which is ahead of others during a turn."""
        return self._began_at + (self._clock - self._began)

    def _write_down(self, event: Event) -> None:
        self.disk.journal.append(event)

    def _edges(self) -> Edges:
        targets = [self._target(MAIN, listed)]
        form = formats.load(self._plan.second_output or "list")
        if self._plan.second_output and fits(form, self._plan, self.pod):
            targets.append(
                self._target(
                    PEERS / form.header.file, lambda r: formats.render(formats.Recipe(form), r)
                )
            )
        ask, at_rest = self._ways
        return Edges(
            observe=lambda: self._observe(ask),
            observe_at_rest=None if at_rest is None else lambda: self._observe(at_rest),
            clock=self,
            targets=tuple(targets),
            tell=self._tell,
            notifiers=(Notifier("reload", self._call, DeliveryRules()),),
            recall=lambda: self.disk.state,
            remember=self._remember,
        )

    # The edges.

    def now(self) -> float:
        """The agent's clock."""
        return self._clock

    def wait_until(self, then: float) -> None:
        """The simulation turns the loop by itself: nobody waits in here."""
        raise NotImplementedError

    def _may_die(self, point: str) -> None:
        if self.dies_at == point:
            self.dies_at = ""
            raise Killed(point)

    def _unix_time(self) -> float:
        """The time of day on its node."""
        serials = self._plan.serials
        return self._at() + (serials.epoch + serials.off if serials else 0.0)

    def passed(self, seconds: float) -> None:
        """It waited for so long."""
        self._clock += seconds

    def heard(self, serial: int | None) -> None:
        """It asked for the zone's serial."""
        self._write_down(Heard(self._at(), serial))

    def _observe(self, ask: Callable[[], Seen]) -> Seen:
        asked = self._clock
        self._may_die("ask")
        seen = ask()
        self._is_answered = not isinstance(seen, Unknown)
        self._write_down(Saw(self._at(), self._clock, asked, seen))
        return seen

    def _target(self, path: Path, form: Callable[[Roll], bytes | formats.Withheld]) -> Target:
        def render(roll: Roll) -> bytes | formats.Withheld:
            content = form(roll)
            self._write_down(Rolled(self._at(), self._clock, str(path), roll, content))
            return content

        def write(content: bytes) -> None:
            self._may_die("write")
            if self._at() < self.disk.full_until:
                self._write_down(Refused(self._at(), str(path)))
                raise PublishError(f"{path} was not written: the volume is full")
            before = self.disk.files.get(path)
            self.disk.files[path] = content
            self._write_down(Wrote(self._at(), self._clock, str(path), content, before))
            self._may_die("written")

        def on_disk() -> str | None:
            return digest(self.disk.files[path]) if path in self.disk.files else None

        return Target(path.name, path, render, write, on_disk)

    def _remember(self, state: bytes) -> None:
        self._may_die("remember")
        if self._at() < self.disk.full_until:
            raise PublishError("the state was not written: the volume is full")
        self.disk.state = state
        self._write_down(Remembered(self._at()))
        self._may_die("remembered")

    def _call(self, notice: Notice) -> "Hook":
        self._write_down(Called(self._at(), listed(notice.roll)))
        self._calls += 1
        takes = Random(f"{self.pod.name} {self._calls}").choice((0.0, 0.0, 0.3, 7.0))
        self._hook_ends = self._clock + takes
        return Hook(self, listed(notice.roll), self._hook_ends)

    def hook_ends(self, content: bytes) -> Outcome:
        """A hook that was given this content has ended."""
        self._hook_ends = math.inf
        arrived = self._at() >= self.deaf_until
        self._write_down(Told(self._at(), content, arrived))
        if arrived:
            self._may_die("told")
        return Arrived() if arrived else Lost("is deaf")

    def _tell(self, level: str, sentence: str, /, *, kind: str, **more: Any) -> None:
        names = more.get("peers", ())
        peers = tuple(name if is_address(name) else SERVICE.pod(name) for name in names)
        self._write_down(Said(self._at(), level, kind, sentence, peers))


@dataclass(frozen=True, slots=True)
class Hook:
    """A hook of an agent that runs until `ends` (seconds of the agent's clock)."""

    agent: Agent
    content: bytes
    ends: float

    def outcome(self) -> Outcome | None:
        """How it ended."""
        return None if self.agent.now() < self.ends else self.agent.hook_ends(self.content)

    def end(self) -> None:
        """It is killed with the agent."""
