"""Runs scripts as peer-finder did: names on stdin, the output where this program's own goes.

There is no time limit, for a script may be the database itself. It knows neither DNS nor when
there is something to tell.
"""

import contextlib
import functools
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence

from agent.background import in_background
from agent.core.delivery import Arrived
from agent.core.roll import Peer
from agent.edges import Events

ON_START, ON_CHANGE = "on-start", "on-change"


class HookError(ValueError):
    """A script that can't be run here; the sentence says why, and what mends it."""


def words_of(script: str, *, is_argv: bool) -> list[str]:
    """The command that runs a script: a shell with the snippet, or its own words.

    Raises HookError.
    """
    if not is_argv:
        shell = shutil.which("bash") or shutil.which("sh")
        if shell is None:
            raise HookError(f"there is no shell to run {script!r}: give -argv if it needs none")
        return [shell, "-c", script]
    try:
        words = shlex.split(script)
    except ValueError as wrong:
        raise HookError(f"{script!r} can't be split into words: {wrong}") from None
    if not words:
        raise HookError(f"{script!r} names no command")
    return words


class Script:
    """A run of a script, from its making to its end: an `Attempt`, with no outcome if it fails.

    `stdin` is what it gets, `more` what its environment has besides this program's own. `wake` is
    called by another thread when it has ended.
    """

    def __init__(
        self, words: Sequence[str], stdin: bytes, more: Mapping[str, str], wake: Callable[[], None]
    ) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._trouble = ""
        try:
            self._process = subprocess.Popen(
                words, stdin=subprocess.PIPE, env={**os.environ, **more}, process_group=0
            )
        except OSError as wrong:
            self._trouble = f"could not be started: {words[0]}: {wrong.strerror}"
            return
        in_background(functools.partial(_attend, self._process, stdin, wake), "hook")

    @property
    def process_id(self) -> int | None:
        """Its process's number, None if there is none."""
        return None if self._process is None else self._process.pid

    @property
    def failure(self) -> str:
        """How it failed, in a phrase; empty if it did not, or goes on."""
        code = 0 if self._process is None else self._process.poll()
        if not code:
            return self._trouble
        return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"

    def outcome(self) -> Arrived | None:
        """That it has succeeded."""
        has_ended = self._process is not None and self._process.poll() == 0
        return Arrived() if has_ended else None

    def pass_on(self, number: signal.Signals) -> None:
        """Sends a signal to it and all that it started, and waits for its end, however long.

        Nothing if it has ended: what it left behind is to stay.
        """
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            self._process.wait()

    def end(self) -> None:
        """Ends it, if it goes on, with all that it started."""
        self.pass_on(signal.SIGKILL)


def _attend(process: subprocess.Popen[bytes], stdin: bytes, wake: Callable[[], None]) -> None:
    """Hands a script its stdin, and tells of its end."""
    if process.stdin is not None:
        with contextlib.suppress(OSError), process.stdin as pipe:  # it need not read
            pipe.write(stdin)
    process.wait()
    wake()


class Hooks:
    """Runs on-start for the first news, if there is one, and on-change for all others.

    `scripts` are theirs, by name. `more`: each is a command, which has this in its environment;
    None: they are for a shell. Raises HookError where one could never run.
    """

    def __init__(
        self,
        scripts: Mapping[str, str],
        more: Mapping[str, str] | None,
        tell: Events,
        wake: Callable[[], None],
    ) -> None:
        self._words = {
            name: words_of(each, is_argv=more is not None) for name, each in scripts.items()
        }
        self._more = more or {}
        self._tell = tell
        self._wake = wake
        self._name = ""
        self._last: Script | None = None

    @property
    def failure(self) -> str:
        """Which one failed and how, in a sentence; empty if none did."""
        failed = "" if self._last is None else self._last.failure
        return failed and f"{self._name} {failed}"

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to run any more."""
        return ON_CHANGE not in self._words and self.has_succeeded

    @property
    def has_succeeded(self) -> bool:
        """Whether the last one that was run did."""
        return self._last is not None and self._last.outcome() is not None

    @property
    def is_cut_off(self) -> bool:
        """Whether on-start was the last one, and did not succeed."""
        return self._name == ON_START and not self.has_succeeded

    @property
    def process_id(self) -> int | None:
        """That of the last one."""
        return None if self._last is None else self._last.process_id

    def start(self, stdin: bytes, *, is_first: bool) -> Script:
        """Runs the one that is for the first news, or for others."""
        self._name = ON_START if is_first and ON_START in self._words else ON_CHANGE
        names = [Peer(line).name for line in stdin.decode().splitlines()]
        sentence = f"{self._name} is run for {', '.join(names) or 'nobody'}"
        self._tell("info", sentence, kind="hook", hook=self._name, names=names)
        self._last = Script(self._words[self._name], stdin, self._more, self._wake)
        return self._last

    def stop(self) -> None:
        """Asks the one that runs to end, and waits: it may be a database that saves its data."""
        if self._last is not None:
            self._last.pass_on(signal.SIGTERM)
