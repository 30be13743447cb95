"""A stand-in for a database: it starts only with its files, and says what it has read.

Its arguments are the files. It runs in a container: it knows no Rollcall and no Kubernetes.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

PORT = 7000
_REQUEST = 65536


def read(paths: list[str]) -> dict[str, str]:
    """The files, as they are now."""
    return {path: Path(path).read_bytes().decode() for path in paths}


def answer(paths: list[str], has_read: dict[str, str]) -> bytes:
    """What it has read, and what is there now, with when that was written (Unix time)."""
    document: dict[str, Any] = {
        "read": has_read,
        "there": read(paths),
        "written": {path: Path(path).stat().st_mtime for path in paths},
    }
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def serve(paths: list[str]) -> None:
    """Answers each connection, one after another; /reload reads the files again."""
    try:
        has_read = read(paths)
    except OSError as wrong:
        sys.exit(f"this database does not start without its files: {wrong}")
    print("started", flush=True)
    with socket.create_server(("", PORT)) as listener:
        while True:
            client, _ = listener.accept()
            with client:
                client.settimeout(5)
                try:
                    if client.recv(_REQUEST).split(b" ")[1:2] == [b"/reload"]:
                        has_read = read(paths)
                        print("has read its files again", flush=True)
                    client.sendall(answer(paths, has_read))
                    # What is left unread would make the end of the connection a reset.
                    client.shutdown(socket.SHUT_WR)
                    while client.recv(_REQUEST):
                        pass
                except OSError:  # the kubelet's probe says nothing, and goes
                    pass


if __name__ == "__main__":
    # The first process of a container ends at no signal by itself.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    serve(sys.argv[1:])
