"""`rollcall run` and those who ask it: probes, metrics, people, and clients that mean no good."""

from __future__ import annotations

import json
import re
import resource
import signal
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.core.roll import from_document
from agent.status.routes import OPENAPI, PAGES
from tests.e2e.conftest import Start
from tests.e2e.kube import DB, Kube, pods
from tests.e2e.program import (
    QUICK,
    SERVICE,
    Program,
    Setting,
    located,
    rollcall,
    seconds_to_end,
)
from tests.status.client import Answer, Client
from tests.support.need import need_program
from tests.support.scripted_dns import Question, ScriptedDns, relay
from tests.support.until import until

SOON = 15.0
# Seconds from a signal to the end: far more than it takes, far less than what it would wait for.
AT_ONCE = 5.0


@dataclass(frozen=True, slots=True)
class Agent:
    """A running agent, and where it is asked."""

    program: Program
    where: str
    file: Path

    @property
    def flag(self) -> str:
        """What tells a command where it is."""
        return f"--status-listen={self.where}"

    def get(self, path: str) -> Answer:
        """What it answers."""
        with Client(self.where) as client:
            return client.ask(path, more="Connection: close\r\n").answer()

    def status(self) -> dict[str, Any]:
        """The document of /v1/status."""
        return dict(json.loads(self.get("/v1/status").body))

    def metric(self, name: str) -> float:
        """The value of a metric without labels."""
        text = self.get("/metrics").body.decode()
        samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
        return next(sample.value for sample in samples if sample.name == name)

    def has_polled(self, more: int) -> None:
        """Waits for so many more polls, answered or not."""

        def polls() -> int:
            counts = self.status()["polls"]
            return int(counts["answered"] + counts["absent"] + counts["unknown"])

        before = polls()
        until(lambda: polls() >= before + more, SOON, f"{more} more polls")


@pytest.fixture
def run(tmp_path: Path, start: Start) -> Callable[..., Agent]:
    """Starts an agent with a port of its own; it has shown what it knows when this returns."""

    def running(*flags: str, pod: str = "db-0") -> Agent:
        file = tmp_path / f"{pod}.json"
        given = (f"--pod-name={pod}", *SERVICE, *QUICK, f"--output=json:{file}")
        program = start("run", *given, "--status-listen=127.0.0.1:0", *flags)
        (event,) = program.says("listening")
        agent = Agent(program, event["at"], file)
        becomes(agent, "/v1/status", 200)
        return agent

    return running


def becomes(agent: Agent, path: str, status: int) -> None:
    """Waits until a probe has this answer."""
    until(lambda: agent.get(path).status == status, SOON, f"{path} is {status}")


def test_every_path_is_answered_as_documented(kube: Kube, run: Callable[..., Agent]) -> None:
    kube.scale(3)
    agent = run(kube.flag, "--replicas=3")
    becomes(agent, "/readyz", 200)
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    for path in PAGES:
        answer = agent.get(path)
        assert answer.status == 200, path
        assert answer.headers["server"] == "rollcall"
        told = document["paths"][path]["get"]["responses"]["200"]["content"]
        assert answer.headers["content-type"].partition(";")[0] in told
    schema = {"$ref": "#/components/schemas/Status", "components": document["components"]}
    jsonschema.validate(agent.status(), schema)
    roll = from_document(json.loads(agent.get("/v1/peers").body))
    assert [peer.name for peer in roll.peers] == ["db-0", "db-1", "db-2"]
    assert agent.metric("rollcall_members") == agent.metric("rollcall_replicas") == 3
    assert agent.metric("rollcall_ready") == 1


def test_curl_gets_what_the_page_says(kube: Kube, run: Callable[..., Agent]) -> None:
    curl = need_program("curl", "your system's packages")
    kube.scale(1)
    agent = run(kube.flag)
    becomes(agent, "/readyz", 200)
    for path in PAGES:
        asked = [curl, "-fsS", "--max-time", "10", f"http://{agent.where}{path}"]
        done = subprocess.run(asked, capture_output=True, check=True, timeout=SOON)
        assert done.stdout
    asked = [curl, "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-d", "x"]
    done = subprocess.run([*asked, f"http://{agent.where}/livez"], capture_output=True, check=True)
    assert done.stdout == b"405"


def test_the_gate_and_the_files_are_seen_by_probes_commands_and_metrics(
    kube: Kube, run: Callable[..., Agent], start: Start
) -> None:
    kube.show(replace(DB, pods=pods([1])))
    agent = run(kube.flag, "--pod-ip=10.0.0.2", pod="db-1")
    waiting = start("wait", agent.flag)
    until(lambda: "db-0 is not in DNS" in waiting.err, SOON, "it says for whom the gate waits")
    assert agent.get("/readyz").status == 503
    assert agent.get("/livez").status == 200
    assert agent.metric("rollcall_ready") == 0
    unhealthy = rollcall("healthcheck", agent.flag)
    assert (unhealthy.code, "db-0 is not in DNS" in unhealthy.err) == (1, True)
    assert "gate" in rollcall("status", agent.flag).out
    waiting.must_run()
    kube.scale(2)
    assert waiting.end().code == 0
    assert located(agent.file)  # it is there before anybody is told so
    assert agent.get("/readyz").body == b"all files are written\n"
    assert rollcall("healthcheck", agent.flag).out == "all files are written\n"
    assert rollcall("wait", "--timeout=0s", agent.flag).code == 0
    table = rollcall("status", agent.flag)
    assert table.code == 0
    assert re.search(r"^gate +open +all files are written$", table.out, re.MULTILINE)
    assert re.search(rf"^file {agent.file} +current +\d", table.out, re.MULTILINE)


def test_a_change_is_told_to_who_waits_for_it(kube: Kube, run: Callable[..., Agent]) -> None:
    kube.scale(2)
    agent = run(kube.flag)
    becomes(agent, "/readyz", 200)
    generation = agent.status()["generation"]
    with Client(agent.where) as client:
        client.ask(f"/v1/peers?after={generation}&timeout=60s")
        agent.has_polled(3)
        assert not client.has_news()
        kube.scale(3)
        roll = json.loads(client.answer().body)
    assert roll["generation"] > generation
    assert [peer["name"] for peer in roll["peers"]] == ["db-0", "db-1", "db-2"]


def test_a_member_that_is_missing_is_seen_with_how_long_it_is_held(
    kube: Kube, run: Callable[..., Agent]
) -> None:
    kube.scale(3)
    agent = run(kube.flag, "--forget-after=1m")
    becomes(agent, "/readyz", 200)
    kube.scale(2)
    until(lambda: agent.metric("rollcall_members_missing") == 1, SOON, "db-2 is missing")
    (held,) = (member for member in agent.status()["members"] if member["missing"])
    assert held["name"] == "db-2"
    assert re.fullmatch(r"missing for \d+ s of 60 s", held["missing"]["reason"])
    assert agent.metric("rollcall_members") == 3


def test_in_an_outage_of_dns_it_lives_stays_ready_and_says_what_is_wrong(
    kube: Kube, run: Callable[..., Agent]
) -> None:
    kube.scale(2)
    ports = [kube.core.port]
    with relay(lambda: ports[-1]) as dns:
        agent = run(f"--nameserver=127.0.0.1:{dns.port}", "--timeout=400ms")
        becomes(agent, "/readyz", 200)
        ports.append(9)  # where nobody answers
        agent.has_polled(5)
        assert agent.get("/livez").status == agent.get("/readyz").status == 200
        polls = agent.status()["polls"]
        assert polls["unknown"] >= 4
        assert polls["reason"].startswith(f"nothing came from 127.0.0.1:{dns.port}")
        assert agent.metric("rollcall_members") == 2
        assert rollcall("healthcheck", agent.flag).code == 0


def test_an_agent_that_dns_never_answered_lives_and_is_not_ready(
    run: Callable[..., Agent],
) -> None:
    def silence(_: Question) -> tuple[bytes, ...]:
        return ()

    with ScriptedDns(silence) as dns:
        agent = run(f"--nameserver=127.0.0.1:{dns.port}", "--timeout=200ms", pod="db-1")
        agent.has_polled(3)
        assert agent.get("/livez").status == 200
        assert agent.get("/readyz").body == b"DNS has not named anybody yet\n"
        assert agent.status()["polls"]["last_answer"] is None
        assert rollcall("healthcheck", agent.flag).code == 1


def test_an_output_that_cant_be_written_is_seen(
    kube: Kube, run: Callable[..., Agent], tmp_path: Path
) -> None:
    kube.scale(1)
    agent = run(kube.flag)
    becomes(agent, "/readyz", 200)
    agent.file.unlink()
    agent.file.mkdir()  # where the file is to be
    kube.scale(2)

    def output() -> dict[str, Any]:
        return dict(agent.status()["outputs"][0])

    until(lambda: output()["condition"] == "failed", SOON, "it can't be written")
    assert str(agent.file) in output()["reason"]
    assert agent.get("/livez").status == agent.get("/readyz").status == 200
    agent.file.rmdir()
    until(lambda: output()["condition"] == "current", SOON, "it is written")
    assert output()["failures"] >= 1


def test_a_thousand_clients_that_do_nothing_and_some_that_do_wrong_hold_nobody_up(
    kube: Kube, run: Callable[..., Agent]
) -> None:
    kube.scale(2)
    agent = run(kube.flag)
    becomes(agent, "/readyz", 200)
    agent.metric("rollcall_members")  # from now on its client library is imported
    before = agent.metric("process_resident_memory_bytes")
    with ExitStack() as clients:
        for number in range(1_000):
            client = clients.enter_context(Client(agent.where))
            if number % 5 == 0:
                client.send(b"GET /v1/status HTTP/1.1\r\nX: " + b"x" * (20_000 * (number % 2)))
        agent.has_polled(5)
        kube.scale(3)
        until(lambda: len(located(agent.file)) == 3, SOON, "the file has the third")
        assert agent.get("/livez").status == 200
        assert rollcall("healthcheck", agent.flag).code == 0
        assert agent.metric("process_open_fds") < 128 + 30
        assert agent.metric("process_resident_memory_bytes") - before < 8 * 1024 * 1024


def test_that_no_file_can_be_opened_any_more_is_told_once(
    kube: Kube, run: Callable[..., Agent]
) -> None:
    kube.scale(2)
    agent = run(kube.flag)
    becomes(agent, "/readyz", 200)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.prlimit(agent.program.process.pid, resource.RLIMIT_NOFILE, (50, hard))
    with ExitStack() as clients:
        for _ in range(100):
            clients.enter_context(Client(agent.where))
        (event,) = agent.program.says("status")
        assert "can't take a connection: Too many open files; let" in event["event"]
        agent.program.must_run()
    becomes(agent, "/livez", 200)
    assert len(agent.program.events("status")) == 1
    assert "Traceback" not in agent.program.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_whoever_is_connected(
    kube: Kube, run: Callable[..., Agent], number: signal.Signals
) -> None:
    kube.scale(2)
    agent = run(kube.flag)
    becomes(agent, "/readyz", 200)
    generation = agent.status()["generation"]
    with ExitStack() as clients:
        held = clients.enter_context(Client(agent.where))
        held.ask(f"/v1/peers?after={generation}&timeout=60s")
        for _ in range(50):
            clients.enter_context(Client(agent.where).send(b"GET /livez"))
        agent.get("/livez")
        assert seconds_to_end(agent.program, number) < AT_ONCE
        assert held.answer().status == 200


def test_a_port_that_is_taken_is_refused_with_what_to_set(
    kube: Kube, run: Callable[..., Agent], tmp_path: Path
) -> None:
    kube.scale(1)
    agent = run(kube.flag)
    given = (*SERVICE, kube.flag, f"--output=json:{tmp_path / 'other.json'}")
    ended = rollcall("run", "--pod-name=db-0", *given, agent.flag)
    assert ended.code == 2
    assert ended.err.startswith(f"rollcall: can't listen on {agent.where}: the port is taken")
    assert not (tmp_path / "other.json").exists()


def test_where_nobody_is_to_listen_nobody_does(kube: Kube, start: Start, tmp_path: Path) -> None:
    kube.scale(1)
    given = (*SERVICE, *QUICK, kube.flag, f"--output=json:{tmp_path / 'peers.json'}")
    program = start("run", "--pod-name=db-0", *given, "--status-listen=none")
    program.says("ready")
    assert not program.events("listening")
    setting = Setting({"ROLLCALL_STATUS_LISTEN": "none"})
    ended = rollcall("healthcheck", setting=setting)
    assert (ended.code, "status.listen is none" in ended.err) == (2, True)
