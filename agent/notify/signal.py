"""Sends a signal to a process of another container, found by its name or by its pidfile.

For that the containers have to see each other's processes (shareProcessNamespace, or `pid:` in
docker-compose), and to run as the same user. Where that is not so, the outcome says it.
"""

import os
import signal
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent import publish
from agent.core.delivery import Arrived, Lost
from agent.core.notice import Notice
from agent.core.words import all_of, nearest
from agent.edges import Attempt
from agent.notify.attempts import Around, ended
from agent.notify.processes import Seen, processes, user_of

_SHARE = "set shareProcessNamespace: true on the pod"
# So many programs are named where none is the right one.
_MANY = 10
# No number of a process has more (PID_MAX_LIMIT is 2**22).
_DIGITS = 9
# The program of Kubernetes that is a pod's first process, and keeps it alive.
_PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class ByName:
    """All processes of this name but those whose parent has it too: a master, no workers."""

    name: str


@dataclass(frozen=True, slots=True)
class ByPidfile:
    """The process whose number is the first line of a file."""

    path: Path


class _NobodyError(Exception):
    """There is nobody to signal; the rest of the sentence says why, and what mends it."""


class Signal:
    """Sends `number` to whom it finds; never to the agent, or to what that has started."""

    def __init__(self, whom: ByName | ByPidfile, number: signal.Signals, around: Around) -> None:
        self._whom = whom
        self._number = number
        self._around = around

    def start(self, news: Notice) -> Attempt:
        """Looks for them and sends it, which takes no time; of the news nothing is told."""
        del news
        try:
            found = self._find()
        except _NobodyError as wrong:
            return ended(Lost(f"failed: {wrong}"), self._around)
        failed = [why for seen in found if (why := _sent(seen, self._number))]
        return ended(Lost(f"failed: {failed[0]}") if failed else Arrived(), self._around)

    def _find(self) -> list[Seen]:
        """Whom to send it to. Raises _NobodyError."""
        match self._whom:
            case ByName(name):
                return _called(name)
            case ByPidfile(path):
                return [_in_pidfile(path)]


def _called(name: str) -> list[Seen]:
    """Those of this name. Raises _NobodyError."""
    table = processes()
    if table is None:
        raise _NobodyError(
            "there is no /proc here to find a process in by its name: give a pidfile"
        )
    own = _own(table)
    named = {pid: seen for pid, seen in table.items() if pid not in own and seen.is_called(name)}
    if named:
        return [seen for seen in named.values() if seen.parent not in named]
    nobody = f"no process called {name} is seen here"
    kin = {*own, *_upwards(os.getpid(), table)}
    others = {seen.name for pid, seen in table.items() if pid not in kin}
    if not others:
        raise _NobodyError(f"{nobody}, and none but the agent's own: {_SHARE}")
    if close := nearest(name, others):
        raise _NobodyError(f"{nobody}: did you mean {close}?")
    more = ", …" if len(others) > _MANY else ""
    raise _NobodyError(f"{nobody}: {all_of(sorted(others)[:_MANY])}{more}")


def _in_pidfile(path: Path) -> Seen:
    """The one whose number is there. Raises _NobodyError."""
    pid = _number_in(path)
    table = processes()
    if table is None:
        table = {pid: Seen(pid, 0, "", ""), os.getpid(): Seen(os.getpid(), 0, "", "")}
    seen = table.get(pid)
    if seen is None:
        why = f"and no such process is seen here: it is old, or of another container: {_SHARE}"
    elif pid in _own(table):
        why = f"which is the agent's own here: it is of another container: {_SHARE}"
    elif pid == 1 and seen.name == _PAUSE:
        why = "the pod's own process here: it is from before the containers shared their processes"
    else:
        return seen
    raise _NobodyError(f"{path} says {pid}, {why}")


def _number_in(path: Path) -> int:
    """The number of a process. Raises _NobodyError."""
    try:
        with publish.opened(path) as handle:
            line = b"" if handle is None else os.read(handle, 64).partition(b"\n")[0].strip()
    except (FileNotFoundError, NotADirectoryError):
        because = "it is not written yet, or its volume is not mounted into the agent's container"
        raise _NobodyError(f"there is no pidfile {path}: {because}") from None
    except OSError as wrong:
        raise _NobodyError(f"the pidfile {path} can't be read: {wrong.strerror}") from None
    if not line.isdigit() or len(line) > _DIGITS or not int(line):
        raise _NobodyError(f"the pidfile {path} does not begin with the number of a process")
    return int(line)


def _own(table: Mapping[int, Seen]) -> Collection[int]:
    """This process, and all that it has started."""
    return {pid for pid in table if os.getpid() in _upwards(pid, table)}


def _upwards(pid: int, table: Mapping[int, Seen]) -> Iterator[int]:
    """The process, its parent, and so on; a parent in another namespace is 0."""
    for _ in table:  # a number that was used again meanwhile could make it a circle
        if (seen := table.get(pid)) is None:
            return
        yield pid
        pid = seen.parent


def _sent(seen: Seen, number: signal.Signals) -> str:
    """Sends the signal; why that was not possible, empty if it was."""
    try:
        os.kill(seen.pid, number)
    except ProcessLookupError:
        return f"process {seen.pid} has just ended"
    except PermissionError:
        owner = user_of(seen.pid)
        return (
            f"process {seen.pid} ({seen.name}) runs as user {'?' if owner is None else owner}, and "
            f"the agent as {os.geteuid()}: they have to run as the same (runAsUser)"
        )
    return ""
