"""What file systems can't do, or not now."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.publish.kernel import can_refuse
from tests.publish.own_process import play
from tests.publish.own_refusals import SCENES

EACH = [
    pytest.param(scene.__name__, error, id=f"{scene.__name__}-{errno.errorcode[error]}")
    for scene, errors in SCENES
    for error in errors
]


@pytest.mark.parametrize(("scene", "error"), EACH)
def test_where_the_kernel_refuses(scene: str, error: int, tmp_path: Path) -> None:
    if not can_refuse():
        pytest.skip("needs seccomp of Linux on x86_64 or aarch64, which is not here")
    target = tmp_path / "peers.cnf"
    target.touch()
    if os.geteuid() == 0:
        os.chown(target, -1, 5000)
    play("own_refusals", scene, str(error), tmp_path)
