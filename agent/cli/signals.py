"""Ending at once and cleanly, as PID 1 too, on SIGTERM, SIGINT, SIGHUP and SIGQUIT.

A signal ends only what may be ended in the middle: waiting, and asking DNS. Anything else, such as
a write, is finished first.
"""

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


class Stopped(BaseException):
    """A signal asked the process to end. No Exception, so that nothing takes it for an error."""


class Signals:
    """Turns these signals into `Stopped`, raised where `interruptible` allows it."""

    def __init__(self) -> None:
        self._is_asked = False
        self._may_raise = False
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, self._handle)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Within it a signal raises Stopped at once; one that came before does so at its start."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    def begin(self) -> None:
        """From now on a signal raises Stopped, also one that has come: what `interruptible` does.

        The loop, which waits and asks every second, saves itself the context manager.
        """
        self._may_raise = True
        if self._is_asked:
            self._may_raise = False
            raise Stopped

    def end(self) -> None:
        """From now on a signal is only remembered."""
        self._may_raise = False

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._is_asked = True
        if self._may_raise:
            self._may_raise = False
            raise Stopped

    def guard(self, function: Callable[Given, Result]) -> Callable[Given, Result]:
        """The same function, which a signal may end in the middle."""

        def guarded(*args: Given.args, **more: Given.kwargs) -> Result:
            self.begin()
            try:
                return function(*args, **more)
            finally:
                self._may_raise = False  # as `end` does, which each poll would call

        return guarded


class SystemClock:
    """The machine's monotonic time, in seconds; a signal ends a wait, and `wake` does."""

    def __init__(self, signals: Signals) -> None:
        self.now: Callable[[], float] = time.monotonic
        self._signals = signals
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        self._poll = select.poll()
        self._poll.register(self._woken, select.POLLIN)

    def wait_until(self, then: float) -> None:
        """Sleeps until `then`, or until somebody wakes it."""
        self._signals.begin()
        try:
            is_woken = self._poll.poll(max(0.0, then - self.now()) * 1000)
        finally:
            self._signals.end()
        if is_woken:
            os.read(self._woken, 4096)

    def wake(self) -> None:
        """Ends the wait, or the next one; any thread may call it."""
        with contextlib.suppress(BlockingIOError):  # it was woken often enough
            os.write(self._wake, b".")
