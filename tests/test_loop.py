"""The loop over the real core, with edges of the tests' own: time is a number that is set."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from agent.core.bootstrap import Advice
from agent.core.delivery import Arrived, DeliveryRules, Lost, Outcome
from agent.core.finding import CantTell, Yes
from agent.core.gate import GateRules
from agent.core.hearing import Heard
from agent.core.identity import Identity
from agent.core.membership import Rules
from agent.core.notice import Notice
from agent.core.observation import Absent, Answered, Endpoint, Observation, Unknown, Why
from agent.core.reconcile import Unread
from agent.core.roll import Roll, Service
from agent.core.snapshot import Snapshot
from agent.edges import Notifier, nobody_listens
from agent.formats import Withheld
from agent.loop import Edges, End, Loop, Plan, Target
from agent.publish import PublishError, digest

SERVICE = Service("db", "prod", "cluster.local")
DOWN = Unknown("10.96.0.10:53 answered SERVFAIL")
FILE = Path("/peers/peers.list")


def listed(*ordinals: int) -> Answered:
    """An answer that lists these pods."""
    return Answered(tuple(Endpoint(SERVICE.pod(f"db-{n}"), (f"10.0.0.{n + 2}",)) for n in ordinals))


def names(roll: Roll) -> bytes:
    """A format of the tests' own: one name after the other."""
    return " ".join(peer.name for peer in roll.peers).encode()


@dataclass(frozen=True)
class Ended:
    """A try to tell that ended at once."""

    how: Outcome

    def outcome(self) -> Outcome | None:
        return self.how

    def end(self) -> None:
        raise NotImplementedError


@dataclass
class World:
    """All edges of a loop at once. `dns` says what DNS answers from then on."""

    now: float = 1000.0
    dns: Observation = DOWN
    disk: dict[Path, bytes] = field(default_factory=dict)
    unread: Unread | None = None
    is_full: bool = False
    is_deaf: bool = False
    writes: list[bytes] = field(default_factory=list)
    told: list[Roll] = field(default_factory=list)
    shown: list[Snapshot] = field(default_factory=list)
    log: list[tuple[float, str, str, str]] = field(default_factory=list)
    asked_at: list[float] = field(default_factory=list)
    reaped_at: list[float] = field(default_factory=list)
    answer_takes: float = 0.0
    memory: bytes | None = None
    advice: Advice | None = None
    certain: list[Yes | CantTell] = field(default_factory=list)
    heard: Heard = field(default_factory=Heard)
    is_urgent: list[bool] = field(default_factory=list)

    def listen(self, _: Roll, /, *, is_urgent: bool) -> Heard:
        self.is_urgent.append(is_urgent)
        return self.heard

    def advise(self, roll: Roll, listing: Yes | CantTell) -> Advice | None:
        self.certain.append(listing)
        return self.advice

    def observe(self) -> Observation:
        self.asked_at.append(self.now)
        self.now += self.answer_takes
        return self.dns

    def wait_until(self, then: float) -> None:
        self.now = max(self.now, then)

    def target(self, path: Path = FILE, render: Callable[[Roll], Any] = names) -> Target:
        def write(content: bytes) -> None:
            if self.is_full:
                raise PublishError(f"{path} was not written: the volume is full")
            self.disk[path] = content
            self.writes.append(content)

        def on_disk() -> str | Unread | None:
            if self.unread is not None:
                return self.unread
            return digest(self.disk[path]) if path in self.disk else None

        return Target("names", path, render, write, on_disk)

    def refuse(self, _: bytes) -> None:
        raise PublishError("/full/a was not written: the volume is full")

    def start(self, notice: Notice) -> Ended:
        if self.is_deaf:
            return Ended(Lost("is deaf"))
        self.told.append(notice.roll)
        return Ended(Arrived())

    def tell(self, level: str, sentence: str, /, *, kind: str, **_: Any) -> None:
        self.log.append((self.now, level, kind, sentence))

    def recall(self) -> bytes | None:
        return self.memory

    def remember(self, content: bytes) -> None:
        if self.is_full:
            raise PublishError("/peers/.state was not written: the volume is full")
        self.memory = content

    def said(self, kind: str) -> list[str]:
        return [sentence for _, _, k, sentence in self.log if k == kind]

    def loop(
        self, pod: str = "db-1", gate: GateRules | None = None, *targets: Target, **odd: Any
    ) -> "Running":
        ordinal = int(pod[3:])
        address = odd.get("address", f"10.0.0.{ordinal + 2}")
        own = Identity(pod, "db", ordinal, SERVICE, (address,), MappingProxyType({}))
        me = odd.get("me", own)
        clock = _Clock(self)
        edges = Edges(
            self.observe,
            clock,
            targets or (self.target(),),
            self.tell,
            odd.get("notifiers", (Notifier("exec reload", self.start, DeliveryRules()),)),
            self.recall,
            self.remember,
            odd.get("advise"),
            odd.get("listen", nobody_listens),
            self.shown.append,
            lambda: self.reaped_at.append(self.now),
        )
        rules = Rules(settle=odd.get("settle", 0.0), forget_after=30.0)
        interval, needs_advice = odd.get("interval", 1.0), odd.get("needs_advice", False)
        notifies = odd.get("notifies", True)
        plan = Plan(me, rules, gate or GateRules(), interval, needs_advice, notifies=notifies)
        return Running(self, Loop(plan, edges))


@dataclass
class _Clock:
    world: World

    def now(self) -> float:
        return self.world.now

    def wait_until(self, then: float) -> None:
        self.world.wait_until(then)


@dataclass
class Running:
    """A loop, and the way to let time pass for it."""

    world: World
    loop: Loop

    def pass_time(self, seconds: float) -> End | None:
        """Turns as often as the loop wants to for so many seconds; the last turn's outcome."""
        until = self.world.now + seconds
        end = self.loop.turn()
        while self.loop.next_turn() <= until and end is not End.TIMED_OUT:
            self.world.wait_until(self.loop.next_turn())
            end = self.loop.turn()
        self.world.now = max(self.world.now, until)
        return end


def test_the_file_is_written_at_the_first_answer_that_has_all_predecessors() -> None:
    world = World(dns=listed(0, 1, 2))
    assert world.loop("db-1").pass_time(0) is End.READY
    assert world.disk[FILE] == b"db-0 db-1 db-2"
    assert world.said("ready")


def test_no_file_is_written_while_a_predecessor_is_missing() -> None:
    world = World(dns=listed(1))
    running = world.loop("db-1")
    assert running.pass_time(20) is None
    assert world.disk == {}
    world.dns = listed(0, 1)
    assert running.pass_time(2) is End.READY
    assert world.disk[FILE] == b"db-0 db-1"


def test_nothing_is_written_before_dns_has_answered_even_by_the_first_pod() -> None:
    world = World(dns=DOWN)
    running = world.loop("db-0")
    running.pass_time(60)
    assert world.disk == {}
    world.dns = Absent("NXDOMAIN", Why.NO_SUCH_NAME)
    assert running.pass_time(10) is End.READY
    assert world.disk[FILE] == b"db-0"


def test_the_gate_gives_up_at_its_deadline_and_says_who_is_missing_and_why_that_may_be() -> None:
    world = World(dns=listed(1))
    running = world.loop("db-1", GateRules(wait_timeout=10))
    assert running.pass_time(9) is None
    assert running.pass_time(1) is End.TIMED_OUT
    (sentence,) = world.said("timed_out")
    assert sentence.startswith("gave up after 10 s: db-0 is not in DNS under db.prod.svc.cluster")
    assert "publishNotReadyAddresses" in sentence


def test_the_gate_gives_up_at_its_deadline_although_the_next_poll_is_later() -> None:
    world = World(dns=listed(1))
    running = world.loop("db-1", GateRules(wait_timeout=1), interval=6.0)
    assert running.loop.run() is End.TIMED_OUT
    assert world.now == pytest.approx(1001)
    assert len(world.asked_at) == 1


def test_the_gate_gives_up_in_the_turn_at_its_deadline_however_that_is_rounded() -> None:
    patience = 10.3
    world = World(dns=DOWN, now=1000.0)
    assert (world.now + patience) - world.now < patience
    running = world.loop("db-1", GateRules(wait_timeout=patience), interval=60.0)
    running.loop.turn()
    world.wait_until(running.loop.next_turn())
    assert running.loop.turn() is End.TIMED_OUT


def test_a_deadline_in_a_dns_outage_names_what_dns_said() -> None:
    world = World(dns=DOWN)
    assert world.loop("db-0", GateRules(wait_timeout=5)).pass_time(5) is End.TIMED_OUT
    assert "10.96.0.10:53 answered SERVFAIL" in world.said("timed_out")[0]


def test_proceeding_at_the_deadline_writes_what_is_known() -> None:
    world = World(dns=listed(2))
    gate = GateRules(wait_timeout=10, proceed_at_timeout=True)
    assert world.loop("db-2", gate).pass_time(11) is End.READY
    assert world.disk[FILE] == b"db-2"
    ((at, level, sentence),) = [(at, lv, s) for at, lv, kind, s in world.log if kind == "gate"]
    assert (at, level) == (1010, "warning")
    assert sentence.startswith(
        "proceeding after 10 s, as on_timeout says, although db-0, db-1 are not in DNS under "
    )


def test_an_outage_changes_no_file_however_long_it_is() -> None:
    world = World(dns=listed(0, 1, 2))
    running = world.loop("db-1")
    running.pass_time(5)
    world.dns = DOWN
    assert running.pass_time(3600) is End.READY
    assert world.writes == [b"db-0 db-1 db-2"]


def test_a_lasting_outage_is_said_at_once_and_then_seldom_and_its_end_is_said() -> None:
    world = World(dns=listed(0, 1))
    running = world.loop("db-1")
    running.pass_time(5)
    world.dns = DOWN
    running.pass_time(3600)
    assert world.said("kept")[0] == "keep the list of 2: 10.96.0.10:53 answered SERVFAIL"
    assert len(world.said("kept")) == 6  # after 0, 1, 3, 7, 15 and 31 minutes
    world.dns = listed(0, 1)
    running.pass_time(61)
    assert world.said("recovered") == ["DNS answers again"]
    world.dns = DOWN
    running.pass_time(1)
    assert len(world.said("kept")) == 7


def test_dns_that_fails_every_second_time_does_not_fill_the_log() -> None:
    world = World(dns=listed(0, 1))
    running = world.loop("db-1")
    for _ in range(1800):
        world.dns = DOWN if isinstance(world.dns, Answered) else listed(0, 1)
        running.pass_time(1)
    assert len(world.said("kept")) + len(world.said("recovered")) < 15


def test_an_unchanged_membership_is_neither_rendered_nor_written_again() -> None:
    rendered: list[int] = []

    def render(roll: Roll) -> bytes:
        rendered.append(roll.generation)
        return names(roll)

    world = World(dns=listed(0, 1))
    running = world.loop("db-1", None, world.target(render=render))
    running.pass_time(600)
    assert 570 <= len(world.asked_at) <= 601
    world.dns = DOWN
    running.pass_time(60)
    assert rendered == [1]
    assert world.writes == [b"db-0 db-1"]


def test_a_restart_writes_nothing_where_the_file_is_true() -> None:
    world = World(dns=listed(0, 1), disk={FILE: b"db-0 db-1"})
    assert world.loop("db-1").pass_time(10) is End.READY
    assert world.writes == []


def test_a_restart_in_an_outage_leaves_the_last_good_file() -> None:
    world = World(dns=DOWN, disk={FILE: b"db-0 db-1 db-2"})
    world.loop("db-1").pass_time(100)
    assert world.disk[FILE] == b"db-0 db-1 db-2"


def test_a_new_pod_is_in_the_file_once_the_list_has_settled_without_another_answer() -> None:
    world = World(dns=listed(0, 1))
    running = world.loop("db-1", settle=0.4)
    running.pass_time(5)
    world.dns = listed(0, 1, 2)
    running.pass_time(1)  # the poll that sees it
    world.dns = DOWN
    running.pass_time(0.5)
    assert world.disk[FILE] == b"db-0 db-1 db-2"


def test_a_write_that_fails_is_said_once_and_tried_again_until_it_succeeds() -> None:
    world = World(dns=listed(0, 1))
    running = world.loop("db-1")
    running.pass_time(5)
    world.is_full = True
    world.dns = listed(0, 1, 2)
    running.pass_time(30)
    assert world.said("not_published") == [
        "/peers/peers.list was not written: the volume is full; the last good file stays"
    ]
    assert world.disk[FILE] == b"db-0 db-1"
    world.is_full = False
    running.pass_time(1)
    assert world.disk[FILE] == b"db-0 db-1 db-2"


def test_the_gate_stays_shut_until_every_output_is_written() -> None:
    world = World(dns=listed(0, 1), is_full=True)
    running = world.loop("db-1", GateRules(wait_timeout=10))
    assert running.pass_time(5) is None
    assert world.said("ready") == []
    assert running.pass_time(6) is End.TIMED_OUT
    assert "the volume is full" in world.said("timed_out")[0]


def test_one_output_that_fails_does_not_keep_another_from_being_true() -> None:
    def fail(_: bytes) -> None:
        raise PublishError("/full/a was not written: the volume is full")

    world = World(dns=listed(0, 1))
    broken = Target("names", Path("/full/a"), names, fail, lambda: None)
    world.loop("db-1", None, broken, world.target()).pass_time(5)
    assert world.disk[FILE] == b"db-0 db-1"


def test_a_withheld_file_keeps_the_gate_shut_and_says_why() -> None:
    world = World(dns=listed(1))
    only = world.target(
        render=lambda roll: Withheld("nobody to join") if len(roll.peers) < 2 else b"x"
    )
    running = world.loop("db-1", GateRules(wait_for="self"), only)
    assert running.pass_time(5) is None
    assert world.said("withheld") == ["nobody to join"]
    world.dns = listed(1, 2)
    assert running.pass_time(1) is End.READY


def test_nobody_is_notified_of_the_first_files() -> None:
    world = World(dns=listed(0, 1))
    world.loop("db-1").pass_time(60)
    assert world.told == []


def test_a_change_is_notified_once_with_the_roll_that_was_written() -> None:
    world = World(dns=listed(0, 1))
    running = world.loop("db-1")
    running.pass_time(5)
    world.dns = listed(0, 1, 2)
    running.pass_time(60)
    assert [[peer.name for peer in roll.peers] for roll in world.told] == [["db-0", "db-1", "db-2"]]


def test_a_notification_that_fails_is_repeated_with_the_newest_roll_until_it_arrives() -> None:
    world = World(dns=listed(0, 1))
    running = world.loop("db-1")
    running.pass_time(5)
    world.is_deaf = True
    world.dns = listed(0, 1, 2)
    running.pass_time(10)
    world.dns = listed(0, 1, 2, 3)
    running.pass_time(10)
    world.is_deaf = False
    running.pass_time(20)
    assert [len(roll.peers) for roll in world.told] == [4]


def test_polls_begin_an_interval_apart_however_long_an_answer_takes() -> None:
    world = World(dns=listed(0, 1), answer_takes=0.25)
    world.loop("db-1").pass_time(60)
    assert all(0.96 <= later - earlier <= 1.05 for earlier, later in pairwise(world.asked_at))


def test_pods_that_start_together_do_not_ask_in_step_and_each_does_as_in_its_last_run() -> None:
    def asked(pod: str) -> tuple[float, ...]:
        world = World(dns=listed(*range(10)))
        world.loop(pod).pass_time(5)
        return tuple(world.asked_at)

    first = [asked(f"db-{n}") for n in range(10)]
    assert len({times[1] for times in first}) == 10
    assert first == [asked(f"db-{n}") for n in range(10)]


def test_an_agent_at_rest_is_live_and_tells_when_the_last_answer_came() -> None:
    world = World(dns=listed(0, 1, 2), answer_takes=0.25)
    world.loop("db-1").pass_time(300)
    (last, shown), moment = world.shown[-2:], world.now
    assert shown.is_live(moment)
    assert shown.polls.answered == last.polls.answered + 1
    assert shown.polls.answered_at == pytest.approx(world.asked_at[-1] + 0.25)


def test_a_no_ends_the_waiting_for_what_a_cache_holds() -> None:
    world = World(dns=replace(listed(0, 1), ttl=30.0))
    running = world.loop("db-1")
    running.pass_time(0)
    world.wait_until(running.loop.next_turn())
    world.dns = replace(listed(0, 1), ttl=29.0)
    running.loop.turn()
    assert running.loop.next_turn() > world.now + 2
    world.wait_until(running.loop.next_turn())
    world.dns = Absent("DNS has no db.prod.svc.cluster.local (NXDOMAIN)", Why.NO_SUCH_NAME)
    running.loop.turn()
    assert running.loop.next_turn() <= world.now + 1.05


def test_what_has_ended_and_nobody_waits_for_is_taken_leave_of_now_and_then() -> None:
    world = World(dns=listed(0, 1))
    world.loop("db-1").pass_time(60)
    assert 5 <= len(world.reaped_at) <= 7


def test_polls_are_further_apart_while_dns_does_not_answer_and_at_once_as_before_after_it() -> None:
    world = World(dns=DOWN)
    running = world.loop("db-1")
    running.pass_time(60)
    assert len(world.asked_at) < 20
    world.dns = listed(0, 1)
    running.pass_time(5)
    world.asked_at.clear()
    running.pass_time(10)
    assert len(world.asked_at) >= 10


def test_once_ends_when_the_files_are_written() -> None:
    world = World(dns=listed(0, 1))
    assert world.loop("db-1").loop.run(until_ready=True) is End.READY
    assert len(world.asked_at) == 1


def test_what_is_odd_about_the_setup_is_said_but_keeps_nothing_from_working() -> None:
    answer = listed(0, 1)
    world = World(dns=Answered(answer.endpoints, remarks=("the service has no ports",)))
    assert world.loop("db-1").pass_time(50) is End.READY
    assert world.said("remark") == ["the service has no ports"]


def test_pods_of_another_set_behind_the_service_are_said_when_they_come_and_not_again() -> None:
    other = tuple(Endpoint(SERVICE.pod(f"ma-{n}"), (f"10.0.1.{n}",)) for n in (0, 1))
    world = World(dns=listed(0, 1))
    running = world.loop("db-1")
    running.pass_time(5)
    assert world.said("sets") == []
    for endpoints in (other[:1], other):
        world.dns = Answered((*listed(0, 1).endpoints, *endpoints))
        running.pass_time(10)
    (sentence,) = world.said("sets")
    assert sentence.startswith("pods of db, ma are behind one service")


def test_a_pod_that_dns_does_not_list_is_told_what_to_mend() -> None:
    world = World(dns=listed(0))
    assert world.loop("db-1").pass_time(50) is End.READY
    assert world.disk[FILE] == b"db-0 db-1"
    (sentence,) = world.said("unlisted")
    assert "publishNotReadyAddresses: true" in sentence
    assert "serviceName is db" in sentence


def test_a_file_that_somebody_else_changed_is_written_again_which_is_said_but_not_notified() -> (
    None
):
    world = World(dns=listed(0, 1))
    running = world.loop("db-1")
    running.pass_time(5)
    world.disk[FILE] = b"db-7"
    running.pass_time(1)
    assert world.disk[FILE] == b"db-0 db-1"
    (sentence,) = world.said("meddling")
    assert sentence.startswith("somebody else changed /peers/peers.list (another rollcall ")
    assert world.told == []


def test_a_file_that_somebody_else_removed_is_written_again_even_in_an_outage() -> None:
    world = World(dns=listed(0, 1))
    running = world.loop("db-1")
    running.pass_time(5)
    world.dns = DOWN
    del world.disk[FILE]
    running.pass_time(1)
    assert world.disk[FILE] == b"db-0 db-1"
    assert world.said("meddling")[0].startswith("somebody else removed /peers/peers.list")


def test_a_restart_in_an_outage_opens_the_gate_with_what_was_known_and_writes_nothing() -> None:
    world = World(dns=listed(0, 1, 2))
    world.loop("db-1").pass_time(5)
    world.dns = DOWN
    assert world.loop("db-1").pass_time(100) is End.READY
    assert world.writes == [b"db-0 db-1 db-2"]


def test_a_restart_of_a_pod_whose_gate_was_not_open_waits_for_dns() -> None:
    world = World(dns=listed(1, 2))
    world.loop("db-1").pass_time(5)
    world.dns = DOWN
    assert world.loop("db-1").pass_time(100) is None
    assert world.writes == []


def test_the_gate_waits_for_a_predecessor_that_is_only_remembered() -> None:
    world = World(dns=listed(0, 1))
    world.loop("db-1").pass_time(5)
    world.dns = listed(1)
    newcomer = world.loop("db-1", address="10.0.9.9")
    assert newcomer.pass_time(5) is None
    world.dns = listed(0, 1)
    assert newcomer.pass_time(1) is End.READY


def test_a_partial_answer_after_a_restart_removes_nobody_before_forget_after() -> None:
    world = World(dns=listed(0, 1, 2))
    world.loop("db-1").pass_time(5)
    world.dns = listed(0, 1)
    running = world.loop("db-1")
    running.pass_time(29)
    assert world.disk[FILE] == b"db-0 db-1 db-2"
    running.pass_time(2)
    assert world.disk[FILE] == b"db-0 db-1"


def test_what_is_decided_is_remembered_before_it_is_written() -> None:
    def die(_: bytes) -> None:
        raise KeyboardInterrupt

    world = World(dns=listed(0, 1))
    world.loop("db-1").pass_time(5)
    world.dns = listed(0, 1, 2)
    dying = Target("names", FILE, names, die, lambda: digest(world.disk[FILE]))
    with pytest.raises(KeyboardInterrupt):
        world.loop("db-1", None, dying).pass_time(5)
    world.dns = DOWN
    world.loop("db-1").pass_time(5)
    assert world.disk[FILE] == b"db-0 db-1 db-2"


def test_what_changed_during_a_restart_is_notified_after_it_and_the_generation_goes_on() -> None:
    world = World(dns=listed(0, 1))
    world.loop("db-1").pass_time(5)
    world.dns = listed(0, 1, 2)
    world.loop("db-1").pass_time(5)
    assert [(roll.generation, len(roll.peers)) for roll in world.told] == [(2, 3)]


def test_what_changed_is_notified_although_the_agent_was_killed_right_after_its_gate_opened() -> (
    None
):
    world = World(dns=listed(0, 1))
    world.loop("db-1").pass_time(0)
    world.dns = listed(0, 1, 2)
    world.loop("db-1").pass_time(5)
    assert [len(roll.peers) for roll in world.told] == [3]


def test_a_notification_that_was_lost_in_a_restart_is_made_after_it() -> None:
    world = World(dns=listed(0, 1))
    running = world.loop("db-1")
    running.pass_time(5)
    world.is_deaf = True
    world.dns = listed(0, 1, 2)
    running.pass_time(5)
    world.is_deaf = False
    world.loop("db-1").pass_time(5)
    assert [len(roll.peers) for roll in world.told] == [3]


@pytest.mark.parametrize(
    "memory", [b"", b"{", b"[]", b'{"version": 1}', b'{"version": 2}', b"\xff"]
)
def test_a_damaged_memory_is_not_used_and_that_is_said(memory: bytes) -> None:
    world = World(dns=listed(0, 1), memory=memory)
    assert world.loop("db-1").pass_time(5) is End.READY
    (sentence,) = world.said("memory")
    assert sentence.startswith("what was remembered before the start is not used: it ")
    assert world.disk[FILE] == b"db-0 db-1"


def test_the_memory_of_another_pod_is_not_used() -> None:
    world = World(dns=listed(0, 1, 2))
    world.loop("db-1").pass_time(5)
    world.dns = DOWN
    assert world.loop("db-2", GateRules(wait_for="self")).pass_time(5) is None
    assert "it is of db-1.db.prod.svc.cluster.local" in world.said("memory")[0]


def test_a_memory_that_cannot_be_kept_is_said_and_stops_nothing() -> None:
    world = World(dns=listed(0, 1))
    running = world.loop("db-1")
    running.pass_time(5)
    world.is_full = True
    world.dns = listed(0, 1, 2)
    running.pass_time(5)
    assert world.said("memory") == ["/peers/.state was not written: the volume is full"]


def test_a_memory_that_could_not_be_kept_is_kept_as_soon_as_it_can_be_even_in_an_outage() -> None:
    world = World(dns=listed(0, 1))
    on_another_volume = world.disk.__setitem__
    target = world.target()
    target = replace(target, write=lambda content: on_another_volume(FILE, content))
    running = world.loop("db-1", None, target)
    running.pass_time(5)
    world.is_full = True
    world.dns = listed(0, 1, 2)
    running.pass_time(5)
    world.is_full, world.dns = False, DOWN
    running.pass_time(5)
    assert b"db-2" in (world.memory or b"")


def test_nothing_is_remembered_while_nothing_changes() -> None:
    world = World(dns=listed(0, 1))
    running = world.loop("db-1")
    running.pass_time(5)
    world.is_full = True
    running.pass_time(600)
    assert world.said("memory") == []


def test_two_who_write_one_file_do_not_fill_the_log() -> None:
    world = World(dns=listed(0, 1))
    running = world.loop("db-1")
    for _ in range(600):
        running.pass_time(1)
        world.disk[FILE] = b"db-7"
    assert len(world.said("meddling")) + len(world.said("published")) < 15


@pytest.mark.parametrize(("replicas", "warnings"), [(None, 1), (3, 1), (1, 0)])
def test_a_pod_that_dns_names_alone_is_warned_of_a_second_cluster(
    replicas: int | None, warnings: int
) -> None:
    world = World(dns=listed(0))
    assert world.loop("db-0", GateRules(replicas=replicas)).pass_time(5) is End.READY
    assert len(world.said("alone")) == warnings


def test_nobody_is_notified_of_what_is_not_in_the_file_yet() -> None:
    world = World(dns=listed(0, 1))
    running = world.loop("db-1")
    running.pass_time(5)
    world.is_deaf = True
    world.dns = listed(0, 1, 2)
    running.pass_time(5)
    world.is_full = True
    world.dns = listed(0, 1, 2, 3)
    running.pass_time(5)
    world.is_deaf = False
    running.pass_time(10)
    assert [len(roll.peers) for roll in world.told] == [3]
    world.is_full = False
    running.pass_time(5)
    assert [len(roll.peers) for roll in world.told] == [3, 4]


def test_one_file_that_can_not_be_written_keeps_nobody_from_being_told_of_another() -> None:
    world = World(dns=listed(0, 1))
    other: list[bytes] = []

    def write(content: bytes) -> None:
        if other:
            raise PublishError("/full/a was not written: the volume is full")
        other.append(content)

    often_full = Target(
        "names", Path("/full/a"), names, write, lambda: digest(other[0]) if other else None
    )
    running = world.loop("db-1", None, often_full, world.target())
    running.pass_time(5)
    world.dns = listed(0, 1, 2)
    running.pass_time(5)
    assert other == [b"db-0 db-1"]
    assert [len(roll.peers) for roll in world.told] == [3]


# Advice on founding a cluster.

FIRST = Advice("first", "nobody answers")
JOIN = Advice("join", "the folder holds 'ibdata1'")
NOT_KNOWN = Advice("unknown", "db-1 at 10.0.0.3:4567 does not answer")


def word(roll: Roll) -> bytes:
    """A format of the tests' own: the advice."""
    return str(roll.bootstrap).encode()


def advised(world: World, **odd: Any) -> Running:
    gate, target = odd.pop("gate", None), world.target(render=word)
    return world.loop("db-0", gate, target, advise=world.advise, **odd)


def test_where_nobody_asks_for_advice_there_is_none_in_the_roll() -> None:
    world = World(dns=listed(0, 1))
    world.loop("db-0", None, world.target(render=word)).pass_time(2)
    assert world.disk[FILE] == b"None"
    assert world.said("bootstrap") == []


def test_new_advice_is_in_the_file_at_the_next_turn_and_is_said_once() -> None:
    world = World(dns=listed(0, 1), advice=FIRST)
    running = advised(world)
    running.pass_time(5)
    assert world.disk[FILE] == b"first"
    world.advice = JOIN
    running.pass_time(5)
    assert world.disk[FILE] == b"join"
    assert world.writes == [b"first", b"join"]
    assert world.said("bootstrap") == [
        "bootstrap: first: nobody answers",
        "bootstrap: join: the folder holds 'ibdata1'",
    ]


def test_advice_is_given_with_whether_it_is_certain_who_is_there() -> None:
    world = World(dns=listed(1), advice=JOIN)
    running = advised(world)
    running.pass_time(3)
    assert {type(each) for each in world.certain} == {CantTell}
    world.dns = listed(0, 1)
    running.pass_time(3)
    assert type(world.certain[-1]) is Yes


def test_where_first_is_allowed_no_file_is_written_until_the_advice_is_known() -> None:
    world = World(dns=listed(0, 1), advice=NOT_KNOWN)
    running = advised(world, needs_advice=True)
    assert running.pass_time(60) is None
    assert FILE not in world.disk
    world.advice = JOIN
    assert running.pass_time(2) is End.READY
    assert world.disk[FILE] == b"join"


def test_where_first_is_not_allowed_a_doubt_holds_nothing_up() -> None:
    world = World(dns=listed(0, 1), advice=NOT_KNOWN)
    assert advised(world).pass_time(2) is End.READY
    assert world.disk[FILE] == b"unknown"


def test_advice_that_never_comes_ends_the_wait_with_its_reason() -> None:
    world = World(dns=listed(0, 1), advice=NOT_KNOWN)
    assert advised(world, needs_advice=True).pass_time(300) is End.TIMED_OUT
    assert FILE not in world.disk
    (sentence,) = world.said("timed_out")
    assert "whether to found a cluster is not known: db-1 at 10.0.0.3:4567 does not" in sentence


def test_who_is_told_to_proceed_does_so_without_advice() -> None:
    world = World(dns=listed(0, 1), advice=NOT_KNOWN)
    gate = GateRules(wait_timeout=10.0, proceed_at_timeout=True)
    assert advised(world, needs_advice=True, gate=gate).pass_time(20) is End.READY
    assert world.disk[FILE] == b"unknown"


def test_a_doubt_takes_no_advice_to_join_back_and_one_to_found_at_once() -> None:
    """To join is never wrong; and a file is not to change with each hiccup."""
    world = World(dns=listed(0, 1), advice=JOIN)
    running = advised(world, needs_advice=True)
    running.pass_time(2)
    world.advice = NOT_KNOWN
    running.pass_time(2)
    assert world.writes == [b"join"]
    world.advice = FIRST
    running.pass_time(2)
    world.advice = NOT_KNOWN
    running.pass_time(2)
    assert world.writes == [b"join", b"first", b"unknown"]


# What is said of many, and of the end of a trouble.


def test_what_is_the_same_of_many_peers_is_one_line_however_often_it_comes() -> None:
    world = World(dns=listed(*range(50)))
    running = world.loop("db-1")
    running.pass_time(3)
    for _ in range(20):
        world.dns = listed(1)
        running.pass_time(1)
        world.dns = listed(*range(50))
        running.pass_time(1)
    assert len(world.said("missing")) == len(world.said("returned")) == 1
    assert world.said("missing")[0].endswith("; the same of 48 others")


def test_a_peer_that_comes_and_goes_is_told_of_ever_more_seldom() -> None:
    world = World(dns=listed(0, 1, 2))
    running = world.loop("db-1")
    running.pass_time(3)
    for _ in range(25):
        world.dns = listed(0, 1)
        running.pass_time(1)
        world.dns = listed(0, 1, 2)
        running.pass_time(1.5)
    assert len(world.said("missing")) <= 2
    assert len(world.said("returned")) <= 2


def test_the_last_word_on_an_outage_is_that_it_is_over() -> None:
    world = World(dns=listed(0, 1))
    running = world.loop("db-1")
    running.pass_time(3)
    for reason in ("nothing came from 10.96.0.10:53 in time", "10.96.0.10:53 answered SERVFAIL"):
        world.dns = Unknown(reason)
        running.pass_time(5)
        world.dns = listed(0, 1)
        running.pass_time(5)
    kinds = [kind for _, _, kind, _ in world.log if kind in ("kept", "recovered")]
    assert kinds == ["kept", "recovered", "kept", "recovered"]


def test_a_database_that_runs_is_warned_of_when_its_peers_have_all_gone() -> None:
    world = World(dns=listed(0, 1))
    running = world.loop("db-0")
    running.pass_time(3)
    assert world.said("alone") == []
    world.dns = listed(0)
    running.pass_time(60)
    assert len(world.said("alone")) == 1
