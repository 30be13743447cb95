"""What a test may rely on when it runs a program."""

from __future__ import annotations

import pytest

from tests.readback.programs import Programs, Ran

FILE = "/peers/a/file"


def test_a_program_has_what_it_is_given(programs: Programs) -> None:
    script = f'cat {FILE}; id -un; echo "$A"; getent hosts db-0 >&2; exit 3'
    ran = programs.run(
        ["sh", "-c", script],
        {FILE: b"content\n"},
        user="mysql",
        env={"A": "b c"},
        hosts={"db-0": "10.0.0.1"},
    )
    assert ran == Ran(3, "content\nmysql\nb c\n", "10.0.0.1        db-0\n")


def test_what_one_run_has_is_not_there_for_the_next(programs: Programs) -> None:
    leave = ["sh", "-c", f"cat {FILE} && touch /tmp/left"]
    assert programs.run(leave, {FILE: b""}).code == 0
    assert programs.run(["test", "-e", FILE, "-o", "-e", "/tmp/left"]).code == 1  # noqa: S108  # in the container


def test_there_is_no_network_but_loopback(programs: Programs) -> None:
    assert programs.run(["sh", "-c", "ls /sys/class/net"]).out.split() == ["lo"]


def test_a_program_that_does_not_end_in_time_fails_the_test_with_what_it_said(
    programs: Programs,
) -> None:
    with pytest.raises(AssertionError, match=r"sh ends within 1 s, with .*out='waits"):
        programs.run(["sh", "-c", "echo waits; sleep infinity"], within=1.0)


def test_a_server_is_ended_when_it_has_said_what_is_waited_for(programs: Programs) -> None:
    ran = programs.run(["sh", "-c", "echo ready >&2; sleep infinity"], until="ready")
    assert ran == Ran(137, "", "ready\n")


def test_a_server_that_ends_by_itself_is_not_waited_for(programs: Programs) -> None:
    assert programs.run(["sh", "-c", "echo no; exit 2"], until="ready") == Ran(2, "no\n", "")


def test_a_server_that_does_not_say_it_in_time_fails_the_test(programs: Programs) -> None:
    with pytest.raises(AssertionError, match=r"sleep says 'ready' within 1 s"):
        programs.run(["sleep", "infinity"], until="ready", within=1.0)


def test_a_file_that_it_leaves_comes_back(programs: Programs) -> None:
    ran = programs.run(["sh", "-c", f"echo more >>{FILE}"], {FILE: b"some\n"}, leaves=[FILE])
    assert ran == Ran(0, "", "", {FILE: b"some\nmore\n"})
