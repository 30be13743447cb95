"""What would keep a file from being written, told before anything depends on it."""

import contextlib
import os
import re
import tempfile
from pathlib import Path

from agent.publish.errors import (
    SINGLE_FILE,
    Fault,
    PublishError,
    another_owns,
    fault_of,
    is_writable,
    why,
)
from agent.publish.writing import longest_beside

# All mounts that this process sees, one a line (proc(5)).
MOUNTS = Path("/proc/self/mountinfo")
# Bytes in a file's name, where the file system does not say (NAME_MAX).
_LONGEST_NAME = 255


def check_target(path: Path, mode: int | None = None) -> None:
    """Refuses a target that can't be written, before anything depends on it, and sets its mode.

    `path` is where links lead to. Raises PublishError.
    """
    folder = path.parent
    if not folder.is_dir():
        raise PublishError(
            f"{folder} does not exist, and {path.name} is to be written there: create it, or "
            "mount the shared volume there",
            Fault.NO_FOLDER,
        )
    if longest_beside(path) > _longest_name(folder):
        raise PublishError(f"the name of {path} is too long to write a file beside it")
    _check_what_is_there(path)
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        raise PublishError(
            f"{folder} is mounted read-only: mount it without readOnly, or mend its volume",
            Fault.NOT_PERMITTED,
        )
    if not is_writable(folder):
        raise PublishError(
            f"{folder} is not writable for user {os.geteuid()}: give the volume a group that the "
            "agent is in (fsGroup), or mount it without readOnly",
            Fault.NOT_PERMITTED,
        )
    if reason := another_owns(path):
        raise PublishError(f"{path} can't be replaced: {reason}")
    if mode is not None and path.exists():
        with contextlib.suppress(OSError):  # another's file gets its mode when it is replaced
            path.chmod(mode)


def try_folder(folder: Path) -> None:
    """Writes to a folder and leaves nothing: what permissions promise, a full volume breaks.

    Raises PublishError.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:  # nameless, where the system can do that
            file.write(b"\0")
            file.flush()
            os.fsync(file.fileno())
    except OSError as wrong:
        reason = why(wrong, folder / "any")
        raise PublishError(f"{folder} can't be written to: {reason}", fault_of(wrong)) from wrong


def is_mounted(path: Path, mounts: Path = MOUNTS) -> bool:
    """Whether something is mounted on this very path; no, where the system does not tell."""
    try:
        lines = mounts.read_bytes().split(b"\n")
    except OSError:
        return False
    wanted = os.fsencode(os.path.realpath(path))
    return any(_unescaped(fields[4]) == wanted for fields in map(bytes.split, lines) if fields[4:])


def _check_what_is_there(path: Path) -> None:
    """Refuses what a file can't take the place of. Raises PublishError."""
    if os.path.islink(os.path.realpath(path)):  # noqa: PTH114  # pathlib's resolve raises on a loop
        raise PublishError(f"{path} is a link that leads back to itself: remove it")
    if path.is_dir():
        raise PublishError(f"{path} is a folder: give the path of a file in it")
    if not path.exists():
        return
    if not path.is_file():
        raise PublishError(f"{path} is no regular file: give the path of one, or of none yet")
    if is_mounted(path):
        raise PublishError(f"{path} can't be written: {SINGLE_FILE}", Fault.SINGLE_FILE)


def _longest_name(folder: Path) -> int:
    """How many bytes a file's name may have there."""
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except (OSError, ValueError):
        return _LONGEST_NAME


def _unescaped(field: bytes) -> bytes:
    """A path out of the list of mounts, where a blank is a backslash and 040."""
    return re.sub(rb"\\([0-3][0-7]{2})", lambda found: bytes([int(found[1], 8)]), field)
