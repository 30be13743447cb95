"""The processes that this one sees, as /proc has them (proc(5)); it changes none."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

_PROC = Path("/proc")
# The kernel cuts a process's own name to this many characters (TASK_COMM_LEN).
_LONGEST_NAME = 15


@dataclass(frozen=True, slots=True)
class Seen:
    """A process that has not ended.

    `name` is what the kernel calls it, `program` the base name of its command line's first word,
    empty where it has none, as a thread of the kernel; `words` are the base names of all.
    """

    pid: int
    parent: int
    name: str
    program: str
    words: tuple[str, ...] = ()

    def is_called(self, name: str) -> bool:
        """Whether somebody who names it so means it."""
        return self.program == name or (self.name == name[:_LONGEST_NAME] and self._is_whole(name))

    def _is_whole(self, name: str) -> bool:
        """Whether its name is this one, and not another that the kernel has cut to the same.

        The command line says so, which begins with a script's interpreter.
        """
        if len(name) <= _LONGEST_NAME:
            return True
        return next((word for word in self.words if word.startswith(self.name)), name) == name


def processes() -> Mapping[int, Seen] | None:
    """Each process by its number, None where there is no /proc, as on macOS."""
    try:
        numbers = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal()]
    except OSError:
        return None
    found = {number: _seen(number) for number in numbers}
    return {number: seen for number, seen in found.items() if seen is not None}


def user_of(pid: int) -> int | None:
    """The number of the user that a process runs as, None if that can't be told."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in (_PROC / str(pid) / "status").read_text(errors="replace").splitlines():
            if line.startswith("Uid:"):
                return int(line.split()[1])
    return None


def _seen(pid: int) -> Seen | None:
    """None for one that has ended, be it as a zombie."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(errors="replace")
        words = (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return None
    name, _, rest = stat.partition("(")[2].rpartition(") ")
    state, parent = rest.split()[:2]
    if state in "ZX":
        return None
    program = _base(words.partition(b"\0")[0])
    return Seen(pid, int(parent), name, program, bases_of(words))


def bases_of(line: bytes) -> tuple[str, ...]:
    """The base names of a command line's words, as /proc has it.

    A program may have written there what it is doing: `name: working on db`.
    """
    return tuple(_base(word.rstrip(b":")) for word in line.replace(b"\0", b" ").split())


def _base(word: bytes) -> str:
    return PurePath(word.decode(errors="replace")).name
