"""Who is told of what by the loop, and when: tries that take their time, fail, or are cut off."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agent.core.delivery import Arrived, DeliveryRules, Lost, Outcome
from agent.core.gate import GateRules
from agent.core.notice import Notice
from agent.core.roll import Roll
from agent.edges import Notifier
from agent.formats import Withheld
from agent.loop import End
from tests.test_loop import DOWN, FILE, Running, World, listed, names


@dataclass
class Try:
    """A try that goes on until the test says how it ended."""

    notice: Notice
    how: Outcome | None = None
    is_ended: bool = False

    def outcome(self) -> Outcome | None:
        return self.how

    def end(self) -> None:
        self.is_ended = True


@dataclass
class Hook:
    """A notifier that writes down its tries."""

    tries: list[Try] = field(default_factory=list)

    def start(self, notice: Notice) -> Try:
        self.tries.append(Try(notice))
        return self.tries[-1]

    def notifier(self, name: str = "exec reload", **rules: float) -> Notifier:
        return Notifier(name, self.start, DeliveryRules(**rules))  # type: ignore[arg-type]  # a bool is a number

    @property
    def told(self) -> list[str]:
        """The peers that each try told of."""
        return [names(each.notice.roll).decode() for each in self.tries]


def running(world: World, *notifiers: Notifier, **odd: Any) -> Running:
    """A loop with its gate open."""
    loop = world.loop("db-1", notifiers=notifiers, **odd)
    loop.pass_time(5)
    assert world.disk
    return loop


def test_what_changes_while_a_hook_runs_is_told_after_it_and_only_the_newest() -> None:
    world, hook = World(dns=listed(0, 1)), Hook()
    loop = running(world, hook.notifier())
    for ordinals in ((0, 1, 2), (0, 1, 2, 3), (0, 1, 2, 3, 4), (0, 1, 2, 3, 4, 5)):
        world.dns = listed(*ordinals)
        loop.pass_time(5)
    assert hook.told == ["db-0 db-1 db-2"]
    hook.tries[0].how = Arrived()
    loop.pass_time(60)
    assert hook.told == ["db-0 db-1 db-2", "db-0 db-1 db-2 db-3 db-4 db-5"]
    assert [peer.name for peer in hook.tries[1].notice.added] == ["db-3", "db-4", "db-5"]
    hook.tries[1].how = Arrived()
    loop.pass_time(60)
    assert len(hook.tries) == 2


def test_a_hook_that_fails_five_times_is_told_the_newest_until_it_works_and_the_log_says_so() -> (
    None
):
    world, hook = World(dns=listed(0, 1)), Hook()
    loop = running(world, hook.notifier())
    world.dns = listed(0, 1, 2)
    for n in range(5):
        loop.pass_time(2 if n == 0 else 70)
        hook.tries[-1].how = Lost("failed with 1")
    world.dns = listed(0, 1, 2, 3)
    loop.pass_time(70)
    assert len(hook.tries) == 6
    assert hook.told[-1] == "db-0 db-1 db-2 db-3"
    assert [peer.name for peer in hook.tries[-1].notice.added] == ["db-2", "db-3"]
    assert world.said("not_notified")[0] == (
        "exec reload failed with 1 (for the first time); it is told again in 1 s"
    )
    assert world.shown[-1].notifiers[0].delivery.failed == 5
    hook.tries[-1].how = Arrived()
    loop.pass_time(600)
    assert len(hook.tries) == 6
    assert world.said("notified") == ["exec reload was told"]
    assert world.shown[-1].notifiers[0].delivery.failed == 0


def test_one_that_hangs_keeps_no_other_from_being_told() -> None:
    world, hung, well = World(dns=listed(0, 1)), Hook(), Hook()
    loop = running(world, hung.notifier("a"), well.notifier("b"))
    world.dns = listed(0, 1, 2)
    loop.pass_time(5)
    well.tries[0].how = Arrived()
    world.dns = listed(0, 1, 2, 3)
    loop.pass_time(5)
    assert (len(hung.told), len(well.told)) == (1, 2)


def test_an_agent_that_was_killed_before_its_hook_ended_tells_again_what_is_new_since() -> None:
    world, hook = World(dns=listed(0, 1)), Hook()
    loop = running(world, hook.notifier())
    world.dns = listed(0, 1, 2)
    loop.pass_time(5)
    assert len(hook.tries) == 1
    again = Hook()
    world.loop("db-1", notifiers=(again.notifier(),)).pass_time(5)
    assert again.told == ["db-0 db-1 db-2"]
    assert [peer.name for peer in again.tries[0].notice.added] == ["db-2"]
    assert not again.tries[0].notice.is_first


def test_that_a_try_has_begun_is_remembered_before_it_has_any_effect() -> None:
    world, remembered = World(dns=listed(0, 1)), list[str]()

    def start(notice: Notice) -> Try:
        known = json.loads(world.memory or b"")
        remembered.append(known["told"]["exec reload"]["stamp"])
        return Try(notice, Arrived())

    loop = running(world, Notifier("exec reload", start))
    world.dns = listed(0, 1, 2)
    loop.pass_time(5)
    assert remembered == [""]
    assert json.loads(world.memory or b"")["told"]["exec reload"]["stamp"]


def test_a_file_that_its_reader_rewrites_is_no_news_after_a_restart() -> None:
    world, hook = World(dns=listed(0, 1)), Hook()
    kept = replace(world.target(), is_kept=True)
    world.loop("db-1", None, kept, notifiers=(hook.notifier(),)).pass_time(5)
    world.disk[FILE] = b"the reader's own"
    world.loop("db-1", None, kept, notifiers=(hook.notifier(),)).pass_time(5)
    assert hook.told == []


def test_the_first_files_are_told_only_to_who_wants_that_and_as_the_first() -> None:
    world, first, other = World(dns=listed(0, 1)), Hook(), Hook()
    running(world, first.notifier("a", on_first=True), other.notifier("b"))
    assert (first.told, other.told) == (["db-0 db-1"], [])
    assert first.tries[0].notice.is_first


def test_the_init_container_tells_nobody_and_its_sidecar_tells_what_changed_in_between() -> None:
    world, early, hook, first = World(dns=listed(0, 1)), Hook(), Hook(), Hook()
    both = (early.notifier("a"), early.notifier("b", on_first=True))
    running(world, *both, notifies=False)
    assert early.tries == []
    world.dns = listed(0, 1, 2)
    running(world, hook.notifier("a"), first.notifier("b", on_first=True))
    assert [peer.name for peer in hook.tries[0].notice.added] == ["db-2"]
    assert first.tries[0].notice.is_first


def test_a_notifier_that_is_new_after_a_restart_is_told_what_changed_since_the_first_files() -> (
    None
):
    world, hook = World(dns=listed(0, 1)), Hook()
    running(world).pass_time(5)
    world.dns = listed(0, 1, 2)
    running(world, hook.notifier())
    assert hook.told == ["db-0 db-1 db-2"]


def test_two_tries_are_the_shortest_gap_apart_and_it_does_not_wait_for_the_next_poll() -> None:
    world, hook = World(dns=listed(0, 1)), Hook()
    loop = running(world, hook.notifier(min_interval=30.5))
    world.dns = listed(0, 1, 2)
    loop.pass_time(2)
    began = world.shown[-1].notifiers[0].delivery.began_at
    assert began is not None
    hook.tries[0].how = Arrived()
    world.dns = listed(0, 1, 2, 3)
    loop.pass_time(25)
    assert len(hook.tries) == 1
    world.dns = DOWN  # polls are far apart now
    loop.pass_time(10)
    assert world.shown[-1].notifiers[0].delivery.began_at == began + 30.5


def test_when_it_is_told_again_is_said_with_the_shortest_gap_in_it() -> None:
    world, hook = World(dns=listed(0, 1)), Hook()
    loop = running(world, hook.notifier(min_interval=40.0))
    world.dns = listed(0, 1, 2)
    loop.pass_time(1)
    hook.tries[0].how = Lost("failed with 1")
    loop.pass_time(1)
    (said,) = world.said("not_notified")
    assert int(said.rpartition(" in ")[2].removesuffix(" s")) > 35
    (state,) = world.shown[-1].notifiers
    assert state.due == (state.delivery.began_at or 0) + 40.0


def test_a_file_that_is_withheld_and_then_written_is_news() -> None:
    def render(roll: Roll) -> bytes | Withheld:
        return names(roll) if len(roll.peers) != 3 else Withheld("not with three")

    world, hook = World(dns=listed(0, 1)), Hook()
    loop = world.loop("db-1", None, world.target(render=render), notifiers=(hook.notifier(),))
    loop.pass_time(5)
    world.dns = listed(0, 1, 2)
    loop.pass_time(5)
    assert hook.told == []
    world.dns = listed(0, 1, 2, 3)
    loop.pass_time(5)
    assert hook.told == ["db-0 db-1 db-2 db-3"]


def test_after_a_restart_a_file_that_can_not_be_written_keeps_no_gate_shut_and_no_news_back() -> (
    None
):
    world, hook, other = World(dns=listed(0, 1)), Hook(), Path("/full/a")
    targets = (world.target(), replace(world.target(other), write=world.refuse))
    world.disk[other] = b"of an earlier life"
    running(world).pass_time(5)
    world.dns = listed(0, 1, 2)
    gate = GateRules(wait_timeout=3)
    loop = world.loop("db-1", gate, *targets, notifiers=(hook.notifier(),))
    assert loop.pass_time(30) is End.READY
    assert hook.told == ["db-0 db-1 db-2"]
    assert world.shown[-1].gate == (
        "it was open before this restart, although /full/a was not written: the volume is full"
    )
    del world.disk[other]
    again = world.loop("db-1", gate, *targets)
    assert again.pass_time(30) is End.TIMED_OUT


def test_where_a_memory_is_damaged_each_reader_is_told_once_as_news_may_have_been_lost() -> None:
    world, hook = World(dns=listed(0, 1)), Hook()
    running(world, hook.notifier())
    world.memory = (world.memory or b"")[:-20]
    loop = running(world, hook.notifier())
    assert hook.told == ["db-0 db-1"]
    assert not hook.tries[0].notice.is_first
    hook.tries[0].how = Arrived()
    loop.pass_time(60)
    assert len(hook.tries) == 1


def test_the_memory_of_another_pod_makes_no_news() -> None:
    world, hook = World(dns=listed(0, 1, 2)), Hook()
    running(world, hook.notifier())
    world.loop("db-2", notifiers=(hook.notifier(),)).pass_time(5)
    assert hook.told == []


def test_when_the_loop_is_closed_what_it_started_is_ended() -> None:
    world, hook, done = World(dns=listed(0, 1)), Hook(), Hook()
    loop = running(world, hook.notifier("a"), done.notifier("b"))
    world.dns = listed(0, 1, 2)
    loop.pass_time(2)
    done.tries[0].how = Arrived()
    loop.pass_time(1)
    loop.loop.close()
    assert (hook.tries[0].is_ended, done.tries[0].is_ended) == (True, False)


def test_nobody_is_told_before_the_gate_is_open() -> None:
    world, hook = World(dns=listed(1)), Hook()
    loop = world.loop("db-1", GateRules(wait_timeout=60), notifiers=(hook.notifier(on_first=True),))
    loop.pass_time(30)
    assert hook.tries == []
    world.dns = listed(0, 1)
    loop.pass_time(2)
    assert hook.told == ["db-0 db-1"]


def test_what_is_shown_says_what_the_loop_waits_for_and_what_became_of_each_output() -> None:
    world = World(dns=listed(1))
    loop = world.loop("db-1", GateRules(wait_timeout=60))
    loop.pass_time(5)
    before = world.shown[-1]
    assert not before.is_ready
    assert before.gate.startswith("db-0 is not in DNS under ")
    assert [(each.condition, each.writes) for each in before.outputs] == [("waiting", 0)]
    world.dns = listed(0, 1)
    loop.pass_time(2)
    after = world.shown[-1]
    assert (after.is_ready, after.gate) == (True, "all files are written")
    assert [(str(FILE), "current", 1)] == [(o.path, o.condition, o.writes) for o in after.outputs]
    assert after.polls.answered > before.polls.answered
    world.is_full, world.dns = True, listed(0, 1, 2)
    loop.pass_time(2)
    (output,) = world.shown[-1].outputs
    assert (output.condition, output.failures > 0) == ("failed", True)
    assert output.reason == (
        "/peers/peers.list was not written: the volume is full; the last good file stays"
    )


def test_an_outage_is_no_standing_still_and_a_loop_that_does_not_turn_is() -> None:
    world = World(dns=listed(0, 1))
    loop = running(world)
    world.dns = DOWN
    loop.pass_time(600)
    assert world.shown[-1].is_live(world.now)
    assert not world.shown[-1].is_live(world.now + 60)
