"""Every command of examples/mysql/README.md, word for word and in order, and what it is to show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.clusters.galera import EXAMPLE, Cluster, example
from tests.support.pages import blocks

README = (EXAMPLE / "README.md").read_text()


@pytest.fixture
def cluster(engine: docker.DockerClient, rollcall_image: str, tmp_path: Path) -> Iterator[Cluster]:
    """Nothing runs yet."""
    with example(engine, rollcall_image, tmp_path) as cluster:
        yield cluster


def has(said: str, *words: str) -> None:
    """They come in this order."""
    place = 0
    for word in words:
        found = said.find(word, place)
        assert found >= 0, f"{word} is not in its place in:\n{said}"
        place = found + len(word)


def test_all_commands_of_the_readme_do_what_it_says(cluster: Cluster) -> None:
    typed = iter(blocks(README, "sh"))

    def types() -> str:
        return cluster.project.types(next(typed))

    types()  # founds
    types()  # takes the option away
    assert "--wsrep-new-cluster" not in cluster.project.container("db-0").attrs["Args"]
    has(types(), "join")
    has(types(), "haproxy-1", "(healthy)", '"gcomm://db-0,db-1,db-2"', "gate", "open")
    has(types(), "Synced", "db-2:3306", "3")
    has(types(), "written_on\ndb-")  # which one: db-0 may not be known to be back yet
    pids = [cluster.project.pid(f"db-{n}") for n in range(3)]
    has(types(), "id\n1\n", "gcomm://db-0,db-1,db-2,db-3")
    assert [cluster.project.pid(f"db-{n}") for n in range(3)] == pids
    types()  # one after the other
    assert not {*pids} & {cluster.project.pid(f"db-{n}") for n in range(3)}
    broken = types()
    has(broken, "written_on\ndb-", "id\n1\n2\n")
    assert "written_on\ndb-0" not in broken
    has(types(), "id\n1\n2\n")
    has(types(), "join", "id\n1\n2\n")
    types()  # stops
    has(
        types(),
        *("db-0\nsafe_to_bootstrap: 0", "db-1\nsafe_to_bootstrap: 0"),
        *("db-2\nsafe_to_bootstrap: 1", "db-3\nsafe_to_bootstrap: 0"),
    )
    has(types(), "id\n1\n2\n")
    types()  # tears down
    assert not cluster.project.compose("ps", "--all", "--quiet")
    assert not (cluster.folder / ".env").exists()
    assert next(typed, None) is None
