"""Whole files, on a real file system."""

import errno
import fnmatch
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.core.reconcile import Ledger
from agent.publish import (
    OTHER,
    OnDisk,
    PublishError,
    check_target,
    digest,
    publish,
    read,
    sweep,
    try_folder,
)
from tests.publish.folders import INCLUDED, files, mode_of, no_root, open_folder

__all__ = ["no_root", "open_folder"]

ROOT = Path(__file__).parents[1]
OLD, NEW = b"old\n", b"new\n"


# Is killed by the kernel in mid-write, as soon as a file has more than a page.
KILLED = """
import resource, signal, sys
from pathlib import Path
from agent.publish import publish
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
publish(Path(sys.argv[1]), b"x" * 100_000, None)
"""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "peers.cnf"


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def longest_file(size: int) -> Iterator[None]:
    """Makes each write beyond this size fail, as a full volume does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def killed_in_mid_write(path: Path) -> str:
    """The name of what an agent leaves that was killed while it wrote."""
    before = set(files(path.parent))
    made = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, check=False)
    assert made.returncode == -signal.SIGXFSZ
    (leaving,) = set(files(path.parent)) - before
    return leaving


# Whole.


def test_a_file_is_there_with_its_content_and_nothing_beside_it(target: Path) -> None:
    publish(target, NEW, None)
    assert target.read_bytes() == NEW
    assert files(target.parent) == ["peers.cnf"]


@pytest.mark.parametrize("content", [b"", b"\0\xff\n", b"x" * 3_000_000])
def test_any_content_is_written_as_it_is(content: bytes, target: Path) -> None:
    publish(target, content, None)
    assert target.read_bytes() == content


def test_who_reads_while_a_file_is_replaced_never_sees_a_part_of_one(target: Path) -> None:
    contents = (b"a" * 300_000, b"b" * 200_000)
    publish(target, contents[0], None)
    partial: list[bytes] = []
    began, ended = threading.Event(), threading.Event()

    def read() -> None:
        while not ended.is_set():
            content = target.read_bytes()
            if content not in contents:
                partial.append(content)
            began.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert began.wait(timeout=30)
        for n in range(200):
            publish(target, contents[n % 2], None)
    finally:
        ended.set()
        reader.join()
    assert partial == []


def test_who_opened_the_old_file_reads_it_to_its_end(target: Path) -> None:
    publish(target, OLD, None)
    with target.open("rb") as reader:
        publish(target, NEW, None)
        assert reader.read() == OLD
    assert target.read_bytes() == NEW


def test_an_agent_that_is_killed_in_mid_write_leaves_the_old_file_as_it_was(target: Path) -> None:
    publish(target, OLD, None)
    killed_in_mid_write(target)
    assert target.read_bytes() == OLD


# Its mode.


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_new_file_can_be_read_by_another_user_whatever_the_umask(mask: int, target: Path) -> None:
    with umask(mask):
        publish(target, NEW, None)
    assert mode_of(target) == 0o644


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o444])
def test_a_file_keeps_its_mode(mode: int, target: Path) -> None:
    target.write_bytes(OLD)
    target.chmod(mode)
    with umask(0o077):
        publish(target, NEW, None)
    assert (mode_of(target), target.read_bytes()) == (mode, NEW)


@pytest.mark.parametrize("mask", [0o000, 0o077])
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_a_mode_that_is_set_counts_for_new_files_and_for_old_ones(
    mode: int, mask: int, target: Path
) -> None:
    with umask(mask):
        publish(target, OLD, mode)
        assert mode_of(target) == mode
        target.chmod(0o604)
        publish(target, NEW, mode)
    assert mode_of(target) == mode


# Its check, which somebody else does.


def test_a_check_sees_the_whole_new_file_in_its_final_mode_and_the_old_one_in_place(
    target: Path,
) -> None:
    publish(target, OLD, None)
    seen = []

    def check(path: Path) -> None:
        seen.append((path.parent, path.read_bytes(), mode_of(path), target.read_bytes()))

    publish(target, NEW, 0o640, check)
    assert seen == [(target.parent, NEW, 0o640, OLD)]
    assert (target.read_bytes(), files(target.parent)) == (NEW, ["peers.cnf"])


@pytest.mark.parametrize("wrong", [PublishError("it is not fit"), KeyboardInterrupt()])
def test_a_file_that_fails_its_check_replaces_nothing_and_is_not_left(
    wrong: BaseException, target: Path
) -> None:
    publish(target, OLD, None)

    def check(_: Path) -> None:
        raise wrong

    with pytest.raises(type(wrong)) as refused:
        publish(target, NEW, 0o600, check)
    assert refused.value is wrong
    assert (target.read_bytes(), mode_of(target)) == (OLD, 0o644)
    assert files(target.parent) == ["peers.cnf"]


# Its digest, by which the caller knows that nothing has to be written.


def test_what_is_on_disk_is_known_by_its_digest(target: Path) -> None:
    assert OnDisk(target).digest() is None
    publish(target, NEW, None)
    assert OnDisk(target).digest() == digest(NEW) != digest(OLD)
    assert not Ledger().saw(OnDisk(target).digest()).want(digest(NEW)).is_publish_due
    assert Ledger().saw(OnDisk(target).digest()).want(digest(OLD)).is_publish_due


def test_what_is_no_file_is_there_and_is_none_of_ours(tmp_path: Path, target: Path) -> None:
    assert OnDisk(tmp_path).digest() == OTHER
    link = tmp_path / "link"
    for to in ("none", "link", "peers.cnf/none"):
        target.touch()
        link.symlink_to(to)
        assert OnDisk(link).digest() == OTHER
        link.unlink()
        assert OnDisk(link).digest() is None
    for nothing in (tmp_path / "none" / "peers.cnf", target / "peers.cnf"):
        assert OnDisk(nothing).digest() is None


def test_to_look_at_what_is_no_file_leaves_nothing_open(tmp_path: Path) -> None:
    def handles() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    before = handles()
    assert (read(tmp_path), OnDisk(tmp_path).digest()) == (None, OTHER)
    assert handles() == before


def test_a_file_that_nobody_could_have_rendered_costs_no_memory(target: Path) -> None:
    with target.open("wb") as file:
        file.truncate(20 * 2**30)
    assert OnDisk(target).digest() == OTHER
    assert len(read(target) or b"") < 17 * 2**20
    with target.open("wb") as file:
        file.truncate(64 * 2**20)
    assert OnDisk(target).digest() == digest(bytes(64 * 2**20))


# When it fails.


def refusal(path: Path, content: bytes = NEW) -> str:
    with pytest.raises(PublishError) as refused:
        publish(path, content, None)
    return str(refused.value)


def test_a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else(target: Path) -> None:
    publish(target, OLD, None)
    with longest_file(4096):
        sentence = refusal(target, b"x" * 1_000_000)
    assert sentence == f"{target} was not written: {os.strerror(errno.EFBIG)}"
    assert (target.read_bytes(), files(target.parent)) == (OLD, ["peers.cnf"])


def test_a_rename_that_fails_leaves_nothing_behind(target: Path) -> None:
    target.mkdir()
    (target / "inner").touch()
    assert refusal(target).startswith(f"{target} was not written: ")
    assert files(target.parent) == ["peers.cnf"]
    assert files(target) == ["inner"]


def test_a_folder_that_was_removed_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "peers"
    assert refusal(folder / "peers.cnf") == f"{folder}/peers.cnf was not written: {folder} is gone"
    assert files(tmp_path) == []


def test_a_folder_that_is_a_file_is_a_sentence_too(target: Path) -> None:
    publish(target, OLD, None)
    assert refusal(target / "inner").startswith(f"{target}/inner was not written: ")
    assert target.read_bytes() == OLD


def test_after_a_failure_the_next_write_succeeds(target: Path) -> None:
    with longest_file(4096):
        refusal(target, b"x" * 1_000_000)
    publish(target, NEW, None)
    assert target.read_bytes() == NEW


def test_a_folder_that_is_not_writable_is_told_with_the_user(open_folder: Path) -> None:
    target = open_folder / "peers.cnf"
    publish(target, OLD, None)
    open_folder.chmod(0o555)
    with no_root() as user:
        assert refusal(target) == (
            f"{target} was not written: {open_folder} is not writable for user {user}"
        )
    assert (target.read_bytes(), files(target.parent)) == (OLD, ["peers.cnf"])


# Before anything depends on it.


def unusable(path: Path) -> str:
    with pytest.raises(PublishError) as refused:
        check_target(path)
    return str(refused.value)


def test_a_target_in_a_folder_is_fine_whether_it_is_there_or_not(target: Path) -> None:
    check_target(target)
    publish(target, OLD, None)
    check_target(target)
    assert files(target.parent) == ["peers.cnf"]


def test_a_folder_that_does_not_exist_is_told_with_what_mends_it(tmp_path: Path) -> None:
    folder = tmp_path / "peers"
    assert unusable(folder / "peers.cnf") == (
        f"{folder} does not exist, and peers.cnf is to be written there: create it, or mount the "
        "shared volume there"
    )


def test_a_target_that_is_a_folder_is_told_so(tmp_path: Path) -> None:
    assert unusable(tmp_path) == f"{tmp_path} is a folder: give the path of a file in it"


def test_a_folder_that_nobody_may_write_to_is_told_with_what_mends_it(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    with no_root() as user:
        assert unusable(open_folder / "peers.cnf") == (
            f"{open_folder} is not writable for user {user}: give the volume a group that the "
            "agent is in (fsGroup), or mount it without readOnly"
        )


def test_a_folder_is_tried_by_a_write_that_leaves_nothing(open_folder: Path) -> None:
    (open_folder / "peers.cnf").write_bytes(OLD)
    try_folder(open_folder)
    assert files(open_folder) == ["peers.cnf"]
    with longest_file(0), pytest.raises(PublishError) as refused:
        try_folder(open_folder)
    assert str(refused.value) == f"{open_folder} can't be written to: {os.strerror(errno.EFBIG)}"
    open_folder.chmod(0o555)
    with no_root() as user, pytest.raises(PublishError) as refused:
        try_folder(open_folder)
    assert str(refused.value).endswith(f"{open_folder} is not writable for user {user}")
    with pytest.raises(PublishError):
        try_folder(open_folder / "none")
    assert files(open_folder) == ["peers.cnf"]


# What an agent that was killed has left.


@pytest.mark.parametrize("name", ["peers.cnf", "peers", ".hidden.yaml", "peers[1].cnf", "a*b?.cnf"])
def test_no_server_takes_an_unfinished_file_for_a_config_file_and_a_sweep_removes_it(
    name: str, tmp_path: Path
) -> None:
    target = tmp_path / name
    publish(target, OLD, None)
    leaving = killed_in_mid_write(target)
    assert [pattern for pattern in INCLUDED if fnmatch.fnmatchcase(leaving, pattern)] == []
    sweep(target)
    assert files(tmp_path) == [name]
    assert target.read_bytes() == OLD


def test_a_sweep_leaves_the_unfinished_files_of_other_targets_alone(tmp_path: Path) -> None:
    for name in ("peers", "peers.json", "peers.json.old", "peers1", "a.peers", ".peers"):
        publish(tmp_path / name, OLD, None)
    targets = files(tmp_path)
    leavings = {name: killed_in_mid_write(tmp_path / name) for name in ("peers", "peers.json")}
    sweep(tmp_path / "peers")
    assert files(tmp_path) == sorted([*targets, leavings["peers.json"]])


def test_a_sweep_takes_a_name_with_signs_in_it_literally(tmp_path: Path) -> None:
    leaving = killed_in_mid_write(tmp_path / "peers1.cnf")
    for pattern in ("peers[1].cnf", "peers?.cnf", "peers*", "*", "peers1.cn"):
        sweep(tmp_path / pattern)
    assert files(tmp_path) == [leaving]


def test_a_sweep_of_a_folder_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    sweep(tmp_path / "none" / "peers.cnf")
    assert files(tmp_path) == []


# What is on disk.


def test_a_file_that_was_replaced_edited_or_removed_is_noticed(target: Path) -> None:
    on_disk = OnDisk(target)
    assert on_disk.digest() is None
    for content in (OLD, NEW, OLD):
        publish(target, content, None)
        assert on_disk.digest() == digest(content)
    target.write_bytes(b"by hand\n")
    assert on_disk.digest() == digest(b"by hand\n")
    target.unlink()
    assert on_disk.digest() is None
