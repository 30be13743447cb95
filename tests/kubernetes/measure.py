"""`make bench-kubernetes`: how soon files follow in a cluster, and what the sidecar takes there.

Prints a table, and JSON with --json. A time is the clock's of the machine that runs this: when a
watch of the API told it something. When a file was written is by its node's clock, which has to be
the same: so the cluster is one of nodes on this machine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.kubernetes.cluster import Cluster, need_cluster
from tests.kubernetes.database import Databases, databases
from tests.kubernetes.images import loaded
from tests.kubernetes.loading import need_loader
from tests.kubernetes.namespace import made_namespace
from tests.kubernetes.patience import START, in_time
from tests.kubernetes.workload import AGENT, JSON, Place, Wish

MIB = 2.0**20
# The kubelet looks at what containers take every 10 s or so.
BETWEEN_STATS = 15.0


@dataclass(frozen=True)
class Figure:
    """One measured thing: the median of its rounds, and their spread."""

    what: str
    unit: str
    median: float
    lowest: float
    highest: float
    rounds: int


def figure(what: str, unit: str, rounds: list[float]) -> Figure:
    """The figure that these rounds give."""
    return Figure(what, unit, statistics.median(rounds), min(rounds), max(rounds), len(rounds))


class Watch:
    """All that the API tells of the pods of a namespace, with when it did (Unix time)."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._seen: list[tuple[float, Any]] = []
        path = f"/api/v1/namespaces/{namespace}/pods?watch=true"
        threading.Thread(target=self._read, args=(cluster, path), daemon=True).start()

    def _read(self, cluster: Cluster, path: str) -> None:
        for event in cluster.lines(path):
            self._seen.append((time.time(), event["object"]))

    def first(self, name: str, after: float, condition: Callable[[Any], bool]) -> float:
        """When it told of a pod that was made after a time, and that something is so of it."""
        for at, pod in self._seen:
            if pod["metadata"]["name"] == name and at > after and condition(pod):
                return at
        raise AssertionError(f"the API never told that of {name}")


def is_new(pod: Any) -> bool:
    """Whether it is not about to go."""
    return "deletionTimestamp" not in pod["metadata"]


def has_address(pod: Any) -> bool:
    return is_new(pod) and "podIP" in pod["status"]


def is_ready(pod: Any) -> bool:
    conditions = {each["type"]: each["status"] for each in pod["status"].get("conditions", [])}
    return is_new(pod) and conditions.get("Ready") == "True"


def replaced(db: Databases, pod: str) -> float:
    """Deletes a pod; when its name was nobody's."""
    db.delete_pod(pod)
    gone = time.time()
    in_time(lambda: pod in db.addresses(), START, f"there is another {pod}")
    db.rolls_out()
    return gone


def follow(cluster: Cluster, place: Place, rounds: int) -> list[Figure]:
    """From a pod's address in the API until the files of all other pods have it."""
    latest = []
    with databases(cluster, place, Wish("follow")) as db:
        watch = Watch(cluster, place.namespace)
        db.rolls_out()
        db.become(3)
        grows = rounds // 4
        for each in range(rounds):
            count, began = db.wish.replicas, time.time()
            if each < grows:
                changed = db.pod(count)
                db.apply(replicas=count + 1)
                db.rolls_out()
            else:
                changed = db.pod(each % count)
                began = replaced(db, changed)
            db.become(db.wish.replicas)
            known = watch.first(changed, began, has_address)
            files = [found[JSON] for pod, found in db.files().items() if pod != changed]
            latest.append(max(file.written for file in files) - known)
    return [figure("pod IP in the API to right in all others", "s", latest)]


def starts(cluster: Cluster, place: Place, rounds: int) -> list[Figure]:
    """From a pod in the API until it is ready, without the sidecar and with it."""
    kinds = {
        "a pod's start without the sidecar": Wish("without", 1, has_agent=False),
        "a pod's start with it": Wish("with", 1),
        "with it and 500m CPU for it": Wish("quick", 1, agent_cpu="500m"),
    }
    return [
        figure(what, "s", [*_starts(cluster, place, wish, rounds)]) for what, wish in kinds.items()
    ]


def _starts(cluster: Cluster, place: Place, wish: Wish, rounds: int) -> Iterator[float]:
    with databases(cluster, place, wish) as db:
        watch = Watch(cluster, place.namespace)
        db.rolls_out()
        for _ in range(rounds):
            asked = time.time()
            old = db.pods()[db.pod(0)]["metadata"]["uid"]
            replaced(db, db.pod(0))

            def is_another(pod: Any, old: str = old) -> bool:
                return bool(pod["metadata"]["uid"] != old)

            made = watch.first(db.pod(0), asked, is_another)
            yield watch.first(db.pod(0), made, is_ready) - made


def rest(cluster: Cluster, place: Place, seconds: float) -> list[Figure]:
    """What the kubelet says that the agents of three pods take, while nothing changes."""
    with databases(cluster, place, Wish("rest")) as db:
        db.rolls_out()
        db.become(3)
        watch = threading.Event()
        watch.wait(BETWEEN_STATS)  # the start is over
        before = _stats(cluster, place.namespace)
        watch.wait(seconds)
        after = _stats(cluster, place.namespace)
    cpu = [_used(before[pod]["cpu"], after[pod]["cpu"]) for pod in after]
    memory = [stats["memory"]["workingSetBytes"] / MIB for stats in after.values()]
    return [
        figure("CPU of the sidecar at rest, three pods", "ms/s", cpu),
        figure("its memory, as the working set", "MiB", memory),
    ]


def _used(before: Any, after: Any) -> float:
    """Milliseconds a second."""
    passed = _seconds(after["time"]) - _seconds(before["time"])
    return float(after["usageCoreNanoSeconds"] - before["usageCoreNanoSeconds"]) / 1e6 / passed


def _seconds(text: str) -> float:
    return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def _stats(cluster: Cluster, namespace: str) -> dict[str, Any]:
    """The kubelets' figures of the agents, by pod."""
    found = {}
    for node in cluster.get("/api/v1/nodes")["items"]:
        summary = cluster.get(f"/api/v1/nodes/{node['metadata']['name']}/proxy/stats/summary")
        for pod in summary["pods"]:
            if pod["podRef"]["namespace"] == namespace:
                containers = {each["name"]: each for each in pod["containers"]}
                found[pod["podRef"]["name"]] = containers[AGENT]
    return found


def main() -> None:
    """Measures all and prints it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON besides the table")
    parser.add_argument("--changes", type=int, default=20, help="so many are followed, 0: none")
    parser.add_argument("--starts", type=int, default=10, help="of each kind, 0: none")
    parser.add_argument("--rest", type=float, default=90, help="seconds, 0: not")
    args = parser.parse_args()
    figures: list[Figure] = []
    try:
        with (
            contextlib.redirect_stdout(sys.stderr),  # what is waited for
            tempfile.TemporaryDirectory() as scratch,
            need_cluster() as cluster,
            made_namespace(cluster) as namespace,
        ):
            place = Place(namespace, cluster.domain(), loaded(need_loader(Path(scratch))))
            figures += rest(cluster, place, args.rest) if args.rest else []
            figures += follow(cluster, place, args.changes) if args.changes else []
            figures += starts(cluster, place, args.starts) if args.starts else []
    except pytest.skip.Exception as missing:
        sys.exit(str(missing))
    print(f"{'':44} {'median':>9} {'lowest':>9} {'highest':>9}         rounds")
    for f in figures:
        print(
            f"{f.what:44} {f.median:9.2f} {f.lowest:9.2f} {f.highest:9.2f} {f.unit:6} {f.rounds:8}"
        )
    if args.json:
        print(json.dumps([asdict(figure) for figure in figures]))


if __name__ == "__main__":
    main()
