"""Commands that do what a command may do, and the zombies of those that nobody awaits."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
import tracemalloc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.background import in_background
from agent.process import Process, StartError, last_words, why_not
from tests.publish.own_process import own_mounts
from tests.support.processes import is_there, number_in
from tests.support.until import until

# Seconds. For what takes far less on an idle machine.
SOON = 10.0
FOREVER = 600.0
ROOT = Path(__file__).parents[1]


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", f"import os, signal, sys, time\n{code}")


def shell(code: str) -> tuple[str, ...]:
    return ("/bin/sh", "-c", code)


@contextmanager
def started(words: tuple[str, ...], data: bytes = b"") -> Iterator[Process]:
    process = Process(words, data)
    try:
        yield process
    finally:
        process.end(time.monotonic)


def ran(
    words: tuple[str, ...], data: bytes = b"", timeout: float = SOON
) -> tuple[bytes, int | None]:
    """All that it said, and how it ended."""
    said: list[bytes] = []
    with started(words, data) as process:
        code = process.awaited(time.monotonic() + timeout, time.monotonic, said.append)
    return b"".join(said), code


def said_by(process: Process) -> bytes:
    """What it has said last, after a moment."""
    process.awaited(time.monotonic() + 0.05, time.monotonic)
    return process.last


# Its stdin and its output.


def test_what_it_reads_and_says_is_whole_however_much_it_is() -> None:
    data = bytes(range(256)) * 5000
    assert ran(("cat",), data) == (data, 0)


def test_nothing_to_read_is_an_end_at_once() -> None:
    assert ran(shell("cat; echo read")) == (b"read\n", 0)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("exit 3", (b"", 3)),
        ("head -c 1; exit 4", (b"x", 4)),
        ("exec 0<&-; echo closed", (b"closed\n", 0)),
    ],
)
def test_one_that_does_not_read_its_stdin_to_the_end_ends_as_it_does(
    code: str, outcome: tuple[bytes, int]
) -> None:
    assert ran(shell(code), b"x" * 1_000_000) == outcome


def test_one_that_never_reads_its_stdin_has_no_more_time_than_others() -> None:
    began = time.monotonic()
    assert ran(shell("sleep 600"), b"x" * 1_000_000, timeout=0.3) == (b"", None)
    assert time.monotonic() - began < SOON


def test_one_that_closes_its_output_and_goes_on_reading_gets_all() -> None:
    code = "os.close(1); os.close(2); sys.exit(len(sys.stdin.read()) // 100_000)"
    assert ran(python(code), b"x" * 1_000_000) == (b"", 10)


def test_of_a_hundred_megabytes_nothing_stays() -> None:
    with started(python("[os.write(1, b'x' * 1_000_000) for _ in range(100)]")) as process:
        tracemalloc.start()
        try:
            length = 0

            def count(said: bytes) -> None:
                nonlocal length
                length += len(said)

            assert process.awaited(time.monotonic() + SOON, time.monotonic, count) == 0
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert length == 100_000_000
    assert most < 1_000_000
    assert len(process.last) < 10_000


def test_the_environment_is_the_one_that_is_given_or_the_agents_own() -> None:
    process = Process(("/usr/bin/env",), environment={"A": "b"})
    process.awaited(time.monotonic() + SOON, time.monotonic)
    process.end(time.monotonic)
    assert process.last == b"A=b\n"
    said, _ = ran(("/usr/bin/env",))
    assert f"PATH={os.environ['PATH']}\n".encode() in said


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_no_signal_is_blocked_in_it_and_its_session_is_its_own() -> None:
    code = (
        "print(open('/proc/self/status').read()); print(os.getsid(0) == os.getpid(), os.getcwd())"
    )
    said, _ = ran(python(code))
    (blocked,) = [line for line in said.splitlines() if line.startswith(b"SigBlk:")]
    assert int(blocked.split()[1], 16) == 0
    assert said.endswith(b"True /\n")


# How it is ended.


def test_another_thread_may_kill_it_while_it_is_awaited(tmp_path: Path) -> None:
    there = tmp_path / "there"
    process = Process(shell(f"trap '' TERM; (sleep 600) & echo $! > {there}; wait; wait"))
    codes: list[int | None] = []

    def work() -> None:
        codes.append(process.awaited(time.monotonic() + FOREVER, time.monotonic))
        process.end(time.monotonic)

    thread = in_background(work, "awaits")
    child = until(number_in(there), SOON, "it runs")
    began = time.monotonic()
    process.kill()
    assert time.monotonic() - began < SOON
    thread.join(SOON)
    assert codes == [-signal.SIGKILL]
    until(lambda: not is_there(child), SOON, "what it started is killed")
    process.kill()
    process.end(time.monotonic)


def test_one_that_ends_on_sigterm_has_the_time_for_it(tmp_path: Path) -> None:
    there = tmp_path / "there"
    code = f"trap 'echo 1 > {there}; exit 0' TERM; echo ready; while :; do sleep 0.01; done"
    with started(shell(code)) as process:
        until(lambda: said_by(process), SOON, "it is ready")
        process.kill(grace=SOON)
    assert there.read_text() == "1\n"


# Ends on SIGTERM at once, while what it has started cleans up until {there} is written.
HASTY = """(
trap 'sleep 0.3; echo 1 > {there}; exit' TERM; echo ready; while :; do sleep 0.01; done
) & wait"""


def test_what_it_started_has_the_time_for_it_too_where_it_is_gone_sooner(tmp_path: Path) -> None:
    there = tmp_path / "there"
    with started(shell(HASTY.format(there=there))) as process:
        until(lambda: said_by(process), SOON, "it is ready")
        began = time.monotonic()
        process.kill(grace=SOON)
        assert time.monotonic() - began < SOON  # it ends as soon as nobody is left
    assert there.read_text() == "1\n"


def test_who_awaits_it_leaves_what_it_started_the_time_that_it_has(tmp_path: Path) -> None:
    there = tmp_path / "there"
    process = Process(shell(HASTY.format(there=there)))
    codes: list[int | None] = []

    def work() -> None:
        codes.append(process.awaited(time.monotonic() + FOREVER, time.monotonic))
        process.end(time.monotonic, grace=SOON)

    thread = in_background(work, "awaits")
    until(lambda: process.last, SOON, "it is ready")
    process.kill(grace=SOON)
    thread.join(SOON)
    assert codes == [-signal.SIGTERM]
    assert there.read_text() == "1\n"


def test_what_a_process_that_ended_by_itself_left_in_its_group_is_killed_at_once() -> None:
    process = Process(shell("(trap '' TERM; echo $$; exec sleep 600) & exit 0"))
    assert process.awaited(time.monotonic() + SOON, time.monotonic) == 0
    began = time.monotonic()
    process.end(time.monotonic, grace=FOREVER)
    assert time.monotonic() - began < SOON


REUSE = """
import sys, time
from pathlib import Path
from agent.process import Process
first = Process(("true",))
first.awaited(time.monotonic() + 60, time.monotonic)
first.end(time.monotonic)
Path("/proc/sys/kernel/ns_last_pid").write_text(str(first.pid - 1))
second = Process(("sleep", "600"))
assert second.pid == first.pid, (second.pid, first.pid)
first.kill()
first.end(time.monotonic)
assert second.awaited(time.monotonic() + 0.2, time.monotonic) is None
second.end(time.monotonic)
"""


def test_the_number_of_a_process_that_is_gone_may_be_another_ones() -> None:
    through = (*own_mounts(), "--pid", "--fork", "--mount-proc")
    played([*through, sys.executable, "-c", REUSE])


def played(command: list[str]) -> str:
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_of_a_process_that_was_taken_leave_of_nothing_is_kept() -> None:
    process = Process(("true",))
    kept = weakref.ref(process)
    process.end(time.monotonic)
    del process
    gc.collect()
    assert kept() is None


@pytest.mark.parametrize("words", [("/none/x",), ("/dev/null",), ("a\0b",)])
def test_what_can_not_be_started_is_said(words: tuple[str, ...]) -> None:
    with pytest.raises(StartError, match="could not be started: "):
        Process(words)


# Zombies. A parent of orphans, as PID 1 is one (prctl(2), PR_SET_CHILD_SUBREAPER is 36).

FIRST = """
import ctypes, os, sys, time
from agent.background import in_background
from agent.process import Process, reap
from tests.support.until import until
if ctypes.CDLL(None).prctl(36, 1, 0, 0, 0):
    sys.exit("no prctl")

def children():
    with open(f"/proc/self/task/{os.getpid()}/children") as listed:
        return [int(number) for number in listed.read().split()]

def is_zombie(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(") ")[2][0] == "Z"

def run(code, data=b""):
    process = Process(("/bin/sh", "-c", code), data)
    codes.append((process.awaited(time.monotonic() + 60, time.monotonic), process.last))
    process.end(time.monotonic)

codes = []
"""


def first(code: str) -> None:
    played([sys.executable, "-c", FIRST + code])


linux = pytest.mark.skipif(sys.platform != "linux", reason="needs prctl of Linux")


@linux
@pytest.mark.parametrize(
    "daemon",
    [
        "setsid sleep 0 >/dev/null 2>&1 &",
        "(setsid sleep 0 & ) & wait",
        "for n in 1 2 3 4 5; do setsid sh -c 'sleep 0 & exec sleep 0' & done",
    ],
)
def test_the_first_process_takes_leave_of_those_that_left_their_parents(daemon: str) -> None:
    first(f"""
run({daemon!r})
assert codes[0][0] == 0
def gone():
    reap()
    return not children()
until(gone, 10, "nobody is left")
reap()
""")


@linux
def test_the_first_process_never_takes_an_exit_code_that_somebody_awaits() -> None:
    first("""
processes = [Process(("/bin/sh", "-c", "setsid sleep 0 & exit 7")) for _ in range(30)]
def work(process):
    codes.append(process.awaited(time.monotonic() + 60, time.monotonic))
    process.end(time.monotonic)
until(lambda: all(is_zombie(process.pid) for process in processes), 30, "all have ended")
for _ in range(100):
    reap()
for process in processes:
    in_background(lambda process=process: work(process), "awaits")
def gone():
    reap()
    return len(codes) == 30 and not children()
until(gone, 30, "nobody is left")
assert codes == [7] * 30, codes
""")


@linux
def test_the_first_process_waits_for_no_zombie_of_a_group_that_it_ends() -> None:
    first("""
process = Process(("/bin/sh", "-c", "(echo ready; exec sleep 600) & wait"))
def is_ready():
    process.awaited(time.monotonic() + 0.05, time.monotonic)
    return process.last
until(is_ready, 10, "it runs")
began = time.monotonic()
process.kill(grace=40)
assert time.monotonic() - began < 10
process.end(time.monotonic)
assert not children()
""")


@linux
def test_a_child_that_nobody_ever_awaited_is_taken_leave_of_too() -> None:
    first("""
child = os.fork()
if not child:
    os._exit(3)
until(lambda: is_zombie(child), 10, "it has ended")
reap()
assert not children()
""")


def test_nobody_to_take_leave_of_is_no_error() -> None:
    played([sys.executable, "-c", "from agent.process import reap; reap()"])


# What is said of it.


@pytest.mark.parametrize(
    ("code", "said", "sentence"),
    [
        (0, "whatever", ""),
        (None, "whatever", "took longer than 1.5 s, and was ended"),
        (3, "no good", "failed with 3: no good"),
        (3, "", "failed with 3, and said nothing"),
        (-11, "", "was killed by SIGSEGV, and said nothing"),
        (-63, "oh", "was killed by signal 63: oh"),
    ],
)
def test_why_a_command_did_not_do_is_one_sentence(
    code: int | None, said: str, sentence: str
) -> None:
    assert why_not(code, 1.5, said) == sentence


def test_last_words_are_the_last_lines_as_one() -> None:
    assert last_words("a\nb\n\n  c \t d\r\n \ne\n") == "b; c d; e"
    assert last_words("\x1b[1mx\x1b[0m\x07\u202ey") == "x y"
    assert last_words("x" * 1000) == "x" * 400 + "…"
    assert last_words("\n \n") == ""
