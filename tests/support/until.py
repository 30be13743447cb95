"""Waiting for something real: a condition, a deadline, and a sentence for when it isn't met."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Met = TypeVar("Met")

_PAUSE_S = 0.005


def until(condition: Callable[[], Met], deadline_s: float, what: str) -> Met:
    """What `condition` returns, as soon as that is true in a boolean sense.

    Fails the test with "`what` within N s" after `deadline_s` seconds. The pause between two
    looks is the only waiting by the clock that tests do.
    """
    end = time.monotonic() + deadline_s
    pause = threading.Event()
    while True:
        met = condition()
        if met:
            return met
        if time.monotonic() >= end:
            raise AssertionError(f"not so: {what} within {deadline_s:g} s")
        pause.wait(_PAUSE_S)
