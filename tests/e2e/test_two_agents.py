"""Two agents that were told to write one file."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.doctor import doctor
from tests.e2e.program import QUICK, SERVICE, SOON, Program, Reader, document, rollcall, stamp
from tests.support.until import until

PEERS = ("--discovery=static", "--peer=db-0", "--peer=db-1")
ENDS = [signal.SIGKILL, signal.SIGTERM]


def agent(pod: str, file: Path, *more: str) -> tuple[str, ...]:
    """The flags of an agent that says in its file who it is."""
    told = ("--pod-ip=10.0.0.2", "--log-format=json", f"--output=json:{file}")
    return (f"--pod-name={pod}", *SERVICE, *QUICK, *PEERS, *told, *more)


def is_of(pod: str, file: Path) -> bool:
    """Whether this pod's agent wrote the file last."""
    found = document(file)
    return bool(found) and found["self"]["name"] == pod


def refusal(file: Path, first: Program, pod: str) -> str:
    """What the one says that has to wait for the other, who is this pod's agent."""
    whose = f"another agent, {pod} (process {first.process.pid})"
    return f"{file} is kept by {whose}: give each its own path"


@pytest.mark.parametrize("number", ENDS)
def test_the_first_keeps_the_file_and_the_second_takes_over_when_it_ends(
    tmp_path: Path, start: Start, number: signal.Signals
) -> None:
    file = tmp_path / "peers.json"
    first = start("run", *agent("db-0", file))
    first.says("ready")
    before = stamp(file)
    with Reader(file) as reader:
        second = start("run", *agent("db-1", file))
        (said,) = second.says("not_published")
        assert said["event"] == f"{refusal(file, first, 'db-0')}; the last good file stays"
        third = start("once", *agent("db-2", file, "--wait-timeout=500ms"))
        assert third.end().code == 3
        assert refusal(file, first, "db-0") in third.events("timed_out")[0]["event"]
        assert stamp(file) == before
        first.end(number)
        second.says("ready")
        until(partial(is_of, "db-1", file), SOON, "the second has it")
    assert len(reader.seen) == 2
    first = start("run", *agent("db-0", file))
    (said,) = first.says("not_published")
    assert refusal(file, second, "db-1") in said["event"]
    second.end(number)
    until(partial(is_of, "db-0", file), SOON, "the first has it again")
    assert first.end(signal.SIGTERM).code == 0
    states = {".rollcall-db-0.state", ".rollcall-db-1.state"}
    assert {path.name for path in tmp_path.iterdir()} == {"peers.json", *states}


def test_one_that_waits_for_the_others_end_may_be_ended_meanwhile(
    tmp_path: Path, start: Start
) -> None:
    file = tmp_path / "peers.json"
    first = start("run", *agent("db-0", file))
    first.says("ready")
    second = start("run", *agent("db-1", file))
    second.says("not_published")
    assert second.end(signal.SIGTERM).code == 0
    first.says("ready")
    assert is_of("db-0", file)
    assert first.end(signal.SIGTERM).code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"peers.json", ".rollcall-db-0.state"}


def test_the_sidecar_takes_the_file_from_the_init_container_and_again_after_a_kill(
    tmp_path: Path, start: Start
) -> None:
    file = tmp_path / "peers.json"
    ended = rollcall("once", *agent("db-0", file))
    assert ended.code == 0, ended.err
    assert {path.name for path in tmp_path.iterdir()} == {"peers.json", ".rollcall-db-0.state"}
    for number in (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM):
        file.unlink()
        sidecar = start("run", *agent("db-0", file))
        sidecar.says("ready")
        assert is_of("db-0", file)
        assert sidecar.events("not_published", "memory") == []
        sidecar.end(number)
    assert {path.name for path in tmp_path.iterdir()} == {"peers.json", ".rollcall-db-0.state"}


def test_to_look_while_an_agent_runs_finds_nothing_wrong_and_leaves_nothing(
    tmp_path: Path, start: Start
) -> None:
    file = tmp_path / "peers.json"
    program = start("run", *agent("db-1", file))
    program.says("ready")
    program.rests()  # it remembers that it is ready
    before = {path.name: stamp(path) for path in tmp_path.iterdir()}
    seen = doctor(*PEERS, f"--output=json:{file}")
    assert seen.checks["outputs"].state.value == "ok"
    assert {path.name: stamp(path) for path in tmp_path.iterdir()} == before
