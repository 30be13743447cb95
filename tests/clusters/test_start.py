"""start.sh of the Galera example: what it hands to the image's own entrypoint."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import docker
import docker.errors
import pytest

START = Path(__file__).parents[2] / "examples" / "mysql" / "start.sh"
FIRST_ARGUMENT = "--defaults-extra-file=/peers/peers.cnf"
CLEAN = "uuid: 5b-1\nseqno: 7\nsafe_to_bootstrap: {}\n"
CRASHED = "uuid: 5b-1\nseqno: -1\nsafe_to_bootstrap: 0\n"
# Stands where the image has its own entrypoint, and its server, and says what it was called with.
PLACE = """
mkdir -p /peers /stand-in /var/lib/mysql
printf '#!/bin/sh\\necho "entrypoint: $*"\\n' >/stand-in/docker-entrypoint.sh
printf '#!/bin/sh\\necho "2026 0 [Note] WSREP: Recovered position: 5b-1:9"\\n' >/stand-in/mariadbd
cat >/stand-in/mariadb <<'END'
#!/bin/sh
case $* in
  *"=$PRIMARY "*) echo "wsrep_cluster_status Primary" ;;
  *=db-2*) echo "wsrep_cluster_status non-Primary" ;;
  *) exit 1 ;;
esac
END
printf 'report_host = db-1\nwsrep_cluster_address = "gcomm://db-0,db-1,db-2"\n' >/peers/peers.cnf
chmod +x /stand-in/*
if [ -n "$STATE" ]; then printf '%s' "$STATE" >/var/lib/mysql/grastate.dat; fi
echo "PEERS_BOOTSTRAP=$ADVICE" >/peers/peers.env
PATH=/stand-in:$PATH exec bash /start.sh {} $MORE
"""


Start = Callable[..., str]


@pytest.fixture
def start(engine: docker.DockerClient, rollcall_image: str) -> Start:
    """Runs it with these variables, and returns all that it says; of a failure, too."""
    return functools.partial(started, engine, rollcall_image)


def started(engine: docker.DockerClient, image: str, **environment: str) -> str:
    try:
        out: object = engine.containers.run(
            image,
            entrypoint=["bash", "-c", PLACE.format(FIRST_ARGUMENT)],
            environment={"STATE": "", "ADVICE": "", "PRIMARY": "", "MORE": "", **environment},
            volumes={str(START): {"bind": "/start.sh", "mode": "ro"}},
            hostname="db-1",
            user="0:0",
            network_mode="none",
            remove=True,
            stderr=True,
        )
    except docker.errors.ContainerError as wrong:
        out = wrong.stderr or b""
    assert isinstance(out, bytes)
    return out.decode()


@pytest.mark.parametrize(
    ("found", "advice", "state", "handed_on"),
    [
        ("", "first", CLEAN.format(1), FIRST_ARGUMENT),
        ("advised", "first", "", f"{FIRST_ARGUMENT} --wsrep-new-cluster"),
        ("advised", "join", CLEAN.format(1), FIRST_ARGUMENT),
        ("last", "first", CLEAN.format(1), f"{FIRST_ARGUMENT} --wsrep-new-cluster"),
        ("last", "first", CLEAN.format(0), FIRST_ARGUMENT),
        ("last", "first", "", FIRST_ARGUMENT),
        ("db-0", "join", CLEAN.format(0), FIRST_ARGUMENT),
        ("db-1", "join", CLEAN.format(0), f"{FIRST_ARGUMENT} --wsrep-new-cluster"),
        ("", "join", CRASHED, f"{FIRST_ARGUMENT} --wsrep-start-position=5b-1:9"),
        ("", "join", CRASHED.replace("5b-1", "00-0"), FIRST_ARGUMENT),
    ],
)
def test_a_member_founds_only_as_it_was_told_to_and_knows_where_it_was_killed(
    start: Start, found: str, advice: str, state: str, handed_on: str
) -> None:
    said = start(FOUND=found, ADVICE=advice, STATE=state)
    assert said.splitlines()[-1] == f"entrypoint: {handed_on}"


def test_a_member_without_data_does_not_found_again(start: Start) -> None:
    said = start(FOUND="db-1")
    assert "has no data" in said
    assert "entrypoint:" not in said


def test_nothing_starts_where_it_is_not_known_whether_to_found(start: Start) -> None:
    said = start(FOUND="advised", ADVICE="unknown")
    assert "not known whether there is a cluster" in said
    assert "entrypoint:" not in said


@pytest.mark.parametrize("how", [{"FOUND": "db-1"}, {"MORE": "--wsrep-new-cluster"}])
def test_nobody_founds_beside_a_cluster_and_its_own_answer_does_not_count(
    start: Start, how: dict[str, str]
) -> None:
    how = {"STATE": CLEAN.format(0), **how}
    said = start(PRIMARY="db-0", **how)
    assert "db-0 is in a cluster" in said
    assert "entrypoint:" not in said
    assert start(PRIMARY="db-1", **how).splitlines()[-1].endswith("--wsrep-new-cluster")
