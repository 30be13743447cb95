"""promtool, Prometheus' own program for rules and their tests."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.need import need_program

Promtool = Callable[..., str]


@pytest.fixture(scope="session")
def promtool() -> Promtool:
    """Runs promtool in a folder and gives what it printed, if it was content."""
    program = need_program("promtool")

    def run(*arguments: str, within: Path) -> str:
        done = subprocess.run(
            [program, *arguments],
            cwd=within,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
