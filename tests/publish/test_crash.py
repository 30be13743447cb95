"""Whoever writes is killed at each of its system calls, and nothing is ever half done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.publish.own_process import need_tracing, play


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
    need_tracing()
    deaths = json.loads(play("crash", scene, tmp_path))
    assert deaths["old"] > 10
    assert deaths["new"] > 3
    assert deaths["beside"] > 10


def test_a_claim_that_is_given_up_while_another_tries_for_it_is_never_had_by_two(
    tmp_path: Path,
) -> None:
    """The lock file that the one has opened by then is not the one that is there."""
    need_tracing()
    assert json.loads(play("crash", "race", tmp_path))["late"] > 3
    assert list(tmp_path.iterdir()) == []
