"""What outlives this container, and what ends with it: peer-finder's on-start depends on that."""

import contextlib
import hashlib
import os
from pathlib import Path

from agent import publish
from agent.core.identity import Identity

# Memory that all containers of a pod share, and that lives as long as the pod: containerd and
# CRI-O make it for the sandbox. Docker makes one for each start of a container.
_SHARED = Path("/dev/shm")  # noqa: S108  # nobody outside the pod can write there
_PROC = Path("/proc")


class State:
    """Where it is kept what hooks were told, so that on-start isn't run beside a live database.

    `folder` None is the memory that the pod shares, and for a sidecar only: where other processes
    are, the database may be among them, and ends when this container does.
    """

    def __init__(self, folder: str | None, me: Identity, hooks: str) -> None:
        self._is_guessed = folder is None
        which = hashlib.sha256(hooks.encode(errors="surrogateescape")).hexdigest()[:8]
        name = f".rollcall-{me.pod}.{me.service.name}.{me.service.namespace}-{which}.state"
        self._path = (_SHARED if folder is None else Path(folder)) / name

    def recall(self) -> bytes | None:
        """What was kept, None if nothing was."""
        return publish.read(self._path)

    def remember(self, content: bytes) -> None:
        """Keeps it. Raises PublishError."""
        if not self._is_guessed or is_alone():
            publish.publish(self._path, content, mode=None)
            return
        with contextlib.suppress(OSError):
            self._path.unlink()


def is_alone() -> bool:
    """Whether this is the container's only process, as far as Linux tells.

    Where containers see each other's processes, each has a control group of its own (cgroups(7)).
    """
    ours = _group_of("self")
    try:
        others = {int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal()}
    except OSError:
        return False
    return all(_group_of(str(other)) != ours for other in others - {os.getpid()})


def _group_of(process: str) -> str:
    """A process's control groups; empty where it has ended, or that can't be told."""
    try:
        return (_PROC / process / "cgroup").read_text()
    except OSError:
        return ""
