"""`rollcall status`, `healthcheck` and `wait`, as a user runs them, against an agent's server."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest

from agent.cli.overview import rows, table
from agent.cli.status import healthcheck, status, wait
from agent.core.listen import ListenAddress
from agent.core.snapshot import Snapshot
from agent.settings import CONFIG, OPTIONS
from agent.status import Server
from agent.status.document import status_document
from tests.e2e.program import ROOT, Program, Setting, rollcall, seconds_to_end
from tests.status.client import SOON, serving
from tests.status.situations import ABOUT, CLOCKS, EVERY, NOW, failing, ready, stuck, waiting
from tests.support.until import until

# Seconds from a signal to the end: far more than it takes, far less than what it would wait for.
AT_ONCE = 5.0
STANDS_STILL = (
    "the loop stands still: a poll was due 40 s ago and has not ended, although 30 s are enough"
)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(ready()) as server:
        yield server


def at(server: Server) -> str:
    return f"--status-listen={server.where}"


def show(server: Server, situation: str) -> None:
    if (snapshot := EVERY[situation]) is not None:
        server.show(snapshot)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@pytest.mark.parametrize(
    ("situation", "code"),
    [("waiting", 0), ("ready", 0), ("failing", 0), ("observer", 0), ("stuck", 1)],
)
def test_status_shows_the_table_and_ends_with_1_where_the_agent_is_stuck(
    server: Server, situation: str, code: int
) -> None:
    show(server, situation)
    snapshot = EVERY[situation]
    assert snapshot
    document = status_document(snapshot, NOW, ABOUT.version)
    ended = rollcall("status", at(server))
    assert (ended.code, ended.err) == (code, "")
    assert ended.out == table(rows(document)) + "\n"
    ended = rollcall("status", "--json", at(server))
    assert (ended.code, json.loads(ended.out)) == (code, document)


@pytest.mark.parametrize(
    ("situation", "code", "sentence"),
    [
        ("starting", 1, "the loop stands still: its first turn began 60 s ago"),
        ("waiting", 1, "DNS has not named anybody yet"),
        ("ready", 0, "all files are written"),
        ("failing", 0, "all files are written"),
        ("stuck", 1, STANDS_STILL),
    ],
)
def test_healthcheck_says_in_a_sentence_whether_the_agent_is_alive_and_ready(
    situation: str, code: int, sentence: str
) -> None:
    with serving() as server:
        show(server, situation)
        ended = rollcall("healthcheck", at(server))
    assert ended.code == code
    said = (f"{sentence}\n", "") if code == 0 else ("", f"rollcall: {sentence}\n")
    assert (ended.out, ended.err) == said


@pytest.mark.parametrize("command", ["status", "healthcheck"])
def test_where_nobody_listens_a_sentence_says_so(command: str) -> None:
    place = f"127.0.0.1:{free_port()}"
    ended = rollcall(command, f"--status-listen={place}")
    said = f"rollcall: no agent answers: {place} can't be reached: Connection refused\n"
    assert (ended.code, ended.out, ended.err) == (1, "", said)


def test_status_of_an_agent_that_is_starting_says_so() -> None:
    with serving() as server:
        ended = rollcall("status", at(server))
    assert (ended.code, ended.err) == (1, "rollcall: the agent is starting\n")


@pytest.mark.parametrize("command", ["status", "healthcheck"])
def test_whatever_else_answers_there_is_told_apart(command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer() -> None:
            with other.accept()[0] as client:
                client.recv(4096)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: nginx\r\n\r\nok")

        threading.Thread(target=answer, daemon=True).start()
        place = f"127.0.0.1:{other.getsockname()[1]}"
        ended = rollcall(command, f"--status-listen={place}")
    said = f"rollcall: what answers at {place} is no rollcall: set --status-listen\n"
    assert (ended.code, ended.err) == (1, said)


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        *(
            (200, body, "what the agent answers is not the status of a rollcall")
            for body in (b"hello", b"[]", b"{}", b"[[1, 2]]", b"[" * 9_999, b"\xff", b"")
        ),
        (500, b"", "it answers 500, and says nothing"),
        (503, b"\x1b[2Jshut\x07", "?[2Jshut?"),
    ],
)
def test_a_broken_answer_is_told_in_a_sentence_fit_for_a_terminal(
    status: int, body: bytes, sentence: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer() -> None:
            head = f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\nServer: rollcall\r\n\r\n"
            with other.accept()[0] as client:
                client.recv(4096)
                client.sendall(head.encode() + body)

        threading.Thread(target=answer, daemon=True).start()
        ended = rollcall("status", f"--status-listen=127.0.0.1:{other.getsockname()[1]}")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"rollcall: {sentence}")
    assert ended.err.removesuffix("\n").isprintable()


def test_a_table_has_nothing_that_a_terminal_would_obey(server: Server) -> None:
    server.show(ready()._replace(gate="\x1b[2J all files\nare written"))
    out = rollcall("status", at(server)).out
    assert "?[2J all files" in out
    assert out.replace("\n", "").isprintable()


def test_an_agent_that_does_not_answer_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        place = f"127.0.0.1:{mute.getsockname()[1]}"
        ended = rollcall("healthcheck", f"--status-listen={place}")
    said = f"rollcall: no agent answers: {place} did not answer within 2 s\n"
    assert (ended.code, ended.err) == (1, said)


def test_an_agent_on_all_addresses_is_found_by_either_family() -> None:
    with closing(Server(ListenAddress("::1", 0), ABOUT, CLOCKS)) as server:
        server.show(ready())
        port = server.where.rpartition(":")[2]
        assert rollcall("healthcheck", f"--status-listen=:{port}").code == 0


def test_a_flag_comes_before_the_variable_and_that_before_the_file(
    server: Server, tmp_path: Path
) -> None:
    config = tmp_path / "rollcall.yaml"
    config.write_text(f"status: {{listen: '{server.where}'}}")
    right, wrong = server.where, f"127.0.0.1:{free_port()}"
    by_file = Setting({"ROLLCALL_CONFIG": str(config)})
    assert rollcall("healthcheck", f"--config={config}").code == 0
    assert rollcall("healthcheck", setting=by_file).code == 0
    both = Setting({"ROLLCALL_CONFIG": str(config), "ROLLCALL_STATUS_LISTEN": wrong})
    assert rollcall("healthcheck", setting=both).code == 1
    assert rollcall("healthcheck", f"--status-listen={right}", setting=both).code == 0
    inline = Setting({"ROLLCALL_SETTINGS": config.read_text()})
    assert rollcall("healthcheck", setting=inline).code == 0
    empty = Setting({"ROLLCALL_CONFIG": str(config), "ROLLCALL_STATUS_LISTEN": ""})
    assert rollcall("healthcheck", setting=empty).code == 0


@pytest.mark.parametrize(
    ("listen", "sentence"),
    [
        ("none", "status.listen is none, so the agent can't be asked: set --status-listen"),
        (":0", "status.listen is :0, any port that is free: name the one that the log says"),
        ("9797", "--status-listen: '9797' is not where to listen: write :PORT"),
    ],
)
@pytest.mark.parametrize("command", ["status", "healthcheck", "wait"])
def test_an_agent_that_cant_be_asked_is_a_wrong_setting(
    command: str, listen: str, sentence: str
) -> None:
    ended = rollcall(command, f"--status-listen={listen}")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"rollcall: {sentence}")


def test_a_wrong_variable_or_file_is_named(tmp_path: Path) -> None:
    given = Setting({"ROLLCALL_STATUS_LISTEN": "x"})
    assert "ROLLCALL_STATUS_LISTEN: 'x' is not" in rollcall("healthcheck", setting=given).err
    config = tmp_path / "rollcall.yaml"
    config.write_text("status: {lisen: ':9797'}")
    ended = rollcall("healthcheck", f"--config={config}")
    assert ended.code == 2
    assert "there is no key status.lisen; did you mean status.listen?" in ended.err


@pytest.mark.parametrize("command", [status, healthcheck, wait])
def test_the_flags_are_those_of_the_settings(command: click.Command) -> None:
    flags = {CONFIG.flag, *(option.flag for option in OPTIONS if option.key == "status.listen")}
    assert flags <= {flag for each in command.params for flag in each.opts}


@pytest.mark.parametrize("command", ["healthcheck", "wait"])
def test_a_probe_imports_no_more_than_it_needs(command: str) -> None:
    """Some 0.1 s of computing, where all that `run` imports is three times as much."""
    look = (
        "import sys; from agent.cli import main\n"
        f"sys.argv = ['rollcall', '{command}', '--status-listen=127.0.0.1:1', *sys.argv[1:]]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sys.modules)"
    )
    more = ["--timeout=0s"] if command == "wait" else []
    ended = subprocess.run(
        [sys.executable, "-c", look, *more], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = set(ended.stdout.split())
    assert "agent.exchange" in loaded
    heavy = {"agent.settings", "agent.discovery", "agent.formats", "agent.status", "asyncio"}
    assert not (heavy | {"dns", "yaml", "msgspec", "structlog", "jinja2"}) & loaded


def test_wait_waits_for_an_agent_and_then_for_its_gate() -> None:
    place = ListenAddress("127.0.0.1", free_port())
    with Program("wait", f"--status-listen={place}") as program:
        until(lambda: "can't be reached" in program.err, SOON, "it says that nobody is there")
        with closing(Server(place, ABOUT, CLOCKS)) as server:
            until(lambda: "the agent is starting" in program.err, SOON, "it says what it waits for")
            server.show(waiting())
            until(lambda: "DNS has not named" in program.err, SOON, "it says what it waits for")
            program.must_run()
            server.show(ready())
            ended = program.end()
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.splitlines() == [
        f"rollcall: waiting: no agent answers: {place} can't be reached: Connection refused",
        "rollcall: waiting: the agent is starting",
        "rollcall: waiting: DNS has not named anybody yet",
    ]


def test_wait_does_not_wait_where_the_gate_is_open_even_in_an_outage(server: Server) -> None:
    for snapshot in (ready(), failing(), stuck()):
        server.show(snapshot)
        ended = rollcall("wait", "--timeout=0s", at(server))
        assert (ended.code, ended.out, ended.err) == (0, "", "")


@pytest.mark.parametrize("timeout", ["0s", "300ms"])
def test_wait_gives_up_in_time_and_says_what_the_gate_waits_for(
    server: Server, timeout: str
) -> None:
    server.show(waiting())
    ended = rollcall("wait", f"--timeout={timeout}", at(server))
    assert (ended.code, ended.out) == (3, "")
    said = f"rollcall: gave up after {timeout}: DNS has not named anybody yet"
    assert ended.err.splitlines()[-1] == said


def test_wait_gives_up_in_time_where_nobody_is_there_or_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        for port in (mute.getsockname()[1], free_port()):
            ended = rollcall("wait", "--timeout=300ms", f"--status-listen=127.0.0.1:{port}")
            assert ended.code == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("has_agent", [True, False])
def test_a_signal_ends_wait_at_once_and_starts_no_database(
    server: Server, number: signal.Signals, has_agent: bool
) -> None:
    server.show(waiting())
    with socket.create_server(("127.0.0.1", 0)) as mute:
        place = server.where if has_agent else f"127.0.0.1:{mute.getsockname()[1]}"
        with Program("wait", f"--status-listen={place}") as program:
            if has_agent:
                until(lambda: "waiting" in program.err, SOON, "it waits")
            else:
                mute.accept()[0].close()
            assert program.end(number).code == 1


def test_watch_prints_again_when_something_changes_and_ends_by_a_signal() -> None:
    place = ListenAddress("127.0.0.1", free_port())
    with Program("status", "--watch", f"--status-listen={place}") as program:
        until(lambda: "can't be reached" in program.out, SOON, "it says that nobody is there")
        with closing(Server(place, ABOUT, CLOCKS)) as server:

            def shows(snapshot: Snapshot, word: str) -> None:
                server.show(snapshot)
                until(lambda: word in program.out, SOON, f"it shows {word}")

            shows(waiting(), "shut")
            shows(ready(), "open")
            shows(failing(), "missing")
        until(lambda: program.out.count("can't be reached") == 2, SOON, "it is gone")
        assert program.out.count("WHAT") == 3
        assert seconds_to_end(program, signal.SIGINT) < AT_ONCE
        assert program.err == ""


def test_watch_prints_json_a_document_a_line(server: Server) -> None:
    with Program("status", "--watch", "--json", at(server)) as program:
        until(lambda: program.out.count("\n") == 1, SOON, "the first")
        server.show(failing())
        until(lambda: program.out.count("\n") == 2, SOON, "the second")
        server.close()
        until(lambda: program.out.count("\n") == 3, SOON, "the third")
        first, second, third = (json.loads(line) for line in program.out.splitlines())
    assert len(first["outputs"]) == 1
    assert len(second["outputs"]) == 4
    assert list(third) == ["error"]
