"""Every command of examples/mysql/k8s/README.md, word for word and in order, with real servers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clusters.mysql_images import haproxy_image, mariadb_image
from tests.kubernetes.cluster import Cluster
from tests.kubernetes.example import Change, Example, example
from tests.kubernetes.images import Images
from tests.kubernetes.loading import Loader
from tests.kubernetes.patience import in_time
from tests.kubernetes.volumes import give_volumes, make_volumes
from tests.support.engine import need_engine

# Seconds. After a few crashes the kubelet waits for minutes before it starts a server once more.
_WHOLE = 900.0
_LABELS = {"app": "db"}


@pytest.fixture
def galera(cluster: Cluster, images: Images, loader: Loader, tmp_path: Path) -> Iterator[Example]:
    """Nothing runs yet."""
    engine = need_engine()
    try:
        servers = {"mariadb": mariadb_image(engine), "haproxy": haproxy_image(engine)}
    finally:
        engine.close()
    for name in servers.values():
        loader.load(name)
    change = Change({"rollcall-agent": images.agent, **servers})
    with example(cluster, "mysql/k8s", change, tmp_path) as made:
        yield made


def size(galera: Example, member: str) -> int:
    """How many members a ready one says that there are; 0 where it says nothing."""
    ask = ("mariadb", "-Ne", "SHOW STATUS LIKE 'wsrep_cluster_size'")
    into = ("--namespace", galera.namespace, "exec", member, "--container=mariadb", "--")
    found = re.search(
        r"wsrep_cluster_size\s+(\d+)", galera.cluster.kubectl(*into, *ask, succeeds=None)
    )
    return int(found[1]) if found else 0


def is_whole(galera: Example, members: int) -> None:
    """Waits until so many are ready, and each of them sees all."""

    def sees_all() -> bool:
        ready = galera.ready("app=db")
        return len(ready) == members and all(size(galera, name) == members for name in ready)

    in_time(sees_all, _WHOLE, f"{members} members see each other")


def scales(galera: Example, members: int) -> None:
    """To fewer, who are then gone."""
    galera.types(f"kubectl scale statefulset/db --replicas={members}")
    gone = [f"pod/db-{n}" for n in range(members, 5)]
    galera.types(f"kubectl wait --for=delete {' '.join(gone)} --timeout=5m")


def test_the_commands_of_the_readme_do_what_it_says(galera: Example, images: Images) -> None:
    cluster, namespace = galera.cluster, galera.namespace
    rest = galera.begins()
    claims = [f"data-db-{n}" for n in range(5)]
    make_volumes(cluster, namespace, claims, images.programs, _LABELS)
    galera.types(rest)
    assert size(galera, "db-0") == 1
    galera.types()
    is_whole(galera, 3)
    assert galera.restarts("mariadb") == {"db-0": 0, "db-1": 0, "db-2": 0}

    looked = galera.types()
    assert re.search(r"^wsrep_cluster_size\s+3$", looked, re.MULTILINE)
    assert re.search(r'^wsrep_cluster_address += "gcomm://db-0\.', looked, re.MULTILINE)
    assert re.search(r"^db-[012]", looked, re.MULTILINE)  # who answered behind `sql`

    galera.types()
    is_whole(galera, 5)
    assert not any(galera.restarts("mariadb").values())
    scales(galera, 3)
    is_whole(galera, 3)

    galera.types()
    is_whole(galera, 3)
    before = galera.claimed("data-db-2")
    galera.types()
    in_time(
        lambda: galera.claimed("data-db-2") not in ("", before), _WHOLE, "it has another volume"
    )
    give_volumes(cluster, namespace, ["data-db-2"], images.programs)
    is_whole(galera, 3)

    for left in (2, 1, 0):
        scales(galera, left)
    galera.types("kubectl apply -k cluster")
    galera.types(
        "kubectl wait pod db-0 db-1 db-2 --for=jsonpath='{.status.phase}'=Running --timeout=5m"
    )
    noted = galera.types()
    assert re.findall(r"safe_to_bootstrap: (\d)", noted) == ["1", "0", "0"]
    galera.types()
    is_whole(galera, 3)

    galera.types()
    assert galera.is_over()
    assert cluster.get(f"/api/v1/namespaces/{namespace}") is None
