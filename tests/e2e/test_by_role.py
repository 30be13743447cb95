"""An observer, a Deployment's pod, a container and told peers: the program as a user runs it."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.lab.cluster import Pod, Service
from tests.e2e.conftest import Start
from tests.e2e.kube import DB, Kube, pods
from tests.e2e.program import (
    QUICK,
    SERVICE,
    Ended,
    Program,
    Setting,
    document,
    fqdn,
    located,
    rollcall,
)
from tests.support.docker_dns import DockerDns
from tests.support.scripted_dns import ScriptedDns
from tests.support.until import until

SOON = 10.0
NOWHERE = "--nameserver=127.0.0.1:9"
OBSERVER = ("--member=false", "--pod-name=proxy-7d4b9-x2x9z", *SERVICE)
WEB = ("--workload=deployment", "--pod-name=web-7d4b9-x2x9z", "--pod-ip=10.0.0.1", *SERVICE)


def names(file: Path) -> list[str]:
    found = document(file)
    return [peer["name"] for peer in found["peers"]] if found else []


def warnings(program: Program | Ended) -> list[str]:
    every = program.events() if isinstance(program, Program) else program.events
    return [event["event"] for event in every if event["level"] == "warning"]


# An observer.


def test_an_observers_file_follows_the_set_that_it_is_no_part_of(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    file = tmp_path / "peers.json"
    kube.scale(2)
    program = start("run", *OBSERVER, *QUICK, kube.flag, f"--output=json:{file}")
    program.says("ready")
    assert (document(file)["self"], names(file)) == (None, ["db-0", "db-1"])
    kube.scale(4)
    until(lambda: len(names(file)) == 4, SOON, "there are 4")
    kube.show(replace(DB, pods=(*pods([0, 1])[:1], Pod("db-1", ("10.0.0.77",)))))
    until(lambda: located(file).get("db-1") == ["10.0.0.77"], SOON, "db-1 has moved")
    until(lambda: len(names(file)) == 2, SOON, "there are 2")
    assert warnings(program) == []
    program.end(signal.SIGTERM)
    assert {path.name for path in tmp_path.iterdir()} == {
        "peers.json",
        ".rollcall-proxy-7d4b9-x2x9z-of-db.prod.state",
    }


def test_an_observer_of_which_nobody_is_there_waits_for_somebody(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    file = tmp_path / "peers.list"
    program = start("once", *OBSERVER, *QUICK, kube.flag, f"--output=list:{file}")
    (waiting,) = program.says("waiting")
    assert waiting["event"] == "DNS names nobody under db.prod.svc.cluster.local"
    assert not file.exists()
    kube.show(replace(DB, pods=pods([2])))
    assert program.end().code == 0
    assert file.read_text().splitlines() == [fqdn("db-2")]


def test_an_observer_in_vain_is_exit_3_with_the_sentence(kube: Kube, tmp_path: Path) -> None:
    file = tmp_path / "peers.list"
    given = ("--wait-timeout=500ms", "--on-timeout=proceed", f"--output=list:{file}")
    ended = rollcall("once", *OBSERVER, *QUICK, kube.flag, *given)
    assert ended.code == 3
    (end,) = [event for event in ended.events if event["kind"] == "timed_out"]
    assert end["event"].startswith("gave up after 0.5 s: DNS names nobody under db.prod.svc")
    assert not file.exists()


def test_what_describes_a_pod_is_refused_at_the_start_to_who_is_none(
    tmp_path: Path, start: Start
) -> None:
    refused = {
        name: start("run", *OBSERVER, NOWHERE, f"--output={name}:{tmp_path / name}")
        for name in ("galera", "cassandra")
    }
    web = start("run", *WEB, NOWHERE, f"--output=galera:{tmp_path / 'x'}")
    for name, program in refused.items():
        ended = program.end()
        assert ended.code == 2
        assert ended.err == (
            f"rollcall: format {name} describes this pod itself, and an observer (member: false) "
            "is none of the peers: use json, yaml, env, list, hosts, nginx or haproxy\n"
        )
    ended = web.end()
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "needs the pod's ordinal" in ended.err
    assert not list(tmp_path.iterdir())


def test_peers_are_shown_to_an_observer_and_can_be_rendered(kube: Kube, start: Start) -> None:
    kube.scale(2)
    table = rollcall("peers", *OBSERVER, kube.flag)
    assert table.out.split() == ["db-0", "10.0.0.1", "db-1", "10.0.0.2"]
    roll = rollcall("peers", "--json", *OBSERVER, kube.flag)
    assert json.loads(roll.out)["self"] is None
    given = Setting(stdin=roll.out)
    listing, galera = (
        start("render", f"--format={name}", setting=given) for name in ("list", "galera")
    )
    assert listing.end().out.splitlines() == [fqdn("db-0"), fqdn("db-1")]
    ended = galera.end()
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("rollcall: format galera describes this pod itself")


# A Deployment.


def test_the_pods_of_a_deployment_are_followed_by_their_addresses(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    file = tmp_path / "peers.json"

    def deployed(*numbers: int) -> None:
        those = tuple(Pod(f"web-{n}-x2x9z", (f"10.0.0.{n}",)) for n in numbers)
        kube.show(replace(DB, pods=those, own_hostnames=False))

    deployed(1, 2, 10)
    program = start("run", *WEB, *QUICK, kube.flag, f"--output=json:{file}")
    program.says("ready")
    assert names(file) == ["10.0.0.1", "10.0.0.2", "10.0.0.10"]
    assert document(file)["self"]["addresses"] == ["10.0.0.1"]
    assert document(file)["self"]["ordinal"] is None
    deployed(1, 3)
    until(lambda: names(file) == ["10.0.0.1", "10.0.0.3"], SOON, "10.0.0.3 has replaced them")
    assert warnings(program) == []


# docker-compose.


def test_a_container_finds_the_others_by_their_names(tmp_path: Path, start: Start) -> None:
    file = tmp_path / "peers.json"
    docker = DockerDns({f"db-{n}": (f"172.18.0.{n + 2}",) for n in range(3)})
    with ScriptedDns(docker) as server:
        program = start(
            *("run", "--pod-name=db-1", "--namespace=-", "--replicas=3", "--wait-for=all"),
            *(*QUICK, f"--nameserver={server.host}:{server.port}", f"--output=json:{file}"),
        )
        program.says("ready")
        assert located(file) == {f"db-{n}": [f"172.18.0.{n + 2}"] for n in range(3)}
        assert document(file)["service"]["fqdn"] == "db"
        docker.containers["db-2"] = ("172.18.0.99",)
        until(lambda: located(file)["db-2"] == ["172.18.0.99"], SOON, "db-2 has moved")
        assert {question.kind for question in server.asked} <= {"A", "AAAA", "PTR"}
        program.end(signal.SIGTERM)


# Told peers.

TOLD = ("--discovery=static", "--peer=db-0.db", "--peer=db-1.db", "--peer=10.0.0.9")


def test_told_peers_are_written_without_asking_anybody(tmp_path: Path) -> None:
    file = tmp_path / "peers.list"
    given = ("--pod-name=db-1", *SERVICE, "--pod-ip=10.0.0.2", *TOLD)
    ended = rollcall("once", *given, NOWHERE, f"--output=list:{file}")
    assert ended.code == 0, ended.err
    assert file.read_text().splitlines() == ["db-0.db", "db-1.db", "10.0.0.9"]
    assert warnings(ended) == []


WITH_RESOLV_CONF = ("unshare", "--map-root-user", "--mount", "sh", "-ec")
MOUNT = 'mount --bind "$1" /etc/resolv.conf; shift; exec "$@"'


def can_have_another_resolv_conf() -> bool:
    """Whether this machine lets a test have one of its own; most containers do not."""
    if shutil.which("unshare") is None:
        return False
    command = [*WITH_RESOLV_CONF, "mount --bind /dev/null /etc/resolv.conf"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


# No skip, which would be a failure in a strict run: there is no package that mends it.
if can_have_another_resolv_conf():

    def with_resolv_conf(folder: Path, text: str, *arguments: str) -> Ended:
        file = folder / "resolv.conf"
        file.write_text(text)
        through = (*WITH_RESOLV_CONF, MOUNT, "sh", str(file))
        return rollcall(*arguments, setting=Setting(through=through))

    def test_told_peers_need_no_nameserver(tmp_path: Path) -> None:
        file = tmp_path / "peers.list"
        given = ("once", "--pod-name=db-1", *SERVICE, f"--output=list:{file}")
        ended = with_resolv_conf(tmp_path, "", *given, *TOLD)
        assert ended.code == 0, ended.err
        assert file.exists()
        ended = with_resolv_conf(tmp_path, "", *given)
        assert ended.code == 2
        assert "/etc/resolv.conf names no nameserver: set --nameserver to" in ended.err

    def test_whoami_behind_dockers_dns_needs_the_containers_name_only(tmp_path: Path) -> None:
        docker = "nameserver 127.0.0.11\noptions ndots:0\n"
        ended = with_resolv_conf(tmp_path, docker, "whoami", "--json", "--pod-name=db-1")
        assert ended.code == 0, ended.err
        found = json.loads(ended.out)
        assert found["service"] == {"value": "db", "source": "the pod name"}
        assert found["namespace"]["source"] == "none: Docker's DNS at 127.0.0.11"
        assert found["name_in_dns"]["value"] == "db-1"


# Who they are.


def rows(ended: Ended) -> dict[str, list[str]]:
    assert (ended.code, ended.err) == (0, ""), ended.err
    found = [re.split(r"\s{2,}", line) for line in ended.out.splitlines()]
    return {row[0]: row[1:] for row in found}


IN_A_POD: dict[str, Any] = {
    "ROLLCALL_SERVICE": "db",
    "POD_NAMESPACE": "prod",
    "ROLLCALL_CLUSTER_DOMAIN": "cluster.local",
}


@pytest.mark.parametrize(
    ("environment", "ordinal", "addresses"),
    [
        (
            {"POD_NAME": "proxy-7", "ROLLCALL_MEMBER": "false"},
            "none: this pod is an observer",
            ["-", "none: this pod is an observer"],
        ),
        (
            {"POD_NAME": "web-x", "ROLLCALL_WORKLOAD": "deployment", "POD_IP": "10.0.0.7"},
            "none: a Deployment's pods have no ordinals",
            ["10.0.0.7", "POD_IP"],
        ),
    ],
    ids=["an observer", "a Deployment's pod"],
)
def test_whoami_tells_the_role_beside_what_is_not_there(
    environment: dict[str, str], ordinal: str, addresses: list[str]
) -> None:
    found = rows(rollcall("whoami", setting=Setting({**IN_A_POD, **environment})))
    assert found["pod name"] == [environment["POD_NAME"], "POD_NAME"]
    assert found["ordinal"][-1] == found["statefulset"][-1] == ordinal
    assert found["service"] == ["db", "ROLLCALL_SERVICE"]
    assert found["addresses"] == addresses


def test_whoami_shows_what_is_not_there_as_such_and_not_as_unknown() -> None:
    environment = {**IN_A_POD, "POD_NAME": "proxy-0", "ROLLCALL_MEMBER": "false"}
    found = rows(rollcall("whoami", setting=Setting(environment)))
    assert found["ordinal"][0] == found["addresses"][0] == "-"
    assert "name in DNS" not in found


def test_two_observers_in_one_pod_do_not_share_what_they_remember(
    kube: Kube, tmp_path: Path
) -> None:
    kube.show(replace(DB, pods=pods(range(2))), Service("web", "prod", pods(range(1))))
    for service in ("db", "web"):
        ended = rollcall(
            *("once", "--member=false", "--pod-name=proxy-0", f"--service={service}"),
            *("--namespace=prod", "--cluster-domain=cluster.local", *QUICK, kube.flag),
            f"--output=list:{tmp_path / service}",
        )
        assert ended.code == 0, ended.err
        assert not [event for event in ended.events if event["kind"] == "memory"]
    assert {path.name for path in tmp_path.glob(".*")} == {
        ".rollcall-proxy-0-of-db.prod.state",
        ".rollcall-proxy-0-of-web.prod.state",
    }


def test_srv_is_refused_where_docker_would_ask_strangers_for_it() -> None:
    ended = rollcall(
        *("peers", "--namespace=-", "--pod-name=db-0", "--discovery=srv"),
        "--nameserver=127.0.0.1:9",
    )
    assert ended.code == 2
    assert ended.err.startswith(
        "rollcall: --discovery srv can't be used where names have no namespace"
    )


def test_told_peers_with_other_names_precede_nobody(tmp_path: Path) -> None:
    file = tmp_path / "peers"
    ended = rollcall(
        *("once", "--namespace=-", "--pod-name=db-2", "--peer=alpha", "--peer=beta", *QUICK),
        f"--output=list:{file}",
    )
    assert ended.code == 0, ended.err
    assert sorted(file.read_text().split()) == ["alpha", "beta", "db-2"]
