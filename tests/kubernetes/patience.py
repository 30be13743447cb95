"""Waiting for a cluster, which takes its time: each look is a dozen requests, so there are few."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from tests.support.until import until

Met = TypeVar("Met")

# Seconds. For a file: a poll (1 s), settle (1 s), and what the machine has to do besides.
SOON = 20.0
# For a pod that starts, with an image that is there, on a machine with something else to do.
START = 120.0
_BETWEEN_LOOKS = 0.2


def in_time(condition: Callable[[], Met], deadline_s: float, what: str) -> Met:
    """What `condition` returns, as soon as that is true. How long it took, `pytest -rP` shows."""
    began = time.monotonic()
    pause = threading.Event()

    def look() -> Met:
        met = condition()
        if not met:
            pause.wait(_BETWEEN_LOOKS)
        return met

    met = until(look, deadline_s, what)
    said(f"{what}, after {time.monotonic() - began:.1f} s")
    return met


def said(what: str) -> None:
    """A line of the timeline."""
    print(f"{time.strftime('%H:%M:%S')} {what}")
