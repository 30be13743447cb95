"""`make soak`: three agents beside a CoreDNS that fails again and again while the set changes.

At the end each file has to have been replaced exactly as often as the membership changed, and to be
the truth, and no agent may have much more memory than after the first round of all faults. Prints
each step and a table; ends with 1 if anything is otherwise.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Self

from agent.lab.cluster import Cluster, Pod
from tests.e2e.kube import DB
from tests.e2e.program import SERVICE, Program, Reader, located
from tests.soak.gate import ApiGate
from tests.soak.server import Server
from tests.soak.trouble import FAULTS, Parts
from tests.status.client import Client
from tests.support.fault_proxy import FaultProxy
from tests.support.kubeapi import KubeApi
from tests.support.until import until

AGENTS = 3
MOST_PODS = 9
LISTEN = "--status-listen=127.0.0.1:0"
FLAGS = ("--interval=200ms", "--timeout=1s", "--settle=400ms", "--forget-after=2s")
# Seconds. After an outage of the API CoreDNS may ask it again only then.
SEEN_WITHIN = 90.0
# For so long nothing may happen to a file that is true; longer than a missing pod is held.
QUIET = 3.0
# MiB that an agent may have more at the end than after one round of all faults. It asks 18,000
# times in an hour, so that 117 bytes left of each are as much. In nine minutes it was 0.4 with
# nothing left behind: of that Python 3.11's cache of attributes, until it is full, takes a quarter.
MOST_MORE = 2.0


class Truth:
    """The pods that there are, by the numbers that follow from a seed."""

    def __init__(self, api: KubeApi, chance: Random) -> None:
        self._api = api
        self._chance = chance
        self._addresses = 0
        self.pods: dict[str, str] = {}
        for ordinal in range(AGENTS + 1):
            self._place(ordinal)
        self._show()

    def change(self) -> str:
        """Changes the set in one way; how, in words."""
        ways = ["moves", *(["joins"] if len(self.pods) < MOST_PODS else [])]
        ways += ["leaves"] if len(self.pods) > AGENTS else []
        last = len(self.pods) - 1
        match self._chance.choice(ways):
            case "joins":
                count = self._chance.randint(1, MOST_PODS - len(self.pods))
                for ordinal in range(last + 1, last + 1 + count):
                    self._place(ordinal)
                what = f"{count} join"
            case "leaves":
                count = self._chance.randint(1, len(self.pods) - AGENTS)
                for ordinal in range(last + 1 - count, last + 1):
                    del self.pods[f"db-{ordinal}"]
                what = f"{count} leave"
            case _ if last < AGENTS:
                self._place(last + 1)
                what = "1 joins"
            case _:
                self._place(self._chance.randint(AGENTS, last))
                what = "1 moves"
        self._show()
        return f"{what}, {len(self.pods)} are there"

    def is_in(self, file: Path) -> bool:
        """Whether a file says just that."""
        return located(file) == {name: [address] for name, address in self.pods.items()}

    def _place(self, ordinal: int) -> None:
        self._addresses += 1
        self.pods[f"db-{ordinal}"] = f"10.0.{self._addresses // 250}.{self._addresses % 250 + 1}"

    def _show(self) -> None:
        pods = tuple(Pod(name, (address,)) for name, address in self.pods.items())
        self._api.set(Cluster(services=(replace(DB, pods=pods),), namespaces=("prod",)))


class Replacements:
    """Counts how often a file is another one, by its inode and time, from its making to `close`."""

    def __init__(self, path: Path) -> None:
        self.count = 0
        self._path = path
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        before: tuple[int, int] | None = None
        while not self._closing.wait(0.002):
            now = self._path.stat()
            stamp = (now.st_ino, now.st_mtime_ns)
            self.count += stamp != before
            before = stamp

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join()


@dataclass(slots=True)
class Agent:
    """A `rollcall run`, its file, and who looks at that.

    `where` its status is; `warm` is what it had `resident` after one round of faults.
    """

    pod: str
    file: Path
    program: Program
    reader: Reader
    replaced: Replacements
    where: str
    warm: float = 0.0

    @property
    def resident(self) -> float:
        """MiB of memory that it has."""
        status = Path(f"/proc/{self.program.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def scrape(self) -> None:
        """Asks for its metrics, as Prometheus does."""
        with Client(self.where) as client:
            answer = client.ask("/metrics", more="Connection: close\r\n").answer()
        assert answer.status == 200, f"{self.pod} answered {answer.status} to /metrics"

    @property
    def published(self) -> int:
        """How often it says that it has written its file."""
        return len(self.program.events("published"))

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.program.process.poll() is None


@dataclass(slots=True)
class Tally:
    """How often there was what, and for how many seconds."""

    changes: int = 0
    times: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)


class Soak:
    """The run: `step` is one fault with a change in it or not, and what came of it."""

    def __init__(self, parts: Parts, truth: Truth, agents: list[Agent], chance: Random) -> None:
        self.tally = Tally()
        self._parts = parts
        self._truth = truth
        self._agents = agents
        self._chance = chance
        self._began = time.monotonic()
        self._faults = self._shuffled()
        self._clock = threading.Event()

    def step(self) -> None:
        """One fault. Raises AssertionError where a file is not what it has to be after it."""
        kind, lasts = next(self._faults), self._chance.uniform(1.5, 6.0)
        change_at = self._chance.uniform(0, lasts) if self._chance.random() < 0.6 else None
        self._say(f"{kind} for {lasts:.1f} s")
        began = time.monotonic()
        with FAULTS[kind](self._parts):
            if change_at is not None:
                self._clock.wait(change_at)
                self._change()
            self._clock.wait(lasts - (change_at or 0.0))
            self.tally.times[kind] += 1
            self.tally.seconds[kind] += round(time.monotonic() - began)
        self._parts.server.in_sync()
        self._check()
        if change_at is None:
            self._change()
            self._check()
        if self.tally.times.total() == len(FAULTS):
            for agent in self._agents:
                agent.warm = agent.resident

    def _shuffled(self) -> Iterator[str]:
        """All faults in some order, and then in another."""
        while True:
            kinds = list(FAULTS)
            self._chance.shuffle(kinds)
            yield from kinds

    def _change(self) -> None:
        self.tally.changes += 1
        self._say(self._truth.change())

    def _check(self) -> None:
        """Waits for each file to be the truth; fails where one was replaced too often for it."""
        for agent in self._agents:
            is_true = partial(self._truth.is_in, agent.file)
            until(is_true, SEEN_WITHIN, f"the file of {agent.pod} is the truth")
        self._clock.wait(QUIET)
        wanted = 1 + self.tally.changes
        for agent in self._agents:
            assert agent.is_running, f"{agent.pod} has ended: {agent.program.err[-2000:]}"
            assert agent.published == wanted, f"{agent.pod} wrote {agent.published} times"
            agent.scrape()

    def _say(self, what: str) -> None:
        print(f"{time.monotonic() - self._began:7.1f} s  {what}", flush=True)


def follow(pod: str, folder: Path, truth: Truth, nameservers: list[str], open_: ExitStack) -> Agent:
    """Starts an agent, and waits for its file."""
    file = folder / pod / "peers.json"
    file.parent.mkdir()
    asking = [f"--nameserver={nameserver}" for nameserver in nameservers]
    who = (f"--pod-name={pod}", f"--pod-ip={truth.pods[pod]}")
    program = open_.enter_context(
        Program("run", *who, *SERVICE, *FLAGS, *asking, f"--output=json:{file}", LISTEN)
    )
    program.says("ready")
    (listening,) = program.events("listening")
    reader, replaced = Reader(file), Replacements(file)
    watched = open_.enter_context(reader), open_.enter_context(replaced)
    return Agent(pod, file, program, *watched, listening["at"])


def report(soak: Soak, truth: Truth, agents: list[Agent]) -> bool:
    """Prints the tables; whether all is as it has to be."""
    tally = soak.tally
    print(f"\n{'fault':22} {'times':>5} {'seconds':>8}")
    for kind in FAULTS:
        print(f"{kind:22} {tally.times[kind]:5} {tally.seconds[kind]:8}")
    wanted = 1 + tally.changes
    print(f"\n{tally.changes} changes, so each file is to be written {wanted} times\n")
    print(f"{'agent':6} {'says':>5} {'inodes':>7} {'contents':>9}  last is true  runs   MiB  more")
    is_well = True
    for agent in agents:
        more = agent.resident - agent.warm if agent.warm else 0.0
        seen = (agent.published, agent.replaced.count, len(agent.reader.seen))
        is_true = truth.is_in(agent.file)
        is_well &= seen == (wanted,) * 3 and is_true and agent.is_running and more <= MOST_MORE
        row = f"{agent.pod:6} {seen[0]:5} {seen[1]:7} {seen[2]:9}"
        print(f"{row}  {is_true!s:12}  {agent.is_running!s:5} {agent.warm:4.1f} {more:+5.1f}")
    return is_well


def main() -> int:
    """Soaks for so many minutes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1, help="decides faults, changes and times")
    args = parser.parse_args()
    chance = Random(args.seed)
    end = time.monotonic() + 60 * args.minutes
    with ExitStack() as open_:
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory(prefix="rollcall-soak-")))
        api = open_.enter_context(KubeApi(Cluster()))
        truth = Truth(api, chance)
        gate = ApiGate(api)
        open_.callback(gate.close)
        server = Server(gate, folder)
        open_.callback(server.kill)
        proxy = open_.enter_context(FaultProxy(lambda: server.port))
        direct, by_proxy = (f"{each.host}:{each.port}" for each in (server, proxy))
        ways = ([direct], [by_proxy], [by_proxy, direct])
        agents = [
            follow(f"db-{number}", folder, truth, ways[number], open_) for number in range(AGENTS)
        ]
        soak = Soak(Parts(gate, server, proxy), truth, agents, chance)
        problem = ""
        try:
            while time.monotonic() < end:
                soak.step()
        except AssertionError as wrong:
            problem = f"seed {args.seed}: {wrong}"
        is_well = report(soak, truth, agents)
    print(problem or ("all is well" if is_well else "that is not so"))
    return 0 if is_well and not problem else 1


if __name__ == "__main__":
    sys.exit(main())
