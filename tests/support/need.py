"""Programs that a test needs and a machine may lack: had, or a skip that says how to have them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

_TOOLS = Path(__file__).resolve().parents[2] / ".tools"
# The latter has docker-compose, which also runs where there is no program docker.
_PATH = f"{_TOOLS / 'bin'}:{_TOOLS / 'docker-cli' / 'cli-plugins'}"


def need_program(name: str, how: str = "make tools") -> str:
    """The path of a program: the project's own copy, or the one on PATH.

    Without it the test is skipped with one sentence; in a strict run that is a failure, as
    `tests/conftest.py` has it.
    """
    found = shutil.which(name, path=_PATH) or shutil.which(name)
    if found is not None:
        return found
    pytest.skip(f"needs the program {name}, which is not here: get it with `{how}`")
