"""Checks: a user's command has to accept a new file before it takes the old one's place.

It starts the command and ends it, with all that it started, and remembers what failed. It knows no
settings, and of a file only its path.
"""

import contextlib
import errno
import os
import re
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from agent.core.words import FOR_FILE
from agent.publish import OnDisk, PublishError, digest, publish

# Seconds. The same content is checked again after the first, then after twice as long each time.
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 300.0
# Seconds between SIGTERM and SIGKILL. The agent itself has half a second to end in.
_GRACE = 0.1
# Seconds for the kernel to bury what was killed, where the agent is PID 1.
_BURIAL = 0.1
# Seconds. A command's end is noticed so late if something that it started holds its output open.
_LATE = 0.05
# Bytes of the output that are kept, from its end, and characters of it that are told.
_KEPT = 2048
_TOLD = 400
_LINES = 3
_CHUNK = 65536
# Colours and other things that a terminal obeys (ECMA-48, section 5.4).
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")

Interruptible = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Command:
    """Words that are run without a shell, in which `{path}` stands for the new file.

    `timeout` is in seconds.
    """

    words: tuple[str, ...]
    timeout: float

    def of(self, path: Path) -> list[str]:
        """The words for a file."""
        return [word.replace(FOR_FILE, str(path)) for word in self.words]

    def __str__(self) -> str:
        """How it is called in a sentence; what comes after its name may be long, or a secret."""
        return f"`{shlex.quote(self.words[0])}{' …' if len(self.words) > 1 else ''}`"


@dataclass(frozen=True, slots=True)
class _Failed:
    """A content that failed so many times in a row, and is not checked again before `until`."""

    digest: str
    times: int
    until: float
    sentence: str


class Checked:
    """Writes a file that a command has to accept first.

    `clock` is monotonic, in seconds. Within `interruptible` a signal may end the process: what the
    command started ends before.
    """

    def __init__(
        self,
        path: Path,
        mode: int | None,
        command: Command,
        clock: Callable[[], float],
        interruptible: Interruptible = contextlib.nullcontext,
    ) -> None:
        self._path = path
        self._mode = mode
        self._command = command
        self._clock = clock
        self._interruptible = interruptible
        self._failed: _Failed | None = None
        self._accepted = ""

    def write(self, data: bytes) -> None:
        """Replaces the file by `data`, as `publish` does, unless the command refuses it.

        What it refused is refused again without asking it, until some time has passed: a file may
        be wrong because of something else that is missing. What it accepted is not checked again
        because it could not be put in place. Raises PublishError.
        """
        content, failed = digest(data), self._failed
        if failed is not None and failed.digest != content:
            failed = None
        if failed is not None and self._clock() < failed.until:
            raise PublishError(failed.sentence)

        def check(temporary: Path) -> None:
            if self._accepted == content:  # and then it could not be put in place
                return
            reason = self._reason(temporary)
            if not reason and (temporary.is_symlink() or OnDisk(temporary).digest() != content):
                reason = "changed the file, which it may only read"
            if not reason:
                self._accepted = content
                return
            times = failed.times + 1 if failed else 1
            pause = min(FIRST_PAUSE * 2 ** min(times - 1, 16), LONGEST_PAUSE)
            left = "replaced" if self._path.exists() else "written"
            sentence = f"{self._path} was not {left}: its check {self._command} {reason}"
            self._failed = _Failed(content, times, self._clock() + pause, sentence)
            raise PublishError(sentence)

        publish(self._path, data, self._mode, check)
        self._failed, self._accepted = None, ""

    def _reason(self, temporary: Path) -> str:
        """Why the command refuses the file, empty if it does not."""
        words = self._command.of(temporary)
        end = self._clock() + self._command.timeout  # what starting takes is the command's too
        try:
            # A session of its own is a process group of its own, and has no terminal to wait for.
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
            )
        except (OSError, ValueError) as wrong:
            return f"could not be started: {_why(words[0], wrong)}"
        try:
            with self._interruptible():
                output, code = _awaited(process, self._clock, end)
        finally:
            _end(process, self._clock)
        if code is None:
            return f"took longer than {self._command.timeout:g} s, and was ended"
        if code == 0:
            return ""
        said = self._said(output, temporary)
        return f"{_outcome(code)}{f': {said}' if said else ', and said nothing'}"

    def _said(self, output: bytes, temporary: Path) -> str:
        """The last lines as one, with the file's name in place of that of the temporary one."""
        text = _CONTROL.sub("", output.decode(errors="replace"))
        text = text.replace(str(temporary), str(self._path)).replace(
            temporary.name, self._path.name
        )
        lines = [" ".join(_printable(line).split()) for line in text.splitlines()]
        said = "; ".join([line for line in lines if line][-_LINES:])
        return said if len(said) <= _TOLD else f"{said[:_TOLD]}…"


def _awaited(
    process: subprocess.Popen[bytes], clock: Callable[[], float], end: float
) -> tuple[bytes, int | None]:
    """The end of the output and the exit code; None is one that has not ended in time."""
    assert process.stdout is not None  # noqa: S101  # it is a pipe
    pipe = process.stdout.fileno()
    os.set_blocking(pipe, False)
    output = b""
    is_open, code = True, None
    while code is None and (left := end - clock()) > 0:
        if is_open:
            select.select([pipe], [], [], min(_LATE, left))
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(left)
        code = process.poll()  # before the last look at the pipe
        if is_open:
            with contextlib.suppress(BlockingIOError):
                chunk = os.read(pipe, _CHUNK)
                is_open = bool(chunk)
                output = (output + chunk)[-_KEPT:]
    return output, code


def _end(process: subprocess.Popen[bytes], clock: Callable[[], float]) -> None:
    """Ends what is left of a process and of its group, and closes its output."""
    if process.poll() is None:
        _signal(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
    _signal(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):  # in a system call that does not end
        process.wait(_GRACE)
    if process.stdout is not None:
        process.stdout.close()
    _bury(process.pid, clock)


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left; or not ours
        os.killpg(group, number)


def _bury(group: int, clock: Callable[[], float]) -> None:
    """Takes leave of the group's orphans: to PID 1 they are children, and zombies until it does."""
    end = clock() + _BURIAL
    with contextlib.suppress(ChildProcessError):
        while clock() < end:
            if os.waitpid(-group, os.WNOHANG) == (0, 0):
                time.sleep(0.001)


def _outcome(code: int) -> str:
    if code > 0:
        return f"failed with {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def _why(name: str, wrong: OSError | ValueError) -> str:
    """Why a program does not start, in words that say what mends it."""
    match wrong:
        case OSError(errno=errno.ENOENT):
            return f"there is no program {name}, or nothing to run it"
        case OSError(errno=errno.EACCES | errno.EPERM):
            return f"{name} is not executable for user {os.geteuid()}"
        case OSError(errno=errno.ENOEXEC):
            return f"{name} is no program for this machine, and does not begin with #!"
        case OSError():
            return wrong.strerror or str(wrong)
        case _:
            return str(wrong)


def _printable(line: str) -> str:
    return "".join(each if each.isprintable() else " " for each in line)
