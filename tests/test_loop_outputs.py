"""What the loop makes of who answers, and of a file that its reader rewrites."""

from dataclasses import replace

from agent.core.gate import GateRules
from agent.core.roll import Roll
from agent.formats import Withheld
from tests.test_loop import FILE, World, listed, names

REASON = "nobody answers"


def answering(roll: Roll) -> bytes | Withheld:
    """A format of the tests' own: who answers on 7000, which is not to be nobody."""
    found = [name for name, word in sorted(roll.answering[7000].items()) if word]
    return " ".join(found).encode() if found else Withheld(REASON)


def world_of(**heard: bool) -> World:
    return World(dns=listed(0, 1, 2), answering={7000: heard})


def test_a_file_waits_for_who_answers_and_the_gate_with_it() -> None:
    world = world_of(a=False)
    running = world.loop("db-1", None, world.target(render=answering))
    running.pass_time(9)
    assert world.writes == []
    assert set(world.said("withheld")) == {REASON}
    assert not world.said("ready")
    world.answering = {7000: {"a": True}}
    running.pass_time(2)
    assert world.writes == [b"a"]
    assert world.said("ready")


def test_it_is_urgent_to_hear_who_answers_until_all_files_are_written() -> None:
    world = world_of()
    running = world.loop("db-1", None, world.target(render=answering))
    running.pass_time(5)
    assert set(world.is_urgent) == {True}
    world.answering = {7000: {"a": True}}
    running.pass_time(2)
    world.is_urgent.clear()
    running.pass_time(5)
    assert set(world.is_urgent) == {False}


def test_another_one_who_answers_is_written_though_no_member_changed() -> None:
    world = world_of(a=True)
    running = world.loop("db-1", None, world.target(render=answering))
    running.pass_time(3)
    world.answering = {7000: {"a": True, "b": True}}
    running.pass_time(3)
    assert world.writes == [b"a", b"a b"]


def test_when_nobody_answers_any_more_the_last_good_file_stays() -> None:
    world = world_of(a=True)
    running = world.loop("db-1", None, world.target(render=answering))
    running.pass_time(3)
    world.answering = {7000: {"a": False}}
    running.pass_time(300)
    assert world.disk[FILE] == b"a"
    assert world.writes == [b"a"]
    assert REASON in world.said("withheld")


def test_who_is_told_is_told_who_answers() -> None:
    world = world_of(a=True)
    running = world.loop("db-1", GateRules(), world.target(render=answering))
    running.pass_time(3)
    world.answering = {7000: {"b": True}}
    running.pass_time(3)
    assert [roll.answering for roll in world.told] == [{7000: {"b": True}}]


def test_a_file_that_its_reader_rewrites_is_written_only_where_there_is_none() -> None:
    world = World(dns=listed(0, 1))
    running = world.loop("db-1", None, replace(world.target(), is_kept=True))
    running.pass_time(3)
    assert world.writes == [b"db-0 db-1"]
    world.disk[FILE] = b"the reader's own"
    world.dns = listed(0, 1, 2)
    running.pass_time(9)
    assert world.disk[FILE] == b"the reader's own"
    assert world.writes == [b"db-0 db-1"]
    assert not world.said("meddling")
    del world.disk[FILE]
    running.pass_time(2)
    assert world.disk[FILE] == b"db-0 db-1 db-2"


def test_a_file_that_is_there_already_is_good_enough_for_the_gate_where_it_is_kept() -> None:
    world = World(dns=listed(0, 1))
    world.disk[FILE] = b"the reader's own"
    kept = replace(world.target(), is_kept=True)
    running = world.loop("db-1", None, kept, world.target(FILE.with_name("other"), names))
    running.pass_time(3)
    assert world.said("ready")
    assert world.disk[FILE] == b"the reader's own"
