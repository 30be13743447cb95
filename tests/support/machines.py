"""Loopback addresses as machines: 127.x has as many as a test needs, with one port for all."""

from __future__ import annotations

import select
import socket
from contextlib import ExitStack

LISTENS, REFUSES, SILENT = "127.9.0.1", "127.9.0.2", "127.9.0.3"
# Seconds. What is there comes at once; this never passes in a test.
PATIENT = 30.0


def wait_for_somebody(listener: socket.socket) -> None:
    """Returns when a connection is in the listener's queue."""
    assert select.select([listener], [], [], PATIENT)[0]


class Machines:
    """Loopback addresses, each of which does something else on one port."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.port = 0
        self.refusing(REFUSES)  # picks the port, and keeps everybody else from it there

    def listening(self, address: str, backlog: int = 128) -> socket.socket:
        sock = self._bound(address)
        sock.listen(backlog)
        return sock

    def refusing(self, address: str) -> None:
        """Bound and not listening: nobody else can come to listen there."""
        self._bound(address)

    def silent(self, address: str) -> None:
        """Listening with a full queue, which nobody empties: Linux drops each further SYN."""
        listener = self.listening(address, backlog=0)
        fills = "127.0.0.1" if address == "0.0.0.0" else address
        self._stack.enter_context(socket.create_connection((fills, self.port), timeout=PATIENT))
        wait_for_somebody(listener)

    def _bound(self, address: str) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = self._stack.enter_context(socket.socket(family))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # one address and all of them
        sock.bind((address, self.port))
        self.port = sock.getsockname()[1]
        return sock
