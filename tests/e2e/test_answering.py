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
        me = (f"--pod-name=db-{pod}", f"--pod-ip={address(pod)}")
        return (command, *me, *SERVICE, *QUICK, self._flag, f"--config={self._config}")

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
    assert "until all others are known not to answer on port" in ended.err
    assert "db-1 at 127.9.1.2:" in ended.err
    assert "nothing came from db-2 at 127.9.1.3:" in ended.err
    assert not ring.file.exists()


def test_doctor_asks_who_answers_where_an_output_wants_to_know(ring: Ring) -> None:
    def outputs() -> dict[str, str]:
        arguments = ring.arguments(1, "doctor")
        ended = rollcall(*arguments, "--json")
        (check,) = (c for c in json.loads(ended.out)["checks"] if c["name"] == "outputs")
        return dict(check)

    for n in (0, 2):
        ring.machines.refusing(address(n))
    assert "no other pod answers on port" in outputs()["finding"]
    ring.machines.listening(address(0))
    assert outputs()["state"] == "ok"


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


def test_a_sidecar_that_restarts_while_nobody_answers_keeps_its_file_and_goes_on(
    ring: Ring, start: Start
) -> None:
    """In an outage of the whole cluster sidecars would end again and again."""
    listener = ring.machines.listening(address(0))
    assert rollcall(*ring.arguments(1)).code == 0
    before = ring.file.read_bytes()
    listener.close()
    ring.machines.refusing(address(0))
    ring.machines.refusing(address(2))
    program = start(*ring.arguments(1, "run"))
    until(lambda: "the gate is open" in program.err, 10, "the gate is open")
    assert "the last good file stays" in program.err
    assert ring.file.read_bytes() == before


def test_that_the_first_pod_counts_as_alone_is_in_the_log(ring: Ring) -> None:
    for n in (1, 2):
        ring.machines.refusing(address(n))
    ended = rollcall(*ring.arguments(0), "--forget-after=1s")
    (alone,) = [event for event in ended.events if event["kind"] == "alone"]
    assert alone["level"] == "warning"
    assert alone["event"].startswith("db-1, db-2 refuse connections on port")
