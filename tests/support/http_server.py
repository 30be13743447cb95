"""A server on a loopback port that does to each connection what a test wants, and no more."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

# Seconds. For what comes at once.
PATIENT = 30.0
Script = Callable[["Guest"], None]


@dataclass(slots=True)
class Guest:
    """One connection, of which the request was read: `head` and `body` as they came.

    `has_left`: the other side has closed it, where somebody looked.
    """

    sock: socket.socket
    is_over: threading.Event
    head: str = ""
    body: bytes = b""
    has_left: bool = False

    def read(self) -> None:
        """Reads the request, as long as its `content-length` says."""
        came = b""
        while b"\r\n\r\n" not in came:
            came += self._more()
        head, _, body = came.partition(b"\r\n\r\n")
        self.head = head.decode()
        while len(body) < int(self.header("content-length") or 0):
            body += self._more()
        self.body = body

    def header(self, name: str) -> str:
        """A header of the request by its name in lower case, empty where there is none."""
        lines = [line.partition(": ") for line in self.head.split("\r\n")[1:]]
        return {key.lower(): value for key, _, value in lines}.get(name, "")

    def say(self, *parts: bytes) -> None:
        """Sends these parts one after the other."""
        for part in parts:
            self.sock.sendall(part)

    def drip(self, part: bytes) -> None:
        """Sends this again and again, until nobody is there any more."""
        while not self.is_over.wait(0.001):
            self.sock.sendall(part)

    def hang(self) -> None:
        """Says nothing until the other side has closed."""
        with suppress(ConnectionError):
            while self.sock.recv(65_536):
                pass
        self.has_left = True

    def ignore(self) -> None:
        """Reads nothing until the test is over."""
        self.is_over.wait(PATIENT)

    def _more(self) -> bytes:
        data = self.sock.recv(65_536)
        if not data:
            raise ConnectionResetError
        return data


@dataclass(slots=True)
class Server:
    """Where it listens, and whose requests it read."""

    address: str
    port: int
    guests: list[Guest] = field(default_factory=list)

    @property
    def url(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{host}:{self.port}"


def reply(status: int, body: bytes = b"", *headers: str) -> Script:
    """Answers at once."""
    head = "".join(f"{header}\r\n" for header in (f"Content-Length: {len(body)}", *headers))

    def script(guest: Guest) -> None:
        guest.say(f"HTTP/1.1 {status} Some Reason\r\n{head}\r\n".encode() + body)

    return script


@contextmanager
def serving(
    *scripts: Script, address: str = "127.0.0.1", port: int = 0, reads: bool = True
) -> Iterator[Server]:
    """Does to the first connection what the first script says; the last is for all that follow.

    Unless it `reads`, a script gets a connection as it is accepted.
    """
    is_over = threading.Event()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((address, port))
        listener.listen()
        server = Server(address, listener.getsockname()[1])

        def serve(sock: socket.socket, script: Script) -> None:
            guest = Guest(sock, is_over)
            with sock, suppress(ConnectionError, TimeoutError):
                sock.settimeout(PATIENT)
                if reads:
                    guest.read()
                server.guests.append(guest)
                script(guest)

        def accept() -> None:
            served: list[threading.Thread] = []
            while not is_over.is_set():
                sock, _ = listener.accept()
                script = scripts[min(len(served), len(scripts) - 1)]
                served.append(threading.Thread(target=serve, args=(sock, script)))
                served[-1].start()
            for thread in served:
                thread.join()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield server
        finally:
            is_over.set()
            with suppress(ConnectionError):
                socket.create_connection((address, server.port), timeout=PATIENT).close()
            accepting.join()
