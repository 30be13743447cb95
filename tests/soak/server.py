"""A CoreDNS on a port of its own that is killed, frozen and started again with other plugins."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode

from tests.soak.gate import ApiGate
from tests.support.coredns import free_port
from tests.support.need import need_program
from tests.support.until import until

_ZONES = ("cluster.local", "in-addr.arpa", "ip6.arpa")
_START_S = 30.0
_STOP_S = 10.0


class Server:
    """It runs well from its making on; `host` and `port` stay the same."""

    host = "127.0.0.1"

    def __init__(self, gate: ApiGate, folder: Path) -> None:
        self._program = need_program("coredns")
        self._gate = gate
        self._folder = folder
        self.port = free_port(self.host)
        self.start()
        self.in_sync()

    def start(self, *instead: str) -> None:
        """Starts it, with lines of the Corefile instead of the plugin that knows the cluster."""
        cluster = f"kubernetes {' '.join(_ZONES)} {{\nendpoint {self._gate.url}\nttl 5\n}}"
        zones = " ".join(f"{zone}:{self.port}" for zone in _ZONES)
        lines = (f"{zones} {{", f"bind {self.host}", "errors", *(instead or (cluster,)), "}")
        corefile = self._folder / "Corefile"
        corefile.write_text("\n".join(lines) + "\n")
        with (self._folder / "coredns.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-conf", str(corefile)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until(self._says_anything, _START_S, "CoreDNS answers")

    def in_sync(self) -> None:
        """Waits until it knows what the API was last set to."""
        until(lambda: self._rcode() == dns.rcode.NOERROR, _START_S, "CoreDNS knows the API's last")

    def freeze(self) -> None:
        """Stops the process where it stands."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Ends it at once, without a word."""
        self._process.kill()
        self._process.wait(_STOP_S)

    def _says_anything(self) -> bool:
        assert self._process.poll() is None, (self._folder / "coredns.log").read_text()
        return self._rcode() is not None

    def _rcode(self) -> dns.rcode.Rcode | None:
        query = dns.message.make_query(f"{self._gate.marker}.svc.cluster.local.", "A")
        try:
            return dns.query.udp(query, self.host, timeout=0.25, port=self.port).rcode()
        except (OSError, dns.exception.DNSException):
            return None
