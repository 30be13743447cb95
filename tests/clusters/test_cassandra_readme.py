"""examples/cassandra/README.md, followed word for word: one story, with what it says held to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import docker

from tests.clusters.cassandra import EXAMPLE, INSERT, THREE, Ring, cassandra_project
from tests.support.compose import Project
from tests.support.pages import blocks

_MANY = tuple(f"row{n}" for n in range(50))


class Readme:
    """Its blocks of commands, typed one after the other."""

    def __init__(self, project: Project):
        self._project = project
        self._blocks = _blocks()

    def goes_on(self, section: str) -> str:
        """Types the next block, which has to be in this section. What it prints."""
        heading, commands = next(self._blocks)
        assert heading == section, commands
        return self._project.types(commands)

    def is_over(self) -> None:
        """Fails if there is a block more."""
        assert next(self._blocks, None) is None


def _blocks() -> Iterator[tuple[str, str]]:
    """Each block of commands, after the heading of its section."""
    _, *sections = (EXAMPLE / "README.md").read_text().split("\n## ")
    for section in sections:
        heading, _, text = section.partition("\n")
        for commands in blocks(text, "sh"):
            yield heading, commands


def test_cassandra_s_readme_starts_grows_breaks_and_mends_a_ring_as_it_says(
    engine: docker.DockerClient, rollcall_image: str, tmp_path: Path
) -> None:
    with cassandra_project(engine, rollcall_image, tmp_path) as project:
        ring = Ring(project)
        readme = Readme(project)
        readme.goes_on("Start")
        ring.is_whole(*THREE)
        assert readme.goes_on("Look").count("UN ") == 3
        readme.goes_on("Look")
        ring.asks("db-0", ";".join(map(INSERT.format, _MANY)))
        pids = [project.pid(node) for node in THREE]

        assert readme.goes_on("Grow").count("UN ") == 4
        ring.is_whole(*THREE, "db-3")
        assert [project.pid(node) for node in THREE] == pids
        assert ring.seeds("db-3") == list(THREE)
        assert "Starting to bootstrap" in project.logs("db-3")
        streamed = "find /var/lib/cassandra/data/shop -name '*-Data.db'"
        assert project.runs("db-3", "sh", "-c", streamed)[1]
        readme.goes_on("Grow")
        ring.is_whole(*THREE)
        assert [project.pid(node) for node in THREE] == pids
        ring.keeps("whole", *_MANY)

        who = {*ring.host_ids().values()}
        assert re.search(r"^ +two$", readme.goes_on("Break"), re.MULTILINE)
        assert readme.goes_on("Recover").count("UN ") == 3
        ring.is_whole(*THREE)
        assert {*ring.host_ids().values()} == who
        ring.keeps("whole", "two", *_MANY)

        readme.goes_on("Recover")
        readme.goes_on("Recover")
        ring.is_whole(*THREE)
        ring.keeps("whole", "two", *_MANY)

        readme.goes_on("Take it away")
        readme.is_over()
