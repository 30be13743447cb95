"""Processes that a test has started, or that what it has started left behind."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path


def is_there(process: int) -> bool:
    """Whether a process runs; not if it is a zombie."""
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{process}/stat").read_text()
        return status.rpartition(") ")[2][:1] not in "ZX"
    if Path("/proc/self").exists():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def number_in(path: Path) -> Callable[[], int]:
    """The process that a program wrote there, 0 until then."""

    def number() -> int:
        text = path.read_text() if path.exists() else ""
        return int(text) if text.endswith("\n") else 0

    return number
