"""Whole files: a reader sees the old one or the new one, never half of one.

Writes a temporary file beside the target, syncs it, renames it over the target and syncs the
folder. Only rename within one folder is atomic, and only a synced one survives a power cut
(rename(2), fsync(2)).
"""

import contextlib
import errno
import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Callable
from enum import Enum
from pathlib import Path

DEFAULT_MODE = 0o644
# Bytes in a file's name, on all file systems that matter here (NAME_MAX).
LONGEST_NAME = 255
# An include pattern goes by the ending (*.cnf, *.yaml, *.conf), and a leading dot hides nothing
# from MariaDB's !includedir: this ending keeps an unfinished file out of all of them.
_ENDING = ".rollcall.tmp"

_NOT_PERMITTED = {errno.EACCES, errno.EPERM, errno.EROFS}
_BY_EFFECTIVE_USER = os.access in os.supports_effective_ids

Check = Callable[[Path], None]


class Fault(Enum):
    """What keeps a file from being written, as far as that says what mends it."""

    NO_FOLDER = "no folder"
    NOT_PERMITTED = "not permitted"
    OTHER = "other"


class PublishError(Exception):
    """A file that can't be written; the sentence says which, why and what mends it."""

    def __init__(self, sentence: str, fault: Fault = Fault.OTHER) -> None:
        super().__init__(sentence)
        self.fault = fault


def digest(data: bytes) -> str:
    """What stands for a content in comparisons."""
    return hashlib.sha256(data).hexdigest()


def read(path: Path) -> bytes | None:
    """What is on disk now, None if there is no readable file."""
    try:
        return path.read_bytes()
    except OSError:
        return None


class OnDisk:
    """The digest of a file, which is read again only when it is not the one that was read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, ...] = ()
        self._digest: str | None = None

    def digest(self) -> str | None:
        """The digest of what is there now, None if there is no readable file."""
        try:
            now = self._path.stat()
        except OSError:
            return None
        stamp = (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
        if stamp != self._stamp:
            found = read(self._path)
            self._digest = None if found is None else digest(found)
            self._stamp = stamp
        return self._digest


def check_target(path: Path, mode: int | None = None) -> None:
    """Refuses a target that can't be written, before anything depends on it, and sets its mode.

    Raises PublishError.
    """
    folder = path.parent
    if not folder.is_dir():
        raise PublishError(
            f"{folder} does not exist, and {path.name} is to be written there: create it, or "
            "mount the shared volume there",
            Fault.NO_FOLDER,
        )
    if path.is_dir():
        raise PublishError(f"{path} is a folder: give the path of a file in it")
    if path.exists() and not path.is_file():
        raise PublishError(f"{path} is no regular file: give the path of one, or of none yet")
    if len(os.fsencode(_temporary(path).name)) > LONGEST_NAME:
        raise PublishError(f"the name of {path} is too long to write a file beside it")
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=_BY_EFFECTIVE_USER):
        raise PublishError(
            f"{folder} is not writable for user {os.geteuid()}: give the volume a group that the "
            "agent is in (fsGroup), or mount it without readOnly",
            Fault.NOT_PERMITTED,
        )
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
        fault = Fault.NOT_PERMITTED if wrong.errno in _NOT_PERMITTED else Fault.OTHER
        raise PublishError(f"{folder} can't be written to: {_why(wrong, folder)}", fault) from wrong


def publish(path: Path, data: bytes, mode: int | None, check: Check | None = None) -> None:
    """Replaces the file by `data`.

    `mode` None keeps the mode of the file that is there, else 0644 (the umask is not asked: the
    reader is another user). `check` gets the path of a file beside the target, which holds `data`
    in its final mode, and raises PublishError where that is not fit to take the target's place.
    Raises PublishError; then the old file is as it was.
    """
    folder = path.parent
    try:
        permissions = _mode_of(path) if mode is None else mode
        temporary = _write_beside(path, data, permissions)
        try:
            if check is not None:
                check(temporary)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(folder)
    except OSError as wrong:
        raise PublishError(f"{path} was not written: {_why(wrong, folder)}") from wrong


def sweep(path: Path) -> None:
    """Removes what an agent that was killed in mid-write left beside the target."""
    ours = re.compile(rf"\.{re.escape(path.name)}\.\d+-[0-9a-f]{{8}}{re.escape(_ENDING)}")
    with contextlib.suppress(OSError):
        for leftover in [entry for entry in path.parent.iterdir() if ours.fullmatch(entry.name)]:
            with contextlib.suppress(OSError):
                leftover.unlink()


def _write_beside(path: Path, data: bytes, mode: int) -> Path:
    """A synced temporary file in the target's folder, of which nothing is left if that fails."""
    temporary = _temporary(path)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _temporary(path: Path) -> Path:
    """A name that nobody else takes, in the target's folder."""
    return path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}{_ENDING}")


def _mode_of(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return DEFAULT_MODE


def _sync_folder(folder: Path) -> None:
    """Makes the rename durable. The file is in place already, so a failure is not reported."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _why(wrong: OSError, folder: Path) -> str:
    match wrong.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"the volume of {folder} is full: free some space, or raise its sizeLimit"
        case errno.EACCES | errno.EPERM:
            return f"{folder} is not writable for user {os.geteuid()}"
        case errno.EROFS:
            return f"{folder} is mounted read-only"
        case errno.EBUSY | errno.EXDEV:
            return "it is mounted as a single file, which can't be replaced: mount its folder"
        case errno.ENOENT if not folder.exists():
            return f"{folder} is gone"
        case _:
            return wrong.strerror or str(wrong)
