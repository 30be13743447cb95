"""Questions as bytes, over real sockets: what a client library would tidy away stays visible."""

from __future__ import annotations

import socket

DEADLINE_S = 5.0


def over_udp(port: int, query: bytes, host: str = "127.0.0.1") -> bytes:
    """The first packet that comes back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(DEADLINE_S)
        asking.connect((host, port))
        asking.send(query)
        return asking.recv(65535)


def over_tcp(port: int, *queries: bytes, host: str = "127.0.0.1", answers: int = 1) -> list[bytes]:
    """The first answers that come back to queries sent at once on one connection."""
    with socket.create_connection((host, port), timeout=DEADLINE_S) as stream:
        stream.sendall(b"".join(len(query).to_bytes(2) + query for query in queries))
        return [read_message(stream) for _ in range(answers)]


def ask(port: int, query: bytes, transport: str) -> bytes:
    """The answer to one query over `udp` or `tcp`."""
    return over_udp(port, query) if transport == "udp" else over_tcp(port, query)[0]


def read_message(stream: socket.socket) -> bytes:
    """The next message of a TCP connection. Raises EOFError where the connection ends."""
    return _exactly(stream, int.from_bytes(_exactly(stream, 2)))


def _exactly(stream: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        more = stream.recv(count - len(received))
        if not more:
            raise EOFError
        received += more
    return received
