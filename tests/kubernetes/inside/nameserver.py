"""Keeps a CoreDNS, and does to it what it is told over HTTP, so that the pod keeps its address.

POST /start (the body is the Corefile; without one it is the last), /stop, /freeze and /thaw. It
runs in a container, as its first process.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

PORT = 8053
COREFILE = Path("/tmp/Corefile")  # noqa: S108  # nobody else is in the container


class Keeper:
    """The CoreDNS, running or not."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, corefile: bytes) -> None:
        """Ends the one that runs, and starts another."""
        self.stop()
        if corefile:
            COREFILE.write_bytes(corefile)
        self._process = subprocess.Popen(["/coredns", "-conf", str(COREFILE)])

    def stop(self) -> None:
        """Ends it; from now on its ports refuse."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            self._process.wait()
        self._process = None

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        assert self._process is not None
        self._process.send_signal(number)


KEEPER = Keeper()


class Handler(BaseHTTPRequestHandler):
    """One order."""

    def do_GET(self) -> None:
        """That it is there, for the kubelet."""
        self._well()

    def do_POST(self) -> None:
        """Does it, and answers when it is done."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        match self.path:
            case "/start":
                KEEPER.start(body)
            case "/stop":
                KEEPER.stop()
            case "/freeze":
                KEEPER.send(signal.SIGSTOP)
            case "/thaw":
                KEEPER.send(signal.SIGCONT)
            case _:
                self.send_error(404)
                return
        self._well()

    def _well(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


def end(*_: object) -> None:
    """Ends with its CoreDNS."""
    KEEPER.stop()
    sys.exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end)
    HTTPServer(("", PORT), Handler).serve_forever()
