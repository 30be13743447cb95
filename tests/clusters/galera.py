"""The cluster of examples/mysql, run as README there has it, and what a test sees of it.

It types README's commands, and asks the databases in SQL. It knows nothing of faults.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker

from tests.clusters.mysql_images import haproxy_image, mariadb_image
from tests.support.compose import Project
from tests.support.coredns import free_port
from tests.support.until import until

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "mysql"
MEMBERS = ("db-0", "db-1", "db-2")
UP = "docker compose up -d --wait"
FOUND = f"DB_0_ARGS=--wsrep-new-cluster {UP}"
# Seconds: who joins may have to get all data first, on a machine that does other things too.
LONG = 180.0
_PASSWORD = "example"  # noqa: S105  # compose.yaml's own


@dataclass(frozen=True, slots=True)
class Cluster:
    """A project of the example's compose.yaml; `folder` is a copy of the example, to write into."""

    project: Project
    folder: Path
    port: int

    def found(self) -> None:
        """Founds it as README says, and takes the option to found away again."""
        self.project.types(FOUND)
        self.project.types(UP)

    def sql(self, service: str, query: str, *, host: str = "") -> list[str]:
        """The rows, with tabs between columns; asked by the client in that container."""
        code, said = self._asked(service, query, host)
        assert code == 0, f"{service}: {query}: {said}"
        return said.splitlines()

    def says(self, service: str, query: str, *, host: str = "") -> str:
        """The only value, or whatever else it says, such as an error."""
        return self._asked(service, query, host)[1].strip()

    def _asked(self, service: str, query: str, host: str) -> tuple[int, str]:
        client = ["mariadb", "-uroot", f"-p{_PASSWORD}", "--batch", "--skip-column-names"]
        return self.project.runs(
            service, *client, *([f"--host={host}"] if host else []), "-e", query
        )

    def status(self, service: str) -> dict[str, str]:
        """What Galera says of itself there: the variables of `SHOW STATUS`; none before it can."""
        code, said = self._asked(service, "SHOW STATUS LIKE 'wsrep%'", "")
        rows = [line.partition("\t") for line in said.splitlines()]
        return {} if code else {name: value for name, _, value in rows}

    def is_synced(self, service: str, size: int) -> bool:
        """Whether it is a member with all data, of a cluster with so many members."""
        status = self.status(service)
        return (
            status.get("wsrep_local_state_comment") == "Synced"
            and status["wsrep_cluster_status"] == "Primary"
            and status["wsrep_cluster_size"] == str(size)
        )

    def synced(self, *services: str) -> None:
        """Waits until these are all its members, and have all data."""
        until(
            lambda: all(self.is_synced(service, len(services)) for service in services),
            LONG,
            f"{', '.join(services)} are one cluster",
        )

    def write(self, service: str, row: int) -> None:
        """A row of the test's own table."""
        self.sql(
            service,
            "CREATE DATABASE IF NOT EXISTS test; "
            "CREATE TABLE IF NOT EXISTS test.rows (n INT PRIMARY KEY, written_on TEXT)",
        )
        insert = f"INSERT INTO test.rows VALUES ({row}, @@report_host)"  # noqa: S608  # a number
        self.sql(service, insert)

    def rows(self, service: str) -> list[str]:
        """All of them, as this member has them, once it has what the others have said so far."""
        return self.sql(service, "SET wsrep_sync_wait=1; SELECT * FROM test.rows ORDER BY n")

    def file(self, agent: str, path: str = "/peers/peers.cnf") -> tuple[int, str]:
        """A file that this agent writes: its inode, and what is in it."""
        script = (
            "import os, sys; path = sys.argv[1]; print(os.stat(path).st_ino, open(path).read())"
        )
        code, said = self.project.runs(agent, "python3", "-c", script, path)
        assert code == 0, said
        inode, _, content = said.partition(" ")
        return int(inode), content


@contextlib.contextmanager
def example(
    engine: docker.DockerClient, rollcall_image: str, folder: Path, **variables: str
) -> Iterator[Cluster]:
    """The project, of which nothing runs yet, in a copy of the example in `folder`."""
    copy = folder / "mysql"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns(".env", "compose.override.*"))
    port = free_port("127.0.0.1")
    images = {
        "ROLLCALL_IMAGE": rollcall_image,
        "MARIADB_IMAGE": mariadb_image(engine),
        "HAPROXY_IMAGE": haproxy_image(engine),
    }
    with Project(
        engine, copy / "compose.yaml", {**images, "PORT": str(port), **variables}
    ) as project:
        yield Cluster(project, copy, port)
