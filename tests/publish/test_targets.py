"""Targets that are no plain files: links, pipes, names that are too long."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.publish import OTHER, OnDisk, PublishError, check_target, publish, read
from tests.e2e.program import SERVICE, Setting, rollcall
from tests.publish.folders import files

NEW = b"new\n"
STATIC = ("--pod-name=db-1", *SERVICE, "--discovery=static", "--peer=db-0", "--pod-ip=10.0.0.2")
# Of a file's name, what is left for it beside that of an unfinished file of the largest process.
LONGEST = 255 - len("..4194304-0a0b0c0d.rollcall.tmp")


def at_once(function: Callable[[], object]) -> object:
    """What a function returns, which must not wait for anybody."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(function()), daemon=True)
    thread.start()
    thread.join(15)
    assert found, "it waits"
    return found[0]


def unusable(path: Path) -> str:
    with pytest.raises(PublishError) as refused:
        check_target(path)
    return str(refused.value)


# Links.


@pytest.mark.parametrize("lead", ["output", "{folder}/output", "other"])
def test_a_link_that_leads_to_itself_is_refused_and_stays(lead: str, tmp_path: Path) -> None:
    link = tmp_path / "output"
    link.symlink_to(lead.format(folder=tmp_path))
    (tmp_path / "other").symlink_to("output")
    assert unusable(link) == f"{link} is a link that leads back to itself: remove it"
    ended = rollcall("run", *STATIC, f"--output=list:{link}")
    assert ended.code == 2
    assert ended.err.endswith(" is a link that leads back to itself: remove it\n")
    assert ended.err.count("\n") == 1
    assert link.is_symlink()
    assert files(tmp_path) == ["other", "output"]


def test_a_link_to_a_folder_that_is_not_there_is_told_with_that_folder(tmp_path: Path) -> None:
    link = tmp_path / "output"
    link.symlink_to("none/peers.list")
    ended = rollcall("run", *STATIC, f"--output=list:{link}")
    assert ended.code == 2
    assert ended.err.startswith(f"rollcall: {tmp_path}/none does not exist, and peers.list is to")
    assert files(tmp_path) == ["output"]


# Names.


@pytest.mark.parametrize(
    "name", ["x" * LONGEST, "ä" * (LONGEST // 2), "x" * (LONGEST - 5) + ".list"]
)
def test_a_name_that_is_just_short_enough_can_be_written(name: str, tmp_path: Path) -> None:
    check_target(tmp_path / name)
    ended = rollcall("once", *STATIC, f"--output=list:{tmp_path / name}")
    assert ended.code == 0, ended.err
    assert files(tmp_path) == sorted([".rollcall-db-1.state", name])


@pytest.mark.parametrize("name", ["x" * (LONGEST + 1), "ä" * 120, "x" * 255, "x" * 256, "x" * 3000])
def test_a_name_that_is_too_long_is_told_whatever_the_number_of_the_process(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    assert unusable(path) == f"the name of {path} is too long to write a file beside it"
    ended = rollcall("run", *STATIC, f"--output=list:{path}")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert files(tmp_path) == []


def test_a_name_that_is_too_long_at_a_write_is_a_sentence_too(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="was not written: File name too long"):
        publish(tmp_path / ("x" * 255), NEW, None)
    assert files(tmp_path) == []


# What is no file.


def test_a_pipe_is_no_file_and_nobody_waits_for_its_writer(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert at_once(lambda: [read(pipe)]) == [None]
    assert at_once(lambda: [OnDisk(pipe).digest()]) == [OTHER]
    assert unusable(pipe) == f"{pipe} is no regular file: give the path of one, or of none yet"


def test_a_pipe_is_no_file_with_a_writer_either(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    handle = os.open(pipe, os.O_RDWR)
    os.write(handle, b"{}")
    try:
        assert at_once(lambda: [read(pipe)]) == [None]
    finally:
        os.close(handle)


def test_folders_and_devices_are_no_files(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    assert read(Path("/dev/zero")) is None


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to(path.name)])
def test_a_memory_that_is_no_file_keeps_no_agent_from_its_output(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    file, state = tmp_path / "peers.list", tmp_path / ".rollcall-db-1.state"
    make(state)
    ended = rollcall("once", *STATIC, f"--output=list:{file}")
    assert ended.code == 0, ended.err
    assert file.read_text().startswith("db-0\n")
    said = [event["event"] for event in ended.events if event["kind"] == "memory"]
    if state.is_dir():
        assert len(said) == 1
        assert said[0].startswith(f"{state} was not written: ")
    else:
        assert said == []
        assert read(state)
    assert files(tmp_path) == [state.name, file.name]


@pytest.mark.parametrize("name", ["peers.list", ".rollcall-db-1.state"])
def test_a_huge_file_ends_no_agent_and_is_replaced(name: str, tmp_path: Path) -> None:
    huge = tmp_path / name
    with huge.open("wb") as file:
        file.truncate(20 * 2**30)
    command = ("-c", 'ulimit -v 600000; exec "$@"', "sh")
    file_of = f"--output=list:{tmp_path / 'peers.list'}"
    ended = rollcall("once", *STATIC, file_of, setting=Setting(through=("/bin/sh", *command)))
    assert ended.code == 0, ended.err
    assert huge.stat().st_size < 10_000
    said = [event["event"] for event in ended.events if event["kind"] == "memory"]
    assert len(said) == (name != "peers.list")
