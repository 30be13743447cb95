"""What keeps a file from being written, in words for people."""

import errno
import os
import stat
from enum import Enum
from pathlib import Path

_BY_EFFECTIVE_USER = os.access in os.supports_effective_ids
# A rename onto a mount point is EBUSY (rename(2)); some file systems say EXDEV.
SINGLE_FILE = (
    "it is mounted as a single file, which can't be replaced as a whole: mount its folder instead "
    "(Docker: the folder as the volume; Kubernetes: no subPath)"
)


class Fault(Enum):
    """What keeps a file from being written, as far as that says what mends it."""

    NO_FOLDER = "no folder"
    NOT_PERMITTED = "not permitted"
    SINGLE_FILE = "single file"
    OTHER = "other"


class PublishError(Exception):
    """A file that can't be written; the sentence says which, why and what mends it."""

    def __init__(self, sentence: str, fault: Fault = Fault.OTHER) -> None:
        super().__init__(sentence)
        self.fault = fault


def fault_of(wrong: OSError) -> Fault:
    """Which fault a failed system call shows."""
    match wrong.errno:
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return Fault.NOT_PERMITTED
        case errno.EBUSY | errno.EXDEV:
            return Fault.SINGLE_FILE
        case _:
            return Fault.OTHER


def why(wrong: OSError, path: Path) -> str:
    """Why the file at `path` could not be written, and what mends it where that is known."""
    folder, user = path.parent, os.geteuid()
    match wrong.errno:
        case errno.ENOSPC:
            return f"the volume of {folder} is full: free some space, or raise its sizeLimit"
        case errno.EDQUOT:
            return (
                f"the quota of user {user} for the volume of {folder} is used up: free some "
                "space, or raise it"
            )
        case errno.EACCES | errno.EPERM if is_writable(folder):
            return another_owns(path) or wrong.strerror or str(wrong)
        case errno.EACCES | errno.EPERM:
            return f"{folder} is not writable for user {user}"
        case errno.EROFS:
            return f"{folder} is mounted read-only"
        case errno.EBUSY | errno.EXDEV:
            return SINGLE_FILE
        case errno.ENOENT if not folder.exists():
            return f"{folder} is gone"
        case _:
            return wrong.strerror or str(wrong)


def is_writable(folder: Path) -> bool:
    """Whether files can be made in a folder, as far as permissions tell."""
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=_BY_EFFECTIVE_USER)


def another_owns(path: Path) -> str:
    """Why a file can't be replaced in a folder where all may write; empty if that is not it.

    The sticky bit lets only the owner of the file, or of the folder, do it (unlink(2)).
    """
    user = os.geteuid()
    try:
        folder, file = path.parent.stat(), path.lstat()
    except OSError:
        return ""
    if user in (0, folder.st_uid, file.st_uid) or not folder.st_mode & stat.S_ISVTX:
        return ""
    return (
        f"it belongs to user {file.st_uid}, and the sticky bit of {path.parent} keeps user {user} "
        "from replacing it: remove it, or give it to that user"
    )
