"""Whether the loop lives, told by a real loop and a real server, by one clock."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from agent.core.gate import GateRules
from agent.core.listen import ListenAddress
from agent.core.membership import Rules
from agent.core.observation import Observation, Unknown
from agent.edges import Edges, Plan, Target
from agent.loop import Loop
from agent.status import About, Clocks, Server
from tests.status.client import SOON, get
from tests.status.situations import ME, endpoints
from tests.support.until import until

# Seconds of a clock that goes only when a test says so.
PATIENCE = 10.0
RULES = Rules(settle=0.0, forget_after=30.0, interval=1.0)


class OverError(Exception):
    """The test is over."""


class Clock:
    """The loop's and the server's; it stands still until a test sets it forward."""

    def __init__(self) -> None:
        self.at = 100.0
        self._awaited = 0.0
        self._is_over = False
        self._moved = threading.Condition()

    def now(self) -> float:
        if self._is_over:
            raise OverError
        return self.at

    def wait_until(self, then: float) -> None:
        with self._moved:
            self._awaited = then
            self._moved.notify_all()
            self._moved.wait_for(lambda: self._is_over or self.at >= then, SOON)

    def step(self) -> None:
        """Sets it to what the loop waits for, once the loop has done all before that."""
        with self._moved:
            assert self._moved.wait_for(lambda: self._awaited > self.at, SOON)
            self.at = self._awaited
            self._moved.notify_all()

    def pass_by(self, seconds: float) -> None:
        """Sets it forward."""
        with self._moved:
            self.at += seconds
            self._moved.notify_all()

    def end(self) -> None:
        """Ends the loop at its next look."""
        with self._moved:
            self._is_over = True
            self._moved.notify_all()


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


@contextmanager
def running(dns: Dns, write: Callable[[bytes], None]) -> Iterator[tuple[Server, Clock]]:
    """An agent's loop with a status server, and the clock of both."""
    clock = Clock()
    about = About("0.1.0", clock.at, PATIENCE)
    target = Target("json", Path("/peers.json"), lambda _: b"x", write, lambda: None)
    plan = Plan(ME, RULES, GateRules("self"), interval=RULES.interval, patience=PATIENCE)
    clocks = Clocks(lambda: clock.at, lambda: clock.at)
    with closing(Server(ListenAddress("127.0.0.1", 0), about, clocks)) as server:
        edges = Edges(dns.observe, clock, (target,), lambda *_, **__: None, show=server.show)

        def turn_until_over() -> None:
            with suppress(OverError):
                Loop(plan, edges).run()

        loop = threading.Thread(target=turn_until_over)
        loop.start()
        try:
            yield server, clock
        finally:
            dns.ends.set()
            clock.end()
            loop.join(SOON)


def nowhere(_: bytes) -> None:
    """Writes nothing."""


def is_live(server: Server) -> bool:
    return get(server, "/livez").status == 200


def test_an_outage_of_dns_is_no_standing_still() -> None:
    dns = Dns()
    with running(dns, nowhere) as (server, clock):
        for _ in range(3):
            clock.step()
        dns.seen = Unknown("nothing came from 10.96.0.10:53 in 2 s")
        end, before = clock.at + 2.5 * PATIENCE, dns.polls
        while clock.at < end:
            clock.step()
            assert is_live(server)
        assert dns.polls > before + 2
        assert get(server, "/readyz").status == 200


def test_a_poll_that_does_not_end_is_noticed_and_its_end_too() -> None:
    dns = Dns()
    with running(dns, nowhere) as (server, clock):
        for _ in range(3):
            clock.step()
        assert is_live(server)
        dns.ends.clear()
        before = dns.polls
        clock.step()
        until(lambda: dns.polls > before, SOON, "a poll has begun")
        clock.pass_by(PATIENCE - 0.1)
        assert is_live(server)
        clock.pass_by(0.2)
        assert not is_live(server)
        sentence = get(server, "/livez").body.decode()
        assert sentence.startswith("the loop stands still: a poll was due ")
        assert b"rollcall_live 0.0" in get(server, "/metrics").body
        assert get(server, "/readyz").status == 200
        dns.ends.set()
        until(lambda: is_live(server), SOON, "it lives again")


def test_a_write_that_does_not_end_is_noticed() -> None:
    dns, ends, is_written = Dns(), threading.Event(), threading.Event()

    def write(_: bytes) -> None:
        is_written.set()
        ends.wait(SOON)

    with running(dns, write) as (server, clock):
        assert is_written.wait(SOON)
        clock.pass_by(RULES.interval + PATIENCE + 0.1)
        assert not is_live(server)
        assert get(server, "/readyz").status == 503
        ends.set()
        until(lambda: is_live(server), SOON, "it lives again")


def test_a_first_turn_that_does_not_end_is_noticed() -> None:
    dns = Dns()
    dns.ends.clear()
    with running(dns, nowhere) as (server, clock):
        assert get(server, "/livez").body == b"the agent is starting\n"
        clock.pass_by(RULES.interval + PATIENCE + 0.1)
        assert get(server, "/livez").body.startswith(b"the loop stands still: its first turn began")
