"""What is on disk now. Looking at it changes nothing, and never waits."""

import contextlib
import hashlib
import os
import stat
from pathlib import Path

from agent.core.reconcile import Unread

_NO_FILE = Unread("it is no regular file", is_there=True)


def digest(data: bytes) -> str:
    """What stands for a content in comparisons."""
    return hashlib.sha256(data).hexdigest()


def read(path: Path) -> bytes | None:
    """What is on disk now, None if there is no readable file."""
    with contextlib.suppress(OSError):
        return _content(path)
    return None


class OnDisk:
    """The digest of a file, which is read again only when it is not the one that was read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, ...] = ()
        self._found: str | Unread = ""

    def digest(self) -> str | Unread | None:
        """The digest of what is there now, None if there is nothing."""
        try:
            now = self._path.stat()
        except OSError as wrong:
            return _unseen(self._path, wrong)
        stamp = (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
        if stamp != self._stamp:
            try:
                content = _content(self._path)
            except FileNotFoundError:  # removed since the first look
                return None
            except OSError as wrong:
                return Unread(_phrase(wrong), is_there=True)
            self._found = _NO_FILE if content is None else digest(content)
            self._stamp = stamp
        return self._found


def _content(path: Path) -> bytes | None:
    """The bytes of a file, None if that is none. Raises OSError.

    A pipe is no file: whoever opens one to read waits until somebody opens it to write (fifo(7)).
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        with open(handle, "rb", closefd=False) as file:  # a handle has no path
            return file.read()
    finally:
        os.close(handle)


def _unseen(path: Path, wrong: OSError) -> Unread | None:
    """What it means that a file can't be looked at: a link that leads nowhere is there."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as worse:
        return Unread(_phrase(worse), is_there=False)
    return Unread(f"what is there can't be looked at: {_phrase(wrong)}", is_there=True)


def _phrase(wrong: OSError) -> str:
    return wrong.strerror or str(wrong)
