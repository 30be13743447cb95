"""What tests of whole files look at: folders, modes, and who the test is."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# What servers include from a folder; the last is for all that is not hidden.
INCLUDED = ("*.cnf", ".*.cnf", "*.conf", "*.yaml", "*.yml", "*.json", "*.env", "*.list", "[!.]*")
NOBODY = 65534


@contextmanager
def no_root(*groups: int) -> Iterator[int]:
    """Within it the test is not root, who may write everywhere; gives the user's number.

    Root is then in these `groups` besides, and in no other.
    """
    if os.geteuid() != 0:
        yield os.geteuid()
        return
    before = os.getgroups()
    os.setgroups(groups)
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield NOBODY
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may look into; pytest's own are for the user who runs it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


def mode_of(path: Path) -> int:
    """The permissions, with the bits that are above them."""
    return stat.S_IMODE(path.stat().st_mode)


def files(folder: Path) -> list[str]:
    """The names of all that is in a folder."""
    return sorted(each.name for each in folder.iterdir())


def owner_of(path: Path) -> tuple[int, int]:
    """The user and the group that a file belongs to, by their numbers."""
    status = path.stat()
    return status.st_uid, status.st_gid
