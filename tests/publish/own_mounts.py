"""Played where mounts are this process's own; `test_mounts` starts it.

`python -m tests.publish.own_mounts SCENE FOLDER` ends with 0 if all is as it should be.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from agent.publish import (
    Claim,
    Fault,
    PublishError,
    check_target,
    publish,
    sweep,
    try_folder,
)
from tests.e2e.doctor import doctor
from tests.e2e.program import QUICK, SERVICE, SOON, Program, document, rollcall
from tests.support.until import until

OLD, NEW = b"old\n", b"new\n"
STATIC = ("--pod-name=db-1", *SERVICE, "--discovery=static", "--peer=db-0", "--pod-ip=10.0.0.2")
MEND = (
    "it is mounted as a single file, which can't be replaced as a whole: mount its folder instead "
    "(Docker: the folder as the volume; Kubernetes: no subPath)"
)


def mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


def small(folder: Path, size: str = "64k") -> Path:
    """A file system of this size at a new folder."""
    folder.mkdir()
    mount("-t", "tmpfs", "-o", f"size={size}", "none", folder)
    return folder


def fill(folder: Path) -> Path:
    """Takes all the space that there is."""
    ballast = folder / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    return ballast


def files(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def refused(path: Path, content: bytes = NEW) -> PublishError:
    with pytest.raises(PublishError) as wrong:
        publish(path, content, None)
    return wrong.value


def unusable(path: Path) -> PublishError:
    with pytest.raises(PublishError) as wrong:
        check_target(path)
    return wrong.value


def single_file(folder: Path, name: str = "a place") -> Path:
    """A target as `docker -v FILE:FILE` mounts it."""
    source, place = folder / "source.cnf", folder / name
    place.mkdir()
    target = place / "peers 1.cnf"
    source.write_bytes(OLD)
    target.touch()
    mount("--bind", source, target)
    return target


def a_single_file_is_refused_at_the_start_and_at_each_write_and_never_written_in_place(
    folder: Path,
) -> None:
    target = single_file(folder, "what\tis\\written otherwise")  # in the list of mounts
    with target.open("rb") as reader:
        wrong = unusable(target)
        assert str(wrong) == f"{target} can't be written: {MEND}"
        assert wrong.fault is Fault.SINGLE_FILE
        wrong = refused(target)
        assert str(wrong) == f"{target} was not written: {MEND}"
        assert wrong.fault is Fault.SINGLE_FILE
        assert reader.read() == OLD
    assert (target.read_bytes(), files(target.parent)) == (OLD, [target.name])
    check_target(target.with_name("another.cnf"))


def a_single_file_ends_an_agent_and_is_mended_by_doctor(folder: Path) -> None:
    target = single_file(folder)
    link = folder / "link.cnf"
    link.symlink_to(target)
    for path in (target, link):
        ended = rollcall("run", *STATIC, f"--output=list:{path}")
        assert ended.code == 2, ended
        assert ended.err == f"rollcall: {target} can't be written: {MEND}\n", ended
    seen = doctor("--discovery=static", "--peer=db-0", f"--output=list:{target}")
    assert seen.checks["outputs"].state.value == "fail"
    assert seen.finding("outputs") == f"{target} can't be written: {MEND}"
    assert seen.mends("outputs") == [[{"name": "peers", "mountPath": str(target.parent)}]]
    assert (target.read_bytes(), files(target.parent)) == (OLD, [target.name])


def a_folder_that_is_mounted_is_fine_and_so_is_a_file_in_it(folder: Path) -> None:
    target = small(folder / "peers") / "peers.cnf"
    check_target(target)
    publish(target, OLD, None)
    check_target(target)
    publish(target, NEW, None)
    assert files(target.parent) == ["peers.cnf"]


def a_link_into_another_file_system_stays_and_the_file_there_is_replaced(folder: Path) -> None:
    target = small(folder / "there", "1m") / "peers.list"
    link = folder / "peers.list"
    link.symlink_to(target)
    ended = rollcall("once", *STATIC, f"--output=list:{link}")
    assert ended.code == 0, ended.err
    assert link.is_symlink()
    assert target.read_text().startswith("db-0\n")
    assert files(folder) == ["peers.list", "there"]
    assert files(target.parent) == [".rollcall-db-1.state", "peers.list"]


def a_volume_that_is_read_only_is_told_at_the_start_and_at_a_write(folder: Path) -> None:
    target = small(folder / "peers") / "peers.cnf"
    publish(target, OLD, None)
    mount("-o", "remount,ro", target.parent)
    wrong = unusable(target)
    assert wrong.fault is Fault.NOT_PERMITTED
    assert str(wrong).endswith(
        "is mounted read-only: mount it without readOnly, or mend its volume"
    )
    assert str(refused(target)) == f"{target} was not written: {target.parent} is mounted read-only"
    Claim(target, "db-1").take()
    sweep(target)
    assert (target.read_bytes(), files(target.parent)) == (OLD, ["peers.cnf"])
    mount("-o", "remount,rw", target.parent)
    publish(target, NEW, None)
    assert target.read_bytes() == NEW


def a_full_volume_keeps_the_old_file_and_takes_the_new_one_once_there_is_space(
    folder: Path,
) -> None:
    target = small(folder / "peers") / "peers.cnf"
    publish(target, OLD, None)
    ballast = fill(target.parent)
    full = f"the volume of {target.parent} is full: free some space, or raise its sizeLimit"
    assert str(refused(target)) == f"{target} was not written: {full}"
    with pytest.raises(PublishError) as wrong:
        try_folder(target.parent)
    assert str(wrong.value) == f"{target.parent} can't be written to: {full}"
    assert (target.read_bytes(), files(target.parent)) == (OLD, ["ballast", "peers.cnf"])
    ballast.unlink()
    assert str(refused(target, b"x" * 100_000)) == f"{target} was not written: {full}"  # its size
    publish(target, NEW, None)
    assert (target.read_bytes(), files(target.parent)) == (NEW, ["peers.cnf"])


def a_volume_without_room_for_another_file_says_that_it_is_full(folder: Path) -> None:
    target = small(folder / "peers", "64k,nr_inodes=2") / "peers.cnf"
    publish(target, OLD, None)
    with Claim(target, "db-1") as claim:
        claim.take()
        assert "is full" in str(refused(target))
    assert (target.read_bytes(), files(target.parent)) == (OLD, ["peers.cnf"])


def a_claim_on_a_full_volume_is_one_without_a_name(folder: Path) -> None:
    target = small(folder / "peers") / "peers.cnf"
    fill(target.parent)
    with Claim(target, "db-0"), pytest.raises(PublishError) as wrong:
        Claim(target, "db-1").take()
    assert str(wrong.value) == f"{target} is kept by another agent: give each its own path"
    assert files(target.parent) == ["ballast"]


def an_agent_on_a_full_volume_says_so_and_goes_on_once_there_is_space(folder: Path) -> None:
    target = small(folder / "peers") / "peers.json"
    ballast = fill(target.parent)
    given = (*STATIC, *QUICK, "--log-format=json", "--wait-timeout=60s")
    with Program("run", *given, f"--output=json:{target}") as program:
        full = f"the volume of {target.parent} is full: free some space, or raise its sizeLimit"
        state = target.parent / ".rollcall-db-1.state"
        (event,) = program.says("not_published")
        assert event["event"] == f"{target} was not written: {full}"
        (event,) = program.says("memory")
        assert event["event"] == f"{state} was not written: {full}"
        left = [".peers.json.rollcall.lock", "ballast"]
        until(lambda: files(target.parent) == left, SOON, "nothing is left but while it tries")
        ballast.unlink()
        program.says("ready")
        assert document(target)["self"]["name"] == "db-1"
        until(state.exists, SOON, "it is remembered, too")
        assert files(target.parent) == [
            ".peers.json.rollcall.lock",
            state.name,
            target.name,
        ]


SCENES = {
    scene.__name__: scene
    for scene in (
        a_single_file_is_refused_at_the_start_and_at_each_write_and_never_written_in_place,
        a_single_file_ends_an_agent_and_is_mended_by_doctor,
        a_folder_that_is_mounted_is_fine_and_so_is_a_file_in_it,
        a_link_into_another_file_system_stays_and_the_file_there_is_replaced,
        a_volume_that_is_read_only_is_told_at_the_start_and_at_a_write,
        a_full_volume_keeps_the_old_file_and_takes_the_new_one_once_there_is_space,
        a_volume_without_room_for_another_file_says_that_it_is_full,
        a_claim_on_a_full_volume_is_one_without_a_name,
        an_agent_on_a_full_volume_says_so_and_goes_on_once_there_is_space,
    )
}

if __name__ == "__main__":
    os.umask(0o022)
    SCENES[sys.argv[1]](Path(sys.argv[2]))
