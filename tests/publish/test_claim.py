"""One agent at a time replaces a file."""

from __future__ import annotations

import fnmatch
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from agent.publish import Claim, PublishError, check_target, publish, sweep, try_folder
from tests.publish.folders import INCLUDED, files, mode_of, no_root
from tests.publish.own_process import ROOT
from tests.support.until import until

LOCK = ".peers.cnf.rollcall.lock"
LEAVING = ".peers.cnf.77-0a0b0c0d.rollcall.tmp"
SOON = 15.0

# Claims a file, starts a program that outlives it, and says so.
KEEPER = """
import subprocess, sys, time
from pathlib import Path
from agent.publish import Claim
claim = Claim(Path(sys.argv[1]), "db-7")
claim.take()
child = subprocess.Popen(["sleep", "300"], close_fds=False)
print(child.pid, flush=True)
time.sleep(300)
"""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "peers.cnf"


def refusal(claim: Claim) -> str:
    with pytest.raises(PublishError) as refused:
        claim.take()
    return str(refused.value)


def write(claim: Claim, path: Path, data: bytes) -> None:
    claim.guarding(partial(publish, path, mode=None))(data)


@contextmanager
def keeper(target: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process that has the claim, and the number of a program that it started."""
    command = [sys.executable, "-c", KEEPER, str(target)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        child = int(process.stdout.readline())
        try:
            yield process, child
        finally:
            process.kill()
            os.kill(child, signal.SIGKILL)


# Whose it is.


def test_the_second_is_refused_with_the_name_of_the_first_and_takes_over_when_that_ends(
    target: Path,
) -> None:
    second = Claim(target, "db-1")
    with Claim(target, "db-0") as first:
        write(first, target, b"first")
        whose = f"another agent, db-0 (process {os.getpid()})"
        assert refusal(second) == f"{target} is kept by {whose}: give each its own path"
        with pytest.raises(PublishError, match="db-0"):
            write(second, target, b"second")
        write(first, target, b"first again")
        assert target.read_bytes() == b"first again"
    write(second, target, b"second")
    assert target.read_bytes() == b"second"
    assert "db-1" in refusal(Claim(target, "db-0"))
    second.close()
    assert files(target.parent) == ["peers.cnf"]


def test_other_files_in_one_folder_are_other_claims(tmp_path: Path) -> None:
    with Claim(tmp_path / "a", "db-0") as first, Claim(tmp_path / "b", "db-1") as second:
        first.take()
        second.take()
    assert files(tmp_path) == []


def test_a_claim_is_held_from_the_start_and_that_it_can_not_be_is_said_by_the_first_write(
    target: Path,
) -> None:
    with Claim(target, "db-0"), Claim(target, "db-1") as second:
        assert "db-0" in refusal(second)


def test_who_was_killed_has_no_claim_whatever_it_started_lives_on(target: Path) -> None:
    mine = Claim(target, "db-1")
    with keeper(target) as (process, child):
        assert refusal(mine) == (
            f"{target} is kept by another agent, db-7 (process {process.pid}): "
            "give each its own path"
        )
        process.kill()
        process.wait(SOON)
        os.kill(child, 0)
        assert files(target.parent) == [LOCK]
        mine.take()
        os.kill(child, 0)
    mine.close()
    assert files(target.parent) == []


@pytest.mark.parametrize(
    "content", [b"", b"db-9 77\n", b"x" * 10_000, b"\x1b[31m 7\n", b"db 7 7\n", b"\xff\n"]
)
def test_an_old_lock_file_claims_nothing_and_says_nothing_that_is_no_name(
    content: bytes, target: Path
) -> None:
    lock = target.with_name(LOCK)
    lock.write_bytes(content)
    with Claim(target, "db-0") as first:
        first.take()
        assert lock.read_bytes() == f"db-0 {os.getpid()}\n".encode()
        if content != b"db-9 77\n":
            lock.write_bytes(content)
            assert refusal(Claim(target, "db-1")) == (
                f"{target} is kept by another agent: give each its own path"
            )


def test_a_lock_file_that_was_removed_is_made_again_and_two_never_write(target: Path) -> None:
    with Claim(target, "db-0") as first:
        target.with_name(LOCK).unlink()
        write(first, target, b"first")
        assert "db-0" in refusal(Claim(target, "db-1"))
        target.with_name(LOCK).unlink()
        with Claim(target, "db-1") as second:
            write(second, target, b"second")
            assert "db-1" in refusal(first)
            first.close()
            assert files(target.parent) == [LOCK, "peers.cnf"]
            assert "db-1" in refusal(first)
    assert target.read_bytes() == b"second"


def test_who_gives_up_a_claim_that_was_lost_leaves_the_others(target: Path) -> None:
    first = Claim(target, "db-0")
    first.take()
    target.with_name(LOCK).unlink()
    with Claim(target, "db-1"):
        first.close()
        assert "db-1" in refusal(first)
    assert files(target.parent) == []


def test_however_they_come_and_go_there_is_never_more_than_one(target: Path) -> None:
    """The lock file is removed by whoever gives it up, while others are about to lock it."""
    inside: list[int] = []
    most: list[int] = []
    ended = threading.Event()

    def come_and_go(number: int) -> None:
        had = 0
        while had < 200 and not ended.is_set():
            claim = Claim(target, f"db-{number}")
            try:
                claim.take()
            except PublishError:
                continue
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)
            claim.close()
            had += 1

    threads = [threading.Thread(target=come_and_go, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: not any(thread.is_alive() for thread in threads), 60.0, "all came")
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert (len(most), max(most)) == (800, 1)
    assert files(target.parent) == []


# Its lock file.


def test_no_server_takes_a_lock_file_for_a_config_file_and_every_user_may_read_it(
    target: Path,
) -> None:
    before = os.umask(0o077)
    try:
        with Claim(target, "db-0"):
            (lock,) = target.parent.iterdir()
            assert mode_of(lock) == 0o644
            assert lock.stat().st_size < 64
    finally:
        os.umask(before)
    assert [pattern for pattern in INCLUDED if fnmatch.fnmatchcase(lock.name, pattern)] == []


def test_to_look_needs_no_lock_and_leaves_none(target: Path) -> None:
    with Claim(target, "db-0"):
        check_target(target)
        try_folder(target.parent)
    check_target(target)
    try_folder(target.parent)
    assert files(target.parent) == []


def test_another_users_lock_counts_and_its_old_lock_file_does_not(open_folder: Path) -> None:
    target = open_folder / "peers.cnf"
    open_folder.chmod(0o777)
    lock = open_folder / LOCK
    with Claim(target, "db-0") as first:
        with no_root():
            assert "db-0" in refusal(Claim(target, "db-1"))
        first.take()
    lock.write_bytes(b"db-9 77\n")
    mine = Claim(target, "db-1")
    with no_root():
        mine.take()
    assert "is kept by another agent" in refusal(Claim(target, "db-0"))
    with no_root():
        mine.close()
    assert files(open_folder) == []


@pytest.mark.parametrize("kind", ["folder", "pipe", "link to a file", "link to nothing"])
def test_what_is_in_the_place_of_a_lock_file_keeps_nobody_from_the_file(
    kind: str, target: Path
) -> None:
    lock, other = target.with_name(LOCK), target.with_name("other")
    other.write_bytes(b"other")
    match kind:
        case "folder":
            lock.mkdir()
        case "pipe":
            os.mkfifo(lock)
        case "link to a file":
            lock.symlink_to(other)
        case _:
            lock.symlink_to("none")
    for who in ("db-0", "db-1"):
        with Claim(target, who) as claim:
            write(claim, target, who.encode())
    assert target.read_bytes() == b"db-1"
    assert other.read_bytes() == b"other"
    assert files(target.parent) == [LOCK, "other", "peers.cnf"]


def test_nobody_waits_for_another_users_pipe_in_the_place_of_a_lock_file(open_folder: Path) -> None:
    """It can't be opened for writing, and to open it for reading waits for a writer (fifo(7))."""
    target, lock = open_folder / "peers.cnf", open_folder / LOCK
    open_folder.chmod(0o777)
    os.mkfifo(lock)
    lock.chmod(0o444)
    claim = Claim(target, "db-0")
    taking = threading.Thread(target=claim.take)
    try:
        with no_root():
            taking.start()
            until(lambda: not taking.is_alive(), SOON, "nobody waits")
            write(claim, target, b"x")
    finally:
        lock.chmod(0o644)
        while taking.is_alive():
            with suppress(OSError):
                os.close(os.open(lock, os.O_WRONLY | os.O_NONBLOCK))
    assert target.read_bytes() == b"x"


def test_a_folder_that_nobody_may_write_to_is_said_by_the_write(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    target = open_folder / "peers.cnf"
    with no_root(), Claim(target, "db-0") as claim:
        with pytest.raises(PublishError, match="is not writable for user"):
            write(claim, target, b"x")
        with pytest.raises(PublishError, match="is gone"):
            write(Claim(open_folder / "no" / "x", "db-0"), open_folder / "no" / "x", b"x")
    assert files(open_folder) == []


# What a writer that was killed has left.


def test_who_takes_the_claim_clears_away_what_was_left_and_never_what_another_writes(
    target: Path,
) -> None:
    leaving, memory = target.with_name(LEAVING), target.with_name(".state")
    of_memory = target.with_name("..state.77-0a0b0c0d.rollcall.tmp")
    other = target.with_name(".other.cnf.77-0a0b0c0d.rollcall.tmp")
    second = Claim(target, "db-1", (memory,))
    with Claim(target, "db-0") as first:
        for path in (leaving, of_memory, other):
            path.touch()
        assert "db-0" in refusal(second)
        first.take()
        assert leaving.exists()
    assert files(target.parent) == sorted([of_memory.name, leaving.name, other.name])
    second.take()
    assert files(target.parent) == sorted([other.name, LOCK])
    sweep(target)
    second.close()
    assert files(target.parent) == [other.name]
