from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.cases.net import Net
from tests.e2e.conftest import Start
from tests.e2e.program import SOON, Program, Setting, fqdn
from tests.peer_finder.finder import BOTH, FLAGS, IN_THE_POD, finder, noting
from tests.peer_finder.script import asked, calls
from tests.support.until import until

# Questions: in that time it has told of any change.
LONG = 12
NAMES = [f"{fqdn(f'db-{n}')}\n" for n in range(5)]
# A container: processes of its own, and /dev/shm that is the pod's: the folder is the argument.
CONTAINER = (
    *("unshare", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
    *("sh", "-ec", 'mount --bind "$1" /dev/shm; shift; exec "$@"', "sh"),
)
# What starts a program in the container of a process, whose number is the argument.
INTO = ("nsenter", "--user", "--preserve-credentials", "--mount", "--pid", "--target")
# In a container, where the program is not the only one.
BESIDE = ("sh", "-c", '"$@"; true', "sh")


def told(hook: str, count: int) -> tuple[str, str]:
    """A call, with so many names."""
    return hook, "".join(NAMES[:count])


def is_called(folder: Path, *expected: tuple[str, str]) -> None:
    """Waits until there were so many calls, which have to be these."""
    until(lambda: len(calls(folder)) >= len(expected), SOON, f"{len(expected)} calls")
    assert calls(folder) == list(expected)


def asks_on(net: Net, times: int) -> None:
    """Waits until it has asked so often."""
    before = asked(net.proxy)
    until(lambda: asked(net.proxy) > before + times, SOON, "it asks on")


def killed(program: Program, net: Net) -> None:
    """Ends it as a kernel without memory would, in the turn after the one that told of the news."""
    program.says("notified")
    asks_on(net, 1)
    program.process.kill()
    program.process.wait(SOON)


def test_on_start_is_not_run_again_beside_a_live_database_which_is_told_what_it_missed(
    net: Net, start: Start, tmp_path: Path
) -> None:
    net.scale(2)
    given = (f"-state={tmp_path}", *noting(tmp_path, *BOTH))
    killed(finder(start, net, *given), net)
    net.scale(3)
    killed(finder(start, net, *given), net)
    expected = [told("on-start", 2), told("on-change", 3)]
    assert calls(tmp_path) == expected
    third = finder(start, net, *given)
    asks_on(net, LONG)
    net.scale(4)
    is_called(tmp_path, *expected, told("on-change", 4))
    third.must_run()


def test_what_a_hook_failed_to_be_told_is_told_after_the_restart(
    net: Net, start: Start, tmp_path: Path
) -> None:
    net.scale(2)
    hooks = noting(tmp_path, *BOTH)
    (tmp_path / "script").write_text("exit 1")
    given = (f"-state={tmp_path}", hooks[0], f"-on-change=. {tmp_path}/script")
    first = finder(start, net, *given)
    is_called(tmp_path, told("on-start", 2))
    net.scale(3)
    assert first.end().code == 1
    (tmp_path / "script").write_text(hooks[1].partition("=")[2])
    finder(start, net, *given)
    is_called(tmp_path, told("on-start", 2), told("on-change", 3))


def test_on_start_that_failed_is_run_again(net: Net, start: Start, tmp_path: Path) -> None:
    net.scale(2)
    (on_start, _) = noting(tmp_path, *BOTH)
    given = (f"-state={tmp_path}", f"{on_start}; exit 1", "-on-change=:")
    for times in (1, 2):
        assert finder(start, net, *given).end().code == 1
        is_called(tmp_path, *[told("on-start", 2)] * times)


@pytest.mark.parametrize("hook", BOTH)
def test_with_one_hook_it_is_run_at_each_start(
    hook: str, net: Net, start: Start, tmp_path: Path
) -> None:
    net.scale(2)
    given = (f"-state={tmp_path}", *noting(tmp_path, hook))
    for times in (1, 2):
        program = finder(start, net, *given)
        is_called(tmp_path, *[told(hook, 2)] * times)
        program.close()
    assert not list(tmp_path.glob(".rollcall*"))


def test_without_a_folder_on_start_is_run_at_each_start(
    net: Net, start: Start, tmp_path: Path
) -> None:
    net.scale(2)
    for times in (1, 2):
        killed(finder(start, net, "-state=", *noting(tmp_path, *BOTH)), net)
        assert calls(tmp_path) == [told("on-start", 2)] * times


def can_have_containers() -> bool:
    """Whether this machine lets a test have one of these; many containers do not."""
    if shutil.which("unshare") is None:
        return False
    with TemporaryDirectory() as folder:  # one that holds mounts, as /tmp may, can't be bound
        command = [*CONTAINER, folder, "true"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


# No skip, which would be a failure in a strict run: there is no package that mends it.
if can_have_containers():

    def contained(
        start: Start, net: Net, folder: Path, *arguments: str, through: tuple[str, ...] = ()
    ) -> Program:
        """It, in a container of a pod."""
        shared = folder / "shm"
        shared.mkdir(exist_ok=True)
        setting = Setting(
            environment={**IN_THE_POD, "ROLLCALL_NAMESERVER": str(net.nameserver)},
            through=(*CONTAINER, str(shared), *through),
        )
        return start("peer-finder", *FLAGS, *arguments, setting=setting)

    @contextmanager
    def entered(program: Program, script: str) -> Iterator[None]:
        """With a script that was started in its container from outside, as by `kubectl exec`."""
        (own,) = children(program.process.pid)
        command = [*INTO, str(own), "sh", "-c", f"echo; {script}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
            try:
                assert process.stdout
                assert process.stdout.readline() == b"\n"
                yield
            finally:
                os.killpg(process.pid, signal.SIGKILL)

    def test_a_sidecar_remembers_in_the_memory_of_the_pod_that_on_start_has_run(
        net: Net, start: Start, tmp_path: Path
    ) -> None:
        net.scale(2)
        given = noting(tmp_path, *BOTH)
        killed(contained(start, net, tmp_path, *given), net)
        (kept,) = (tmp_path / "shm").iterdir()
        assert kept.name.startswith(".rollcall-db-1.db.prod-")
        net.scale(3)
        contained(start, net, tmp_path, *given)
        is_called(tmp_path, told("on-start", 2), told("on-change", 3))

    @pytest.mark.parametrize(
        ("leaves", "through"),
        [("sleep 600 & ", ()), ("", BESIDE)],
        ids=["the hook started it", "it started us"],
    )
    def test_where_the_database_is_in_this_container_on_start_is_run_at_each_start(
        leaves: str, through: tuple[str, ...], net: Net, start: Start, tmp_path: Path
    ) -> None:
        """It ended with the container, whose files are gone, too."""
        net.scale(2)
        on_start, on_change = noting(tmp_path, *BOTH)
        given = (on_start.replace("=", f"={leaves}", 1), on_change)
        for times in (1, 2):
            killed(contained(start, net, tmp_path, *given, through=through), net)
            assert calls(tmp_path) == [told("on-start", 2)] * times

    @pytest.mark.parametrize("leaves", ["", "sleep 600 & "], ids=["a probe", "its daemon"])
    def test_what_comes_into_the_container_from_outside_is_no_database(
        leaves: str, net: Net, start: Start, tmp_path: Path
    ) -> None:
        """An exec probe runs at any moment: on-start is not to be run for it beside a database."""
        net.scale(2)
        given = noting(tmp_path, *BOTH)
        first = contained(start, net, tmp_path, *given)
        first.says("waiting", "members")
        with entered(first, f"{leaves}sleep 600; :"):
            first.says("notified")
            net.scale(3)
            is_called(tmp_path, told("on-start", 2), told("on-change", 3))
            killed(first, net)
        net.scale(4)
        contained(start, net, tmp_path, *given)
        is_called(tmp_path, told("on-start", 2), told("on-change", 3), told("on-change", 4))

    def test_the_containers_first_process_counts_for_who_came_from_outside(
        net: Net, start: Start, tmp_path: Path
    ) -> None:
        """As where a person starts it by `kubectl exec` beside the database."""
        net.scale(2)
        first = ("sh", "-c", "echo; exec sleep 600")
        command = [*CONTAINER, str(tmp_path), *first]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as container:
            try:
                assert container.stdout
                assert container.stdout.readline() == b"\n"
                (own,) = children(container.pid)
                environment = {**IN_THE_POD, "ROLLCALL_NAMESERVER": str(net.nameserver)}
                setting = Setting(environment=environment, through=(*INTO, str(own)))
                program = start("peer-finder", *FLAGS, *noting(tmp_path, *BOTH), setting=setting)
                program.says("notified")
                asks_on(net, 2)
                assert not list(tmp_path.glob(".rollcall*"))
            finally:
                container.kill()

    def test_what_was_kept_while_it_was_alone_stays_when_it_is_not(
        net: Net, start: Start, tmp_path: Path
    ) -> None:
        net.scale(2)
        on_start, on_change = noting(tmp_path, *BOTH)
        given = (on_start, on_change.replace("=", "=sleep 600 & ", 1))
        first = contained(start, net, tmp_path, *given)
        first.says("notified")
        net.scale(3)
        is_called(tmp_path, told("on-start", 2), told("on-change", 3))
        killed(first, net)
        contained(start, net, tmp_path, *given)
        is_called(tmp_path, told("on-start", 2), *[told("on-change", 3)] * 2)

    def test_that_on_start_has_run_is_kept_before_the_first_on_change_ends(
        net: Net, start: Start, tmp_path: Path
    ) -> None:
        """Which may fail, and with it the sidecar, beside a database that runs."""
        net.scale(2)
        (on_start,) = noting(tmp_path, "on-start")
        go = tmp_path / "go"
        slow = on_start.replace("=", f"=until [ -e {go} ]; do sleep 0.01; done; ", 1)
        given = (slow, "-on-change=echo changed; sleep 600")
        first = contained(start, net, tmp_path, *given)
        first.says("hook")
        net.scale(3)
        until(lambda: len(first.events("members")[-1]["peers"]) == 3, SOON, "it was seen")
        go.touch()
        until(lambda: first.out == "changed\n", SOON, "on-change runs")
        killed(first, net)
        second = contained(start, net, tmp_path, *given)
        until(lambda: second.out == "changed\n", SOON, "on-change runs again")
        assert calls(tmp_path) == [told("on-start", 2)]

    def test_as_pid_1_it_takes_a_hooks_exit_code_for_what_it_is(
        net: Net, start: Start, tmp_path: Path
    ) -> None:
        net.scale(2)
        hook = "(sleep 0 &); exit 3"
        assert contained(start, net, tmp_path, f"-on-start={hook}", "-on-change=:").end().code == 1

    def test_as_pid_1_it_buries_what_hooks_leave_behind(
        net: Net, start: Start, tmp_path: Path
    ) -> None:
        net.scale(2)
        hook = f"(until [ -e {tmp_path}/go ]; do sleep 0.01; done &) ; :"
        program = contained(start, net, tmp_path, f"-on-start={hook}", "-on-change=:")
        program.says("notified")
        (own,) = children(program.process.pid)
        until(lambda: len(children(own)) == 1, SOON, "the orphan is its child")
        (tmp_path / "go").touch()
        until(lambda: not children(own), SOON, "the orphan is buried")
        os.kill(own, signal.SIGTERM)
        assert program.end().code == 0


def children(process: int) -> list[int]:
    """The children of a process, zombies too."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(word) for word in listed.split()]
