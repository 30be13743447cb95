"""Programs that can be run and such that can't, held to what happens when they are started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.runnable import why_not_runnable

# What a script begins with, and why it can't be run; {} is the script.
BROKEN = {
    b"": "{} does not begin with #!",
    b"echo hello\n": "{} does not begin with #!",
    b"\n#!/bin/sh\n": "{} does not begin with #!",
    b"\xef\xbb\xbf#!/bin/sh\n": "{} begins with a byte order mark: save it without one",
    "#!/bin/sh\n".encode("utf-16"): "{} does not begin with #!",
    b"#!/bin/sh\r\nexit 0\r\n": "the first line of {} ends with a carriage return: save it with LF",
    b"#!/usr/bin/env sh\r\n": "the first line of {} ends with a carriage return: save it with LF",
    b"#!\nexit 0\n": "the first line of {} names no program behind #!",
    b"#!/usr/bin/bash5\n": "there is no program /usr/bin/bash5, which the first line of {} names",
    b"#! \t/none/sh -e\n": "there is no program /none/sh, which the first line of {} names",
    b"#!/etc/passwd\n": f"/etc/passwd is not executable for user {os.geteuid()}, which the first",
    b"#!/etc\n": "/etc is no file, which the first line of {} names",
    b"#!/usr/bin/env bash5 -e\n": "there is no program bash5, which the first line of {} names",
    b"#!/usr/bin/env -S bash5 -e\n": "there is no program bash5, which the first line of {} names",
    b"#!/none/\xff\x00\x1b[1m\n": "the first line of {} has characters that can't be shown",
}
SOUND = [
    b"#!/bin/sh\nexit 0\n",
    b"#! /bin/sh -e\nexit 0\n",
    b"#!/bin/sh\n\r\n" + b"exit 0\n",
    b"#!/usr/bin/env sh\nexit 0\n",
    b"#!/usr/bin/env -S sh -e\nexit 0\n",
    b"#!/usr/bin/env -i A=1 sh\nexit 0\n",
]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A file that may be run, as far as its mode says."""
    path = tmp_path / "on-change"
    path.touch()
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("content", BROKEN, ids=repr)
def test_a_script_that_does_not_begin_as_one_is_told_with_the_mend(
    script: Path, content: bytes
) -> None:
    script.write_bytes(content)
    assert why_not_runnable(str(script)).startswith(BROKEN[content].format(script))


@pytest.mark.parametrize("content", BROKEN, ids=repr)
def test_what_is_said_not_to_run_does_not_run(script: Path, content: bytes) -> None:
    script.write_bytes(content)
    try:
        ended = subprocess.run([script], cwd="/", check=False, capture_output=True)
    except OSError:
        return
    assert ended.returncode != 0


@pytest.mark.parametrize("content", SOUND, ids=repr)
def test_nothing_is_said_against_a_script_whose_interpreter_is_there(
    script: Path, content: bytes
) -> None:
    script.write_bytes(content)
    assert why_not_runnable(str(script)) == ""


@pytest.mark.parametrize("name", ["sh", "/bin/sh", sys.executable])
def test_nothing_is_said_against_a_program_that_is_there(name: str) -> None:
    assert why_not_runnable(name) == ""


def test_what_is_not_there_or_no_program_is_named(script: Path, tmp_path: Path) -> None:
    script.chmod(0o644)
    loose = tmp_path / "loose"
    loose.symlink_to(tmp_path / "none")
    who = f"is not executable for user {os.geteuid()}"
    assert why_not_runnable(str(script)) == f"{script} {who}"
    assert why_not_runnable(str(tmp_path)) == f"{tmp_path} is no file"
    assert why_not_runnable(str(loose)) == f"there is no program {loose}"
    assert why_not_runnable("no-such-program") == "there is no program no-such-program"


def test_a_program_that_nobody_may_read_may_still_be_run(script: Path) -> None:
    script.chmod(0o111)
    if os.access(script, os.R_OK):  # root may read all
        script.write_bytes(b"#!/bin/sh\n")
    assert why_not_runnable(str(script)) == ""
