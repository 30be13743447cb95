"""What the loop makes of who answers, and of a file that its reader rewrites."""

from dataclasses import replace

from agent.core.gate import GateRules
from agent.core.hearing import Heard, News
from agent.core.reconcile import Unread
from agent.core.roll import Roll
from agent.formats import Withheld
from tests.test_loop import FILE, World, listed, names

REASON = "nobody answers"


def answering(roll: Roll) -> bytes | Withheld:
    """A format of the tests' own: who answers on 7000, which is not to be nobody."""
    found = [name for name, word in sorted(roll.answering[7000].items()) if word]
    return " ".join(found).encode() if found else Withheld(REASON)


def world_of(**heard: bool) -> World:
    return World(dns=listed(0, 1, 2), heard=Heard({7000: heard}))


def test_a_file_waits_for_who_answers_and_the_gate_with_it() -> None:
    world = world_of(a=False)
    running = world.loop("db-1", None, world.target(render=answering), listen=world.listen)
    running.pass_time(9)
    assert world.writes == []
    assert set(world.said("withheld")) == {REASON}
    assert not world.said("ready")
    world.heard = Heard({7000: {"a": True}})
    running.pass_time(2)
    assert world.writes == [b"a"]
    assert world.said("ready")


def test_it_is_urgent_to_hear_who_answers_until_all_files_are_written() -> None:
    world = world_of()
    running = world.loop("db-1", None, world.target(render=answering), listen=world.listen)
    running.pass_time(5)
    assert set(world.is_urgent) == {True}
    world.heard = Heard({7000: {"a": True}})
    running.pass_time(2)
    world.is_urgent.clear()
    running.pass_time(5)
    assert set(world.is_urgent) == {False}


def test_another_one_who_answers_is_written_though_no_member_changed() -> None:
    world = world_of(a=True)
    running = world.loop("db-1", None, world.target(render=answering), listen=world.listen)
    running.pass_time(3)
    world.heard = Heard({7000: {"a": True, "b": True}})
    running.pass_time(3)
    assert world.writes == [b"a", b"a b"]


def test_when_nobody_answers_any_more_the_last_good_file_stays() -> None:
    world = world_of(a=True)
    running = world.loop("db-1", None, world.target(render=answering), listen=world.listen)
    running.pass_time(3)
    world.heard = Heard({7000: {"a": False}})
    running.pass_time(300)
    assert world.disk[FILE] == b"a"
    assert world.writes == [b"a"]
    assert world.said("withheld") == [f"{REASON}; the last good file stays"] * 3


def test_who_is_told_is_told_who_answers() -> None:
    world = world_of(a=True)
    running = world.loop("db-1", GateRules(), world.target(render=answering), listen=world.listen)
    running.pass_time(3)
    world.heard = Heard({7000: {"b": True}})
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


def test_what_is_new_of_who_answers_is_told_and_then_each_write_is_news() -> None:
    world = world_of(a=True)
    running = world.loop("db-1", None, world.target(render=answering), listen=world.listen)
    running.pass_time(3)
    for name in "bcd":
        news = (News("info", "answers", f"{name} answers"),)
        world.heard = Heard({7000: {name: True}}, news)
        running.pass_time(0)
        world.heard = Heard({7000: {name: True}})
        running.pass_time(3)
    assert world.said("answers") == ["b answers", "c answers", "d answers"]
    assert len(world.said("published")) == 4


def test_what_was_heard_is_said_where_a_file_waits_for_it() -> None:
    def waits(_: Roll) -> Withheld:
        return Withheld(REASON, 7000)

    world = World(dns=listed(0, 1), heard=Heard({7000: {}}, (), {7000: "db-0 refuses, for 4 s"}))
    world.loop("db-1", None, world.target(render=waits), listen=world.listen).pass_time(1)
    assert world.said("withheld") == [f"{REASON} (db-0 refuses, for 4 s)"]


def test_after_a_restart_a_withheld_file_that_an_earlier_life_wrote_is_good_enough() -> None:
    """Else sidecars end again and again while a cluster is down, and nobody keeps other files."""
    world = world_of(a=True)
    targets = (world.target(render=answering), world.target(FILE.with_name("other"), names))
    world.loop("db-1", None, *targets, listen=world.listen).pass_time(3)
    world.heard = Heard({7000: {}})
    world.dns = listed(0, 1, 2, 3)
    world.loop("db-1", None, *targets, listen=world.listen).pass_time(3)
    assert len(world.said("ready")) == 2
    assert world.disk[FILE] == b"a"
    assert world.disk[FILE.with_name("other")] == b"db-0 db-1 db-2 db-3"


def test_a_file_that_another_pod_left_does_not_open_the_gate_while_it_is_withheld() -> None:
    world = world_of()
    world.disk[FILE] = b"from elsewhere"
    world.loop("db-1", None, world.target(render=answering), listen=world.listen).pass_time(30)
    assert not world.said("ready")
    assert world.disk[FILE] == b"from elsewhere"


def test_what_is_no_file_is_no_good_file_where_one_is_withheld() -> None:
    world = world_of(a=True)
    target = world.target(render=answering)
    world.loop("db-1", None, target, listen=world.listen).pass_time(3)
    world.heard = Heard({7000: {}})
    world.loop("db-1", None, replace(target, on_disk=lambda: ""), listen=world.listen).pass_time(3)
    assert len(world.said("ready")) == 1
    assert world.said("withheld") == [REASON]


def test_another_base_file_is_rendered_though_no_member_changed() -> None:
    world, base = World(dns=listed(0, 1)), ["one"]

    def over_base(_: Roll) -> bytes:
        return base[0].encode()

    target = replace(world.target(render=over_base), made_of=lambda: base[0])
    running = world.loop("db-1", None, target)
    running.pass_time(3)
    base[0] = "two"
    running.pass_time(3)
    assert world.writes == [b"one", b"two"]


def test_a_file_of_its_readers_own_is_there_though_it_cant_be_read() -> None:
    world = World(dns=listed(0, 1))
    world.disk[FILE] = b"the reader's own"
    world.unread = Unread("Permission denied", is_there=True)
    running = world.loop("db-1", None, replace(world.target(), is_kept=True))
    running.pass_time(3)
    world.dns = listed(0, 1, 2)
    running.pass_time(9)
    assert world.said("ready")
    assert world.disk[FILE] == b"the reader's own"
    assert world.writes == []
    assert not world.said("meddling")


def test_where_it_cant_be_told_whether_its_file_is_there_a_reader_waits() -> None:
    world = World(dns=listed(0, 1))
    world.unread = Unread("Input/output error", is_there=False)
    running = world.loop("db-1", None, replace(world.target(), is_kept=True))
    running.pass_time(9)
    assert world.writes == []
    assert not world.said("ready")
    sentence = f"whether there is a file {FILE} can't be told: Input/output error"
    assert set(world.said("not_published")) == {sentence}
    world.unread = None
    running.pass_time(2)
    assert world.writes == [b"db-0 db-1"]
    assert world.said("ready")


def test_a_file_that_became_unreadable_is_not_said_to_be_removed_and_is_left_until_a_change() -> (
    None
):
    world = World(dns=listed(0, 1))
    running = world.loop("db-1", None, world.target())
    running.pass_time(3)
    world.unread = Unread("Permission denied", is_there=True)
    running.pass_time(30)
    assert world.writes == [b"db-0 db-1"]
    assert not world.said("meddling")
    (sentence,) = world.said("unread")
    assert sentence.startswith(f"{FILE} can't be read any more: Permission denied. Whether ")
    world.dns = listed(0, 1, 2)
    running.pass_time(9)
    assert world.writes == [b"db-0 db-1", b"db-0 db-1 db-2"]


def test_a_file_that_can_not_be_read_at_the_start_is_written_once() -> None:
    world = World(dns=listed(0, 1))
    world.unread = Unread("Permission denied", is_there=True)
    running = world.loop("db-1", None, world.target())
    running.pass_time(9)
    assert world.writes == [b"db-0 db-1"]
    assert world.said("ready")
