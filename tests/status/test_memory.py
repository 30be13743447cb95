"""Memory stays flat, whatever was asked and how often."""

import gc
import resource
import sys
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import pytest

from agent.status import Server
from agent.status.routes import PAGES
from tests.status.client import SOON, Client, get, serving
from tests.status.situations import ready
from tests.support.until import until

TIMES = 10_000
# So many requests fill all caches.
WARM = 2_000


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(ready()) as server:
        yield server


def blocks_in_use() -> int:
    """All small objects that this process holds, server and client."""
    gc.collect()
    return sys.getallocatedblocks()


def resident() -> int:
    """Bytes of memory that this process has, big objects too; 0 where Linux does not tell."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * resource.getpagesize() if statm.exists() else 0


def stays_flat(do: Callable[[], object], times: int = TIMES) -> None:
    """Fails if something is left of each time."""
    for _ in range(WARM):
        do()
    blocks, size = blocks_in_use(), resident()
    for _ in range(times):
        do()
    until(lambda: blocks_in_use() - blocks < times // 50, SOON, "few more objects are left")
    assert resident() - size < times * 400


def test_ten_thousand_connections_leave_nothing_behind(server: Server) -> None:
    stays_flat(lambda: get(server, "/livez"))


def test_ten_thousand_connections_that_are_broken_off_leave_nothing_behind(server: Server) -> None:
    one = (b"", b"GET /li", b"GET /livez HTTP/1.1\r\n\r\n", b"\0\r\n\r\n")
    sent = cycle((*one * 16, None))

    def break_off() -> None:
        if (data := next(sent)) is None:
            get(server, "/livez")  # more than it has accepted by then the kernel would not keep
            return
        with Client(server).send(data):
            pass

    stays_flat(break_off)


def test_ten_thousand_requests_leave_nothing_behind(server: Server) -> None:
    targets = cycle(("/livez", "/readyz", "/v1/peers", "/v1/peers?x", "/nothing"))
    with Client(server) as client:
        stays_flat(lambda: client.ask(next(targets)).answer())


@pytest.mark.parametrize("path", ["/metrics", "/v1/status"])
def test_pages_that_take_long_leave_nothing_behind(server: Server, path: str) -> None:
    assert path in PAGES
    with Client(server) as client:

        def ask() -> None:
            client.ask(path).answer()

        stays_flat(ask, TIMES // 2)


def test_ten_thousand_snapshots_and_held_requests_leave_nothing_behind(server: Server) -> None:
    snapshot = ready()
    target = f"/v1/peers?after={snapshot.roll.generation}&timeout=0s"
    with Client(server) as client:

        def show_and_hold() -> None:
            server.show(snapshot._replace())
            client.ask(target).answer()

        stays_flat(show_and_hold)
