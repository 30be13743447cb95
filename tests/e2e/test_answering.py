"""Files that name who answers, against a real CoreDNS and real listening sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from agent.lab.cluster import Pod
from tests.e2e.conftest import Start
from tests.e2e.kube import DB, Kube
from tests.e2e.program import QUICK, SERVICE, fqdn, rollcall
from tests.support.machines import Machines
from tests.support.until import until


def address(ordinal: int) -> str:
    return f"127.9.1.{ordinal + 1}"


@pytest.fixture
def machines() -> Iterator[Machines]:
    with ExitStack() as stack:
        yield Machines(stack)


class Ring:
    """Three Cassandra pods at loopback addresses, of which some listen."""

    def __init__(self, kube: Kube, machines: Machines, folder: Path) -> None:
        self.machines = machines
        self.file = folder / "cassandra.yaml"
        self._config = folder / "rollcall.yaml"
        output = {"format": "cassandra", "path": str(self.file), "port": machines.port}
        self._config.write_text(json.dumps({"outputs": [output]}))
        self._flag = kube.flag
        kube.show(replace(DB, pods=tuple(Pod(f"db-{n}", (address(n),)) for n in range(3))))

    def arguments(self, pod: int, command: str = "once") -> tuple[str, ...]:
        name = f"--pod-name=db-{pod}"
        return (command, name, *SERVICE, *QUICK, self._flag, f"--config={self._config}")

    def seeds(self) -> list[str]:
        (provider,) = yaml.safe_load(self.file.read_text())["seed_provider"]
        return str(provider["parameters"][0]["seeds"]).split(",")


@pytest.fixture
def ring(kube: Kube, machines: Machines, tmp_path: Path) -> Ring:
    return Ring(kube, machines, tmp_path)


def test_a_cassandra_file_names_the_other_pods_that_answer(ring: Ring) -> None:
    ring.machines.listening(address(0))
    ring.machines.listening(address(1))
    ring.machines.refusing(address(2))
    ended = rollcall(*ring.arguments(1))
    assert ended.code == 0, ended.err
    read = yaml.safe_load(ring.file.read_text())
    assert read["listen_address"] == fqdn("db-1")
    assert read["storage_port"] == ring.machines.port
    assert ring.seeds() == [fqdn("db-0")]


def test_a_pod_waits_for_one_that_answers_and_goes_on_when_there_is_one(
    ring: Ring, start: Start
) -> None:
    """All start at once and nobody listens: no two of them may be seeds of their own."""
    for n in (0, 2):
        ring.machines.refusing(address(n))
    program = start(*ring.arguments(1))
    until(lambda: "no other pod answers on port" in program.err, 10, "it says whom it waits for")
    assert not ring.file.exists()
    ring.machines.listening(address(0))
    until(lambda: program.process.poll() is not None, 30, "it asked again")
    assert program.end().code == 0
    assert ring.seeds() == [fqdn("db-0")]


def test_the_first_pod_is_its_own_seed_once_all_others_refused_for_long_enough(ring: Ring) -> None:
    for n in (1, 2):
        ring.machines.refusing(address(n))
    ended = rollcall(*ring.arguments(0), "--forget-after=1s")
    assert ended.code == 0, ended.err
    assert ring.seeds() == [fqdn("db-0")]


def test_the_first_pod_is_not_its_own_seed_while_it_cant_be_told_whether_one_answers(
    ring: Ring,
) -> None:
    ring.machines.refusing(address(1))
    ring.machines.silent(address(2))
    ended = rollcall(*ring.arguments(0), "--forget-after=0s", "--wait-timeout=7s")
    assert ended.code == 3
    assert "it can't be told whether db-2 answers" in ended.err
    assert not ring.file.exists()


def test_peers_says_who_answers(ring: Ring) -> None:
    ring.machines.listening(address(0))
    ring.machines.refusing(address(2))
    port = ring.machines.port
    arguments = ("--pod-name=db-1", *SERVICE, ring.arguments(1)[-2], f"--answering={port}")
    said = json.loads(rollcall("peers", "--json", *arguments).out)
    assert said["answering"] == {str(port): {fqdn("db-0"): True, fqdn("db-2"): False}}
    table = rollcall("peers", *arguments).out.splitlines()
    assert table[0].split() == ["db-0", address(0), "answers", "on", str(port)]
    assert table[2].split() == ["db-2", address(2), "refuses", "on", str(port)]
