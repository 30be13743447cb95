"""What outlives this container, and what ends with it: peer-finder's on-start depends on that."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from agent import publish
from agent.core.identity import Identity

# Memory that all containers of a pod share, and that lives as long as the pod: containerd and
# CRI-O make it for the sandbox. Docker makes one for each start of a container.
_SHARED = Path("/dev/shm")  # noqa: S108  # nobody outside the pod can write there
_PROC = Path("/proc")
# The first process that there was. If it is in this container, the container was started by it.
_INIT = 1


class State:
    """Where it is kept what hooks were told, so that on-start isn't run beside a live database.

    `folder` None is the memory that the pod shares, and for a sidecar only: where other processes
    are, the database may be among them, and ends when this container does. `hook` is the number of
    the hook's process, which is none of these. Raises PublishError where the folder can't be used.
    """

    def __init__(
        self, folder: str | None, me: Identity, hooks: str, hook: Callable[[], int | None]
    ) -> None:
        self._is_guessed = folder is None
        self._hook = hook
        which = hashlib.sha256(hooks.encode(errors="surrogateescape")).hexdigest()[:8]
        name = f".rollcall-{me.pod}.{me.service.name}.{me.service.namespace}-{which}.state"
        self._path = (_SHARED if folder is None else Path(folder)) / name
        if folder is not None:
            publish.check_target(self._path)
            publish.try_folder(self._path.parent)

    def recall(self) -> bytes | None:
        """What was kept, None if nothing was."""
        return publish.read(self._path)

    def remember(self, content: bytes) -> None:
        """Keeps it. What was kept while nobody else was here stays true. Raises PublishError."""
        if not self._is_guessed or is_alone(besides=self._hook()):
            publish.publish(self._path, content, mode=None)


def is_alone(besides: int | None = None) -> bool:
    """Whether nothing else was started in this container, as far as Linux tells.

    `besides` is a process that does not count, with what it has started. Neither does what came
    into the container from outside, as an exec probe does: its first process has no parent here
    (setns(2)), and is not the one that leads to us.

    Where containers see each other's processes, each has a control group of its own (cgroups(7)).
    """
    own = os.getpid()
    try:
        others = {int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal()} - {own}
    except OSError:
        return False
    group = _group_of(own)
    first = _ancestry(own)[-1]
    for other in others:
        if _group_of(other) != group:
            continue
        line = _ancestry(other)
        last = line[-1]
        is_known = last in (_INIT, first)
        has_come = not is_known and _parent_of(last) == 0 and _group_of(last) == group
        if besides not in line and not has_come:
            return False
    return True


def _ancestry(process: int) -> list[int]:
    """A process, its parent and so on, as far as can be seen here."""
    line = [process]
    while (parent := _parent_of(line[-1])) and parent not in line:
        line.append(parent)
    return line


def _parent_of(process: int) -> int | None:
    """A process's parent, 0 if that is not to be seen from here; None if it has ended."""
    try:
        status = (_PROC / str(process) / "stat").read_text(errors="replace")
    except OSError:
        return None
    return int(status.rpartition(")")[2].split()[1])  # proc_pid_stat(5): a name may have any sign


def _group_of(process: int) -> str:
    """A process's control groups; empty where it has ended, or that can't be told."""
    try:
        return (_PROC / str(process) / "cgroup").read_text()
    except OSError:
        return ""
