"""The time that an exchange has, and its waiting for sockets. It knows no protocol."""

import math
import select
from collections.abc import Callable
from typing import Protocol

Clock = Callable[[], float]

# Seconds of one poll(2), which takes no more than 24 days of them.
_LONGEST = 3600.0


class ExchangeError(Exception):
    """There was no whole answer; the sentence says why, and names the other side."""


class LaterError(Exception):
    """A call that could not be done at once: again when there are `events` of the socket."""

    def __init__(self, events: int) -> None:
        super().__init__(events)
        self.events = events


class Pollable(Protocol):
    """What can be waited for."""

    def fileno(self) -> int:
        """The file descriptor."""
        ...


class Waits:
    """One deadline for all that an exchange waits for, in seconds by `clock`.

    `place` is the other side, and `lacks` how the sentence goes on when time is up: `did not
    answer`. What `stop` is, `exchange` says.
    """

    def __init__(self, place: str, timeout: float, clock: Clock, stop: int | None) -> None:
        self.place = place
        self.lacks = ""
        self._timeout = timeout
        self._clock = clock
        self._end = clock() + timeout
        self._stop = stop

    def left(self) -> float:
        """Seconds that are left, more than 0. Raises ExchangeError when there are none."""
        left = self._end - self._clock()
        if left <= 0:
            raise ExchangeError(f"{self.place} {self.lacks} within {self._timeout:g} s")
        return left

    def until(self, sock: Pollable, events: int, at_most: float = math.inf) -> bool:
        """Waits for events of a socket (poll(2)); whether one came within `at_most` seconds.

        Without any it only looks whether to go on. Raises ExchangeError.
        """
        poll = select.poll()
        if events:
            poll.register(sock, events)
        if self._stop is not None:
            poll.register(self._stop, select.POLLIN)
        end = self._clock() + (at_most if events else 0.0)
        while True:
            seconds = min(self.left(), max(0.0, end - self._clock()), _LONGEST)
            came = [number for number, _ in poll.poll(math.ceil(seconds * 1000))]
            if self._stop in came:
                raise ExchangeError("it was given up")
            if came or self._clock() >= end:
                return bool(came)
