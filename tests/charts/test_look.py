"""The script of `rollcall.test`, against servers that say what an agent's status says."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack

import pytest

from agent.core.snapshot import OutputState, Snapshot
from agent.status.document import status_document
from tests.charts.helm import LIBRARY
from tests.status.situations import NOW, endpoints, failing, membership, ready, shown, waiting
from tests.support.http_server import Script, reply, serving

TEMPLATES = (LIBRARY / "templates" / "_test.tpl").read_text(encoding="utf-8")
SCRIPT = TEMPLATES.partition('define "rollcall.own.look" -}}\n')[2].rpartition("{{- end -}}")[0]
# Seconds: longer than anything here takes.
LONG = 60
KNOWS_TWO = shown(membership((NOW - 40, endpoints(0, 1)), (NOW - 1, endpoints(0, 1))))


def says(snapshot: Snapshot) -> Script:
    """What the agent of that pod answers."""
    return reply(200, json.dumps(status_document(snapshot, NOW, "0.1.0")).encode())


def looked(
    seconds: int, *agents: tuple[Script, ...]
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """How the script ended that asked these, and what they are called."""
    with ExitStack() as open_ones:
        servers = [open_ones.enter_context(serving(*scripts)) for scripts in agents]
        names = [f"127.0.0.1:{server.port}" for server in servers]
        command = [sys.executable, "-c", SCRIPT, str(seconds), *names]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONG)
    return done, names


def test_all_is_well_where_all_gates_are_open_and_all_know_the_same() -> None:
    done, _ = looked(LONG, (says(ready()),), (says(ready()),), (says(ready()),))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "all gates are open, all files are written, and all agents know the same members\n"
    )


def test_it_looks_again_until_a_change_is_everywhere() -> None:
    kept = with_output("kept", "")  # by its reader, whose file it is now
    done, _ = looked(LONG, (says(waiting()), says(KNOWS_TWO), says(kept)), (says(ready()),))
    assert (done.returncode, done.stderr) == (0, "")


def with_output(condition: str, reason: str) -> Snapshot:
    """An agent that has one file, which is so."""
    output = OutputState("galera", "/peers/peers.cnf", condition, reason)  # type: ignore[arg-type]  # one of Condition
    return ready()._replace(outputs=(output,))


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (says(waiting()), "the gate of {1} is shut: DNS has not named anybody yet"),
        (says(failing()), "/peers/c.yaml of {1} is not written: nobody answers on port 7000"),
        (
            says(with_output("failed", "no space is left")),
            "/peers/peers.cnf of {1} is not written: no space is left",
        ),
        (says(KNOWS_TWO), "{0} knows db-0 db-1 db-2, but {1} knows db-0 db-1"),
        (reply(503, b"not yet"), "{1} does not say how it is: "),
        (lambda guest: guest.sock.close(), "{1} does not say how it is: "),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(second: Script, why: str) -> None:
    done, names = looked(0, (says(ready()),), (second,))
    assert (done.returncode, done.stdout) == (1, "")
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(why.format(*names))


def test_a_pod_that_is_not_there_is_named() -> None:
    command = [sys.executable, "-c", SCRIPT, "0", "127.0.0.1:1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONG)
    assert done.returncode == 1
    assert done.stderr.startswith("127.0.0.1:1 does not say how it is: ")
    assert done.stderr.count("\n") == 1
