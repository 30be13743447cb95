"""Targets on mounts: single files, full, read-only and other file systems."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.publish.target import is_mounted
from tests.publish.own_mounts import SCENES
from tests.publish.own_process import own_mounts, play


@pytest.mark.parametrize("scene", SCENES)
def test_on_mounts_of_its_own(scene: str, tmp_path: Path) -> None:
    play("own_mounts", scene, tmp_path, through=own_mounts())


def test_where_the_system_has_no_list_of_mounts_nothing_is_mounted(tmp_path: Path) -> None:
    assert not is_mounted(tmp_path / "peers.cnf", mounts=tmp_path / "none")


@pytest.mark.parametrize("text", [b"", b"\n", b"1 2 3\n", b"\xff \xfe\n\n", b"1 2 3 4 \\1\\777\n"])
def test_a_list_of_mounts_that_is_otherwise_is_no_error(text: bytes, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_bytes(text)
    assert not is_mounted(tmp_path / "peers.cnf", mounts)
    mounts.write_bytes(text + b"36 35 0:1 / " + bytes(tmp_path / "peers.cnf") + b" rw - ext4 x rw")
    assert is_mounted(tmp_path / "peers.cnf", mounts)
