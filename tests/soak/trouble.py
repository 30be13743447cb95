"""What goes wrong with DNS in a soak: each fault begins with its block and is over after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from tests.soak.gate import ApiGate
from tests.soak.server import Server
from tests.support.fault_proxy import FaultProxy
from tests.support.faults import by_chance, truncated


@dataclass(frozen=True, slots=True)
class Parts:
    """All between the agents and the truth."""

    gate: ApiGate
    server: Server
    proxy: FaultProxy


@contextmanager
def killed(parts: Parts) -> Iterator[None]:
    """CoreDNS is gone."""
    parts.server.kill()
    yield
    parts.server.start()


@contextmanager
def frozen(parts: Parts) -> Iterator[None]:
    """CoreDNS takes packets and answers none, and answers them late in the end."""
    parts.server.freeze()
    yield
    parts.server.thaw()


@contextmanager
def failing(parts: Parts) -> Iterator[None]:
    """CoreDNS answers SERVFAIL to all."""
    with _instead(parts, "template ANY ANY {\nrcode SERVFAIL\n}"):
        yield


@contextmanager
def refusing(parts: Parts) -> Iterator[None]:
    """CoreDNS answers REFUSED to all."""
    with _instead(parts, "template ANY ANY {\nrcode REFUSED\n}"):
        yield


@contextmanager
def erratic(parts: Parts) -> Iterator[None]:
    """CoreDNS drops, delays and cuts short what it does not fail at."""
    with _instead(parts, "erratic {\ndrop 3\ndelay 4 300ms\ntruncate 2\n}"):
        yield


@contextmanager
def api_gone(parts: Parts) -> Iterator[None]:
    """CoreDNS goes on with what it knew."""
    parts.gate.shut()
    yield
    parts.gate.open()


@contextmanager
def started_without_api(parts: Parts) -> Iterator[None]:
    """CoreDNS is started again and knows nothing yet."""
    parts.server.kill()
    parts.gate.shut()
    parts.server.start()
    yield
    parts.gate.open()


@contextmanager
def cut_short(parts: Parts) -> Iterator[None]:
    """On the way all answers are cut short, and TCP is refused."""
    parts.proxy.do(truncated, tcp=None)
    yield
    parts.proxy.do()


@contextmanager
def lossy(parts: Parts) -> Iterator[None]:
    """On the way most packets are lost."""
    parts.proxy.do(by_chance(0.7, lambda _: (), 1))
    yield
    parts.proxy.do()


@contextmanager
def well(_: Parts) -> Iterator[None]:
    """Nothing is wrong."""
    yield


@contextmanager
def _instead(parts: Parts, plugin: str) -> Iterator[None]:
    parts.server.kill()
    parts.server.start(plugin)
    yield
    parts.server.kill()
    parts.server.start()


Fault = Callable[[Parts], AbstractContextManager[None]]
FAULTS: dict[str, Fault] = {
    "killed": killed,
    "frozen": frozen,
    "SERVFAIL": failing,
    "REFUSED": refusing,
    "erratic": erratic,
    "API gone": api_gone,
    "started without API": started_without_api,
    "cut short": cut_short,
    "lossy": lossy,
    "well": well,
}
