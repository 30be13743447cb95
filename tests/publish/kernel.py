"""What only the kernel can do to a process: refuse it a system call, and stop it at one of them.

For processes of their own: neither can be taken back. Linux only; `can_trace` and `can_refuse` say
whether this machine allows it.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import sys
from collections.abc import Callable, Iterator

_libc = ctypes.CDLL(None, use_errno=True)
_TRACE_ME, _DETACH, _NEXT_CALL, _SET_OPTIONS = 0, 17, 24, 0x4200  # ptrace(2)
_DIES_WITH_US = 0x100000
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2  # prctl(2)
_LOAD, _IS, _RETURN = 0x20, 0x15, 0x06  # bpf(4): the call's number, a comparison, a verdict
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000  # seccomp(2)
# By machine, of the calls that the C library makes of these.
_NUMBERS = {
    "x86_64": {"flock": 73, "fsync": 74, "rename": 82, "fchown": 93},
    "aarch64": {"flock": 32, "fsync": 82, "rename": 38, "fchown": 55},
}


def can_refuse() -> bool:
    """Whether `refuse` knows this machine."""
    return sys.platform == "linux" and platform.machine() in _NUMBERS


def refuse(call: str, error: int) -> None:
    """From now on each such call of this thread fails with this error."""
    number = _NUMBERS[platform.machine()][call]
    steps = ((_LOAD, 0, 0, 0), (_IS, 0, 1, number), (_RETURN, 0, 0, _ERROR | error))
    filter_ = b"".join(struct.pack("=HBBI", *step) for step in (*steps, (_RETURN, 0, 0, _ALLOW)))
    text = ctypes.create_string_buffer(filter_, len(filter_))
    program = struct.pack("@HP", len(filter_) // 8, ctypes.addressof(text))
    _must(_libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _must(_libc.prctl(_SET_SECCOMP, _FILTER, program, 0, 0))


def can_trace() -> bool:
    """Whether a process may trace its own child, which some containers forbid."""
    if sys.platform != "linux":
        return False
    try:
        return next(killed(lambda: None, 1), None) is not None
    except AssertionError:
        return False


def killed(does: Callable[[], object], most: int = 10_000) -> Iterator[int]:
    """Does it in a child that is killed at its first system call, then in one at its second, …

    A child is killed before a call is made, and then one more after it was made. Gives the number
    of each death after it; the end is when a child came through, which has done all of it.
    """
    for number in range(1, most + 1):
        child = started(does)
        if not stopped(child, number):
            return
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"the child ended with {status}"
        yield number


def started(does: Callable[[], object]) -> int:
    """A child that is about to do it, and waits; it ends with 0 unless an error ends it."""
    child = os.fork()
    if child == 0:
        _traced(does)
    _, status = os.waitpid(child, 0)
    assert os.WIFSTOPPED(status), "it may not be traced"
    _must(_libc.ptrace(_SET_OPTIONS, child, None, ctypes.c_void_p(_DIES_WITH_US)))
    return child


def stopped(child: int, number: int) -> bool:
    """Lets a child go on to just before a system call, or just after it; whether it came so far."""
    for _ in range(number):
        _must(_libc.ptrace(_NEXT_CALL, child, None, None))
        _, status = os.waitpid(child, 0)
        if not os.WIFSTOPPED(status):
            assert os.WIFEXITED(status), f"the child ended with {status}"
            return False
    return True


def ended(child: int) -> int:
    """Lets a child that was stopped go on to its end; its exit code."""
    _must(_libc.ptrace(_DETACH, child, None, None))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _traced(does: Callable[[], object]) -> None:
    """The child's part, which never returns."""
    try:
        _must(_libc.ptrace(_TRACE_ME, 0, None, None))
        os.kill(os.getpid(), signal.SIGSTOP)
        does()
        os._exit(0)
    finally:
        os._exit(1)


def _must(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
