"""`rollcall run`: the sidecar, against a real CoreDNS."""

from __future__ import annotations

import json
import signal
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import dns.message
import dns.rcode
import pytest

from agent.lab.cluster import Cluster, Pod, Port
from tests.e2e.conftest import Start
from tests.e2e.kube import DB, Kube, pods
from tests.e2e.program import (
    QUICK,
    SERVICE,
    Program,
    Reader,
    fqdn,
    located,
    names,
    rollcall,
    seconds_to_end,
    stamp,
)
from tests.support.ask import over_udp
from tests.support.coredns import CoreDns
from tests.support.kubeapi import KubeApi
from tests.support.scripted_dns import Question, ScriptedDns, answer, relay
from tests.support.until import until

SOON = 10.0
# Seconds from a signal to the end: far more than it takes, far less than what it would wait for.
AT_ONCE = 5.0


def follow(start: Start, flag: str, *outputs: str, pod: str = "db-0") -> Program:
    """A quick sidecar; its files are there when this returns."""
    given = [f"--output={output}" for output in outputs]
    program = start("run", f"--pod-name={pod}", *SERVICE, *QUICK, flag, *given)
    program.says("ready")
    return program


def polls(kube: Kube, more: int) -> None:
    """Waits until DNS has been asked that many times more."""
    before = len(kube.questions())
    until(lambda: len(kube.questions()) >= before + more, SOON, f"{more} more polls")


def listed(count: int) -> dict[str, list[str]]:
    """What `pods(range(count))` are written as."""
    return {pod.name: list(pod.addresses) for pod in pods(range(count))}


def test_the_file_follows_the_set_and_is_never_seen_in_between(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    file = tmp_path / "peers.json"
    kube.scale(3)
    program = follow(start, kube.flag, f"json:{file}")
    with Reader(file) as reader:
        kube.scale(5)
        until(lambda: located(file) == listed(5), SOON, "there are 5")
        kube.scale(2)
        until(lambda: located(file) == listed(2), SOON, "there are 2")
        moved = (pods([0])[0], Pod("db-1", ("10.0.0.77",)))
        kube.show(replace(DB, pods=moved))
        until(lambda: located(file)["db-1"] == ["10.0.0.77"], SOON, "db-1 has moved")
    of_three, of_five, of_two = ([f"db-{n}" for n in range(count)] for count in (3, 5, 2))
    assert names(reader.seen) == [of_three, of_five, of_two, of_two]
    program.end(signal.SIGTERM)  # it may be in the middle of writing its state
    assert {path.name for path in tmp_path.iterdir()} == {"peers.json", ".rollcall-db-0.state"}


def test_every_change_is_told_with_its_reason(kube: Kube, tmp_path: Path, start: Start) -> None:
    file = tmp_path / "peers.json"
    kube.scale(2)
    program = follow(start, kube.flag, f"json:{file}")
    kube.show(replace(DB, pods=(pods([0])[0], Pod("db-2", ("10.0.0.3",)))))
    (dropped,) = program.says("dropped")
    kube.show(replace(DB, pods=(pods([0])[0], Pod("db-2", ("10.0.0.33",)))))
    (moved,) = program.says("readdressed")
    assert "add db-2: listed in DNS, 10.0.0.3" in [e["event"] for e in program.events("added")]
    (missing,) = program.events("missing")
    assert missing["event"].startswith("keep db-1: missing from DNS, held for ")
    assert dropped["event"].startswith("drop db-1: missing for ")
    assert moved["event"] == "db-2 moved: 10.0.0.3 is now 10.0.0.33"
    until(lambda: located(file)["db-2"] == ["10.0.0.33"], SOON, "the file has it")


def test_ten_pods_are_in_the_order_of_their_numbers(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    file = tmp_path / "peers.list"
    kube.scale(12)
    follow(start, kube.flag, f"list:{file}")
    assert file.read_text().splitlines() == [fqdn(f"db-{n}") for n in range(12)]


@pytest.mark.parametrize("mode", ["srv", "address"])
def test_the_order_and_the_weights_of_records_change_no_byte(
    kube: Kube, tmp_path: Path, start: Start, mode: str
) -> None:
    file = tmp_path / "peers.json"
    both = tuple(Pod(pod.name, (*pod.addresses, f"fd00::{n}")) for n, pod in enumerate(pods([0])))
    six = replace(DB, pods=(*both, *pods(range(1, 6))))
    kube.show(six)
    orders, weights = set[str](), set[int]()

    def look() -> int:
        for name, kind in (("db", "A"), ("db", "SRV")):
            query = dns.message.make_query(f"{name}.prod.svc.cluster.local.", kind, payload=4096)
            (found,) = dns.message.from_wire(over_udp(kube.core.port, query.to_wire())).answer
            if kind == "A":
                orders.add(" ".join(str(rdata) for rdata in found))
            else:
                weights.update(rdata.weight for rdata in found)
        return len(orders)

    program = start(
        *("run", "--pod-name=db-1", *SERVICE, *QUICK, kube.flag, f"--discovery={mode}"),
        f"--output=json:{file}",
    )
    program.says("ready")
    before = stamp(file)
    until(lambda: look() > 3, SOON, "the order of addresses changes")
    polls(kube, 4)
    kube.show(replace(six, ports=(*DB.ports, Port("http", 8080), Port("gossip", 7000))))
    look()
    assert len(weights) > 1
    polls(kube, 4)
    assert stamp(file) == before


def test_a_cluster_at_rest_is_asked_one_question_a_poll_and_never_about_a_pod(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    kube.scale(3)
    follow(start, kube.flag, f"list:{tmp_path / 'peers.list'}", pod="db-1")
    polls(kube, 3)
    kube.scale(2)
    polls(kube, 8)
    assert {(q.kind, q.name) for q in kube.questions()} == {("SRV", "db.prod.svc.cluster.local")}


def test_a_service_that_is_gone_removes_nobody(kube: Kube, tmp_path: Path, start: Start) -> None:
    file = tmp_path / "peers.json"
    kube.scale(3)
    program = follow(start, kube.flag, f"json:{file}")
    before = stamp(file)
    kube.show()
    (kept,) = program.says("kept")
    assert kept["event"].startswith("keep the list of 3: DNS has no db.prod.svc.cluster.local")
    polls(kube, 10)  # longer than a missing pod is held
    assert stamp(file) == before
    kube.scale(2)
    until(lambda: located(file) == listed(2), SOON, "there are 2")
    assert len(program.events("kept")) == 1


def test_told_to_accept_an_empty_set_it_is_alone_after_the_hold(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    file = tmp_path / "peers.json"
    kube.scale(3)
    program = start(
        *("run", "--pod-name=db-0", *SERVICE, *QUICK, kube.flag, "--on-empty=accept"),
        f"--output=json:{file}",
    )
    program.says("ready")
    kube.show()
    until(lambda: list(located(file)) == ["db-0"], SOON, "it is alone")


def test_a_service_that_becomes_a_virtual_one_removes_nobody_and_is_named(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    file = tmp_path / "peers.json"
    kube.scale(3)
    program = follow(start, kube.flag, f"json:{file}")
    before = stamp(file)
    kube.show(replace(DB, pods=pods(range(3)), headless=False))
    (kept,) = program.says("kept")
    assert "clusterIP: None" in kept["event"]
    polls(kube, 10)
    assert stamp(file) == before


THREE = Cluster(services=(replace(DB, pods=pods(range(3))),))


def test_a_killed_dns_changes_no_file_and_its_successor_is_followed(
    tmp_path: Path, start: Start
) -> None:
    file = tmp_path / "peers.json"
    with KubeApi(THREE) as api, CoreDns(api) as first, relay(lambda: serving[0].port) as service:
        serving = [first]
        program = start(
            *("run", "--pod-name=db-0", *SERVICE, *QUICK, "--timeout=200ms"),
            *(f"--nameserver={service.host}:{service.port}", f"--output=json:{file}"),
        )
        program.says("ready")
        before = stamp(file)
        first.kill()
        (kept,) = program.says("kept")
        assert kept["event"].startswith("keep the list of 3: ")
        assert f"{service.host}:{service.port}" in kept["event"]
        api.set(Cluster(services=(replace(DB, pods=pods(range(2))),)))
        asked = len(service.asked)
        until(lambda: len(service.asked) >= asked + 2, SOON, "it asks on")
        assert stamp(file) == before
        with CoreDns(api) as second:
            serving[0] = second
            program.says("recovered")
            until(lambda: located(file) == listed(2), SOON, "the file is of 2")


def test_a_frozen_dns_changes_no_file_and_is_said_once(tmp_path: Path, start: Start) -> None:
    file = tmp_path / "peers.json"
    with KubeApi(THREE) as api, CoreDns(api) as core, relay(lambda: core.port) as service:
        program = start(
            *("run", "--pod-name=db-0", *SERVICE, *QUICK, "--timeout=200ms"),
            *(f"--nameserver={service.host}:{service.port}", f"--output=json:{file}"),
        )
        program.says("ready")
        before = stamp(file)
        core.freeze()
        (kept,) = program.says("kept")
        assert f"nothing came from {service.host}:{service.port}" in kept["event"]
        api.set(Cluster(services=(replace(DB, pods=pods(range(4))),)))
        asked = len(service.asked)
        until(lambda: len(service.asked) >= asked + 5, SOON, "it asks on")
        assert stamp(file) == before
        assert len(program.events("kept")) == 1
        core.thaw()
        program.says("recovered")
        until(lambda: located(file) == listed(4), SOON, "the file is of 4")
        assert len(program.events("kept")) == 1


def test_a_failing_dns_is_said_once_and_the_file_stays(tmp_path: Path, start: Start) -> None:
    file = tmp_path / "peers.json"
    failing = False

    def udp(question: Question) -> list[bytes]:
        if failing:
            return [answer(question, rcode=dns.rcode.SERVFAIL)]
        owner = question.message.question[0].name
        records = [f"{owner} 5 IN SRV 0 50 9042 {fqdn(f'db-{n}')}." for n in range(3)]
        return [answer(question, *records)]

    with ScriptedDns(udp) as server:
        program = follow(start, f"--nameserver={server.host}:{server.port}", f"json:{file}")
        before = stamp(file)
        failing = True
        (kept,) = program.says("kept")
        asked = len(server.asked)
        until(lambda: len(server.asked) >= asked + 5, SOON, "it asks on")
        assert kept["event"].endswith("answered SERVFAIL")
        assert len(program.events("kept")) == 1
        assert stamp(file) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_at_once(
    kube: Kube, tmp_path: Path, start: Start, number: signal.Signals
) -> None:
    file = tmp_path / "peers.json"
    kube.scale(3)
    program = start(
        *("run", "--pod-name=db-0", *SERVICE, "--interval=60s", kube.flag),
        f"--output=json:{file}",
    )
    program.says("ready")
    program.rests()
    before = stamp(file)
    assert seconds_to_end(program, number) < AT_ONCE
    assert program.events()[-1]["kind"] == "stopped"
    assert stamp(file) == before


def test_a_signal_ends_it_at_once_while_dns_is_silent(tmp_path: Path, start: Start) -> None:
    with ScriptedDns(lambda _: ()) as silent:
        program = start(
            *("run", "--pod-name=db-0", *SERVICE, "--timeout=60s"),
            *(f"--nameserver={silent.host}:{silent.port}", f"--output=json:{tmp_path / 'p.json'}"),
        )
        until(lambda: silent.asked, SOON, "a question is pending")
        program.rests()
        assert seconds_to_end(program, signal.SIGTERM) < AT_ONCE
    assert not list(tmp_path.iterdir())


def test_a_signal_ends_it_at_once_while_dns_is_frozen(tmp_path: Path, start: Start) -> None:
    file = tmp_path / "peers.json"
    freezing, is_frozen = threading.Event(), threading.Event()
    with KubeApi(THREE) as api, CoreDns(api) as core:

        def port() -> int:
            """Freezes it with a question on its way, which then has no answer."""
            if freezing.is_set() and not is_frozen.is_set():
                core.freeze()
                is_frozen.set()
            return core.port

        with relay(port) as service:
            program = start(
                *("run", "--pod-name=db-0", *SERVICE, *QUICK, "--timeout=60s"),
                *(f"--nameserver={service.host}:{service.port}", f"--output=json:{file}"),
            )
            program.says("ready")
            before = stamp(file)
            freezing.set()
            until(is_frozen.is_set, SOON, "a question is pending")
            program.rests()
            assert seconds_to_end(program, signal.SIGTERM) < AT_ONCE
            core.thaw()
    assert stamp(file) == before


def test_a_signal_ends_it_at_once_while_the_gate_is_shut(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    program = start(
        *("run", "--pod-name=db-3", *SERVICE, "--interval=60s", kube.flag),
        f"--output=json:{tmp_path / 'peers.json'}",
    )
    program.says("waiting")
    program.rests()
    assert seconds_to_end(program, signal.SIGTERM) < AT_ONCE


def test_a_folder_that_goes_away_is_said_retried_and_recovered_from(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    folder, away = tmp_path / "peers", tmp_path / "away"
    folder.mkdir()
    file, other = folder / "peers.json", tmp_path / "other.json"
    kube.scale(3)
    program = follow(start, kube.flag, f"json:{file}", f"json:{other}")
    before = stamp(file)
    folder.rename(away)
    kube.scale(5)
    (said,) = program.says("not_published")
    assert said["level"] == "error"
    assert f"{folder} is gone" in said["event"]
    until(lambda: located(other) == listed(5), SOON, "the other output follows")
    polls(kube, 10)
    assert len(program.events("not_published")) == 1
    assert stamp(away / "peers.json") == before
    away.rename(folder)
    until(lambda: located(file) == listed(5), SOON, "the file is of 5")
    program.must_run()


def test_a_folder_that_goes_away_again_is_said_again(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    folder, away = tmp_path / "peers", tmp_path / "away"
    folder.mkdir()
    file = folder / "peers.json"
    kube.scale(1)
    program = follow(start, kube.flag, f"json:{file}")
    for times, count in enumerate((2, 4), start=1):
        folder.rename(away)
        kube.scale(count)
        program.says("not_published", times=times)
        away.rename(folder)
        until(partial(is_written, file, count), SOON, "it is written")


def is_written(file: Path, count: int) -> bool:
    return located(file) == listed(count)


def test_a_restart_rewrites_nothing_even_while_dns_is_down(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    file = tmp_path / "peers.json"
    kube.scale(3)
    program = follow(start, kube.flag, f"json:{file}", pod="db-1")
    before = stamp(file)
    program.end(signal.SIGKILL)
    again = follow(start, kube.flag, f"json:{file}", pod="db-1")
    polls(kube, 5)
    assert stamp(file) == before
    assert not again.events("published")
    again.end(signal.SIGTERM)
    with ScriptedDns(lambda _: ()) as gone:
        flag = f"--nameserver={gone.host}:{gone.port}"
    ended = rollcall(
        *("run", "--pod-name=db-1", *SERVICE, *QUICK, flag, f"--output=json:{file}"),
        "--wait-timeout=500ms",
    )
    assert ended.code == 3
    assert stamp(file) == before


def test_a_restart_on_a_set_that_changed_meanwhile_brings_the_file_up_to_date(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    file = tmp_path / "peers.json"
    kube.scale(3)
    follow(start, kube.flag, f"json:{file}").end(signal.SIGTERM)
    kube.scale(4)
    follow(start, kube.flag, f"json:{file}")
    assert located(file) == listed(4)


def test_what_another_wrote_into_the_file_is_put_right_at_the_start(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    file = tmp_path / "peers.json"
    file.write_text('{"half":')
    file.chmod(0o600)
    kube.scale(3)
    follow(start, kube.flag, f"json:{file}")
    assert located(file) == listed(3)
    assert file.stat().st_mode & 0o777 == 0o600  # what its owner set is kept


def test_the_log_is_json_lines_on_stderr_and_stdout_stays_empty(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    kube.scale(2)
    program = follow(start, kube.flag, f"json:{tmp_path / 'peers.json'}")
    kube.scale(3)
    program.says("members", times=2)
    ended = program.end(signal.SIGTERM)
    assert ended.out == ""
    for line in ended.err.splitlines():
        event = json.loads(line)
        assert {"event", "kind", "level", "timestamp"} <= event.keys()
    assert [event["kind"] for event in ended.events][0 :: len(ended.events) - 1] == [
        "started",
        "stopped",
    ]
