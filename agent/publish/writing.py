"""Replaces a file as a whole, and clears away what a writer that was killed has left.

Writes a temporary file beside the target, syncs it, renames it over the target and syncs the
folder. Only rename within one folder is atomic, and only a synced one survives a power cut
(rename(2), fsync(2)). Where nothing can be renamed, nothing is written: never in place.
"""

import contextlib
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from agent.publish.errors import Fault, PublishError, another_owns, fault_of, why

DEFAULT_MODE = 0o644
# An include pattern goes by the ending (*.cnf, *.yaml, *.conf), and a leading dot hides nothing
# from MariaDB's !includedir: this ending keeps an unfinished file out of all of them.
_ENDING = ".rollcall.tmp"
# The most that Linux gives (proc(5), pid_max).
_LARGEST_PROCESS = 4_194_304

Check = Callable[[Path], None]


def publish(path: Path, data: bytes, mode: int | None, check: Check | None = None) -> None:
    """Replaces the file by `data`.

    `mode` None keeps the mode of the file that is there, else 0644 (the umask is not asked: the
    reader is another user). Its owner and group are kept where the system permits that. Where it
    does not, the file is written all the same if by its mode whoever could read the old one can
    read it; else it is refused, for an old file is better than none that its reader can read.
    `check` gets the path of a file beside the target, which holds `data` in its final mode, and
    raises PublishError where that is not fit to take the target's place. Raises PublishError; then
    the old file is as it was.
    """
    try:
        temporary = _write_beside(path, data, mode)
        try:
            if check is not None:
                check(temporary)
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):  # what went wrong is what counts
                temporary.unlink()
            raise
        _sync_folder(path.parent)
    except OSError as wrong:
        sentence = f"{path} was not written: {why(wrong, path)}"
        raise PublishError(sentence, fault_of(wrong)) from wrong


def sweep(path: Path) -> None:
    """Removes what an agent that was killed in mid-write left beside the target."""
    ours = re.compile(rf"\.{re.escape(path.name)}\.\d+-[0-9a-f]{{8}}{re.escape(_ENDING)}")
    with contextlib.suppress(OSError):
        for leftover in [entry for entry in path.parent.iterdir() if ours.fullmatch(entry.name)]:
            with contextlib.suppress(OSError):
                leftover.unlink()


def longest_beside(path: Path) -> int:
    """How many bytes the name of a temporary file may have, whatever process writes it."""
    return len(os.fsencode(_temporary(path, _LARGEST_PROCESS).name))


def _write_beside(path: Path, data: bytes, mode: int | None) -> Path:
    """A synced temporary file in the target's folder, of which nothing is left if that fails."""
    before = _status_of(path)
    temporary = _temporary(path, os.getpid())
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if mode is None:
                mode = DEFAULT_MODE if before is None else stat.S_IMODE(before.st_mode)
            if before is not None:
                _give(file.fileno(), before.st_uid, before.st_gid)
                _check_readers(path, before, os.fstat(file.fileno()), mode)
            os.fchmod(file.fileno(), mode)  # after the owner, whose change takes bits away
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _temporary(path: Path, process: int) -> Path:
    """A name that nobody else takes, in the target's folder."""
    return path.with_name(f".{path.name}.{process}-{os.urandom(4).hex()}{_ENDING}")


def _status_of(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _give(handle: int, user: int, group: int) -> None:
    """Gives a file to a user and a group, or to the group only, or leaves it as it is."""
    now = os.fstat(handle)
    if (now.st_uid, now.st_gid) == (user, group):
        return
    try:
        os.fchown(handle, user, group)
    except OSError:
        if now.st_gid != group:
            with contextlib.suppress(OSError):
                os.fchown(handle, -1, group)


def _check_readers(path: Path, old: os.stat_result, new: os.stat_result, mode: int) -> None:
    """Refuses a file that somebody could no longer read because it has become another's.

    That the owner is in the group can't be told; where the group is kept, that is what it is for
    (fsGroup). Who may read a file that all may read can't be told either: then a mode that says
    otherwise is a person's decision. Raises PublishError.
    """
    if (old.st_mode | mode) & stat.S_IROTH or another_owns(path):  # that the rename will say
        return
    is_group_kept = new.st_gid == old.st_gid
    is_owners = new.st_uid == old.st_uid or not old.st_mode & stat.S_IRUSR
    is_groups = is_group_kept or not old.st_mode & mode & stat.S_IRGRP
    if (is_owners or (is_group_kept and mode & stat.S_IRGRP)) and is_groups:
        return
    raise PublishError(
        f"{path} was not written: it belongs to user {old.st_uid} and group {old.st_gid}, user "
        f"{new.st_uid} may not give a file to them, and with the mode {mode:04o} they could not "
        'read the new one: give the output a mode that lets them (`mode: "0644"`), or have the '
        f"agent run as user {old.st_uid} and in group {old.st_gid}",
        Fault.NOT_PERMITTED,
    )


def _sync_folder(folder: Path) -> None:
    """Makes the rename durable. The file is in place already, so a failure is not reported."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
