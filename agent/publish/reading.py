"""What is on disk now. Looking at it changes nothing, and never waits."""

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from agent.core.reconcile import Unread

# Bytes: above what a template may give (formats/template), and above what is remembered of peers.
_LONGEST = 64 * 2**20
_LONGEST_READ = 16 * 2**20
_CHUNK = 2**18
# What stands for what nobody can have rendered: no digest is empty.
OTHER = ""


def digest(data: bytes) -> str:
    """What stands for a content in comparisons."""
    return hashlib.sha256(data).hexdigest()


def read(path: Path) -> bytes | None:
    """What is on disk now, None if there is no readable file.

    Of a file that is longer than anything the agent writes it is no more than the beginning.
    """
    with contextlib.suppress(OSError), opened(path) as handle:
        if handle is not None:
            return b"".join(_chunks(handle, _LONGEST_READ))
    return None


class OnDisk:
    """The digest of a file, which is read again only when it is not the one that was read.

    What is there and no regular file, or too long to be one of ours, has the digest OTHER.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = os.fspath(path)
        self._stamp: tuple[int, ...] = ()
        self._digest = OTHER

    def digest(self) -> str | Unread | None:
        """The digest of what is there now, None if there is nothing."""
        try:
            now = os.stat(self._name)  # noqa: PTH116  # at each turn, where a Path costs as much again
            stamp = (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
            if stamp != self._stamp:
                self._digest = _digest(self._path) if now.st_size <= _LONGEST else OTHER
                self._stamp = stamp
        except OSError as wrong:
            return _unseen(self._path, wrong)
        return self._digest


def _digest(path: Path) -> str:
    """Raises OSError."""
    with opened(path) as handle:
        if handle is None:
            return OTHER
        made = hashlib.sha256()
        for chunk in _chunks(handle, _LONGEST):
            made.update(chunk)
        return made.hexdigest()


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int | None]:
    """A handle to read from, None if there is no regular file. Raises OSError.

    A pipe is no file: whoever opens one to read waits until somebody opens it to write (fifo(7)).
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield handle if stat.S_ISREG(os.fstat(handle).st_mode) else None
    finally:
        os.close(handle)


def _chunks(handle: int, longest: int) -> Iterator[bytes]:
    """What is in a file, up to so many bytes or a few more."""
    length = 0
    while length <= longest and (chunk := os.read(handle, _CHUNK)):
        length += len(chunk)
        yield chunk


def _unseen(path: Path, wrong: OSError) -> str | Unread | None:
    """What it means that what a path leads to can't be read."""
    try:
        is_link = stat.S_ISLNK(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as worse:
        return Unread(worse.strerror or str(worse), is_there=False)
    if is_link and wrong.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
        return OTHER  # a link to nothing
    return Unread(wrong.strerror or str(wrong), is_there=True)
