"""Who replaces a file: one agent at a time, though two are told to.

A claim is a lock (flock(2)) on a small file beside the target, which says who has it. The kernel
gives the lock up with the process, however that ends, and no program that the agent starts inherits
it. So there is nothing to clean up before the next agent may have it, and an old lock file claims
nothing. Where there are no locks, or no lock file can be made, everybody may write: a claim keeps
two agents apart, and must never keep one from its file.
"""

import contextlib
import fcntl
import os
import re
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from agent.publish.errors import PublishError
from agent.publish.writing import sweep

_ENDING = ".rollcall.lock"  # no include pattern has it, as that of an unfinished file
_OPEN = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
# Who has it: a pod's name, and the process in its own container.
_KEEPER = re.compile(rb"([0-9A-Za-z.-]{1,253}) ([0-9]{1,10})\n")
_LONGEST_KEEPER = 300
# So often in a row may somebody remove the lock file between opening and locking it.
_TRIES = 5


class Claim:
    """The right to replace the file at `path`, for the agent of the pod `who`.

    `beside` are further files that only the one who has it writes. Within `with` it is tried for at
    once, and given up at the end. The process's end gives it up, too.
    """

    def __init__(self, path: Path, who: str, beside: Sequence[Path] = ()) -> None:
        self._path = path
        self._who = who
        self._files = (path, *beside)
        self._lock = path.with_name(f".{path.name}{_ENDING}")
        self._handle: int | None = None
        self._has_swept = False

    def take(self) -> None:
        """Takes the claim, if it is not held. Raises PublishError where another agent has it.

        Who takes it first clears away what writers that were killed have left; not where there are
        no locks, for it may be what another agent is writing.
        """
        if self._handle is None or not _is_at(self._handle, self._lock):
            self._release()
            self._handle = self._locked()
        if self._handle is not None and not self._has_swept:
            self._has_swept = True
            for file in self._files:
                sweep(file)

    def guarding(self, write: Callable[[bytes], None]) -> Callable[[bytes], None]:
        """The same write, for who has the claim: it is taken first, again and again if need be."""

        def guarded(data: bytes) -> None:
            self.take()
            write(data)

        return guarded

    def close(self) -> None:
        """Gives the claim up, and leaves nothing."""
        if self._handle is not None and _is_at(self._handle, self._lock):
            with contextlib.suppress(OSError):
                self._lock.unlink()  # while it is held: nobody else removes it, or has another
        self._release()

    def __enter__(self) -> Self:
        with contextlib.suppress(PublishError):  # the first write says so
            self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _locked(self) -> int | None:
        """A handle of the locked file, None where there can't be one. Raises PublishError."""
        for _ in range(_TRIES):
            try:
                handle, is_new = _open(self._lock)
            except FileExistsError:
                continue
            except OSError:
                return None
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                keeper = _keeper(handle)
                os.close(handle)
                raise self._taken(keeper) from None
            except OSError:
                if is_new:
                    with contextlib.suppress(OSError):
                        self._lock.unlink()
                os.close(handle)
                return None
            if _is_at(handle, self._lock):
                self._sign(handle)
                return handle
            os.close(handle)
        raise self._taken("")

    def _taken(self, keeper: str) -> PublishError:
        whose = f"another agent, {keeper}" if keeper else "another agent"
        return PublishError(f"{self._path} is kept by {whose}: give each its own path")

    def _sign(self, handle: int) -> None:
        """Says whose the lock is. It is that without a name, too: on a full volume."""
        text = f"{self._who} {os.getpid()}\n".encode()
        with contextlib.suppress(OSError):
            os.fchmod(handle, 0o644)  # an agent that is another user reads it, whatever the umask
        with contextlib.suppress(OSError):
            os.ftruncate(handle, 0)
            os.pwrite(handle, text, 0)

    def _release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _open(lock: Path) -> tuple[int, bool]:
    """A handle of the lock file, and whether it was made for that.

    Raises OSError; FileExistsError if it was made and removed in the meantime.
    """
    try:
        return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL | _OPEN, 0o644), True
    except FileExistsError:
        pass
    try:
        try:
            handle = os.open(lock, os.O_RDWR | _OPEN)
        except PermissionError:
            handle = os.open(lock, os.O_RDONLY | _OPEN)  # another user's; enough for a lock
    except FileNotFoundError:
        raise FileExistsError from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(f"{lock} is no regular file")
    return handle, False


def _is_at(handle: int, path: Path) -> bool:
    """Whether a handle is of the file that is at a path now."""
    try:
        return os.path.samestat(os.fstat(handle), path.lstat())
    except OSError:
        return False


def _keeper(handle: int) -> str:
    """Who signed a lock file, in words; empty if nobody did."""
    try:
        found = _KEEPER.fullmatch(os.pread(handle, _LONGEST_KEEPER, 0))
    except OSError:
        return ""
    return f"{found[1].decode()} (process {int(found[2])})" if found else ""
