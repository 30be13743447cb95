"""`rollcall once`: the init container, against a real CoreDNS."""

from __future__ import annotations

import signal
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from agent.lab.cluster import Port, Service
from tests.e2e.conftest import Start
from tests.e2e.kube import DB, Kube, Question, pods
from tests.e2e.program import (
    QUICK,
    SAMPLE,
    SERVICE,
    Setting,
    document,
    fqdn,
    located,
    rollcall,
    stamp,
)
from tests.support.scripted_dns import ScriptedDns
from tests.support.until import until

BARE_NAME = Question("SRV", "db.prod.svc.cluster.local")


def test_many_files_are_written_at_once(kube: Kube, tmp_path: Path) -> None:
    kube.scale(3)
    outputs = [f"--output={name}:{tmp_path / name}" for name in SAMPLE]
    ended = rollcall("once", "--pod-name=db-1", *SERVICE, kube.flag, *outputs)
    assert ended.code == 0, ended.err
    for name in SAMPLE:
        assert fqdn("db-0") in (tmp_path / name).read_text()
    assert {file.name for file in tmp_path.glob("[!.]*")} == set(SAMPLE)


def test_a_config_file_says_all_that_flags_do_and_more(kube: Kube, tmp_path: Path) -> None:
    kube.scale(2)
    config, file = tmp_path / "rollcall.yaml", tmp_path / "peers.cnf"
    config.write_text(
        f"""
        pod_name: db-1
        service: db
        namespace: prod
        cluster_domain: cluster.local
        replicas: 3
        discovery: {{nameservers: ["{kube.core.host}:{kube.core.port}"]}}
        outputs:
          - format: galera
            path: {file}
            mode: "0640"
            vars: {{server_id_base: 100}}
        """
    )
    ended = rollcall("once", f"--config={config}")
    assert ended.code == 0, ended.err
    text = file.read_text()
    assert "server_id                   = 101" in text
    assert f"gcomm://{fqdn('db-0')},{fqdn('db-1')},{fqdn('db-2')}" in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_variables_say_all_that_flags_do(kube: Kube, tmp_path: Path) -> None:
    kube.scale(2)
    first, second = tmp_path / "peers.json", tmp_path / "peers.list"
    environment = {
        "POD_NAME": "db-1",
        "POD_NAMESPACE": "prod",
        "POD_IP": "10.0.0.2",
        "ROLLCALL_SERVICE": "db",
        "ROLLCALL_CLUSTER_DOMAIN": "cluster.local",
        "ROLLCALL_NAMESERVER": f"{kube.core.host}:{kube.core.port}",
        "ROLLCALL_OUTPUT": f"json:{first},list:{second}",
        "ROLLCALL_SERVICE_HOST": "10.96.0.7",  # a service link: of a service called rollcall
    }
    ended = rollcall("once", setting=Setting(environment))
    assert ended.code == 0, ended.err
    assert document(first)["self"]["addresses"] == ["10.0.0.2"]
    assert second.read_text().splitlines() == [fqdn("db-0"), fqdn("db-1")]


@pytest.mark.parametrize("mode", ["auto", "srv", "address"])
def test_its_own_name_is_not_waited_for_and_never_asked_about(
    kube: Kube, tmp_path: Path, start: Start, mode: str
) -> None:
    """A question too early keeps the name from resolving for 30 s, where a cache keeps the no."""
    file = tmp_path / "peers.json"
    kube.show(replace(DB, pods=pods([0, 2])))
    program = start(
        *("once", "--pod-name=db-1", "--pod-ip=10.0.0.2", *SERVICE, kube.flag),
        *(f"--discovery={mode}", f"--output=json:{file}"),
    )
    ended = program.end()
    assert ended.code == 0, ended.err
    (ready,) = [event for event in ended.events if event["kind"] == "ready"]
    assert ready["seconds"] < 2
    assert located(file) == {"db-0": ["10.0.0.1"], "db-1": ["10.0.0.2"], "db-2": ["10.0.0.3"]}
    asked = kube.questions()
    assert asked
    assert not [question for question in asked if question.name.startswith("db-")]


def test_the_first_pod_of_a_service_that_dns_does_not_know_yet_starts_by_itself(
    kube: Kube, tmp_path: Path
) -> None:
    file = tmp_path / "cassandra.yaml"
    ended = rollcall(
        *("once", "--pod-name=db-0", "--pod-ip=10.0.0.1", *SERVICE, kube.flag),
        f"--output=cassandra:{file}",
    )
    assert ended.code == 0, ended.err
    (provider,) = yaml.safe_load(file.read_text())["seed_provider"]
    assert provider["parameters"] == [{"seeds": fqdn("db-0")}]
    (ready,) = [event for event in ended.events if event["kind"] == "ready"]
    assert 2 <= ready["seconds"] < 6  # the TTL of the NXDOMAIN: a cache may say so for so long
    assert not [question for question in kube.questions() if question.name.startswith("db-")]


def test_a_pod_waits_for_its_predecessors_and_for_nobody_else(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    file = tmp_path / "peers.list"
    program = start("once", "--pod-name=db-2", *SERVICE, *QUICK, kube.flag, f"--output=list:{file}")
    until(lambda: "db-0, db-1 are not in DNS" in program.err, 10, "it says who is missing")
    kube.show(replace(DB, pods=pods([1])))
    until(lambda: "db-0 is not in DNS" in program.err, 10, "it says who is still missing")
    polls = len(kube.questions())
    until(lambda: len(kube.questions()) > polls + 2, 10, "DNS is asked again")
    program.must_run()
    assert not file.exists()
    kube.scale(2)
    assert program.end().code == 0
    assert file.read_text().splitlines() == [fqdn("db-0"), fqdn("db-1"), fqdn("db-2")]


@pytest.mark.parametrize("who", ["2", "quorum"])
def test_a_number_of_members_can_be_waited_for(
    kube: Kube, tmp_path: Path, start: Start, who: str
) -> None:
    file = tmp_path / "peers.list"
    program = start(
        *("once", "--pod-name=db-0", *SERVICE, *QUICK, kube.flag, f"--output=list:{file}"),
        *(f"--wait-for={who}", "--replicas=3"),
    )
    until(lambda: "of 2 members" in program.err, 10, "it says how many there are")
    assert not file.exists()
    kube.scale(2)
    assert program.end().code == 0
    assert file.read_text().splitlines() == [fqdn("db-0"), fqdn("db-1")]


def test_who_is_still_missing_at_the_deadline_is_named_and_the_code_is_3(
    kube: Kube, tmp_path: Path
) -> None:
    file = tmp_path / "peers.list"
    kube.scale(1)
    ended = rollcall(
        *("once", "--pod-name=db-2", *SERVICE, *QUICK, kube.flag, f"--output=list:{file}"),
        "--wait-timeout=1s",
    )
    assert ended.code == 3
    assert not file.exists()
    last = ended.events[-1]
    assert last["level"] == "error"
    assert last["event"].startswith("gave up after 1 s: db-1 is not in DNS")
    assert "publishNotReadyAddresses" in last["event"]


def test_the_deadline_holds_although_the_next_poll_is_later(kube: Kube, tmp_path: Path) -> None:
    file = tmp_path / "peers.list"
    kube.scale(1)
    began = time.monotonic()
    ended = rollcall(
        *("once", "--pod-name=db-2", *SERVICE, kube.flag, f"--output=list:{file}"),
        *("--interval=60s", "--wait-timeout=1s"),
    )
    assert ended.code == 3
    assert 1 <= time.monotonic() - began < 30
    assert ended.events[-1]["event"].startswith("gave up after 1 s: db-1 is not in DNS")


def test_told_to_proceed_it_starts_without_those_who_are_missing(
    kube: Kube, tmp_path: Path
) -> None:
    file = tmp_path / "peers.list"
    kube.scale(1)
    ended = rollcall(
        *("once", "--pod-name=db-2", *SERVICE, *QUICK, kube.flag, f"--output=list:{file}"),
        *("--wait-timeout=500ms", "--on-timeout=proceed"),
    )
    assert ended.code == 0, ended.err
    (gate,) = [event for event in ended.events if event["kind"] == "gate"]
    assert gate["level"] == "warning"
    assert gate["event"].startswith(
        "proceeding after 0.5 s, as on_timeout says, although db-1 is not in DNS under "
    )
    assert file.read_text().splitlines() == [fqdn("db-0"), fqdn("db-2")]


@pytest.mark.parametrize("pod", ["db-0", "db-1"])
@pytest.mark.parametrize(
    ("wrong", "mend"),
    [
        (replace(DB, pods=pods(range(3)), headless=False), "clusterIP: None"),
        (replace(DB, external_name="db.example.org"), "ExternalName"),
    ],
    ids=["not headless", "ExternalName"],
)
def test_a_wrong_setup_keeps_the_gate_shut_and_is_named_at_the_deadline(
    kube: Kube, tmp_path: Path, wrong: Service, mend: str, pod: str
) -> None:
    """It says nothing about who is there, so the first pod may not start by itself either."""
    kube.show(wrong)
    file = tmp_path / "cassandra.yaml"
    ended = rollcall(
        *("once", f"--pod-name={pod}", *SERVICE, *QUICK, kube.flag, "--wait-timeout=500ms"),
        f"--output=cassandra:{file}",
    )
    assert ended.code == 3
    assert not file.exists()
    assert mend in ended.events[-1]["event"]


@pytest.mark.parametrize("ports", [(), DB.ports], ids=["without ports", "with ports"])
def test_pods_under_another_service_are_no_predecessors_and_it_is_said_why(
    kube: Kube, tmp_path: Path, ports: tuple[Port, ...]
) -> None:
    kube.show(replace(DB, pods=pods(range(2)), own_hostnames=False, ports=ports))
    ended = rollcall(
        *("once", "--pod-name=db-1", "--pod-ip=10.0.0.2", *SERVICE, *QUICK, kube.flag),
        *("--wait-timeout=500ms", f"--output=list:{tmp_path / 'peers.list'}"),
    )
    assert ended.code == 3
    assert "serviceName" in ended.err


def test_an_unreachable_nameserver_is_said_once_not_at_each_poll(tmp_path: Path) -> None:
    with ScriptedDns(lambda _: ()) as gone:
        flag = f"--nameserver={gone.host}:{gone.port}"
    ended = rollcall(
        *("once", "--pod-name=db-1", *SERVICE, *QUICK, flag, "--wait-timeout=1s"),
        f"--output=list:{tmp_path / 'peers.list'}",
    )
    assert ended.code == 3
    assert [event["kind"] for event in ended.events] == ["started", "kept", "waiting", "timed_out"]
    for event in (ended.events[1], ended.events[3]):
        assert "nothing listens at 127.0.0.1:" in event["event"]


def test_a_nameserver_that_is_down_leaves_the_last_good_file(kube: Kube, tmp_path: Path) -> None:
    file = tmp_path / "peers.list"
    common = ("once", "--pod-name=db-1", *SERVICE, *QUICK, f"--output=list:{file}")
    kube.scale(3)
    assert rollcall(*common, kube.flag).code == 0
    before = stamp(file)
    with ScriptedDns(lambda _: ()) as gone:
        flag = f"--nameserver={gone.host}:{gone.port}"
    assert rollcall(*common, flag, "--wait-timeout=500ms").code == 3
    assert stamp(file) == before


def test_a_second_run_rewrites_nothing_when_nothing_changed(kube: Kube, tmp_path: Path) -> None:
    kube.scale(3)
    outputs = [f"--output={name}:{tmp_path / name}" for name in SAMPLE]
    arguments = ("once", "--pod-name=db-1", *SERVICE, kube.flag, *outputs)
    assert rollcall(*arguments).code == 0
    before = {name: stamp(tmp_path / name) for name in SAMPLE}
    assert rollcall(*arguments).code == 0
    assert {name: stamp(tmp_path / name) for name in SAMPLE} == before
    kube.scale(4)
    assert rollcall(*arguments).code == 0
    changed = [name for name in SAMPLE if stamp(tmp_path / name) != before[name]]
    assert changed == list(SAMPLE)


def test_files_can_be_read_by_every_user_whatever_the_umask(kube: Kube, tmp_path: Path) -> None:
    file = tmp_path / "peers.list"
    kube.scale(1)
    ended = rollcall(
        *("once", "--pod-name=db-0", *SERVICE, kube.flag, f"--output=list:{file}"),
        setting=Setting(umask=0o077),
    )
    assert ended.code == 0, ended.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_what_a_killed_writer_left_is_swept_away(kube: Kube, tmp_path: Path) -> None:
    kube.scale(1)
    (tmp_path / ".peers.list.77-0a0b0c0d.rollcall.tmp").write_text("half of")
    (tmp_path / ".other.list.77-0a0b0c0d.rollcall.tmp").write_text("another's")
    file = tmp_path / "peers.list"
    assert (
        rollcall("once", "--pod-name=db-0", *SERVICE, kube.flag, f"--output=list:{file}").code == 0
    )
    left = {path.name for path in tmp_path.iterdir() if path.suffix != ".state"}
    assert left == {"peers.list", ".other.list.77-0a0b0c0d.rollcall.tmp"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_ended_before_its_files_are_there_it_does_not_claim_success(
    kube: Kube, tmp_path: Path, start: Start, number: signal.Signals
) -> None:
    """`rollcall once && database` must not start the database then."""
    file = tmp_path / "peers.list"
    program = start("once", "--pod-name=db-1", *SERVICE, *QUICK, kube.flag, f"--output=list:{file}")
    program.says("waiting")
    assert program.end(number).code == 1
    assert not file.exists()
