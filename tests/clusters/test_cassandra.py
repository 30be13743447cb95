"""A ring of three real Cassandra nodes with their agents, and what may happen to it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import docker
import pytest
from docker.models.containers import Container

from tests.clusters.cassandra import EXAMPLE, FILE, INSERT, THREE, Ring, cassandra_project, started
from tests.support.compose import Project
from tests.support.until import until

# Seconds.
SOON = 60.0
SMALL = {"type": "tmpfs", "device": "tmpfs", "o": "size=64k,uid=65532,gid=65532,mode=2775"}


@pytest.fixture(scope="module")
def shared(
    engine: docker.DockerClient, rollcall_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ring]:
    """Three nodes for all tests here. What agent 2 writes to is small enough to be filled."""
    with cassandra_project(engine, rollcall_image, tmp_path_factory.mktemp("example")) as project:
        marks = {
            "com.docker.compose.project": project.name,
            "com.docker.compose.volume": "peers-2",
        }
        engine.volumes.create(f"{project.name}_peers-2", driver_opts=SMALL, labels=marks)
        yield started(project)


@pytest.fixture
def ring(shared: Ring) -> Iterator[Ring]:
    """With one row that has to be on every node afterwards."""
    shared.asks("db-0", INSERT.format("before"), "ALL")
    yield shared
    shared.is_whole(*THREE)
    shared.keeps("before")


def test_three_nodes_make_one_ring_from_the_files_and_none_that_joined_is_its_own_seed(
    ring: Ring,
) -> None:
    for me in THREE:
        names(ring, me, *(node for node in THREE if node != me))
    for joined in ("db-1", "db-2"):
        assert "Starting to bootstrap" in ring.project.logs(joined)


def test_all_nodes_killed_and_started_at_once_at_other_addresses_are_one_ring_again(
    ring: Ring,
) -> None:
    who = {*ring.host_ids().values()}
    ring.project.move(*THREE)
    ring.is_whole(*THREE)
    assert {*ring.host_ids().values()} == who


def test_while_a_node_is_gone_a_quorum_goes_on_and_a_full_volume_keeps_the_last_good_file(
    ring: Ring,
) -> None:
    project, before = ring.project, ring.file("db-2")
    fills = f"head -c 1000000 /dev/zero >{FILE}.ballast"
    assert "No space left" in project.runs("agent-2", "sh", "-c", fills)[1]
    project.end("db-1")
    names(ring, "db-0", "db-2")
    ring.asks("db-0", INSERT.format("meanwhile"))
    assert "meanwhile" in ring.asks("db-2", "SELECT word FROM shop.words")
    full = "cassandra.yaml was not written: the volume of /peers is full"
    until(lambda: full in project.logs("agent-2"), SOON, "agent 2 says what is wrong")
    assert ring.file("db-2") == before
    assert project.runs("agent-2", "rm", f"{FILE}.ballast")[0] == 0
    names(ring, "db-2", "db-0")
    project.container("db-1").start()
    ring.is_whole(*THREE)
    assert "meanwhile" in ring.asks("db-1", "SELECT word FROM shop.words", "ALL")
    ring.asks("db-0", "DELETE FROM shop.words WHERE word = 'meanwhile'", "ALL")


def test_an_agent_that_is_killed_and_back_leaves_the_file_and_its_node_as_they_are(
    ring: Ring,
) -> None:
    file, node = ring.file("db-1"), ring.project.pid("db-1")
    ring.project.end("agent-1")
    ring.project.container("agent-1").start()
    is_back(ring.project, "agent-1")
    assert (ring.file("db-1"), ring.project.pid("db-1")) == (file, node)


def test_an_agent_that_starts_where_no_dns_answers_leaves_the_file_as_it_is(ring: Ring) -> None:
    project, file = ring.project, ring.file("db-1")

    def status() -> str:
        return project.runs("agent-1", "rollcall", "status")[1]

    with project.without_network("agent-1"):
        project.end("agent-1")
        project.container("agent-1").start()
        until(lambda: "in doubt" in status(), SOON, "agent-1 is in doubt")
        assert ring.file("db-1") == file
    until(lambda: "in doubt" not in status(), SOON, "DNS answers agent-1 again")
    is_back(project, "agent-1")
    assert ring.file("db-1") == file


def test_a_node_that_starts_again_elsewhere_while_its_agent_is_gone_is_in_the_ring(
    ring: Ring,
) -> None:
    who = ring.host_ids()[ring.project.address("db-1")]
    ring.project.end("agent-1")
    ring.project.move("db-1")
    ring.is_whole(*THREE)
    assert ring.host_ids()[ring.project.address("db-1")] == who
    ring.project.container("agent-1").start()
    is_back(ring.project, "agent-1")


def test_nodetool_as_a_hook_has_the_node_take_the_seeds_that_its_file_has_now(
    ring: Ring, engine: docker.DockerClient
) -> None:
    project = ring.project
    project.end("agent-1")
    with agent_in_a_pod_with(ring, "db-1", engine) as agent:
        until(lambda: b'"kind": "ready"' in agent.logs(), SOON, "its gate is open")
        project.end("db-2")
        names(ring, "db-1", "db-0")
        has_seeds(ring, "db-1", "db-0")
        project.container("db-2").start()
        names(ring, "db-1", "db-0", "db-2")
        has_seeds(ring, "db-1", "db-0", "db-2")
    project.container("agent-1").start()
    is_back(project, "agent-1")


def names(ring: Ring, node: str, *seeds: str) -> None:
    """Waits until its file does."""
    until(lambda: ring.seeds(node) == [*seeds], SOON, f"the file of {node} names {seeds}")


def is_back(project: Project, agent: str) -> None:
    """Waits until its gate is open."""
    healthy = ("rollcall", "healthcheck")
    until(lambda: project.runs(agent, *healthy)[0] == 0, SOON, f"the gate of {agent} is open")


def image_of(project: Project, service: str) -> str:
    """The ID of what its container was made of."""
    return str(project.container(service).attrs["Image"])


def has_seeds(ring: Ring, node: str, *seeds: str) -> None:
    """Waits until the node itself goes by these; only nodetool tells it of new ones."""
    wanted = {ring.project.address(seed) for seed in seeds}

    def seen() -> set[str]:
        return {*re.findall(r"/([0-9.]+):7000", ring.project.runs(node, "nodetool", "getseeds")[1])}

    until(lambda: seen() == wanted, SOON, f"{node} has the seeds {seeds}")


@contextlib.contextmanager
def agent_in_a_pod_with(ring: Ring, node: str, engine: docker.DockerClient) -> Iterator[Container]:
    """In place of the node's agent one that shares its network, with nodetool and a hook."""
    project = ring.project
    images = {
        "ROLLCALL_IMAGE": image_of(project, "agent-1"),
        "CASSANDRA_IMAGE": image_of(project, node),
    }
    image, _ = engine.images.build(path=str(EXAMPLE / "nodetool"), buildargs=images, rm=True)
    agent = engine.containers.run(
        image,
        detach=True,
        network_mode=f"container:{project.container(node).id}",
        volumes={f"{project.name}_peers-{node[-1]}": {"bind": "/peers", "mode": "rw"}},
        environment={
            "POD_NAME": node,
            "ROLLCALL_REPLICAS": "3",
            "ROLLCALL_OUTPUT": f"cassandra:{FILE}",
            "ROLLCALL_VAR": "cluster_name=rollcall",
            "ROLLCALL_FORGET_AFTER": "2s",
            "ROLLCALL_NOTIFY": "exec:nodetool reloadseeds",
        },
        labels={"com.docker.compose.project": project.name},
        read_only=True,
        cap_drop=["ALL"],
    )
    try:
        yield agent
    finally:
        agent.remove(force=True)
