"""Whoever writes is killed at each of its system calls, and nothing is ever half done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.publish.kernel import can_trace
from tests.publish.own_process import play


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param("first", id="a first file"),
        pytest.param("kept", id="a file that keeps its mode and owner"),
        pytest.param("set", id="a file whose mode is set"),
        pytest.param("agent", id="a claim, the memory and a file"),
    ],
)
def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one_and_the_next_start_only_it(
    scene: str, tmp_path: Path
) -> None:
    if not can_trace():
        pytest.skip("needs ptrace of Linux, which is not here, or not allowed")
    deaths = json.loads(play("crash", scene, tmp_path))
    assert deaths["old"] > 10
    assert deaths["new"] > 3
    assert deaths["beside"] > 10
