"""A file that is its reader's own once it is there, where the agent may not even read it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.doctor import doctor
from tests.e2e.kube import Kube
from tests.e2e.program import QUICK, SERVICE, Setting, rollcall
from tests.publish.folders import mode_of
from tests.support.need import need_program

SENTINEL = 4999
STATE = b"port 26379\nsentinel myid 0123456789abcdef0123456789abcdef01234567\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder where each user may make and remove files."""
    folder = tmp_path / "sentinel"
    folder.mkdir()
    folder.chmod(0o2777)
    return folder


def saves(file: Path) -> None:
    """Saves a file as Sentinel does where its umask is 0077."""
    beside = file.with_name("sentinel.conf-1-1.tmp")
    beside.write_bytes(STATE)
    beside.chmod(0o600)
    os.chown(beside, SENTINEL, SENTINEL)
    beside.rename(file)


def as_others() -> Setting:
    """Without what lets root read each file and give files away."""
    if os.geteuid() != 0:
        pytest.skip("needs root, who alone may give files to another user: run it as root")
    program = need_program("setpriv", "apt-get install util-linux")
    without = "--bounding-set=-dac_override,-dac_read_search,-fowner,-chown"
    return Setting(through=(program, without))


def arguments(kube: Kube, command: str, file: Path) -> tuple[str, ...]:
    output = f"--output=redis-sentinel:{file}"
    return (command, "--pod-name=db-0", *SERVICE, *QUICK, kube.flag, output)


def test_what_sentinel_saved_before_the_start_stays_and_the_gate_opens(
    kube: Kube, folder: Path
) -> None:
    setting, file = as_others(), folder / "sentinel.conf"
    saves(file)
    kube.scale(3)
    ended = rollcall(*arguments(kube, "once", file), setting=setting)
    assert ended.code == 0, ended.err
    assert file.read_bytes() == STATE
    assert file.stat().st_uid == SENTINEL
    assert "published" not in [event["kind"] for event in ended.events]
    (said,) = [event["event"] for event in ended.events if event["kind"] == "kept"]
    assert said == f"{file} is there, and its reader's own: it is left as it is"


def test_an_empty_file_is_nobodys_and_is_written(kube: Kube, folder: Path) -> None:
    """As a full volume leaves it: its reader would start with it, and do nothing."""
    file = folder / "sentinel.conf"
    file.touch()
    kube.scale(3)
    ended = rollcall(*arguments(kube, "once", file))
    assert ended.code == 0, ended.err
    assert b"sentinel monitor" in file.read_bytes()
    assert "kept" not in [event["kind"] for event in ended.events]


def test_what_sentinel_saves_while_the_agent_runs_is_not_taken_for_removed(
    kube: Kube, folder: Path, start: Start
) -> None:
    setting, file = as_others(), folder / "sentinel.conf"
    kube.scale(3)
    program = start(*arguments(kube, "run", file), setting=setting)
    program.says("ready")
    saves(file)
    kube.scale(4)
    program.says("members", times=2)
    program.rests()
    assert file.read_bytes() == STATE
    assert not program.events("meddling")
    assert len(program.events("published")) == 1


def test_its_mode_is_the_outputs_when_it_is_written_and_then_its_readers(
    kube: Kube, folder: Path
) -> None:
    file, config = folder / "sentinel.conf", folder / "rollcall.yaml"
    config.write_text(f'outputs: [{{format: redis-sentinel, path: {file}, mode: "0664"}}]')
    once = ("once", "--pod-name=db-0", *SERVICE, *QUICK, kube.flag, f"--config={config}")
    kube.scale(3)
    assert rollcall(*once).code == 0
    assert mode_of(file) == 0o664
    file.chmod(0o600)
    assert rollcall(*once).code == 0
    assert mode_of(file) == 0o600


def test_doctor_has_nothing_against_a_file_that_only_its_reader_may_read(
    kube: Kube, folder: Path
) -> None:
    file = folder / "sentinel.conf"
    file.write_bytes(STATE)
    file.chmod(0o600)
    kube.scale(3)
    seen = doctor(kube.flag, f"--output=redis-sentinel:{file}")
    assert seen.troubles == {}
