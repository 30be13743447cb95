"""Commands: how they are started, fed, listened to and ended, with all that they started.

It knows nothing of what they are for. The main thread starts them, because a process inherits the
signals that its thread has blocked; any thread may await them.
"""

import contextlib
import errno
import math
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from agent.core.words import plain, shortened

Clock = Callable[[], float]

# Seconds between SIGTERM and SIGKILL. The agent itself has half a second to end in.
GRACE = 0.1
# Seconds for the kernel to bury what was killed, where the agent is PID 1.
_BURIAL = 0.1
# Seconds between two looks at whether a group has ended.
_STEP = 0.005
# Seconds. A command's end is noticed so late if something that it started holds its output open.
_LATE = 0.05
# As much as a pipe holds, unless somebody asked for a larger one (pipe(7)). Bytes.
_CHUNK = 65536
# Of what a command said last: bytes to keep, lines and characters to tell.
_KEPT = 2048
_TOLD = 400
_LINES = 3


class StartError(Exception):
    """A command that could not be started; the sentence's rest says why, and what mends it."""


def _unheard(_: bytes) -> None:
    """Takes what nobody wants to hear."""


class Process:
    """A command that runs, without a shell, at `/`, in a session and process group of its own.

    `data` is written to its stdin, as far as it reads that. Its stdout and stderr are one output;
    `last` is the end of it.
    """

    def __init__(
        self, words: Sequence[str], data: bytes = b"", environment: Mapping[str, str] | None = None
    ) -> None:
        """Starts it, with the agent's environment if none is given. Raises StartError."""
        try:
            # A session of its own has no terminal to wait for.
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE if data else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                cwd="/",
                env=environment,
                start_new_session=True,
            )
        except (OSError, ValueError) as wrong:
            raise StartError(f"could not be started: {_why(words[0], wrong)}") from None
        self.last = b""
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._unwritten = memoryview(data)
        for pipe in filter(None, (self._stdin, self._stdout)):
            os.set_blocking(pipe.fileno(), False)
        self._guard = threading.Lock()
        self._has_grace = False  # SIGTERM was sent, and SIGKILL not yet
        self._is_over = False
        _awaited.add(self)

    @property
    def pid(self) -> int:
        """The number of the process, its group and its session."""
        return self._process.pid

    def awaited(
        self, end: float, clock: Clock, take: Callable[[bytes], None] = _unheard
    ) -> int | None:
        """The exit code; None if it has not ended by `end` (clock seconds).

        `take` gets the output as it comes. What something that it started says later is lost.
        """
        code = None
        while code is None and (left := end - clock()) > 0:
            self._wait(min(_LATE, left))
            code = self._process.poll()  # before the last look at the pipe
            self._write()
            if said := self._read():
                self.last = (self.last + said)[-_KEPT:]
                take(said)
        return code

    def kill(self, grace: float = GRACE) -> None:
        """Ends the process and its group: SIGTERM, and SIGKILL after `grace` seconds at most.

        What a process that has ended by itself left in its group has no such time. Any thread may
        do so while another one awaits it.
        """
        if self._process.poll() is None:
            self._has_grace = True
            self._signal(signal.SIGTERM)
        end = time.monotonic() + grace
        while self._has_grace and self._is_somebody_left() and time.monotonic() < end:
            time.sleep(_STEP)
        self._signal(signal.SIGKILL)
        self._has_grace = False

    def end(self, clock: Clock, grace: float = GRACE) -> None:
        """Kills it, with its group, and takes leave of it. Whoever awaited it has to call this."""
        self.kill(grace)
        with contextlib.suppress(subprocess.TimeoutExpired):  # in a system call that does not end
            self._process.wait(GRACE)
        for pipe in filter(None, (self._stdin, self._stdout)):
            pipe.close()
        with self._guard:
            self._is_over = True
        buried_by = clock() + _BURIAL
        while _has_children(self.pid) and clock() < buried_by:
            time.sleep(0.001)
        _awaited.discard(self)

    def _wait(self, seconds: float) -> None:
        """Returns when there may be something to do, after so many seconds at the latest."""
        poll = select.poll()
        if self._stdin is not None:
            poll.register(self._stdin, select.POLLOUT)
        if self._stdout is not None:
            poll.register(self._stdout, select.POLLIN)
        if self._stdin is not None or self._stdout is not None:
            poll.poll(math.ceil(seconds * 1000))
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)

    def _write(self) -> None:
        """Writes what it takes now of its stdin, and closes that when there is no more."""
        if self._stdin is None:
            return
        try:
            written = os.write(self._stdin.fileno(), self._unwritten[:_CHUNK])
            self._unwritten = self._unwritten[written:]
        except BlockingIOError:
            return
        except OSError:  # it reads no more
            self._unwritten = memoryview(b"")
        if not self._unwritten:
            self._stdin.close()
            self._stdin = None

    def _read(self) -> bytes:
        """What it has said and nobody has read, as much as a pipe holds."""
        if self._stdout is None:
            return b""
        try:
            said = os.read(self._stdout.fileno(), _CHUNK)
        except BlockingIOError:
            return b""
        if not said:
            self._stdout.close()
            self._stdout = None
        return said

    def _is_somebody_left(self) -> bool:
        """Whether anybody of the group has not ended; elsewhere than as PID 1, be it a zombie."""
        if self._process.poll() is not None:  # else its exit code would be lost
            _has_children(self.pid)
        return self._signal(0)

    def _signal(self, number: int) -> bool:
        """Sends a signal to the group, if its number can't be another one's by now.

        Whether somebody got it; 0 is none, and only looks.
        """
        with self._guard:
            if self._is_over:
                return False
            try:
                os.killpg(self.pid, number)
            except (ProcessLookupError, PermissionError):  # nobody is left; or not ours
                return False
        return True


# The processes that somebody awaits: their exit codes are not for `reap` to take.
_awaited: set[Process] = set()


def reap(besides: int | None = None) -> None:
    """Takes leave of processes that have ended and that nobody awaits, as somebody does `besides`.

    To PID 1 each process that has lost its parent is a child, and a zombie until it does. Only the
    main thread, which starts all others, may call this; it costs one system call if there is none.
    """
    if sys.platform != "linux":  # elsewhere the agent is never the first process
        return
    try:
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid in {besides, *(process.pid for process in tuple(_awaited))}:
                return  # there may be more behind it, which the next turn sees
            os.waitpid(ended.si_pid, os.WNOHANG)
    except ChildProcessError:
        return


def why_not(code: int | None, timeout: float, said: str) -> str:
    """Why a command that ended so did not do what it should; empty for 0. None: it was too slow."""
    match code:
        case 0:
            return ""
        case None:
            return f"took longer than {timeout:g} s, and was ended"
    return f"{_outcome(code)}{f': {said}' if said else ', and said nothing'}"


def last_words(text: str) -> str:
    """The last lines of an output as one, for a sentence."""
    lines = [" ".join(plain(line).split()) for line in text.splitlines()]
    return shortened("; ".join([line for line in lines if line][-_LINES:]), _TOLD)


def _outcome(code: int) -> str:
    if code > 0:
        return f"failed with {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def _has_children(group: int) -> bool:
    """Takes leave of a group's orphans that have ended; whether it has others.

    To PID 1 they are children. Elsewhere there are none.
    """
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-group, os.WNOHANG) != (0, 0):
            pass
        return True
    return False


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
