"""Every command of examples/cassandra/k8s/README.md, word for word, in order, with real nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clusters.cassandra import QUICK, cassandra_image
from tests.kubernetes.cluster import Cluster
from tests.kubernetes.example import Change, Example, example
from tests.kubernetes.images import Images
from tests.kubernetes.loading import Loader
from tests.kubernetes.patience import in_time
from tests.kubernetes.volumes import give_volumes, make_volumes
from tests.support.engine import need_engine

# Seconds. A node starts in twenty, on a busy machine in two hundred.
_WHOLE = 900.0
_NODE = re.compile(r"^([UD][NLJM])\s+(\S+)\s", re.MULTILINE)
_ALL = ("cassandra-0", "cassandra-1", "cassandra-2", "cassandra-3", "cassandra-4")
# A ring of so little data starts, and hears of its nodes, sooner than one that is in use.
_OPTIONS = f"-Dcassandra.config=file:///peers/cassandra.yaml {QUICK}"


@pytest.fixture
def ring(cluster: Cluster, images: Images, loader: Loader, tmp_path: Path) -> Iterator[Example]:
    """Nothing runs yet."""
    engine = need_engine()
    try:
        server = cassandra_image(engine)
    finally:
        engine.close()
    loader.load(server)
    change = Change(
        {"rollcall-agent": images.agent, "cassandra": server},
        {0: _OPTIONS, 1: "400M"},  # JVM_EXTRA_OPTS and MAX_HEAP_SIZE
    )
    with example(cluster, "cassandra/k8s", change, tmp_path) as made:
        yield made


def states(ring: Example, node: str) -> dict[str, str]:
    """The nodes that one sees, by address, as `UN` for up and joined."""
    into = ("--namespace", ring.namespace, "exec", node, "--container=cassandra", "--")
    said = ring.cluster.kubectl(*into, "nodetool", "status", succeeds=None)
    return {address: state for state, address in _NODE.findall(said)}


def is_whole(ring: Example, *nodes: str) -> None:
    """Waits until these are ready, and each sees just these, up, where they are now."""

    def sees_all() -> bool:
        addresses = ring.ready("app=cassandra")
        wanted = dict.fromkeys(addresses.values(), "UN")
        return {*addresses} == {*nodes} and all(states(ring, node) == wanted for node in nodes)

    in_time(sees_all, _WHOLE, f"{len(nodes)} nodes see each other and nobody else")


def test_the_commands_of_the_readme_do_what_it_says(ring: Example, images: Images) -> None:
    cluster, namespace = ring.cluster, ring.namespace
    rest = ring.begins()
    claims = [f"data-{node}" for node in _ALL]
    make_volumes(cluster, namespace, claims, images.programs, {"app": "cassandra"})
    ring.types(rest)
    is_whole(ring, *_ALL[:3])
    assert not any(ring.restarts("cassandra").values())

    looked = ring.types()
    assert re.search(r'seeds: "cassandra-0\.', looked)
    assert looked.count("\nUN ") == 3
    ring.types()

    ring.types()
    is_whole(ring, *_ALL)
    assert not any(ring.restarts("cassandra").values())
    ring.types()
    is_whole(ring, *_ALL[:4])

    ring.types()
    is_whole(ring, *_ALL[:4])
    ring.types("kubectl exec cassandra-3 -c cassandra -- cqlsh -e 'DESCRIBE KEYSPACE example'")

    # Its volume is lost, and can't be used any more.
    spoil = "cd /var/lib/cassandra && rm -rf * && touch data"
    ring.types(f"kubectl exec cassandra-2 -c cassandra -- sh -c '{spoil}'")
    ring.types("kubectl delete pod cassandra-2 --grace-period=0 --force")
    in_time(lambda: "DN" in states(ring, "cassandra-0").values(), _WHOLE, "one is down")
    before = ring.claimed("data-cassandra-2")
    ring.types()
    in_time(lambda: ring.claimed("data-cassandra-2") not in ("", before), _WHOLE, "it has another")
    give_volumes(cluster, namespace, ["data-cassandra-2"], images.programs)
    is_whole(ring, *_ALL[:4])

    ring.types()
    assert ring.is_over()
    assert cluster.get(f"/api/v1/namespaces/{namespace}") is None
