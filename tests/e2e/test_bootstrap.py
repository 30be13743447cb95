"""`rollcall bootstrap`, and the advice in a file, with a real CoreDNS and real sockets as peers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from agent.lab.cluster import Pod
from tests.e2e.conftest import Start
from tests.e2e.kube import DB, Kube
from tests.e2e.program import QUICK, SERVICE, Ended, rollcall
from tests.support.machines import LISTENS, REFUSES, SILENT, Machines
from tests.support.until import until

OWN = "127.9.0.9"


@dataclass(frozen=True, slots=True)
class Place:
    """What db-0 has: the database's folder, the marker, and a port that peers may listen at."""

    data: Path
    marker: Path
    machines: Machines
    kube: Kube

    def show(self, *others: str) -> None:
        """db-0 and pods at these addresses."""
        found = (OWN, *others)
        pods = tuple(Pod(f"db-{n}", (address,)) for n, address in enumerate(found))
        self.kube.show(replace(DB, pods=pods))

    def flags(self, pod: str = "db-0") -> list[str]:
        return [
            *SERVICE,
            *QUICK,
            f"--pod-name={pod}",
            f"--pod-ip={OWN}",
            self.kube.flag,
            f"--bootstrap-port={self.machines.port}",
            f"--bootstrap-data={self.data}",
            f"--bootstrap-marker={self.marker}",
            "--bootstrap-timeout=300ms",
            "--wait-timeout=3s",
        ]

    def asked(self, *more: str) -> Ended:
        return rollcall("bootstrap", *self.flags(), *more)


ALLOWED = "--bootstrap-allow-first=true"


@pytest.fixture
def place(kube: Kube, tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        (data := tmp_path / "data").mkdir()
        (state := tmp_path / "state").mkdir()
        yield Place(data, state / "has-cluster", Machines(stack), kube)


def test_the_first_pod_of_a_new_set_is_told_first_where_that_is_allowed(place: Place) -> None:
    place.show()
    ended = place.asked(ALLOWED)
    assert (ended.code, ended.out) == (0, "first\n"), ended.err
    assert "db-0 has the lowest ordinal" in ended.err


def test_a_wiped_first_pod_beside_a_peer_that_answers_is_told_join(place: Place) -> None:
    place.machines.listening(LISTENS)
    place.show(REFUSES, LISTENS)
    ended = place.asked(ALLOWED, "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out) == {
        "bootstrap": "join",
        "reason": f"db-2 at {LISTENS}:{place.machines.port} answers",
    }


@pytest.mark.parametrize("is_allowed", [True, False])
def test_a_peer_that_says_nothing_is_never_first(place: Place, is_allowed: bool) -> None:
    place.machines.silent(SILENT)
    place.show(SILENT)
    ended = place.asked(*([ALLOWED] if is_allowed else []))
    assert (ended.code, ended.out) == (3, "unknown\n")
    assert f"db-1 at {SILENT}" in ended.err
    assert ("first is not allowed" in ended.err) is not is_allowed


def test_data_is_enough_to_join_while_dns_is_down(place: Place) -> None:
    (place.data / "grastate.dat").touch()
    ended = place.asked("--nameserver=127.0.0.1:9", ALLOWED)
    assert (ended.code, ended.out) == (0, "join\n"), ended.err


def test_the_file_says_first_until_the_database_has_data_and_then_join(
    place: Place, start: Start, tmp_path: Path
) -> None:
    place.show()
    file = tmp_path / "peers.env"
    with start("run", *place.flags(), ALLOWED, f"--output=env:{file}") as program:
        program.says("ready")
        assert "PEERS_BOOTSTRAP=first\n" in file.read_text()
        assert not place.marker.exists()
        (place.data / "ibdata1").touch()
        until(lambda: "PEERS_BOOTSTRAP=join\n" in file.read_text(), 15, "the file says join")
        assert place.marker.exists()
    (place.data / "ibdata1").unlink()
    assert place.asked(ALLOWED).out == "join\n"


def test_where_first_is_allowed_once_writes_nothing_while_it_is_not_known(
    place: Place, tmp_path: Path
) -> None:
    place.machines.silent(SILENT)
    place.show(SILENT)
    file = tmp_path / "peers.env"
    ended = rollcall("once", *place.flags(), ALLOWED, f"--output=env:{file}")
    assert ended.code == 3
    assert not file.exists()
    assert "whether to found a cluster is not known: nothing came from db-1" in ended.err


def test_without_a_port_there_is_a_sentence(kube: Kube) -> None:
    ended = rollcall("bootstrap", *SERVICE, "--pod-name=db-0", kube.flag)
    assert ended.code == 2
    assert ended.err == (
        "rollcall: there is no port to ask peers at: set --bootstrap-port to the cluster's own\n"
    )
