"""The real CoreDNS, on loopback, with its kubernetes plugin reading from the API double."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import dns.exception
import dns.message
import dns.query
import dns.rcode

from tests.support.kubeapi import KubeApi
from tests.support.need import need_program
from tests.support.until import until

_STARTS = 5
_START_S = 20.0
_SYNC_S = 10.0
_STOP_S = 10.0
# RFC 6895 section 3.1: for private use.
_PRIVATE_TYPES = range(65280, 65535)


class CoreDns:
    """A CoreDNS of its own, running and in step with the API from its making to `stop`.

    `plugins` are lines of the Corefile, such as `cache 30`; `kubernetes` those of that plugin, such
    as `ignore empty_service`, and `ttl` its own, in seconds; `domain` is in lower case, for CoreDNS
    refuses its own zone otherwise.
    Questions outside the cluster's zone and the reverse zones are REFUSED. Skips the test where
    there is no coredns.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        api: KubeApi,
        plugins: Iterable[str] = (),
        ttl: int = 5,
        domain: str = "cluster.local",
        *,
        kubernetes: Iterable[str] = (),
    ) -> None:
        program = need_program("coredns")
        self._looks = itertools.count()
        self._api = api
        self._domain = domain
        self._folder = TemporaryDirectory(prefix="coredns-")
        self._log = Path(self._folder.name) / "log"
        for _ in range(_STARTS):
            self.port = free_port(self.host)
            corefile = Path(self._folder.name) / "Corefile"
            corefile.write_text(self._corefile(plugins, (f"ttl {ttl}", *kubernetes)))
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    [program, "-conf", str(corefile)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            try:
                if until(self._started, _START_S, "CoreDNS answers or ends") == "answers":
                    return
            except AssertionError:
                self.kill()
                raise
            said = self.log()
            if "address already in use" not in said:
                break
        self.kill()
        raise RuntimeError(f"CoreDNS ended at its start: {said}")

    @property
    def pid(self) -> int:
        return self._process.pid

    def log(self) -> str:
        """What it has printed so far."""
        return self._log.read_text()

    def in_sync(self) -> None:
        """Wait until it has seen what the API was last set to."""
        until(self._synced, _SYNC_S, f"CoreDNS knows {self._api.marker}")

    def freeze(self) -> None:
        """Stop the process where it stands: from now on it takes packets and answers none."""
        self._process.send_signal(signal.SIGSTOP)
        os.waitpid(self._process.pid, os.WUNTRACED)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it as a Kubernetes would, by force if it doesn't go."""
        if self._process.poll() is None:
            self.thaw()
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_S)
        self.kill()

    def kill(self) -> None:
        """End it at once, without a word. After `stop` this does nothing."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(_STOP_S)
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _corefile(self, plugins: Iterable[str], kubernetes: Iterable[str]) -> str:
        zones = (self._domain, "in-addr.arpa", "ip6.arpa")
        lines = [
            " ".join(f"{zone}:{self.port}" for zone in zones) + " {",
            f"bind {self.host}",
            "errors",
            *plugins,
            f"kubernetes {' '.join(zones)} {{",
            f"endpoint {self._api.url}",
            *kubernetes,
            "}",
            "}",
        ]
        return "\n".join(lines) + "\n"

    def _started(self) -> str:
        if self._process.poll() is not None:
            return "ends"
        return "answers" if self._synced() else ""

    def _synced(self) -> bool:
        """Whether it knows the marker; a type that was never asked for is in no cache."""
        kind = f"TYPE{_PRIVATE_TYPES[next(self._looks) % len(_PRIVATE_TYPES)]}"
        query = dns.message.make_query(f"{self._api.marker}.svc.{self._domain}.", kind)
        try:
            reply = dns.query.udp(query, self.host, timeout=0.25, port=self.port)
        except (OSError, dns.exception.DNSException):
            return False
        return reply.rcode() == dns.rcode.NOERROR


@contextlib.contextmanager
def _bound(kind: socket.SocketKind, host: str, port: int) -> Iterator[int]:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind((host, port))
        yield taken.getsockname()[1]


def free_port(host: str) -> int:
    """A port that was free for UDP and TCP a moment ago."""
    while True:
        with _bound(socket.SOCK_STREAM, host, 0) as port:
            try:
                with _bound(socket.SOCK_DGRAM, host, port):
                    return port
            except OSError:
                continue
