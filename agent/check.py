"""Checks: a user's command has to accept a new file before it takes the old one's place.

It has the command run, and remembers what failed. It knows no settings, and of a file only its
path.
"""

import contextlib
import shlex
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from agent.core.backoff import pause
from agent.core.words import FOR_FILE
from agent.process import Process, StartError, last_words, why_not
from agent.publish import OnDisk, PublishError, digest, publish

# Seconds. The same content is checked again after the first, then after twice as long each time.
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 300.0
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
            until = self._clock() + pause(times, FIRST_PAUSE, LONGEST_PAUSE)
            left = "replaced" if self._path.exists() else "written"
            sentence = f"{self._path} was not {left}: its check {self._command} {reason}"
            self._failed = _Failed(content, times, until, sentence)
            raise PublishError(sentence)

        publish(self._path, data, self._mode, check)
        self._failed, self._accepted = None, ""

    def _reason(self, temporary: Path) -> str:
        """Why the command refuses the file, empty if it does not."""
        end = self._clock() + self._command.timeout  # what starting takes is the command's too
        try:
            process = Process(self._command.of(temporary))
        except StartError as wrong:
            return str(wrong)
        try:
            with self._interruptible():
                code = process.awaited(end, self._clock)
        finally:
            process.end(self._clock)
        return why_not(code, self._command.timeout, self._said(process.last, temporary))

    def _said(self, output: bytes, temporary: Path) -> str:
        """Its last words, with the file's name in place of that of the temporary one."""
        text = output.decode(errors="replace").replace(str(temporary), str(self._path))
        return last_words(text.replace(temporary.name, self._path.name))
