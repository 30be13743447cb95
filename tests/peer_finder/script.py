"""Twenty changes of a service, as DNS shows them to its pod db-1, and a hook that notes its calls.

What peer-finder did at each of them is in `recorded.json`: `original.py` wrote that.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import dns.name
import dns.rcode

from agent.lab.cluster import Pod, Port, Service
from tests.cases.net import Net
from tests.e2e.kube import DB, pods
from tests.support.fault_proxy import FaultProxy
from tests.support.faults import Fault, over_tcp, passed, says
from tests.support.until import until

POD = "db-1"
RECORDED = Path(__file__).with_name("recorded.json")
# Seconds. The original asks once a second, and may try several names and nameservers.
_SOON = 30.0
_WANTED = dns.name.from_text("db.prod.svc.cluster.local.").to_digestable()


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of the service; `service` None takes it away."""

    what: str
    service: Service | None
    fault: Fault = passed


def _of(*ordinals: int) -> Service:
    return replace(DB, pods=pods(ordinals))


_MOVED = replace(_of(0, 1, 2), pods=(*pods((0, 1)), Pod("db-2", ("10.0.9.9",))))
_DUAL = replace(_of(0, 1, 3, 4), pods=(*pods((0, 1, 3)), Pod("db-4", ("10.0.0.5", "fd00::5"))))
_TWO_PORTS = replace(_of(0, 1, 2, 3, 10), ports=(Port("cql", 9042), Port("", 7000)))

CHANGES = (
    Change("nobody is listed", _of()),
    Change("others are listed, this pod is not", _of(0, 2)),
    Change("this pod is listed", _of(0, 1, 2)),
    Change("a pod has another address", _MOVED),
    Change("a pod comes whose number has two digits", _of(0, 1, 2, 10)),
    Change("a pod leaves", _of(0, 1, 10)),
    Change("it comes back", _of(0, 1, 2, 10)),
    Change("one leaves and one comes", _of(0, 1, 3, 10)),
    Change("DNS fails", _of(0, 1, 3, 10), says(dns.rcode.SERVFAIL)),
    Change("DNS answers as before", _of(0, 1, 3, 10)),
    Change("the service is not there", None),
    Change("it is there again, with one pod more", _of(0, 1, 3, 4, 10)),
    Change("this pod is not listed", _of(0, 3, 4, 10)),
    Change("meanwhile one leaves and one comes", _of(0, 2, 3, 4)),
    Change("this pod is listed again", _of(0, 1, 2, 3, 4)),
    Change("two leave at once", _of(1, 3, 4)),
    Change("a pod has a second address, and one more comes", _DUAL),
    Change("all others leave", _of(1)),
    Change("four come at once", _of(0, 1, 2, 3, 10)),
    Change("the service has a second port", _TWO_PORTS),
)

Calls = Sequence[tuple[str, str]]
"""The hook, and what it got on stdin."""


def hook(name: str, folder: Path) -> str:
    """A shell snippet that notes that it was called as this hook, and with what."""
    return f"(printf '{name}\\n'; cat; printf '\\0') >> {folder}/calls"


def calls(folder: Path) -> list[tuple[str, str]]:
    """The calls that have ended, in their order."""
    noted = folder / "calls"
    whole = noted.read_bytes().decode().split("\0")[:-1] if noted.exists() else []
    return [(name, stdin) for name, _, stdin in (call.partition("\n") for call in whole)]


def recorded() -> list[tuple[str, Calls]]:
    """Each change, and the calls of the original until the next one."""
    return [
        (entry["change"], [(name, stdin) for name, stdin in entry["calls"]])
        for entry in json.loads(RECORDED.read_bytes())
    ]


@dataclass(frozen=True, slots=True)
class Playing:
    """Where the changes are shown, and where calls are noted.

    `rests` is how many questions have to come before it is sure that a change leads to no call.
    """

    net: Net
    folder: Path
    rests: int

    def play(self, expected: Sequence[Calls]) -> None:
        """Shows one change after another, each after the calls of the one before."""
        done: list[tuple[str, str]] = []
        for change, those in zip(CHANGES, expected, strict=True):
            self.show(change)
            done += those
            if those:
                self.is_called(len(done), change.what)
            else:
                self.rest()
            assert calls(self.folder) == done, change.what

    def show(self, change: Change) -> None:
        """Makes a change, as seen through the proxy."""
        self.net.proxy.do(change.fault, over_tcp(change.fault))
        self.net.show(*([] if change.service is None else [change.service]))

    def is_called(self, times: int, why: str) -> None:
        """Waits until so many calls have ended."""
        until(lambda: len(calls(self.folder)) >= times, _SOON, f"a hook was called: {why}")

    def rest(self) -> None:
        """Waits until so many questions more have come."""
        before = asked(self.net.proxy)
        until(lambda: asked(self.net.proxy) > before + self.rests, _SOON, "it asks on")


def asked(proxy: FaultProxy) -> int:
    """How often the service itself was asked for; a resolver tries other names, too."""
    return sum(_WANTED in question.wire for question in proxy.asked)
