"""`rollcall run` with hooks: who is told of what, when, and what is left when the agent ends."""

from __future__ import annotations

import json
import shlex
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Start
from tests.e2e.kube import Kube
from tests.e2e.program import QUICK, SERVICE, Program, fqdn, located, seconds_to_end
from tests.support.http_server import reply, serving
from tests.support.processes import is_there
from tests.support.until import until

SOON = 15.0


class Hook:
    """A script in a folder of its own, and what it has been given so far."""

    def __init__(self, folder: Path, then: str = "") -> None:
        """`then` are lines of sh that come after it has kept its stdin; `$n` is the how manieth."""
        self.folder = folder
        folder.mkdir()
        self.path = folder / "on-change"
        self.path.write_text(
            "#!/bin/sh\n"
            f"cd {shlex.quote(str(folder))} || exit\n"
            "n=$(ls | grep -c '^call')\n"
            'cat > "being-written" && mv being-written "call-$n"\n'
            f"{then}\n"
        )
        self.path.chmod(0o755)

    @property
    def calls(self) -> list[dict[str, Any]]:
        """What it read, call by call."""
        found = sorted(self.folder.glob("call-*"), key=lambda path: int(path.name[5:]))
        return [json.loads(path.read_bytes()) for path in found]

    def was_called(self, times: int) -> list[dict[str, Any]]:
        """Waits for so many calls."""
        until(lambda: len(self.calls) >= times, SOON, f"{times} calls, of {len(self.calls)}")
        return self.calls

    def holds(self, name: str) -> bool:
        """Whether there is a file of this name beside it."""
        return (self.folder / name).exists()


@pytest.fixture
def run(kube: Kube, tmp_path: Path, start: Start) -> Callable[..., Program]:
    """Starts the agent of db-0 with hooks, over three pods; its gate is open when this returns."""
    kube.scale(3)

    def running(*hooks: Path | str, command: str = "run", config: str = "") -> Program:
        told = [f"--notify={hook if ':' in str(hook) else f'exec:{hook}'}" for hook in hooks]
        if config:
            (tmp_path / "rollcall.yaml").write_text(config)
            told.append(f"--config={tmp_path / 'rollcall.yaml'}")
        given = (*SERVICE, *QUICK, kube.flag, f"--output=json:{tmp_path / 'peers.json'}")
        program = start(command, "--pod-name=db-0", "--pod-ip=10.0.0.1", *given, *told)
        program.says("ready")
        return program

    return running


def has(file: Path, count: int) -> bool:
    """Whether so many pods are in a file."""
    return len(located(file)) == count


def peers_of(call: dict[str, Any], key: str = "peers") -> list[str]:
    """The names in a part of what a hook was given."""
    return [peer["name"] for peer in call[key]]


def test_a_hook_is_told_of_a_change_and_not_of_the_first_files(
    kube: Kube, tmp_path: Path, run: Callable[..., Program]
) -> None:
    hook = Hook(tmp_path / "hook", 'echo "$ROLLCALL_EVENT $ROLLCALL_ADDED" > env-$n; echo said it')
    program = run(hook.path)
    kube.scale(4)
    (call,) = hook.was_called(1)
    assert (
        peers_of(call) == ["db-0", "db-1", "db-2", "db-3"] == list(located(tmp_path / "peers.json"))
    )
    assert (peers_of(call, "added"), call["removed"]) == (["db-3"], [])
    (said,) = program.says("notified")
    assert said["event"] == "exec on-change was told"
    assert (hook.folder / "env-0").read_text() == f"changed {fqdn('db-3')}\n"
    assert [line["event"] for line in program.events("hook")] == ["exec on-change: said it"]
    kube.scale(2)
    assert peers_of(hook.was_called(2)[1], "removed") == ["db-2", "db-3"]


def test_a_hook_that_fails_is_told_again_until_it_works_and_then_of_all_that_is_new(
    kube: Kube, tmp_path: Path, run: Callable[..., Program]
) -> None:
    hook = Hook(tmp_path / "hook", '[ "$n" -ge 2 ] || { echo "no server"; exit 3; }')
    program = run(hook.path)
    kube.scale(4)
    hook.was_called(1)
    kube.scale(5)
    calls = hook.was_called(3)
    assert peers_of(calls[0], "added") == ["db-3"]
    assert peers_of(calls[2], "added") == ["db-3", "db-4"]
    assert program.says("not_notified")[0]["event"].startswith(
        "exec on-change failed with 3: no server (for the first time); it is told again in 1 s"
    )
    program.says("notified")
    assert len(hook.calls) == 3


def test_while_a_hook_runs_the_file_goes_on_to_be_true_and_it_sees_the_newest_state_once(
    kube: Kube, tmp_path: Path, run: Callable[..., Program]
) -> None:
    hook = Hook(tmp_path / "hook", '[ "$n" != 0 ] || until [ -e go ]; do sleep 0.02; done')
    program = run(hook.path)
    kube.scale(4)
    hook.was_called(1)
    for count in (5, 6, 7, 8, 9):
        kube.scale(count)
        until(partial(has, tmp_path / "peers.json", count), SOON, f"{count} are in the file")
    assert len(hook.calls) == 1
    (hook.folder / "go").touch()
    calls = hook.was_called(2)
    assert [len(peers_of(call)) for call in calls] == [4, 9]
    program.says("notified", times=2)
    program.rests()
    assert len(hook.calls) == 2


def test_an_agent_that_is_killed_while_its_hook_runs_tells_it_again_after_the_restart(
    kube: Kube, tmp_path: Path, run: Callable[..., Program]
) -> None:
    hook = Hook(tmp_path / "hook", '[ "$n" != 0 ] || sleep 300')
    program = run(hook.path)
    kube.scale(4)
    hook.was_called(1)
    program.end(signal.SIGKILL)
    run(hook.path)
    call = hook.was_called(2)[1]
    assert peers_of(call, "added") == ["db-3"]
    assert call["event"] == "changed"


def test_what_changed_between_once_and_run_is_told(
    kube: Kube, tmp_path: Path, run: Callable[..., Program]
) -> None:
    hook = Hook(tmp_path / "hook")
    run(hook.path, command="once").end()
    assert hook.calls == []
    kube.scale(4)
    run(hook.path)
    assert peers_of(hook.was_called(1)[0], "added") == ["db-3"]


def test_when_the_agent_ends_its_hook_ends_with_all_that_it_started(
    kube: Kube, tmp_path: Path, run: Callable[..., Program]
) -> None:
    hook = Hook(tmp_path / "hook", "trap '' TERM; sleep 300 & echo $$ $! > pids; wait")
    program = run(hook.path)
    kube.scale(4)
    until(lambda: hook.holds("pids") and (hook.folder / "pids").read_text(), SOON, "it runs")
    pids = [int(pid) for pid in (hook.folder / "pids").read_text().split()]
    assert seconds_to_end(program, signal.SIGTERM) < SOON
    assert program.end().code == 0
    for pid in pids:
        until(partial(_is_gone, pid), SOON, f"{pid} is gone")


def test_a_hook_that_is_missing_is_told_of_in_the_log_and_stops_nothing(
    kube: Kube, tmp_path: Path, run: Callable[..., Program]
) -> None:
    program = run(tmp_path / "nowhere")
    assert [event["event"] for event in program.events("program")] == [
        f"the hook exec nowhere can't be run as it is: there is no program {tmp_path / 'nowhere'}"
    ]
    kube.scale(4)
    said = program.says("not_notified")[0]["event"]
    assert said.startswith(
        f"exec nowhere could not be started: there is no program {tmp_path / 'nowhere'}, or"
    )
    kube.scale(5)
    until(partial(has, tmp_path / "peers.json", 5), SOON, "5 are in the file")


def test_a_url_that_fails_and_redirects_is_asked_until_it_answers_well(
    kube: Kube, tmp_path: Path, run: Callable[..., Program]
) -> None:
    elsewhere = reply(302, b"", "location: http://127.0.0.1:1/")
    with serving(reply(500), elsewhere, reply(204)) as server:
        program = run(server.url)
        kube.scale(4)
        program.says("notified")
    assert [peers_of(json.loads(guest.body), "added") for guest in server.guests] == [["db-3"]] * 3
    first, second = (each["event"] for each in program.events("not_notified"))
    assert "was answered with 500" in first
    assert "was answered with 302" in second


def test_the_first_files_are_told_to_who_wants_that_and_lines_to_who_wants_these(
    tmp_path: Path, run: Callable[..., Program]
) -> None:
    seen = tmp_path / "seen"
    words = json.dumps(["sh", "-c", f"cat > {seen}.new && mv {seen}.new {seen}"])
    run(config=f"notify: [{{exec: {words}, stdin: peers, on_first: true}}]")
    until(seen.exists, SOON, "it was told")
    assert seen.read_text().splitlines() == [fqdn(f"db-{n}") for n in range(3)]


def test_a_rollcall_that_a_hook_starts_takes_the_hooks_variables_for_no_settings(
    kube: Kube, tmp_path: Path, run: Callable[..., Program]
) -> None:
    words = (sys.executable, "-P", "-m", "agent", "whoami", "--pod-name=db-0", *SERVICE)
    hook = Hook(tmp_path / "hook", f"{shlex.join(words)} > who 2> wrong; echo $? > code")
    run(hook.path)
    kube.scale(4)
    until(lambda: hook.holds("code"), SOON, "it has run")
    until((hook.folder / "code").read_text, SOON, "its code is there")
    assert ((hook.folder / "code").read_text(), (hook.folder / "wrong").read_text()) == ("0\n", "")


def _is_gone(pid: int) -> bool:
    return not is_there(pid)
