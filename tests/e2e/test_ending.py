"""Signals at the worst moments: while the program is only just starting, as PID 1 too."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.program import QUICK, ROOT, SERVICE, SOON, Program
from tests.support.scripted_dns import ScriptedDns
from tests.support.until import until

needs_proc = pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="needs /proc of Linux")
STARTS = 24
ENDS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT]


# The signal comes while an object is deleted, as importlib does all the time: an exception is lost.
UNLUCKY = """
import os, signal, sys

class Dying:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        any(range(1000))

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "agent.cli":
            Dying()

sys.meta_path.insert(0, Finder())
from agent.__main__ import main
main()
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a process has come, as the kernel sees it."""

    has_read: int
    """In bytes: the more modules it has imported, the more."""
    catches: frozenset[signal.Signals]


def progress(program: Program) -> Progress | None:
    """None once the process has ended."""
    folder = Path(f"/proc/{program.process.pid}")
    try:
        count = dict(line.split(": ") for line in (folder / "io").read_text().splitlines())
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    except (OSError, ValueError):
        return None
    if "SigCgt" not in status or status["State"].split()[0] == "Z":
        return None
    mask = int(status["SigCgt"], 16)
    caught = frozenset(number for number in ENDS if mask >> (number - 1) & 1)
    return Progress(int(count["rchar"]), caught)


def sidecar(start: Start, nameserver: ScriptedDns, folder: Path) -> Program:
    return start(
        *("run", "--pod-name=db-1", *SERVICE, *QUICK, f"--output=json:{folder / 'peers.json'}"),
        f"--nameserver={nameserver.host}:{nameserver.port}",
    )


def has_come(program: Program, far: int, must_have_begun: bool) -> bool:
    """Whether a program has read so many bytes, and takes care of signals if it must."""
    found = progress(program)
    assert found, program.err
    return found.has_read >= far and (not must_have_begun or found.catches == set(ENDS))


@pytest.fixture
def whole(start: Start, silent: ScriptedDns, tmp_path: Path) -> int:
    """How many bytes the program reads until it has started."""
    program = sidecar(start, silent, tmp_path)
    program.says("started")
    found = progress(program)
    assert found
    program.end(signal.SIGTERM)
    return found.has_read


@pytest.fixture
def silent() -> Iterator[ScriptedDns]:
    with ScriptedDns(lambda _: ()) as server:
        yield server


@needs_proc
def test_it_takes_care_of_signals_before_it_imports_anything(
    start: Start, silent: ScriptedDns, tmp_path: Path, whole: int
) -> None:
    """PID 1 is not ended by a signal that it does not take care of."""
    program = sidecar(start, silent, tmp_path)

    def caught() -> Progress | None:
        found = progress(program)
        return found if found and found.catches == set(ENDS) else None

    found = until(caught, SOON, "it takes care of signals")
    assert found
    assert found.has_read < whole / 2
    assert program.end(signal.SIGTERM).code in (0, 1)


@needs_proc
@pytest.mark.parametrize("number", ENDS)
def test_a_signal_at_any_moment_of_the_start_ends_it_without_a_traceback(
    start: Start, silent: ScriptedDns, tmp_path: Path, whole: int, number: signal.Signals
) -> None:
    for turn in range(STARTS):
        program = sidecar(start, silent, tmp_path)
        # Python itself answers Ctrl-C with a traceback, as long as the program has not begun.
        must_have_begun = number is signal.SIGINT
        until(partial(has_come, program, whole * turn // STARTS, must_have_begun), SOON, "it came")
        ended = program.end(number)
        assert ended.code in (0, 1, -number)
        assert "Traceback" not in ended.err
        assert "ignored" not in ended.err
        assert (ended.code == 0) <= ("asked to end" in ended.err)
    assert not list(tmp_path.iterdir())


def test_a_signal_is_not_lost_in_what_python_does_while_it_imports() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", UNLUCKY, "formats"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "")
