"""Threads beside the main one, which alone decides, starts processes and gets signals.

It knows nothing of what they are for.
"""

import signal
import threading
from collections.abc import Callable


def in_background(work: Callable[[], None], name: str) -> threading.Thread:
    """Starts a thread that does `work`, and that does not keep the program from ending.

    It has every signal blocked: a signal that came to it would be noted there, and would not
    interrupt what the main thread waits for.
    """
    thread = threading.Thread(target=work, name=name, daemon=True)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        thread.start()  # it inherits the mask
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return thread
