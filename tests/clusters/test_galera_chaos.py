"""Agents that are killed, blind, gone or out of room: the databases beside them go on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import docker
import pytest

from tests.clusters.galera import LONG, MEMBERS, UP, Cluster, example
from tests.support.until import until

FULL = """\
volumes:
  peers-2:
    driver_opts: {type: tmpfs, device: tmpfs, o: "size=64k,uid=65532,gid=65532"}
"""


@pytest.fixture(scope="module")
def cluster(
    engine: docker.DockerClient, rollcall_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Three members with some rows, and for db-2's file a volume of 64 KiB. Tests leave it so."""
    with example(engine, rollcall_image, tmp_path_factory.mktemp("example")) as cluster:
        (cluster.folder / "compose.override.yaml").write_text(FULL)
        cluster.found()
        for row, member in enumerate(MEMBERS):
            cluster.write(member, row)
        yield cluster


@contextlib.contextmanager
def unharmed(cluster: Cluster, *restarted: str) -> Iterator[None]:
    """Afterwards no row is lost, nobody but `restarted` has started again, and all are members."""
    rows = cluster.rows("db-0")
    pids = {member: cluster.project.pid(member) for member in MEMBERS if member not in restarted}
    yield
    cluster.synced(*MEMBERS)
    assert [cluster.rows(member) for member in MEMBERS] == [rows] * 3
    assert {member: cluster.project.pid(member) for member in pids} == pids


def is_healthy(cluster: Cluster, agent: str) -> bool:
    """Whether its gate is open."""
    return cluster.project.runs(agent, "rollcall", "healthcheck")[0] == 0


def status(cluster: Cluster, agent: str) -> str:
    """What `rollcall status` shows."""
    return cluster.project.runs(agent, "rollcall", "status")[1]


def test_a_killed_agent_is_missed_by_nobody_and_leaves_its_file_as_it_is(cluster: Cluster) -> None:
    with unharmed(cluster):
        before = cluster.file("agent-1")
        cluster.project.end("agent-1")
        cluster.synced(*MEMBERS)
        cluster.project.types(UP)
        assert cluster.file("agent-1") == before


def test_an_agent_that_starts_again_without_dns_keeps_its_file_and_waits_for_dns(
    cluster: Cluster,
) -> None:
    with unharmed(cluster):
        before = cluster.file("agent-1")
        with cluster.project.without_network("agent-1"):
            cluster.project.types("docker compose restart --no-deps agent-1")
            until(lambda: "in doubt" in status(cluster, "agent-1"), LONG, "DNS is in doubt")
            assert not is_healthy(cluster, "agent-1")
            assert cluster.file("agent-1") == before
        until(lambda: is_healthy(cluster, "agent-1"), LONG, "DNS answers again")
        assert cluster.file("agent-1") == before


def test_a_database_starts_again_without_its_agent(cluster: Cluster) -> None:
    with unharmed(cluster, "db-1"):
        cluster.project.end("agent-1", by_force=False)
        cluster.project.types("docker compose restart --no-deps db-1")
        cluster.synced(*MEMBERS)
        cluster.project.types(UP)


def test_a_full_volume_keeps_the_last_file_and_takes_the_next_one_when_there_is_room(
    cluster: Cluster,
) -> None:
    with unharmed(cluster):
        before = cluster.file("agent-2")
        fill = "open('/peers/filler', 'wb', 0).write(bytes(1 << 20))"
        cluster.project.runs("agent-2", "python3", "-c", fill)
        cluster.project.types("REPLICAS=4 docker compose up -d agent-2")
        until(lambda: "is full" in status(cluster, "agent-2"), LONG, "it says why")
        assert cluster.file("agent-2") == before
        cluster.project.runs("agent-2", "python3", "-c", "import os; os.remove('/peers/filler')")
        until(lambda: "db-3" in cluster.file("agent-2")[1], LONG, "the file is written")
        cluster.project.types(UP)
        assert cluster.file("agent-2")[1] == before[1]
