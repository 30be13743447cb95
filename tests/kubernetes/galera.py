"""A cluster of real MariaDB servers with Galera, and what can be asked of it and done to it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.clusters.mysql_images import haproxy_image, mariadb_image
from tests.kubernetes.example import Example
from tests.kubernetes.loading import Loader
from tests.kubernetes.patience import in_time
from tests.kubernetes.volumes import make_volumes
from tests.support.engine import need_engine

# Seconds. After a few crashes the kubelet waits for minutes before it starts a server once more.
WHOLE = 900.0


def servers(loader: Loader) -> Mapping[str, str]:
    """The images by the names that the examples have for them, put into the cluster."""
    engine = need_engine()
    try:
        images = {"mariadb": mariadb_image(engine), "haproxy": haproxy_image(engine)}
    finally:
        engine.close()
    for name in images.values():
        loader.load(name)
    return images


def begins(galera: Example, programs: str) -> None:
    """Types the first block, in which volumes are claimed and founded on. `programs`: an image."""
    rest = galera.begins()
    claims = [f"data-db-{n}" for n in range(5)]
    make_volumes(galera.cluster, galera.namespace, claims, programs, {"app": "db"})
    galera.types(rest)


def size(galera: Example, member: str) -> int:
    """How many members a ready one says that there are; 0 where it says nothing."""
    ask = ("mariadb", "-Ne", "SHOW STATUS LIKE 'wsrep_cluster_size'")
    said = galera.kubectl("exec", member, "--container=mariadb", "--", *ask, succeeds=None)
    found = re.search(r"wsrep_cluster_size\s+(\d+)", said)
    return int(found[1]) if found else 0


def is_whole(galera: Example, members: int) -> None:
    """Waits until so many are ready, and each of them sees all."""

    def sees_all() -> bool:
        ready = galera.ready("app=db")
        return len(ready) == members and all(size(galera, name) == members for name in ready)

    in_time(sees_all, WHOLE, f"{members} members see each other")


def scales(galera: Example, members: int) -> None:
    """To fewer, who are then gone."""
    galera.kubectl("scale", "statefulset/db", f"--replicas={members}")
    gone = [f"pod/db-{n}" for n in range(members, 5)]
    galera.kubectl("wait", "--for=delete", *gone, "--timeout=5m")


def stops_in_order(galera: Example) -> None:
    """All three, db-0 as the last; then they are back, and none goes first by itself."""
    for left in (2, 1, 0):
        scales(galera, left)
    galera.kubectl("scale", "statefulset/db", "--replicas=3")

    def run() -> bool:
        pods = galera.cluster.pods(galera.namespace, "app=db").values()
        return [pod["status"]["phase"] for pod in pods] == ["Running"] * 3

    in_time(run, WHOLE, "three pods are past Init")
