"""Played where the kernel refuses a system call; `test_refusals` starts it.

`python -m tests.publish.own_refusals SCENE ERROR FOLDER` ends with 0 if all is as it should be.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from agent.publish import Claim, Fault, PublishError, publish
from tests.publish.folders import files, mode_of
from tests.publish.kernel import refuse

OLD, NEW = b"old\n", b"new\n"


def no_locks(target: Path, error: int) -> None:
    """A file system without locks: both write, as if there were no claims."""
    refuse("flock", error)
    for who in ("db-0", "db-1"):
        claim = Claim(target, who)
        claim.guarding(lambda data: publish(target, data, None))(who.encode())
        assert target.read_text() == who
        assert files(target.parent) == ["peers.cnf"]
        claim.close()
    assert files(target.parent) == ["peers.cnf"]


def no_sweep(target: Path, error: int) -> None:
    """Without locks what is beside the target may be another's, who is about to rename it."""
    refuse("flock", error)
    unfinished = target.with_name(".peers.cnf.77-0a0b0c0d.rollcall.tmp")
    unfinished.touch()
    with Claim(target, "db-1") as claim:
        claim.take()
        assert files(target.parent) == [unfinished.name, "peers.cnf"]
    unfinished.unlink()


def no_locks_any_more(target: Path, error: int) -> None:
    """Another's lock file is not removed because locks fail for a while."""
    with Claim(target, "db-0"):
        refuse("flock", error)
        with Claim(target, "db-1") as other:
            other.take()
            assert files(target.parent) == [".peers.cnf.rollcall.lock", "peers.cnf"]
        assert files(target.parent) == [".peers.cnf.rollcall.lock", "peers.cnf"]


def no_quota(target: Path, error: int) -> None:
    refuse("fsync", error)
    with pytest.raises(PublishError) as refused:
        publish(target, NEW, None)
    assert str(refused.value).startswith(f"{target} was not written: the quota of user ")
    assert str(refused.value).endswith(f"{target.parent} is used up: free some space, or raise it")


def no_rename(target: Path, error: int) -> None:
    refuse("rename", error)
    with pytest.raises(PublishError, match="mount its folder instead") as refused:
        publish(target, NEW, None)
    assert refused.value.fault is Fault.SINGLE_FILE


def no_giving_away(target: Path, error: int) -> None:
    """A new group, so that there is something to keep, is not kept; who could read it still can."""
    refuse("fchown", error)
    target.chmod(0o640)
    if os.geteuid() == 0:
        with pytest.raises(PublishError, match="they could not read the new one"):
            publish(target, NEW, None)
        assert target.read_bytes() == OLD
    target.chmod(0o644)
    publish(target, NEW, None)
    assert (target.read_bytes(), mode_of(target)) == (NEW, 0o644)
    target.write_bytes(OLD)


SCENES = (
    (no_locks, (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EBADF)),
    (no_sweep, (errno.ENOLCK,)),
    (no_locks_any_more, (errno.ENOLCK,)),
    (no_quota, (errno.EDQUOT,)),
    (no_rename, (errno.EBUSY, errno.EXDEV)),
    (no_giving_away, (errno.EPERM, errno.EINVAL, errno.EDQUOT)),
)


def main(name: str, error: int, folder: Path) -> None:
    """Plays a scene; the old file is as it was, and nothing is beside it."""
    target = folder / "peers.cnf"
    target.write_bytes(OLD)
    (scene,) = (scene for scene, _ in SCENES if scene.__name__ == name)
    scene(target, error)
    assert files(folder) == ["peers.cnf"]
    assert scene is no_locks or target.read_bytes() == OLD


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
