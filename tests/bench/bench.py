"""`make bench`: what one agent costs, beside a real CoreDNS, against the budgets.

Prints a table, and JSON with --json. Each figure is the median of several rounds, with its spread.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from agent.lab.cluster import Cluster, Pod, Service
from tests.support.coredns import CoreDns
from tests.support.kubeapi import KubeApi
from tests.support.until import until

QUIET = {key: value for key, value in os.environ.items() if not key.startswith("ROLLCALL_")}


@dataclass(frozen=True)
class Figure:
    """One measured thing: the median of its rounds, their spread, and what it may be at most."""

    what: str
    unit: str
    median: float
    lowest: float
    highest: float
    budget: float

    @property
    def ratio(self) -> float:
        """How much of the budget it takes."""
        return self.median / self.budget


def measure(what: str, unit: str, budget: float, rounds: list[float]) -> Figure:
    """The figure that these rounds give."""
    return Figure(what, unit, statistics.median(rounds), min(rounds), max(rounds), budget)


def cluster(peers: int) -> Cluster:
    """A StatefulSet of so many pods, each listed."""
    pods = tuple(Pod(f"db-{n}", (f"10.0.{n // 250}.{n % 250 + 1}",)) for n in range(peers))
    return Cluster(services=(Service("db", "prod", pods=pods),))


@contextmanager
def dns(peers: int) -> Iterator[str]:
    """A CoreDNS that lists so many pods, by its address."""
    with KubeApi(cluster(peers)) as api, CoreDns(api) as server:
        yield f"{server.host}:{server.port}"


@contextmanager
def agent(nameserver: str, file: Path, *flags: str) -> Iterator[subprocess.Popen[bytes]]:
    """A `rollcall run` in its own process, as a pod would have it."""
    command = [
        *(sys.executable, "-m", "agent", "run", "--pod-name=db-1", "--service=db"),
        *("--namespace=prod", "--cluster-domain=cluster.local", f"--nameserver={nameserver}"),
        *(f"--output=galera:{file}", *flags),
    ]
    process = subprocess.Popen(command, env=QUIET, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def start_to_first_file(nameserver: str, folder: Path) -> float:
    """Seconds from the start of the process until its file is there."""
    file = folder / "peers.cnf"
    file.unlink(missing_ok=True)
    began = time.perf_counter()
    with agent(nameserver, file):
        until(file.exists, 10, "the file is there")
        return time.perf_counter() - began


def sigterm_to_exit(nameserver: str, folder: Path) -> float:
    """Seconds from SIGTERM until the process is gone."""
    file = folder / "peers.cnf"
    file.unlink(missing_ok=True)
    with agent(nameserver, file) as process:
        until(file.exists, 10, "the file is there")
        began = time.perf_counter()
        process.terminate()
        process.wait(10)
        return time.perf_counter() - began


def at_rest(nameserver: str, folder: Path, seconds: float) -> tuple[float, float]:
    """Milliseconds of CPU a second, of all threads, and MiB resident, while nothing changes."""
    file = folder / "peers.cnf"
    file.unlink(missing_ok=True)
    with agent(nameserver, file) as process:
        until(file.exists, 10, "the file is there")
        watch = threading.Event()
        watch.wait(3)  # the start is over
        before, began = cpu_ms(process.pid), time.perf_counter()
        watch.wait(seconds)
        used = (cpu_ms(process.pid) - before) / (time.perf_counter() - began)
        return used, resident_mib(process.pid)


def cpu_ms(pid: int) -> float:
    """CPU time of all threads in ms, from the scheduler's own count (proc(5), schedstat)."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


def resident_mib(pid: int) -> float:
    """Resident memory in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def repeat(rounds: int, one: Callable[[], float]) -> list[float]:
    """The results of so many rounds."""
    return [one() for _ in range(rounds)]


def main() -> None:
    """Measures all and prints it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--rounds", type=int, default=10, help="how often each start is measured")
    parser.add_argument("--rest", type=float, default=20, help="seconds at rest, three times each")
    args = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="rollcall-bench-") as name:
        folder = Path(name)
        with dns(3) as server:
            starts = repeat(args.rounds, lambda: 1000 * start_to_first_file(server, folder))
            figures.append(measure("start to first file, 3 peers", "ms", 400, starts))
            ends = repeat(args.rounds, lambda: 1000 * sigterm_to_exit(server, folder))
            figures.append(measure("SIGTERM to exit", "ms", 500, ends))
        for peers, budget in ((10, 0.62), (100, 0.92)):
            with dns(peers) as server:
                rest = [at_rest(server, folder, args.rest) for _ in range(3)]
            cpu = measure(f"CPU at rest, {peers} peers", "ms/s", budget, [r[0] for r in rest])
            figures += [
                cpu,
                measure(f"resident, {peers} peers", "MiB", 36, [r[1] for r in rest]),
            ]
    if args.json:
        print(json.dumps([asdict(figure) | {"ratio": figure.ratio} for figure in figures]))
        return
    print(f"{'':30} {'median':>9} {'lowest':>9} {'highest':>9}        of budget")
    for f in figures:
        print(
            f"{f.what:30} {f.median:9.2f} {f.lowest:9.2f} {f.highest:9.2f} {f.unit:6} "
            f"{f.ratio:5.2f} × {f.budget:g}"
        )


if __name__ == "__main__":
    main()
