"""Whether the loop lives, told by a real loop and a real server, in real time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from agent.core.gate import GateRules
from agent.core.listen import ListenAddress
from agent.core.membership import Rules
from agent.core.observation import Observation, Unknown
from agent.edges import Edges, Plan, Target
from agent.loop import Loop
from agent.status import About, Server
from tests.status.client import SOON, get
from tests.status.situations import ME, endpoints
from tests.support.until import until

# Seconds. So long a turn may take; some hundred times as long as one does by itself.
PATIENCE = 1.0
RULES = Rules(settle=0.0, forget_after=30.0, interval=0.02)


class OverError(Exception):
    """The test is over."""


class Clock:
    """The machine's time, until the test is over."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def now(self) -> float:
        if self.over.is_set():
            raise OverError
        return time.monotonic()

    def wait_until(self, then: float) -> None:
        self.over.wait(max(0.0, then - time.monotonic()))


class Dns:
    """What each poll brings, and how many there were; `hangs` keeps one from ending."""

    def __init__(self) -> None:
        self.seen: Observation = endpoints(0, 1)
        self.polls = 0
        self.ends = threading.Event()
        self.ends.set()

    def observe(self) -> Observation:
        self.polls += 1
        self.ends.wait(SOON)
        return self.seen

    def has_polls(self, more: int) -> None:
        """Waits for so many more polls."""
        before = self.polls
        until(lambda: self.polls >= before + more, SOON, f"{more} more polls")


@contextmanager
def running(dns: Dns, write: Callable[[bytes], None]) -> Iterator[Server]:
    """An agent's loop with a status server."""
    now = time.monotonic()
    about = About("0.1.0", now, time.time() - now, PATIENCE)
    target = Target("json", Path("/peers.json"), lambda _: b"x", write, lambda: None)
    clock = Clock()
    plan = Plan(ME, RULES, GateRules("self"), interval=0.02, patience=PATIENCE)
    with closing(Server(ListenAddress("127.0.0.1", 0), about)) as server:
        edges = Edges(dns.observe, clock, (target,), lambda *_, **__: None, show=server.show)

        def turn_until_over() -> None:
            with suppress(OverError):
                Loop(plan, edges).run()

        loop = threading.Thread(target=turn_until_over)
        loop.start()
        try:
            yield server
        finally:
            dns.ends.set()
            clock.over.set()
            loop.join(SOON)


def nowhere(_: bytes) -> None:
    """Writes nothing."""


def is_live(server: Server) -> bool:
    return get(server, "/livez").status == 200


def test_an_outage_of_dns_is_no_standing_still() -> None:
    dns = Dns()
    with running(dns, nowhere) as server:
        dns.has_polls(3)
        dns.seen = Unknown("nothing came from 10.96.0.10:53 in 2 s")
        began = time.monotonic()
        while time.monotonic() < began + 2.5 * PATIENCE:
            dns.has_polls(1)
            assert is_live(server)
        assert get(server, "/readyz").status == 200


def test_a_poll_that_does_not_end_is_noticed_and_its_end_too() -> None:
    dns = Dns()
    with running(dns, nowhere) as server:
        dns.has_polls(3)
        assert is_live(server)
        dns.ends.clear()
        until(lambda: not is_live(server), SOON, "it is told that the loop stands still")
        sentence = get(server, "/livez").body.decode()
        assert sentence.startswith("the loop stands still: a poll was due ")
        assert get(server, "/readyz").status == 200
        dns.ends.set()
        until(lambda: is_live(server), SOON, "it lives again")


def test_a_write_that_does_not_end_is_noticed() -> None:
    dns, ends, is_written = Dns(), threading.Event(), threading.Event()

    def write(_: bytes) -> None:
        is_written.set()
        ends.wait(SOON)

    with running(dns, write) as server:
        assert is_written.wait(SOON)
        until(lambda: not is_live(server), SOON, "it is told that the loop stands still")
        assert get(server, "/readyz").status == 503
        ends.set()
        until(lambda: is_live(server), SOON, "it lives again")


def test_a_first_turn_that_does_not_end_is_noticed() -> None:
    dns = Dns()
    dns.ends.clear()
    with running(dns, nowhere) as server:
        assert get(server, "/livez").body == b"the agent is starting\n"
        until(lambda: not is_live(server), SOON, "it is told that the loop stands still")
        assert get(server, "/livez").body.startswith(b"the loop stands still: its first turn began")
