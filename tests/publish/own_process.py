"""Parts of a test that need a process of their own, and what a machine may lack for them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_MOUNTS = ("unshare", "--mount", "--propagation=private")


def play(module: str, *arguments: str | Path, through: tuple[str, ...] = ()) -> str:
    """Runs a module of the tests to its end, which has to be a good one; what it printed."""
    ended = subprocess.run(
        [*through, sys.executable, "-m", f"tests.publish.{module}", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def own_mounts() -> tuple[str, ...]:
    """The command before one that has mounts of its own; skips the test where that can't be."""
    if not _has_mounts():
        pytest.skip("needs mounts of its own, which this machine lets only root have, if anybody")
    return _MOUNTS


def need_tracing() -> None:
    """Skips the test where a process may not stop its own child at its system calls."""
    if not _can_trace():
        pytest.skip("needs ptrace of Linux, which is not here, or not allowed")


@cache
def _can_trace() -> bool:
    look = "import sys; from tests.publish.kernel import can_trace; sys.exit(not can_trace())"
    tried = [sys.executable, "-c", look]  # pytest has threads, and must not fork
    return subprocess.run(tried, cwd=ROOT, capture_output=True, check=False).returncode == 0


@cache
def _has_mounts() -> bool:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    tried = [*_MOUNTS, "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0
