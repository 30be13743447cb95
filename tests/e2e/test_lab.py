"""`rollcall lab`: a cluster on this machine. Most labs run at once here, for they mostly wait."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

import pytest
import yaml

from tests.e2e.program import SOON, Ended, Program, Setting, rollcall
from tests.support.until import until

# Seconds. A fault alone is played for five.
LONG = 60.0
FAULTS = {
    "servfail": "--fault=servfail --output=list",
    "timeout": "--fault=timeout --output=galera",
    "empty": "--fault=empty --output=cassandra",
    "truncate": "--fault=truncate --output=list --replicas=2",
    "stale": "--fault=stale=2s --output=list --scale=2",
}
LABS = {
    **FAULTS,
    "scaling": "--output=json --scale=2,1,2",
    "tampered with": "--fault=empty --output=list",
    "kept": "--keep --output=cassandra",
    "kept and terminated": "--keep --output=list",
}


class Lab:
    """A running lab of one pod, if its arguments say no other number."""

    def __init__(self, arguments: str, setting: Setting | None = None) -> None:
        self.program = Program("lab", "--replicas=1", *arguments.split(), setting=setting)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Ends it so that it ends its agents; one that is killed would leave them behind."""
        if self.program.process.poll() is None:
            self.program.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.program.process.wait(SOON)
        self.program.close()

    @property
    def out(self) -> str:
        return self.program.out

    @property
    def folder(self) -> Path:
        """Where its files are."""
        found = self.waits_for(r"the files are in (\S+)")
        return Path(found[1])

    def waits_for(self, pattern: str) -> re.Match[str]:
        """Waits until it has printed something that matches."""

        def printed() -> re.Match[str] | None:
            found = re.search(pattern, self.out)
            self.program.must_run(expected=not found)
            return found

        found = until(printed, LONG, f"the lab prints {pattern!r}")
        assert found
        return found

    def end(self) -> Ended:
        """Waits for its end, by itself or after a signal."""
        until(lambda: self.program.process.poll() is not None, LONG, "the lab ends")
        return self.program.end()

    def agents(self) -> list[str]:
        """The process IDs of its agents, which have its folder among their arguments."""
        listed = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,args="], capture_output=True, text=True, check=True
        )
        lines = [line for line in listed.stdout.splitlines() if f"{self.folder}/" in line]
        return [line.split()[0] for line in lines]

    def must_have_cleaned_up(self) -> None:
        """Nothing of it is left: no agent, no folder."""
        assert not self.agents()
        assert not self.folder.exists()


@pytest.fixture(scope="module")
def labs() -> Iterator[Mapping[str, Lab]]:
    """Labs that were started together; each is one test's own."""
    with ExitStack() as running:
        yield {name: running.enter_context(Lab(arguments)) for name, arguments in LABS.items()}


@pytest.fixture
def lab(labs: Mapping[str, Lab]) -> Iterator[Lab]:
    """A lab beside those, for what has to be done to it while a fault is played."""
    assert labs
    with Lab("--fault=empty --output=list") as started:
        yield started


def test_a_file_that_is_tampered_with_is_found_and_ends_the_lab_with_1(
    labs: Mapping[str, Lab],
) -> None:
    lab = labs["tampered with"]  # the first test: this fault is played as soon as the lab is up
    lab.waits_for("fault  empty")
    (file,) = lab.folder.glob("db-0/[!.]*")
    file.write_text("db-9.db.lab.svc.cluster.local\n")
    ended = lab.end()
    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert line == "rollcall: a file was replaced during the fault empty"
    lab.must_have_cleaned_up()


def test_a_kept_lab_can_be_looked_at_and_cleans_up_on_ctrl_c(labs: Mapping[str, Lab]) -> None:
    lab = labs["kept"]
    file = lab.waits_for(r"Still running, until Ctrl-C.*\n  cat (\S+)\n")[1]
    command = lab.waits_for(r"\n  \S+ (peers .*)\n")[1]
    (provider,) = yaml.safe_load(Path(file).read_text())["seed_provider"]
    assert provider["parameters"] == [{"seeds": "db-0.db.lab.svc.cluster.local"}]
    looked = rollcall(*command.split())
    assert looked.code == 0, looked.err
    assert looked.out.split() == ["db-0", "127.10.0.1", "this", "pod"]
    assert len(lab.agents()) == 1
    lab.program.process.send_signal(signal.SIGINT)
    ended = lab.end()
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith("cleaned up\n")
    lab.must_have_cleaned_up()
    assert rollcall(*command.split()).code == 1  # its DNS is gone too


def test_a_kept_lab_cleans_up_when_it_is_terminated(labs: Mapping[str, Lab]) -> None:
    lab = labs["kept and terminated"]
    lab.waits_for("Still running")
    lab.program.process.send_signal(signal.SIGTERM)
    ended = lab.end()
    assert (ended.code, ended.err) == (0, "")
    lab.must_have_cleaned_up()


def test_ctrl_c_in_the_middle_cleans_up(lab: Lab) -> None:
    lab.waits_for("fault  empty")
    assert lab.agents()
    lab.program.process.send_signal(signal.SIGINT)
    ended = lab.end()
    assert (ended.code, ended.err) == (130, "")
    assert "on disk are what membership demands" not in ended.out
    lab.must_have_cleaned_up()


def test_ctrl_c_before_the_check_is_130_although_the_lab_was_to_be_kept(
    labs: Mapping[str, Lab],
) -> None:
    assert labs
    with Lab("--keep --output=list --fault=empty") as lab:
        lab.waits_for("fault  empty")
        lab.program.process.send_signal(signal.SIGINT)
        ended = lab.end()
        assert (ended.code, ended.err) == (130, "")
        lab.must_have_cleaned_up()


def test_what_lies_in_the_working_directory_is_not_taken_for_the_agent(
    labs: Mapping[str, Lab], tmp_path: Path
) -> None:
    assert labs
    for name in ("agent.py", "click.py", "signal.py"):
        (tmp_path / name).write_text("raise SystemExit('this is somebody else')\n")
    with Lab("--output=list", Setting(folder=tmp_path)) as lab:
        ended = lab.end()
        assert (ended.code, ended.err) == (0, "")
        assert "1 of 1 files on disk are what membership demands" in ended.out


def test_an_agent_that_ends_by_itself_ends_the_lab_with_1(lab: Lab) -> None:
    lab.waits_for("fault  empty")
    (agent,) = lab.agents()
    subprocess.run(["kill", "-KILL", agent], check=True)
    ended = lab.end()
    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert line == "rollcall: the agent of db-0 ended by itself, with -9"
    lab.must_have_cleaned_up()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_changes_no_file_and_all_are_right_in_the_end(
    labs: Mapping[str, Lab], fault: str
) -> None:
    lab = labs[fault]
    ended = lab.end()
    assert (ended.code, ended.err) == (0, "")
    assert re.search(rf"fault  {fault}: \S", ended.out)
    assert re.search(r"(\d) of \1 files on disk are what membership demands\n$", ended.out)
    if fault != "stale":  # the set scales under that one
        assert f"of {fault}\n" in ended.out
        assert ended.out.count("files are as they were") == 1
    lab.must_have_cleaned_up()


def test_each_change_is_shown_with_the_time_that_it_took(labs: Mapping[str, Lab]) -> None:
    lab = labs["scaling"]
    ended = lab.end()
    assert (ended.code, ended.err) == (0, "")
    steps = re.findall(r"scale  (\d -> \d) pods", ended.out)
    assert steps == ["0 -> 1", "1 -> 2", "2 -> 1", "1 -> 2"]
    wrote = re.findall(r"wrote  (db-\d)  .*after (\d\.\d\d) s", ended.out)
    pods = [pod for pod, _ in wrote]
    assert sorted(pods[:3]) == ["db-0", "db-0", "db-1"]
    assert pods[3] == "db-0"
    assert float(wrote[3][1]) >= 3  # how long a missing pod is held
    assert sorted(pods[4:]) == ["db-0", "db-1"]  # of a db-1 that is a new one
    assert ended.out.endswith("2 of 2 files on disk are what membership demands\n")
    lab.must_have_cleaned_up()
