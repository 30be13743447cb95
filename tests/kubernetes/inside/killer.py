"""Kills all processes of one container of this node; its argument is the container's ID.

It runs in a privileged container that sees the node's processes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

ID_DIGITS = 64


def processes(container: str) -> list[int]:
    """Those whose control group is the container's."""
    found = []
    for group in Path("/proc").glob("[0-9]*/cgroup"):
        with contextlib.suppress(OSError):  # it has ended
            if container in group.read_text():
                found.append(int(group.parent.name))
    return found


if __name__ == "__main__":
    (wanted,) = sys.argv[1:]
    if len(wanted) != ID_DIGITS:
        sys.exit(f"{wanted!r} is no container's ID")
    killed = processes(wanted)
    for process in killed:
        os.kill(process, signal.SIGKILL)
    print("killed", killed)
    sys.exit(not killed)
