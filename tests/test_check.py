"""Checks, by programs that do what a program may do."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.check import FIRST_PAUSE, LONGEST_PAUSE, Checked, Command
from agent.publish import PublishError
from tests.support.processes import is_there, number_in
from tests.support.until import until

# Seconds. For what takes far less on an idle machine.
SOON = 10.0
OLD, NEW = b"old\n", b"new\n"
ROOT = Path(__file__).parents[1]


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        self.time += 0.000001  # nobody waits for ever
        return self.time


def python(code: str) -> tuple[str, ...]:
    """A check that is a Python program; its file is `sys.argv[1]`."""
    return (sys.executable, "-c", f"import os, signal, sys, time\n{code}", "{path}")


def shell(code: str) -> tuple[str, ...]:
    """A check that is a shell's program; its file is `$1`."""
    return ("/bin/sh", "-c", code, "sh", "{path}")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "peers.cnf"
    path.write_bytes(OLD)
    return path


def checked(
    target: Path, words: tuple[str, ...], timeout: float = SOON, mode: int | None = None
) -> Checked:
    return Checked(target, mode, Command(words, timeout), time.monotonic)


def refused(file: Checked, data: bytes = NEW) -> str:
    with pytest.raises(PublishError) as why:
        file.write(data)
    assert "\n" not in str(why.value)
    return str(why.value)


def files(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


# What it is given.


def test_it_sees_the_new_file_whole_and_in_its_mode_while_the_old_one_is_in_place(
    target: Path, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    words = shell(f'cat "$1" {target} > {seen}; ls -l "$1" >> {seen}; pwd >> {seen}')
    checked(target, words, mode=0o640).write(NEW)
    new, old, listed, folder = seen.read_text().splitlines()
    assert (new, old, folder) == ("new", "old", "/")
    assert listed.startswith("-rw-r-----")
    assert target.read_bytes() == NEW
    assert files(tmp_path) == ["peers.cnf", "seen"]


def test_the_path_takes_its_place_in_each_word_and_no_other_braces_mean_anything(
    target: Path, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    code = f"open({str(seen)!r}, 'w').write('\\n'.join(sys.argv[1:]))"
    words = (*python(code), "--file={path}:{path}", "{}", "{0} {path!r} $HOME ; * {{path}}")
    checked(target, words).write(NEW)
    path, twice, *others = seen.read_text().splitlines()
    assert Path(path).parent == tmp_path
    assert twice == f"--file={path}:{path}"
    assert others == ["{}", f"{{0}} {{path!r}} $HOME ; * {{{path}}}"]


def test_it_reads_nothing_and_has_the_agents_environment(target: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    checked(target, shell(f"cat > {seen}; echo $PATH >> {seen}")).write(NEW)
    assert seen.read_text() == os.environ["PATH"] + "\n"


def test_it_inherits_no_open_file_of_the_agent(target: Path, tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        code = f"os.fstat({file.fileno()})"
        assert "Bad file descriptor" in refused(checked(target, python(code)))


# What it says.


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (shell("exit 1"), "`/bin/sh …` failed with 1, and said nothing"),
        (shell("echo no good >&2; exit 3"), "`/bin/sh …` failed with 3: no good"),
        (shell("echo a; echo; echo b >&2; echo c; echo d; exit 1"), "failed with 1: b; c; d"),
        (shell("kill -SEGV $$"), "`/bin/sh …` was killed by SIGSEGV, and said nothing"),
        (shell("echo $1 is wrong; exit 1"), "failed with 1: {target} is wrong"),
        (shell("basename $1; exit 1"), "failed with 1: peers.cnf"),
        (shell(r"printf '\033[31mred\033[0m\a \tand\000\377\n\n'; exit 1"), ": red and \ufffd"),
        (("/none/my-check", "{path}"), "could not be started: there is no program /none/my-check"),
        (("/dev/null", "{path}"), "could not be started: /dev/null is not executable for user"),
        (("a\0b", "{path}"), "could not be started: embedded null byte"),
        (("/bin/sh",), "`/bin/sh`"),
    ],
)
def test_why_it_refuses_is_one_sentence(target: Path, words: tuple[str, ...], reason: str) -> None:
    file = checked(target, words)
    if len(words) == 1:
        file.write(NEW)
        return
    said = refused(file)
    assert said.startswith(f"{target} was not replaced: its check ")
    assert reason.replace("{target}", str(target)) in said
    assert target.read_bytes() == OLD
    assert files(target.parent) == ["peers.cnf"]


def test_what_is_no_program_is_said_to_be_none(target: Path, tmp_path: Path) -> None:
    program = tmp_path / "my-check"
    program.write_text("exit 0\n")
    program.chmod(0o755)
    said = refused(checked(target, (str(program), "{path}")))
    assert said.endswith("my-check is no program for this machine, and does not begin with #!")
    program.write_text("#!/none/sh\n")
    said = refused(checked(target, (str(program), "{path}")))
    assert said.endswith("my-check, or nothing to run it")


def test_without_an_old_file_it_says_that_there_is_none_still(tmp_path: Path) -> None:
    said = refused(checked(tmp_path / "x", shell("exit 1")))
    assert said.startswith(f"{tmp_path / 'x'} was not written: its check")
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "code",
    [
        "os.write(1, b'x' * 100_000_000)",
        "[os.write(n % 2 + 1, b'y' * 1_000_000 + b'\\n') for n in range(100)]",
    ],
)
def test_a_hundred_megabytes_are_read_and_forgotten(target: Path, code: str) -> None:
    said = refused(checked(target, python(f"{code}; print('the end'); sys.exit(1)")))
    assert "failed with 1: " in said
    assert len(said) < 1000
    checked(target, python(code)).write(NEW)


# What it does to the file.


@pytest.mark.parametrize(
    "code",
    [
        'echo more >> "$1"',
        'rm "$1"',
        'rm "$1"; mkdir "$1"',
        'mv "$1" {folder}/moved; ln -s {folder}/moved "$1"',
        'cat /dev/null > "$1"',
    ],
)
def test_one_that_changes_the_file_is_refused_and_not_asked_again_at_once(
    target: Path, tmp_path: Path, code: str
) -> None:
    count = tmp_path / "count"
    words = shell(f"echo >> {count}; {code.replace('{folder}', str(tmp_path))}")
    clock = Clock()
    file = Checked(target, None, Command(words, SOON), clock)
    said = refused(file)
    assert said.endswith("its check `/bin/sh …` changed the file, which it may only read")
    assert refused(file) == said
    assert count.read_text() == "\n"
    clock.time += FIRST_PAUSE
    refused(file)
    assert count.read_text() == "\n\n"
    assert target.read_bytes() == OLD


def test_what_was_accepted_is_not_checked_again_because_it_could_not_be_put_in_place(
    target: Path, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    file = checked(target, shell(f"echo >> {count}"))
    target.unlink()
    target.mkdir()
    for _ in range(3):
        refused(file)
    assert count.read_text() == "\n"
    target.rmdir()
    file.write(NEW)
    assert (target.read_bytes(), count.read_text()) == (NEW, "\n")
    file.write(OLD)
    file.write(NEW)
    assert count.read_text() == "\n\n\n"


# How it ends.


def test_one_that_takes_too_long_is_ended(target: Path) -> None:
    said = refused(checked(target, shell("sleep 600"), timeout=0.1))
    assert said.endswith("its check `/bin/sh …` took longer than 0.1 s, and was ended")
    assert target.read_bytes() == OLD


def test_one_that_ignores_sigterm_is_killed_with_all_that_it_started(
    target: Path, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    words = shell(f"trap '' TERM; (while :; do sleep 600; done) & echo $! > {there}; wait; wait")
    clock = Clock()

    def late() -> float:
        return clock() + (2 if number_in(there)() else 0)

    file = Checked(target, None, Command(words, 1), late)
    assert "took longer than 1 s" in refused(file)
    process = number_in(there)()
    until(lambda: not is_there(process), SOON, "what it started is killed")


@pytest.mark.parametrize("code", [0, 1])
def test_what_it_leaves_behind_holds_nobody_up_and_is_ended(
    target: Path, tmp_path: Path, code: int
) -> None:
    there = tmp_path / "there"
    words = shell(f"sleep 600 & echo $! > {there}; echo said; exit {code}")
    file = checked(target, words, timeout=600)
    began = time.monotonic()
    if code:
        assert refused(file).endswith("failed with 1: said")
    else:
        file.write(NEW)
    assert time.monotonic() - began < SOON
    process = number_in(there)()
    until(lambda: not is_there(process), SOON, "what it left is ended")


def test_a_daemon_that_leaves_its_group_and_holds_the_output_holds_nobody_up(
    target: Path, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    code = f"""
if not os.fork():
    os.setsid()
    open({str(there)!r}, "w").write(f"{{os.getpid()}}\\n")
    while True: os.write(1, b"x" * 100000)
while not os.path.exists({str(there)!r}): pass
print("said", file=sys.stderr)
sys.exit(1)
"""
    try:
        assert "failed with 1: " in refused(checked(target, python(code), timeout=600))
    finally:
        os.kill(until(number_in(there), SOON, "it is there"), signal.SIGKILL)


def test_one_that_closes_its_output_is_waited_for(target: Path) -> None:
    assert "failed with 7" in refused(
        checked(target, python("os.close(1); os.close(2); os._exit(7)"))
    )
    assert "took longer" in refused(
        checked(target, python("os.close(1); os.close(2); time.sleep(600)"), timeout=0.3)
    )


class Stopped(BaseException):
    """As a signal has it."""


def test_a_signal_ends_it_with_all_that_it_started_and_leaves_no_file(
    target: Path, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    words = shell(f"trap '' TERM; (sleep 600) & echo $! > {there}; wait; wait")
    took = []
    is_interruptible = threading.Event()

    @contextlib.contextmanager
    def interruptible() -> Iterator[None]:
        def stop(*_: object) -> None:
            took.append(time.monotonic())
            raise Stopped

        before = signal.signal(signal.SIGUSR1, stop)
        is_interruptible.set()
        try:
            yield
        finally:
            signal.signal(signal.SIGUSR1, before)

    def send() -> None:
        until(number_in(there), SOON, "it runs")
        is_interruptible.wait(SOON)
        os.kill(os.getpid(), signal.SIGUSR1)

    sender = threading.Thread(target=send)
    sender.start()
    file = Checked(target, None, Command(words, 600), time.monotonic, interruptible)
    with pytest.raises(Stopped):
        file.write(NEW)
    assert time.monotonic() - took[0] < SOON
    sender.join()
    process = number_in(there)()
    until(lambda: not is_there(process), SOON, "what it started is killed")
    assert (target.read_bytes(), files(tmp_path)) == (OLD, ["peers.cnf", "there"])


# A parent of orphans, as PID 1 is one (prctl(2), PR_SET_CHILD_SUBREAPER is 36).
FIRST = """
import ctypes, os, sys, time
from pathlib import Path
from agent.check import Checked, Command
if ctypes.CDLL(None).prctl(36, 1, 0, 0, 0):
    sys.exit(77)
words = ("/bin/sh", "-c", "for n in 1 2 3; do (sleep 600 & sleep 600) & done; exit 0", "{path}")
# On a busy machine the kernel takes long to bury them: of the time for that little passes.
Checked(Path(sys.argv[1]), None, Command(words, 60), lambda: time.monotonic() / 100).write(b"new")
try:
    print(os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print("no child")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs prctl of Linux")
def test_as_the_first_process_it_leaves_no_zombies(target: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-c", FIRST, str(target)], cwd=ROOT, capture_output=True, check=False
    )
    assert (made.returncode, made.stdout, made.stderr) == (0, b"no child\n", b"")


# How often it is asked.

Counted = tuple[Checked, Clock, Callable[[], int]]


@pytest.fixture
def counted(target: Path, tmp_path: Path) -> Counted:
    """A check that refuses what is not good, and how often it was asked."""
    count, clock = tmp_path / "count", Clock()
    words = shell(f'echo >> {count}; grep -q good "$1" || {{ cat "$1"; exit 1; }}')
    count.write_text("")
    file = Checked(target, None, Command(words, SOON), clock)
    return file, clock, lambda: len(count.read_text())


def test_what_was_refused_is_refused_again_without_asking_ever_more_seldom(
    counted: Counted,
) -> None:
    file, clock, count = counted
    pause = FIRST_PAUSE
    for times in range(1, 12):
        first = refused(file, b"bad")
        assert count() == times
        clock.time += pause - 0.001
        assert refused(file, b"bad") == first
        assert count() == times
        clock.time += 0.001
        pause = min(pause * 2, LONGEST_PAUSE)
    assert pause == LONGEST_PAUSE == 300
    assert FIRST_PAUSE == 5


def test_another_content_is_checked_at_once_and_begins_anew(counted: Counted, target: Path) -> None:
    file, clock, count = counted
    refused(file, b"bad")
    clock.time += FIRST_PAUSE
    refused(file, b"bad")
    assert refused(file, b"worse").endswith("failed with 1: worse")
    assert count() == 3
    clock.time += FIRST_PAUSE
    refused(file, b"worse")
    assert count() == 4
    file.write(b"good")
    assert target.read_bytes() == b"good"
    refused(file, b"worse")
    assert count() == 6


def test_one_that_becomes_right_is_written_when_it_is_asked_again(
    target: Path, tmp_path: Path
) -> None:
    clock, mend = Clock(), tmp_path / "mend"
    file = Checked(target, None, Command(shell(f"test -e {mend}"), SOON), clock)
    refused(file)
    mend.write_text("")
    refused(file)
    clock.time += FIRST_PAUSE
    file.write(NEW)
    assert target.read_bytes() == NEW


def test_a_folder_that_is_full_or_gone_is_no_refusal_of_the_check(
    counted: Counted, target: Path
) -> None:
    file, _, count = counted
    folder = target.parent
    folder.rename(folder.with_name("elsewhere"))
    assert refused(file, b"good").endswith(f"{folder} is gone")
    folder.with_name("elsewhere").rename(folder)
    file.write(b"good")
    assert count() == 1
