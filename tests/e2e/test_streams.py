"""Where stderr or stdout is closed, full, or read no more: the files are kept true all the same."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from agent.cli.log import Unhurried
from tests.e2e.conftest import Start
from tests.e2e.kube import Kube, pods
from tests.e2e.program import QUICK, ROOT, SERVICE, SOON, Setting, located, rollcall
from tests.support.until import until

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full, as on Linux")
PRINTING = [
    *(("--version",), ("--help",), ("formats",), ("run", "--help")),
    ("whoami", "--pod-name=db-0", *SERVICE),
]


def through_shell(redirection: str) -> tuple[str, ...]:
    """What starts a command with its streams redirected."""
    return ("sh", "-c", f'exec "$@" {redirection}', "sh")


@pytest.mark.parametrize("redirection", ["2>&-", pytest.param(f"2>{FULL}", marks=needs_full)])
def test_where_nothing_can_be_logged_the_file_is_kept_true(
    kube: Kube, tmp_path: Path, start: Start, redirection: str
) -> None:
    file = tmp_path / "peers.json"
    kube.scale(2)
    program = start(
        *("run", "--pod-name=db-0", *SERVICE, *QUICK, kube.flag, f"--output=json:{file}"),
        setting=Setting(through=through_shell(redirection)),
    )
    must_follow(kube, file)
    ended = program.end(signal.SIGTERM)
    assert (ended.code, ended.out, ended.err) == (0, "", "")


@pytest.mark.parametrize("redirection", ["2>&-", pytest.param(f"2>{FULL}", marks=needs_full)])
@pytest.mark.parametrize(
    ("flag", "code"), [("--wait-for=self", 0), ("--wait-timeout=0s", 3), ("--log-level=loud", 2)]
)
def test_where_nothing_can_be_logged_the_exit_code_says_it(
    kube: Kube, tmp_path: Path, redirection: str, flag: str, code: int
) -> None:
    kube.scale(2)
    ended = rollcall(
        *("once", "--pod-name=db-3", *SERVICE, *QUICK, kube.flag, flag),
        f"--output=json:{tmp_path / 'peers.json'}",
        setting=Setting(through=through_shell(redirection)),
    )
    assert (ended.code, ended.out) == (code, "")


def test_where_the_reader_of_the_log_has_gone_the_file_is_kept_true(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    file = tmp_path / "peers.json"
    kube.scale(1)
    reading, writing = os.pipe()
    with os.fdopen(reading, "r") as log:
        program = start(
            *("run", "--pod-name=db-0", *SERVICE, *QUICK, kube.flag, f"--output=json:{file}"),
            setting=Setting(stderr=writing),
        )
        os.close(writing)
        assert any('"kind": "ready"' in line for line in log)
    must_follow(kube, file)
    assert program.end(signal.SIGTERM).code == 0


def test_where_nobody_reads_the_log_nothing_waits_for_that(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    file, hook = tmp_path / "peers.json", tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\nyes | head -n 90\n: > {tmp_path}/told\nyes | head -c 9999999\n")
    hook.chmod(0o755)
    kube.scale(1)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    while True:
        try:
            os.write(writing, b"x" * 4096)
        except BlockingIOError:
            break
    os.set_blocking(writing, True)
    program = start(
        *("run", "--pod-name=db-0", *SERVICE, *QUICK, kube.flag, f"--output=json:{file}"),
        f"--notify=exec:{hook}",
        setting=Setting(stderr=writing),
    )
    must_follow(kube, file)
    until((tmp_path / "told").exists, SOON, "the hook was told")
    ended = program.end(signal.SIGTERM)
    os.close(writing)
    os.close(reading)
    assert ended.code == 0


def test_what_was_lost_of_a_log_that_nobody_read_is_counted_once_somebody_does() -> None:
    reading, writing = os.pipe()
    lines = Unhurried(writing, "{} were lost".format)
    line = "x" * 9999 + "\n"
    for _ in range(300):
        lines.write(line)
    with os.fdopen(reading) as log:
        last = next(text for text in log if text.endswith(" were lost\n"))
        count = int(last.split()[0])
        assert 0 < count < 300
        lines.write("and then\n")
        assert next(log) == "and then\n"
        lines.finish()
        os.close(writing)
        assert log.read() == ""


def must_follow(kube: Kube, file: Path) -> None:
    """Changes the set a few times, and waits for the file each time."""
    for count in (2, 4, 3):
        kube.scale(count)
        until(partial(is_of, file, count), SOON, f"the file is of {count}")


def is_of(file: Path, count: int) -> bool:
    """Whether the file names just the pods of `Kube.scale(count)`."""
    return located(file) == {pod.name: list(pod.addresses) for pod in pods(range(count))}


@needs_full
@pytest.mark.parametrize("arguments", PRINTING)
def test_where_stdout_is_full_that_is_one_sentence_and_exit_1(arguments: tuple[str, ...]) -> None:
    ended = rollcall(*arguments, setting=Setting(through=through_shell(f">{FULL}")))
    assert (ended.code, ended.err) == (1, "rollcall: No space left on device\n")


@pytest.mark.parametrize("arguments", PRINTING)
def test_a_reader_that_is_gone_gets_no_word_more(arguments: tuple[str, ...]) -> None:
    """As in `rollcall formats | true`."""
    reading, writing = os.pipe()
    os.close(reading)
    ended = rollcall(*arguments, setting=Setting(stdout=writing))
    os.close(writing)
    assert ended.err == ""


def test_a_reader_that_has_seen_enough_is_left_alone() -> None:
    command = f"{shlex.quote(sys.executable)} -m agent formats | head -n 1"
    ended = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, check=True)
    assert ended.stderr == b""
    assert len(ended.stdout.splitlines()) == 1
