"""What is on disk now. Looking at it changes nothing, and never waits."""

import contextlib
import hashlib
import os
import stat
from pathlib import Path


def digest(data: bytes) -> str:
    """What stands for a content in comparisons."""
    return hashlib.sha256(data).hexdigest()


def read(path: Path) -> bytes | None:
    """What is on disk now, None if there is no readable file.

    A pipe is no file: whoever opens one to read waits until somebody opens it to write (fifo(7)).
    """
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb") as file:  # noqa: PTH123  # a handle has no path
            if stat.S_ISREG(os.fstat(handle).st_mode):
                return file.read()
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
