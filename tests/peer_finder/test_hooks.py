from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cases.net import Net, of
from tests.e2e.conftest import Start
from tests.e2e.program import SOON, Setting, fqdn
from tests.peer_finder.finder import BOTH, FLAGS, IN_THE_POD, finder, noting
from tests.peer_finder.script import calls
from tests.support.until import until

# Questions: in that time it has told of any change.
LONG = 12
NAMES = [f"{fqdn(f'db-{n}')}\n" for n in range(4)]


def called(folder: Path, times: int) -> None:
    """Waits until hooks were called so often."""
    until(lambda: len(calls(folder)) >= times, SOON, f"{times} calls")


def holds(path: Path) -> str:
    """What a file holds, as soon as it holds something."""
    until(lambda: path.exists() and path.read_text(), SOON, f"{path} is there")
    return path.read_text()


def waiting_for(path: Path) -> str:
    """A shell's snippet that ends when something is there."""
    return f"until [ -e {path} ]; do sleep 0.01; done"


def is_gone(process: int) -> bool:
    """Whether a process has ended."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_without_on_change_it_ends_with_0_once_on_start_has(
    net: Net, start: Start, tmp_path: Path
) -> None:
    net.scale(2)
    ended = finder(start, net, *noting(tmp_path, "on-start")).end()
    assert (ended.code, ended.out) == (0, ""), ended.err
    assert calls(tmp_path) == [("on-start", "".join(NAMES[:2]))]


def test_without_on_start_on_change_is_run_at_the_start_too(
    net: Net, start: Start, tmp_path: Path
) -> None:
    net.scale(2)
    program = finder(start, net, *noting(tmp_path, "on-change"))
    called(tmp_path, 1)
    net.scale(3)
    called(tmp_path, 2)
    assert calls(tmp_path) == [("on-change", "".join(NAMES[:n])) for n in (2, 3)]
    program.must_run()


def test_a_pod_that_is_the_only_one_is_told_of_itself(
    net: Net, start: Start, tmp_path: Path
) -> None:
    net.scale(2)
    net.show()
    waiting = finder(start, net, *noting(tmp_path, "on-start"), more={"ROLLCALL_POD_NAME": "db-0"})
    waiting.says("kept")
    net.scale(1)
    assert waiting.end().code == 0
    assert calls(tmp_path) == [("on-start", NAMES[0])]


def test_a_pod_that_is_not_listed_waits_and_says_so(net: Net, start: Start, tmp_path: Path) -> None:
    net.scale(1)
    program = finder(start, net, *noting(tmp_path, "on-start"))
    event = program.says("waiting")[-1]
    assert event["event"] == (
        "db-1 is not in DNS under db.prod.svc.cluster.local "
        "(not ready without publishNotReadyAddresses: true)"
    )
    assert not calls(tmp_path)
    net.polls(LONG)
    assert not program.events("members")
    net.scale(2)
    assert program.end().code == 0
    assert [event["peers"] for event in program.events("members")] == [["db-0", "db-1"]]


def test_a_pod_that_waits_while_nobody_is_listed_does_not_say_that_it_is(
    net: Net, start: Start
) -> None:
    net.show(replace(of(2), pods=()))
    program = finder(start, net, "-on-start=:")
    assert program.says("waiting")[0]["event"].startswith("db-1 is not in DNS under db.prod.svc")


def test_the_log_says_which_hook_is_run_for_whom_and_has_succeeded(net: Net, start: Start) -> None:
    net.scale(2)
    program = finder(start, net, "-state=", "-on-start=:", "-on-change=:")
    program.says("notified")
    net.scale(3)
    program.says("notified", times=2)
    assert [event["event"] for event in program.events("hook", "notified")] == [
        "on-start is run for db-0, db-1",
        "on-start was told",
        "on-change is run for db-0, db-1, db-2",
        "on-change was told",
    ]


@pytest.mark.parametrize("hook", BOTH)
def test_a_hook_that_fails_ends_it_with_1(
    hook: str, net: Net, start: Start, tmp_path: Path
) -> None:
    net.scale(2)
    program = finder(start, net, f"-{hook}=cat > {tmp_path}/got; exit 3")
    ended = program.end()
    assert ended.code == 1
    assert ended.events[-1]["event"] == f"{hook} ended with exit code 3"
    assert (tmp_path / "got").read_text() == "".join(NAMES[:2])


@pytest.mark.parametrize(
    ("hook", "sentence"),
    [
        ("/nosuch", "on-start ended with exit code 127"),
        ("kill -9 $$", "on-start was ended by signal 9"),
    ],
)
def test_a_hook_that_is_missing_or_killed_ends_it_with_1(
    hook: str, sentence: str, net: Net, start: Start
) -> None:
    net.scale(2)
    ended = finder(start, net, f"-on-start={hook}").end()
    assert ended.code == 1
    assert f'"event": "{sentence}"' in ended.err.splitlines()[-1]


def test_a_command_that_is_missing_ends_it_with_1(net: Net, start: Start) -> None:
    net.scale(2)
    ended = finder(start, net, "-argv", "-on-start=/nosuch here").end()
    said = "on-start could not be started: /nosuch: No such file or directory"
    assert (ended.code, ended.events[-1]["event"]) == (1, said)


def test_a_hook_has_the_folder_and_the_environment_and_its_output_goes_where_ours_does(
    net: Net, start: Start, tmp_path: Path
) -> None:
    """People grep in it: its lines come as they are, and at once."""
    net.scale(2)
    on_start = 'echo "$PWD $MINE"; echo not well >&2; cat; echo two'
    environment = {**IN_THE_POD, "ROLLCALL_NAMESERVER": str(net.nameserver), "MINE": "a b"}
    given = Setting(environment=environment, folder=tmp_path)
    program = start("peer-finder", *FLAGS, f"-on-start={on_start}", setting=given)
    ended = program.end()
    assert ended.out == f"{tmp_path} a b\n{''.join(NAMES[:2])}two\n"
    assert "not well" in ended.err.splitlines()


def test_what_a_hook_writes_is_not_kept_until_its_end(
    net: Net, start: Start, tmp_path: Path
) -> None:
    net.scale(2)
    program = finder(start, net, f"-on-start=echo it runs; {waiting_for(tmp_path / 'go')}")
    until(lambda: program.out == "it runs\n", SOON, "it is there while the hook runs")
    (tmp_path / "go").touch()
    assert program.end().code == 0


def test_a_hook_need_not_read_what_it_is_given(net: Net, start: Start) -> None:
    net.scale(2)
    assert finder(start, net, "-on-start=exec <&-; true").end().code == 0


def test_a_hook_may_take_its_time_and_then_the_newest_list_is_told_once(
    net: Net, start: Start, tmp_path: Path
) -> None:
    net.scale(2)
    slow = f"-on-start=echo runs; {waiting_for(tmp_path / 'go')}"
    program = finder(start, net, slow, *noting(tmp_path, "on-change"))
    until(lambda: program.out, SOON, "on-start runs")
    for count in (3, 4):
        net.scale(count)
        until(lambda: len(program.events("members")[-1]["peers"]) == count, SOON, "it was seen")  # noqa: B023  # it is called at once
    assert not calls(tmp_path)
    (tmp_path / "go").touch()
    called(tmp_path, 1)
    assert calls(tmp_path) == [("on-change", "".join(NAMES))]
    program.must_run()


def test_a_command_without_a_shell_gets_its_words_as_they_are(
    net: Net, start: Start, tmp_path: Path
) -> None:
    net.scale(2)
    command = tmp_path / "hook"
    command.write_text('#!/bin/sh\nprintf "<%s>" "$@"; cat; env\n')
    command.chmod(0o755)
    ended = finder(start, net, "-argv", f"-on-start={command} 'a b' $HOME > x").end()
    assert ended.code == 0, ended.err
    assert ended.out.startswith(f"<a b><$HOME><>><x>{NAMES[0]}{NAMES[1]}")
    assert {
        f"HOST_ADDRESS={fqdn('db-1')}",
        "HOST_ADDRESS_TYPE=DNS",
        "POD_IP=10.0.0.2",
        "POD_IP_TYPE=IPv4",
    } <= set(ended.out.splitlines())


def test_a_snippet_is_for_bash_if_there_is_one_or_else_for_sh(
    net: Net, start: Start, tmp_path: Path
) -> None:
    net.scale(2)
    for shell in ("sh", "bash"):
        (tmp_path / shell).write_text(f'#!/bin/sh\necho {shell} "$@"\n')
        (tmp_path / shell).chmod(0o755)
        ended = finder(start, net, "-on-start=a; b", more={"PATH": str(tmp_path)}).end()
        assert (ended.code, ended.out) == (0, f"{shell} -c a; b\n")


def test_without_a_shell_there_is_a_sentence(net: Net, start: Start, tmp_path: Path) -> None:
    ended = finder(start, net, "-on-start=a; b", more={"PATH": str(tmp_path)}).end()
    assert ended.code == 1
    assert "there is no shell to run 'a; b': give -argv if it needs none" in ended.err


SLEEPS = "sleep 600 & echo $$ $! > {}/pids; wait"


@pytest.mark.parametrize(
    "more", [("-on-start", 1), ("-state=", "-on-change=:", "-on-start", 1), ("-on-change", 0)]
)
def test_a_signal_ends_it_and_the_hook_with_all_that_it_started(
    more: tuple[str | int, ...], net: Net, start: Start, tmp_path: Path
) -> None:
    """on-start that was cut off is no success, whatever else there is to run."""
    *flags, hook, code = more
    net.scale(2)
    program = finder(start, net, *map(str, flags), f"{hook}={SLEEPS.format(tmp_path)}")
    processes = [int(word) for word in holds(tmp_path / "pids").split()]
    assert program.end(signal.SIGTERM).code == code, program.err
    until(lambda: all(map(is_gone, processes)), SOON, "nobody is left behind")


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2])
def test_any_other_signal_that_would_end_it_is_as_sigterm(
    number: signal.Signals, net: Net, start: Start, tmp_path: Path
) -> None:
    net.scale(2)
    program = finder(start, net, f"-on-change={SLEEPS.format(tmp_path)}")
    processes = [int(word) for word in holds(tmp_path / "pids").split()]
    assert program.end(number).code == 0, program.err
    until(lambda: all(map(is_gone, processes)), SOON, "nobody is left behind")


def test_a_hook_that_tidies_up_is_waited_for(net: Net, start: Start, tmp_path: Path) -> None:
    """It may be the database itself, as where the fork without a shell is a container's PID 1."""
    net.scale(2)
    asked, go = tmp_path / "asked", tmp_path / "go"
    saves = f"trap 'echo > {asked}; {waiting_for(go)}; echo saved; exit 0' TERM"
    program = finder(start, net, f"-on-start={saves}; echo runs; while :; do sleep 0.01; done")
    until(lambda: program.out, SOON, "on-start runs")
    program.process.send_signal(signal.SIGTERM)
    until(asked.exists, SOON, "the hook was asked to end")
    program.must_run()
    go.touch()
    ended = program.end()
    assert (ended.code, ended.out) == (0, "runs\nsaved\n")


def test_what_a_hook_that_succeeded_left_running_stays(
    net: Net, start: Start, tmp_path: Path
) -> None:
    net.scale(2)
    program = finder(start, net, f"-on-start=sleep 600 & echo $! > {tmp_path}/pid")
    assert program.end().code == 0
    left = int((tmp_path / "pid").read_text())
    assert not is_gone(left)
    os.kill(left, signal.SIGKILL)
