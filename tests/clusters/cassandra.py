"""A ring of real Cassandra nodes, as examples/cassandra has it, and what can be asked of it.

Its nodes run in an image that is made here of packages, and is as the official one where the
example relies on that.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker

from tests.readback.image import need_programs
from tests.support.compose import Project
from tests.support.recipe import Recipe, base_image, files_in, made
from tests.support.until import until

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "cassandra"
THREE = ("db-0", "db-1", "db-2")
FILE = "/peers/cassandra.yaml"
INSERT = "INSERT INTO shop.words (word) VALUES ('{}')"
# Seconds. A node starts in ten, on a busy machine in a hundred; who could not join tries again.
PATIENCE = 300.0
# A node waits for what others have to say: 30 s if it is not told otherwise.
# A ring that starts at once needs twice this delay to be longer than a node's start.
QUICK = (
    "-Dcassandra.ring_delay_ms=10000 -Dcassandra.gossip_settle_min_wait_ms=500 "
    "-Dcassandra.gossip_settle_interval_ms=200 -XX:TieredStopAtLevel=1"
)
_IMAGE = Path(__file__).parent / "images" / "cassandra"
_NODE = re.compile(r"^([UD][NLJM])\s+(\S+)\s.*\s([0-9a-f]{8}-[0-9a-f-]{27})\s", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Node:
    """One line of `nodetool status`: `UN` is up and joined."""

    state: str
    address: str
    host_id: str


@dataclass(frozen=True, slots=True)
class Ring:
    """The project's databases, called by their services' names."""

    project: Project

    def status(self, of: str) -> frozenset[Node]:
        """The ring as this one sees it; empty while it does not answer."""
        _, said = self.project.runs(of, "nodetool", "status")
        return frozenset(Node(*line) for line in _NODE.findall(said))

    def is_whole(self, *nodes: str) -> None:
        """Waits until each of these takes clients, and sees just these, up, where they are now."""
        until(
            lambda: all(self._takes_clients(node) for node in nodes),
            PATIENCE,
            f"{nodes} take clients",
        )
        until(
            lambda: all(self._sees(node, nodes) for node in nodes),
            PATIENCE,
            f"{nodes} see each other and nobody else",
        )

    def _takes_clients(self, node: str) -> bool:
        """As its healthcheck says, which asks seldom: a node that starts needs the processors."""
        return str(self.project.container(node).attrs["State"]["Health"]["Status"]) == "healthy"

    def _sees(self, node: str, nodes: tuple[str, ...]) -> bool:
        # A node that Docker started again is elsewhere.
        wanted = {("UN", self.project.address(each)) for each in nodes}
        return {(seen.state, seen.address) for seen in self.status(node)} == wanted

    def host_ids(self, of: str = "db-0") -> dict[str, str]:
        """By address, who the nodes are: it stays the same as long as their data does."""
        return {node.address: node.host_id for node in self.status(of)}

    def asks(self, node: str, statement: str, level: str = "QUORUM") -> str:
        """What a client gets that is connected to this one."""
        command = f"CONSISTENCY {level}; {statement}"
        code, said = self.project.runs(node, "cqlsh", "-e", command)
        assert code == 0, said
        return said

    def keeps(self, *rows: str) -> None:
        """Every node answers with these rows, and each has asked all replicas."""
        for node in THREE:
            said = self.asks(node, "SELECT word FROM shop.words", "ALL").partition("---")[2]
            assert sorted(re.findall(r"^ +(\w+)$", said, re.MULTILINE)) == sorted(rows), said

    def seeds(self, of: str) -> list[str]:
        """Whom the file names that this database reads."""
        (seeds,) = re.findall(r'^ +- seeds: "(.*)"$', self.file(of), re.MULTILINE)
        return str(seeds).split(",")

    def file(self, of: str) -> str:
        """The file as this database has it, after its inode."""
        script = f"stat -c %i {FILE} && cat {FILE} && echo '# end'"

        def whole() -> str:
            code, said = self.project.runs(of, "sh", "-c", script)
            assert code == 0, said
            return said if said.endswith("# end\n") and "- seeds: " in said else ""

        # Docker may lose a part of what a command prints that is over at once.
        return until(whole, 30.0, f"the file of {of} is read")


def started(project: Project) -> Ring:
    """The ring of three, with one table in three copies."""
    project.compose("up", "-d", "--wait")
    ring = Ring(project)
    ring.is_whole(*THREE)
    replication = "{'class': 'NetworkTopologyStrategy', 'dc1': 3}"
    ring.asks("db-0", f"CREATE KEYSPACE shop WITH replication = {replication}")
    ring.asks("db-0", "CREATE TABLE shop.words (word text PRIMARY KEY)")
    return ring


@contextlib.contextmanager
def cassandra_project(
    engine: docker.DockerClient, rollcall_image: str, folder: Path
) -> Iterator[Project]:
    """The project, of which nothing runs yet, in a copy of the example in `folder`."""
    copy = folder / "cassandra"
    # What someone who tries the example has set for himself is not the test's.
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns(".env", "compose.override.*"))
    variables = {
        "ROLLCALL_IMAGE": rollcall_image,
        "CASSANDRA_IMAGE": cassandra_image(engine),
        "CASSANDRA_JVM_ARGS": QUICK,
        "MAX_HEAP_SIZE": "400M",
    }
    with Project(engine, copy / "compose.yaml", variables) as project:
        yield project


def cassandra_image(engine: docker.DockerClient) -> str:
    """The stand-in's name. Skips the test where the programs that it is made of are not here."""
    parts = f"ARG PROGRAMS={need_programs(engine)}\nARG BASE={base_image(engine)}\n"
    files = files_in(_IMAGE)
    dockerfile = parts + files["Dockerfile"].decode()
    recipe = Recipe("rollcall-test-cassandra", dockerfile, files, lambda: files, has_network=True)
    return made(engine, recipe)
