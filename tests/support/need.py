"""Programs that a test needs and a machine may lack: had, or a skip that says how to have them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

_TOOLS = Path(__file__).resolve().parents[2] / ".tools" / "bin"


def need_program(name: str, how: str = "make tools") -> str:
    """The path of a program: the project's own copy, or the one on PATH.

    Without it the test is skipped with one sentence, or fails where ROLLCALL_STRICT=1 says that
    nothing may be skipped.
    """
    found = shutil.which(name, path=_TOOLS) or shutil.which(name)
    if found is not None:
        return found
    sentence = f"needs the program {name}, which is not here: get it with `{how}`"
    if os.environ.get("ROLLCALL_STRICT") == "1":
        pytest.fail(sentence)
    pytest.skip(sentence)
