"""Whose a file is: kept when it is replaced, as far as the system permits."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.core.reconcile import Unread
from agent.publish import Fault, OnDisk, PublishError, check_target, publish
from tests.publish.folders import NOBODY, files, mode_of, no_root, owner_of

OLD, NEW = b"old\n", b"new\n"
DATABASE, READERS = 4999, 5000


@pytest.fixture
def target(open_folder: Path) -> Path:
    """A file of the database's user, which only its group may read."""
    if os.geteuid() != 0:
        pytest.skip("needs root, who alone may give files to another user: run it as root")
    target = open_folder / "peers.cnf"
    target.write_bytes(OLD)
    os.chown(target, DATABASE, READERS)
    target.chmod(0o640)
    return target


@pytest.mark.parametrize(("mode", "then"), [(None, 0o640), (0o604, 0o604)])
def test_root_keeps_the_owner_and_the_group_whether_the_mode_is_set_or_not(
    mode: int | None, then: int, target: Path
) -> None:
    publish(target, NEW, mode)
    assert (target.read_bytes(), owner_of(target)) == (NEW, (DATABASE, READERS))
    assert mode_of(target) == then


def test_bits_that_a_change_of_owner_takes_away_are_kept(target: Path) -> None:
    target.chmod(0o2750)
    publish(target, NEW, None)
    assert (mode_of(target), owner_of(target)) == (0o2750, (DATABASE, READERS))


def test_who_is_in_the_files_group_keeps_the_group(target: Path) -> None:
    os.chown(target.parent, 0, READERS)
    target.parent.chmod(0o775)
    with no_root(READERS):
        check_target(target)
        publish(target, NEW, None)
    assert (target.read_bytes(), owner_of(target)) == (NEW, (NOBODY, READERS))
    assert mode_of(target) == 0o640


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o004])
def test_who_may_not_give_it_away_writes_it_all_the_same_where_all_may_read_it(
    target: Path, mode: int
) -> None:
    target.parent.chmod(0o777)
    target.chmod(mode)
    with no_root():
        check_target(target)
        publish(target, NEW, None)
    assert (target.read_bytes(), owner_of(target)) == (NEW, (NOBODY, NOBODY))
    assert (mode_of(target), files(target.parent)) == (mode, ["peers.cnf"])


@pytest.mark.parametrize(
    ("old", "mode"), [(0o600, None), (0o640, None), (0o640, 0o600), (0o600, 0o660), (0o060, 0o640)]
)
def test_what_its_reader_could_not_read_then_is_refused_with_what_mends_it(
    target: Path, old: int, mode: int | None
) -> None:
    target.parent.chmod(0o777)
    target.chmod(old)
    with no_root():
        with pytest.raises(PublishError) as refused:
            publish(target, NEW, mode)
        assert refused.value.fault is Fault.NOT_PERMITTED
        assert str(refused.value) == (
            f"{target} was not written: it belongs to user {DATABASE} and group {READERS}, user "
            f"{NOBODY} may not give a file to them, and with the mode {mode or old:04o} they could "
            'not read the new one: give the output a mode that lets them (`mode: "0644"`), or have '
            f"the agent run as user {DATABASE} and in group {READERS}"
        )
    assert (target.read_bytes(), owner_of(target)) == (OLD, (DATABASE, READERS))
    assert (mode_of(target), files(target.parent)) == (old, ["peers.cnf"])


@pytest.mark.parametrize(("old", "mode"), [(0o600, 0o604), (0o640, 0o644), (0o644, 0o600)])
def test_a_mode_that_lets_all_read_it_or_takes_that_from_all_is_a_persons_decision(
    target: Path, old: int, mode: int
) -> None:
    target.parent.chmod(0o777)
    target.chmod(old)
    with no_root():
        publish(target, NEW, mode)
    assert (target.read_bytes(), mode_of(target)) == (NEW, mode)


def test_a_group_that_can_not_be_kept_is_refused_though_the_owner_is(target: Path) -> None:
    target.parent.chmod(0o777)
    os.chown(target, NOBODY, READERS)
    with no_root(), pytest.raises(PublishError, match=f"group {READERS}, user {NOBODY} may not"):
        publish(target, NEW, None)
    with no_root():
        publish(target, NEW, 0o600)
    assert (target.read_bytes(), mode_of(target)) == (NEW, 0o600)


@pytest.mark.parametrize(("old", "mode"), [(0o600, 0o640), (0o660, None)])
def test_a_group_that_is_kept_and_may_read_it_is_enough_for_an_owner_who_is_not(
    target: Path, old: int, mode: int | None
) -> None:
    target.parent.chmod(0o777)
    target.chmod(old)
    with no_root(READERS):
        publish(target, NEW, mode)
    assert owner_of(target) == (NOBODY, READERS)
    assert (target.read_bytes(), mode_of(target)) == (NEW, mode or old)


def test_a_group_that_is_kept_and_may_not_read_it_is_not_enough(target: Path) -> None:
    target.parent.chmod(0o777)
    target.chmod(0o600)
    with no_root(READERS), pytest.raises(PublishError, match="with the mode 0600 they could not"):
        publish(target, NEW, None)
    assert target.read_bytes() == OLD


def test_a_first_file_is_of_the_writers_group_and_in_a_setgid_folder_of_the_folders(
    target: Path,
) -> None:
    os.chown(target.parent, 0, READERS)
    for mode, group in ((0o777, NOBODY), (0o2777, READERS)):
        target.parent.chmod(mode)
        target.unlink()
        with no_root():
            publish(target, NEW, None)
        assert (owner_of(target), mode_of(target)) == ((NOBODY, group), 0o644)


def test_a_setgid_folder_does_not_change_the_group_that_a_file_has(target: Path) -> None:
    os.chown(target.parent, 0, 5001)
    target.parent.chmod(0o2777)
    with no_root(READERS):
        publish(target, NEW, None)
    assert owner_of(target) == (NOBODY, READERS)


def test_anothers_file_in_a_sticky_folder_is_refused_with_what_mends_it(target: Path) -> None:
    target.parent.chmod(0o1777)
    because = (
        f"it belongs to user {DATABASE}, and the sticky bit of {target.parent} keeps user "
        f"{NOBODY} from replacing it: remove it, or give it to that user"
    )
    with no_root():
        with pytest.raises(PublishError) as refused:
            check_target(target)
        assert str(refused.value) == f"{target} can't be replaced: {because}"
        with pytest.raises(PublishError) as refused:
            publish(target, NEW, None)
        assert str(refused.value) == f"{target} was not written: {because}"
    assert (target.read_bytes(), files(target.parent)) == (OLD, ["peers.cnf"])
    os.chown(target, NOBODY, NOBODY)
    with no_root():
        check_target(target)
        publish(target, NEW, None)
    assert target.read_bytes() == NEW


def test_a_folder_of_another_user_will_do_if_it_lets_the_group_write(target: Path) -> None:
    os.chown(target.parent, DATABASE, READERS)
    target.unlink()
    for mode, is_fine in ((0o755, False), (0o775, True)):
        target.parent.chmod(mode)
        with no_root(READERS):
            if is_fine:
                check_target(target)
                publish(target, NEW, None)
                continue
            with pytest.raises(PublishError, match="is not writable for user"):
                check_target(target)
            with pytest.raises(PublishError, match="is not writable for user"):
                publish(target, NEW, None)
    assert target.read_bytes() == NEW


# Whether it is there.


def test_another_users_file_that_may_not_be_read_is_there(target: Path) -> None:
    on_disk = OnDisk(target)
    readable = on_disk.digest()
    assert isinstance(readable, str)
    target.chmod(0o600)
    with no_root():
        assert on_disk.digest() == Unread("Permission denied", is_there=True)
        assert OnDisk(target).digest() == Unread("Permission denied", is_there=True)
    target.chmod(0o604)
    with no_root():
        assert on_disk.digest() == readable


def test_in_a_folder_that_may_not_be_entered_it_can_not_be_told_whether_a_file_is_there(
    target: Path,
) -> None:
    target.parent.chmod(0o700)
    with no_root():
        for path in (target, target.with_name("none")):
            assert OnDisk(path).digest() == Unread("Permission denied", is_there=False)
