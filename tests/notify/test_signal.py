"""Signals to processes that are nobody's children here, and why there are none to signal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.core.delivery import Arrived, Lost, Outcome
from agent.notify.processes import Seen, bases_of
from agent.notify.signal import ByName, ByPidfile, Signal
from tests.notify.world import NEWS, SOON, World
from tests.publish.own_process import own_mounts
from tests.support.processes import is_there
from tests.support.until import until

ROOT = Path(__file__).parents[2]
SHARE = "set shareProcessNamespace: true on the pod"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

# Writes its number down for each SIGHUP. With workers: starts as many of its own name.
PROGRAM = """#!/bin/sh
trap "echo $$ >> $0.got" HUP
trap exit TERM
for worker in $1; do "$0" & done
test -z "$2" || echo $$ > "$0.pid"
echo $$ >> "$0.all"
while :; do sleep 0.02; done
"""


@dataclass(frozen=True, slots=True)
class Database:
    """A program of which there is no other; `pidfile` names its first process."""

    program: Path

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def pidfile(self) -> Path:
        return Path(f"{self.program}.pid")

    @property
    def pid(self) -> int:
        return int(self.pidfile.read_text())

    @property
    def all(self) -> list[int]:
        return self._numbers("all")

    @property
    def got(self) -> list[int]:
        """The processes that got the signal."""
        return self._numbers("got")

    def gets(self, pids: list[int]) -> None:
        """Waits until these have got the signal, and nobody else."""
        until(lambda: self.got == pids, SOON, f"{pids} got it")

    def _numbers(self, what: str) -> list[int]:
        file = Path(f"{self.program}.{what}")
        return [int(line) for line in file.read_text().split()] if file.exists() else []


@contextmanager
def running(
    folder: Path, name: str = "", workers: int = 0, is_own: bool = False
) -> Iterator[Database]:
    """A database of another container: it is no child here, unless it `is_own`."""
    database = Database(folder / (name or f"db{uuid.uuid4().hex[:8]}"))
    database.program.write_text(PROGRAM)
    database.program.chmod(0o755)
    crew = " ".join("w" * workers)
    words = [str(database.program), crew, "first"]
    child = subprocess.Popen(
        words if is_own else ["sh", "-c", '"$@" & exit', "sh", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        if not is_own:
            child.wait()
        until(lambda: len(database.all) == workers + 1, SOON, "it runs")
        yield database
    finally:
        for pid in database.all:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        child.wait()


def came_of(whom: ByName | ByPidfile, number: signal.Signals = signal.SIGHUP) -> Outcome:
    world = World()
    return world.outcome(Signal(whom, number, world.around()).start(NEWS))


def why_not(whom: ByName | ByPidfile) -> str:
    outcome = came_of(whom, signal.SIGWINCH)  # nothing happens if it is sent after all
    assert isinstance(outcome, Lost)
    assert "\n" not in outcome.reason
    return outcome.reason.removeprefix("failed: ")


# What docs/hooks.md says of it, by the rows of its table.
PAGE = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8").partition("| the log says |")[2]
ROWS = re.findall(r"^\| `(.*?)` \|", PAGE, re.MULTILINE)


def is_row(row: int, said: str) -> bool:
    """Whether a sentence is the one of that row, but for names and numbers."""
    words = re.split(r"mysqld?|/db/pid|\d+", ROWS[row])
    return re.match(r"\S+".join(map(re.escape, words)), said.removeprefix("failed: ")) is not None


# By name.


def test_a_process_is_found_by_its_name(tmp_path: Path) -> None:
    with running(tmp_path) as database:
        for times in (1, 2):
            assert came_of(ByName(database.name)) == Arrived()
            database.gets([database.pid] * times)


def test_of_a_process_and_its_workers_only_the_first_gets_it(tmp_path: Path) -> None:
    with running(tmp_path, workers=3) as database:
        for times in (1, 2):
            assert came_of(ByName(database.name)) == Arrived()
            database.gets([database.pid] * times)


def test_two_processes_of_one_name_get_it_both(tmp_path: Path) -> None:
    name = f"db{uuid.uuid4().hex[:8]}"
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with running(tmp_path / "a", name) as one, running(tmp_path / "b", name) as other:
        assert came_of(ByName(name)) == Arrived()
        one.gets([one.pid])
        other.gets([other.pid])


def test_a_long_name_is_found_although_the_kernel_cuts_it(tmp_path: Path) -> None:
    with running(tmp_path, f"d{uuid.uuid4().hex}") as database:
        assert came_of(ByName(database.name)) == Arrived()
        database.gets([database.pid])


def test_of_two_names_that_the_kernel_cuts_to_the_same_the_right_one_is_found(
    tmp_path: Path,
) -> None:
    cut = f"db{uuid.uuid4().hex[:13]}"
    with running(tmp_path, f"{cut}_a") as one, running(tmp_path, f"{cut}_b") as other:
        for database in (one, other):
            assert came_of(ByName(database.name)) == Arrived()
            database.gets([database.pid])
        assert one.got == [one.pid]
        said = why_not(ByName(f"{cut}_c"))
        assert said.startswith(f"no process called {cut}_c is seen here")
        assert came_of(ByName(cut)) == Arrived()  # as ps has them both
        one.gets([one.pid] * 2)
        other.gets([other.pid] * 2)


@pytest.mark.parametrize(
    ("words", "is_meant"),
    [
        (("sh", "/hooks/postgres_exporter_a", "--config=x"), True),
        (("postgres_exporter_a: serving", "db"), True),
        (("/hooks/postgres_exporter_a serving postgres_exporter_b",), True),
        (("sh", "/hooks/postgres_exporter_a", "/etc/postgres_exporter.yml"), True),
        (("main",), True),
        ((), True),
        (("sh", "/hooks/postgres_exporter_b"), False),
        (("postgres_exporter_b: of postgres_exporter_a",), False),
        (("postgres_export",), False),
    ],
)
def test_the_command_line_has_the_name_that_the_kernel_cuts(
    words: tuple[str, ...], is_meant: bool
) -> None:
    bases = bases_of("\0".join(words).encode())
    seen = Seen(7, 1, "postgres_export", bases[0] if bases else "", bases)
    assert seen.is_called("postgres_exporter_a") == is_meant


@pytest.mark.parametrize("folder", ["", "/usr/sbin/"])
def test_a_process_is_found_by_the_first_word_of_its_command_line(
    tmp_path: Path, folder: str
) -> None:
    name, ready = f"db{uuid.uuid4().hex[:8]}", tmp_path / "ready"
    # The shell's own name is another one than the first word that it was given.
    trap = f"trap 'exit 0' HUP; echo $$ > {ready}; while :; do sleep 0.02; done"
    words = ["bash", "-c", f'(exec -a "{folder}{name}" bash -c "$1") & exit', "bash", trap]
    subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    until(lambda: ready.exists() and ready.read_text(), SOON, "it runs")
    pid = int(ready.read_text())
    try:
        assert came_of(ByName(name)) == Arrived()
        until(lambda: not is_there(pid), SOON, "it ended on the signal")
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_the_agent_signals_neither_itself_nor_what_it_has_started(tmp_path: Path) -> None:
    with running(tmp_path, is_own=True, workers=1) as database:
        said = why_not(ByName(database.name))
        assert said.startswith(f"no process called {database.name} is seen here")
        assert database.got == []
        itself = Path(f"/proc/{os.getpid()}/comm").read_text().strip()
        lone = f"db{uuid.uuid4().hex[:8]}"
        before = Path("/proc/self/comm").read_text()
        Path("/proc/self/comm").write_text(lone)
        try:
            assert why_not(ByName(lone)).startswith(f"no process called {lone} is seen here")
        finally:
            Path("/proc/self/comm").write_text(before)
        assert itself == before.strip()


def test_one_that_has_ended_and_that_nobody_took_leave_of_is_none(tmp_path: Path) -> None:
    with running(tmp_path, is_own=True) as database:
        os.kill(database.pid, signal.SIGTERM)
        zombie = Path(f"/proc/{database.pid}/stat")
        until(lambda: ") Z " in zombie.read_text(), SOON, "it has ended")
        said = why_not(ByPidfile(database.pidfile))
        assert said.startswith(f"{database.pidfile} says {database.pid}, and no such process is")


def test_where_no_name_is_like_it_some_that_are_seen_are_named(tmp_path: Path) -> None:
    with running(tmp_path) as database:
        near = f"{database.name}x"
        said = why_not(ByName(near))
        assert said == f"no process called {near} is seen here: did you mean {database.name}?"
        assert is_row(1, said)
        said = why_not(ByName("\N{SNOWMAN}"))
        assert said.startswith("no process called \N{SNOWMAN} is seen here: there are ")
        assert said.count(",") <= 10


# By pidfile.


@pytest.mark.parametrize("rest", ["", "\n", "\n/var/lib/postgresql/data\n1700000000\n", " \n"])
def test_the_first_line_of_a_pidfile_counts(tmp_path: Path, rest: str) -> None:
    with running(tmp_path) as database:
        file = tmp_path / "postmaster.pid"
        file.write_text(f"{database.pid}{rest}")
        assert came_of(ByPidfile(file)) == Arrived()
        database.gets([database.pid])


@pytest.mark.parametrize(
    "text",
    ["", "\n1", "x", "-1", "0", "00", "1.5", "12 13", "٣", "9" * 10, "9" * 1000, "\0", "$(id)"],
)
def test_a_pidfile_without_a_number_is_said_to_have_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "pid"
    file.write_text(text)
    assert why_not(ByPidfile(file)) == (
        f"the pidfile {file} does not begin with the number of a process"
    )


def test_no_pidfile_is_said_to_be_missing(tmp_path: Path) -> None:
    for file in (tmp_path / "none", tmp_path / "none" / "none"):
        assert why_not(ByPidfile(file)) == (
            f"there is no pidfile {file}: it is not written yet, or its volume is not mounted into "
            "the agent's container"
        )


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    pipe, loop = tmp_path / "pipe", tmp_path / "loop"
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    assert why_not(ByPidfile(pipe)).endswith("does not begin with the number of a process")
    assert why_not(ByPidfile(tmp_path)).endswith("does not begin with the number of a process")
    said = why_not(ByPidfile(loop))
    assert said == f"the pidfile {loop} can't be read: Too many levels of symbolic links"


def test_a_pidfile_of_a_process_that_is_gone_is_an_old_one(tmp_path: Path) -> None:
    with running(tmp_path) as database:
        pid = database.pid
    until(lambda: not is_there(pid), SOON, "it is gone")
    said = why_not(ByPidfile(database.pidfile))
    assert said == (
        f"{database.pidfile} says {pid}, and no such process is seen here: it is old, or of "
        f"another container: {SHARE}"
    )
    assert is_row(3, said)


def test_a_pidfile_that_means_the_agent_or_its_children_is_of_another_container(
    tmp_path: Path,
) -> None:
    with running(tmp_path, is_own=True) as database:
        file = tmp_path / "pid"
        for pid in (os.getpid(), database.pid):
            file.write_text(f"{pid}\n")
            assert why_not(ByPidfile(file)) == (
                f"{file} says {pid}, which is the agent's own here: it is of another container: "
                f"{SHARE}"
            )
        assert database.got == []


# Where the containers share nothing, or not the user.

ASKS = """
import os, signal, sys
from pathlib import Path
from agent.notify.signal import ByName, ByPidfile, Signal
from tests.notify.world import NEWS, World
kind, what, user = sys.argv[1:]
os.setuid(int(user))
whom = ByName(what) if kind == "name" else ByPidfile(Path(what))
world = World()
outcome = world.outcome(Signal(whom, signal.SIGHUP, world.around()).start(NEWS))
print(getattr(outcome, "reason", "arrived"))
"""


def asked(kind: str, what: str | Path, *through: str, user: int | None = None) -> str:
    """What comes of it in a process of its own."""
    asks = (sys.executable, "-c", ASKS, kind, str(what), str(os.getuid() if user is None else user))
    ended = subprocess.run(
        [*through, *asks], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.strip()


def test_who_sees_none_but_its_own_processes_is_told_what_to_share(tmp_path: Path) -> None:
    alone = (*own_mounts(), "--pid", "--fork", "--mount-proc")
    said = "failed: no process called mysqld is seen here, and none but the agent's own: " + SHARE
    assert is_row(0, said)
    assert asked("name", "mysqld", *alone) == said
    assert asked("name", "mysqld", *alone, "sh", "-c", '"$@"; exit', "init") == said
    file = tmp_path / "pid"
    file.write_text("1\n")
    said = asked("file", file, *alone)
    assert is_row(4, said)
    assert said == (
        f"failed: {file} says 1, which is the agent's own here: it is of another container: {SHARE}"
    )


def test_a_pods_first_process_is_no_database(tmp_path: Path) -> None:
    pause, file = tmp_path / "pause", tmp_path / "pid"
    pause.write_text('#!/bin/sh\n"$@"; exit\n')
    pause.chmod(0o755)
    file.write_text("1\n")
    through = (*own_mounts(), "--pid", "--fork", "--mount-proc", str(pause))
    said = asked("file", file, *through)
    assert is_row(5, said)
    assert said == (
        f"failed: {file} says 1, the pod's own process here: it is from before the containers "
        "shared their processes"
    )
    assert asked("name", "pause", *through) == "arrived"


def test_another_users_process_can_not_be_signalled(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs two users, and only root can be both")
    with running(tmp_path) as database:
        said = asked("name", database.name, user=65534)
        assert said == (
            f"failed: process {database.pid} ({database.name}) runs as user 0, and the agent as "
            "65534: they have to run as the same (runAsUser)"
        )
        assert is_row(2, said)
        assert database.got == []
