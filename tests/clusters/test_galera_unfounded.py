"""What happens where nobody founds a cluster: nobody does."""

from __future__ import annotations

from pathlib import Path

import docker

from tests.clusters.galera import LONG, MEMBERS, Cluster, example
from tests.support.until import until


def gave_up(cluster: Cluster, member: str) -> bool:
    """Whether it found no cluster, and ended."""
    return "failed to reach primary view" in cluster.project.logs(member)


def test_members_that_nobody_told_to_found_end_and_can_be_founded_afterwards(
    engine: docker.DockerClient, rollcall_image: str, tmp_path: Path
) -> None:
    with example(engine, rollcall_image, tmp_path) as cluster:
        cluster.project.types("docker compose up -d")
        until(lambda: all(gave_up(cluster, each) for each in MEMBERS), LONG, "all gave up")
        for ordinal, member in enumerate(MEMBERS):
            assert "gcomm://db-0,db-1,db-2" in cluster.file(f"agent-{ordinal}")[1]
            assert not cluster.is_synced(member, 1)
            assert "Synchronized with group" not in cluster.project.logs(member)
        cluster.found()
        cluster.synced(*MEMBERS)


def test_an_agent_that_sees_no_member_names_all_that_there_are_to_be(
    engine: docker.DockerClient, rollcall_image: str, tmp_path: Path
) -> None:
    with example(engine, rollcall_image, tmp_path) as cluster:
        cluster.project.types("docker compose up -d --wait agent-0")
        assert '"gcomm://db-0,db-1,db-2"' in cluster.file("agent-0")[1]
