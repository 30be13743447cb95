"""Templates, base files and checks of a user's own, over the whole program."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import Start
from tests.e2e.kube import Kube
from tests.e2e.mistakes import one_line, roll
from tests.e2e.program import (
    QUICK,
    SERVICE,
    SOON,
    Ended,
    Program,
    Setting,
    fqdn,
    rollcall,
    seconds_to_end,
    stamp,
)
from tests.support.until import until

# Seconds from a signal to the end: far more than it takes, far less than what it would wait for.
AT_ONCE = 5.0
GIVEN = Setting(stdin=json.dumps(roll()))
NAMES = '{{ peers | join(",", attribute="name") }}\n'


def render(*arguments: str) -> Ended:
    return rollcall("render", *arguments, setting=GIVEN)


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A pod db-0 with one output, a template's, and the files beside it."""

    start: Start
    kube: Kube
    folder: Path

    @property
    def output(self) -> Path:
        return self.folder / "out" / "peers.conf"

    def runs(self, source: str, *, command: str = "run", **more: object) -> Program:
        """The program, with more said of its output."""
        template, config = self.folder / "my.conf.j2", self.folder / "rollcall.yaml"
        template.write_text(source)
        self.output.parent.mkdir(exist_ok=True)
        output = {"template": str(template), "path": str(self.output), **more}
        config.write_text(yaml.safe_dump({"outputs": [output]}))
        asking = (*SERVICE, *QUICK, "--pod-name=db-0", self.kube.flag)
        # What it is given to read is not for its check.
        return self.start(
            command, *asking, f"--config={config}", setting=Setting(stdin="not for a check\n")
        )

    def names(self, count: int) -> Callable[[], bool]:
        """Whether the file is of so many."""
        text = ",".join(f"db-{n}" for n in range(count))
        return lambda: self.output.exists() and self.output.read_text().endswith(f"{text}\n")


@pytest.fixture
def sidecar(start: Start, kube: Kube, tmp_path: Path) -> Sidecar:
    kube.scale(2)
    return Sidecar(start, kube, tmp_path)


# Templates.


def test_a_template_is_rendered_by_a_person_without_a_cluster(tmp_path: Path) -> None:
    template = tmp_path / "my.conf.j2"
    line = "server {{ peer.host }}:{{ vars.port }}"
    template.write_text(f"{{% for peer in others %}}\n{line}\n{{% endfor %}}")
    ended = render(f"--template={template}", "--var=port=5432")
    assert (ended.code, ended.out) == (0, f"server {fqdn('db-1')}:5432\n")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("\n{{ pers }}", "my.j2, line 2: there is no name 'pers'; did you mean peers? there are "),
        ("{{ peers[9].host }}", "my.j2, line 1: there is no element 9 in a list of 2"),
        ("{% for %}", "my.j2, line 1: "),
        ("{#\ntitle: x\ntitel: x\n#}", "header of {folder}/my.j2 is wrong, line 3: titel: "),
        ("\udcff", "my.j2 can't be read: it is not UTF-8 text"),
        ("x" * 300_000, "my.j2 can't be read: it has more than 256 KiB"),
    ],
)
def test_a_template_with_a_mistake_is_told_it_in_a_line(
    tmp_path: Path, source: str, sentence: str
) -> None:
    template = tmp_path / "my.j2"
    template.write_bytes(source.encode(errors="surrogateescape"))
    said = one_line(render(f"--template={template}"))
    assert sentence.replace("{folder}", str(tmp_path)) in said


@pytest.mark.parametrize("kind", ["--template", "--base"])
def test_what_does_not_end_is_no_source(tmp_path: Path, kind: str) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for path in (tmp_path / "pipe.yaml", Path("/dev/zero")):
        template = tmp_path / "my.j2"
        template.write_text("{# syntax: yaml #}a: 1")
        given = {"--template": f"--template={template}", kind: f"{kind}={path}"}
        assert "it is no regular file" in one_line(render(*given.values()))


def test_a_slip_in_a_template_ends_the_sidecar_before_it_asks_anybody(sidecar: Sidecar) -> None:
    ended = sidecar.runs("{{ peers | joined }}").end()
    assert "there is no filter 'joined'; did you mean join? " in one_line(ended)
    assert not sidecar.output.exists()


def test_a_template_that_can_not_be_rendered_for_a_roll_keeps_the_last_good_file(
    sidecar: Sidecar,
) -> None:
    program = sidecar.runs("{{ peers[1].name }} of " + NAMES)
    program.says("ready")
    before = stamp(sidecar.output)
    sidecar.kube.scale(1)
    (said,) = program.says("not_published")
    assert "line 1: there is no element 1 in a list of 1; the last good file stays" in said["event"]
    assert stamp(sidecar.output) == before
    sidecar.kube.scale(3)
    until(sidecar.names(3), SOON, "the file is of 3")
    assert program.end(signal.SIGTERM).code == 0


@pytest.mark.parametrize("command", ["run", "once"])
def test_a_template_without_end_does_not_keep_the_sidecar_from_ending(
    sidecar: Sidecar, command: str
) -> None:
    loops = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    program = sidecar.runs(loops, command=command)
    spends = Path(f"/proc/{program.process.pid}/stat")

    def works() -> bool:
        """Whether it has computed for longer than a start takes (proc(5): in hundredths)."""
        return int(spends.read_text().rpartition(") ")[2].split()[11]) > 100

    if spends.exists():
        until(works, SOON, "it is at its template")
    ended = program.end(signal.SIGTERM)
    assert (ended.code, ended.err) == (1, "")


# Base files.


@pytest.mark.parametrize(
    ("name", "base", "source", "made"),
    [
        (
            "x.yaml",
            "# theirs\nmode: 0755\nseeds: {list: [a], timeout: 10000ms}\n",
            "seeds: {list: ['{{ me.name }}']}",
            "mode: 0755\nseeds:\n  list:\n  - 'db-0'\n  timeout: 10000ms\n",
        ),
        (
            "my.cnf",
            "# theirs\r\n[mysqld]\r\nserver-id=7\r\nport = 3306\r\n",
            "[mysqld]\nserver_id={{ me.ordinal }}\n",
            "# theirs\r\n[mysqld]\r\nserver_id=0\r\nport = 3306\r\n",
        ),
    ],
)
def test_a_base_is_laid_under_by_a_person_without_a_cluster(
    tmp_path: Path, name: str, base: str, source: str, made: str
) -> None:
    template, under = tmp_path / "my.j2", tmp_path / name
    template.write_text(source)
    under.write_bytes(base.encode())
    ended = render(f"--template={template}", f"--base={under}")
    assert (ended.code, ended.out, ended.err) == (0, made, "")


def test_a_base_that_is_the_output_itself_is_refused(sidecar: Sidecar) -> None:
    base = sidecar.output.parent / ".." / "out" / "peers.conf"
    said = one_line(sidecar.runs("a=1", base=str(base)).end())
    assert f"the base file {base} is the output itself, which it would grow on: " in said


def test_a_base_that_comes_late_or_is_spoilt_keeps_the_last_good_file(sidecar: Sidecar) -> None:
    base = sidecar.folder / "base.yaml"
    program = sidecar.runs("names: " + NAMES, base=str(base))
    (said,) = program.says("not_published")
    assert f"the base file {base} can't be read: No such file or directory" in said["event"]
    assert not sidecar.output.exists()
    base.write_text("mode: 0755 # octal\n")
    program.says("ready")
    assert sidecar.output.read_text() == "mode: 0755\nnames: db-0,db-1\n"
    before = stamp(sidecar.output)
    base.write_text("mode: 0755\n---\nmore: 1\n")
    sidecar.kube.scale(3)
    said = program.says("not_published", times=2)[-1]
    assert f"base file {base}: line 2 begins a second document" in said["event"]
    assert stamp(sidecar.output) == before
    base.write_text("mode: 0644\n")
    until(sidecar.names(3), SOON, "the file is of 3")
    assert sidecar.output.read_text() == "mode: 0644\nnames: db-0,db-1,db-2\n"


def test_a_base_that_is_being_copied_is_waited_for_and_one_that_changed_is_laid_anew(
    sidecar: Sidecar,
) -> None:
    """Without what the base says a database may start without its passwords."""
    base = sidecar.folder / "base.yaml"
    base.touch()
    program = sidecar.runs("names: " + NAMES, base=str(base))
    (said,) = program.says("not_published")
    assert f"the base file {base} is empty: is it still being copied?" in said["event"]
    assert not sidecar.output.exists()
    base.write_text("mode: 0755\n")
    program.says("ready")
    base.with_name("other").write_text("mode: 0644\n")
    base.with_name("other").rename(base)
    until(lambda: sidecar.output.read_text().startswith("mode: 0644"), SOON, "it is laid anew")


# Checks.


def test_a_check_refuses_a_file_and_the_old_one_stays(sidecar: Sidecar) -> None:
    count = sidecar.folder / "count"
    check = f'echo $(cat) >> {count}; ! grep -q db-2 "$1" || {{ echo "$1 has db-2" >&2; exit 4; }}'
    program = sidecar.runs(NAMES, check=["/bin/sh", "-c", check, "sh", "{path}"])
    program.says("ready")
    before = stamp(sidecar.output)
    sidecar.kube.scale(3)
    (said,) = program.says("not_published")
    assert said["event"] == (
        f"{sidecar.output} was not replaced: its check `/bin/sh …` failed with 4: {sidecar.output} "
        "has db-2; the last good file stays"
    )
    assert stamp(sidecar.output) == before
    sidecar.kube.scale(2)
    program.says("dropped")
    assert count.read_text() == "\n\n", "it reads nothing, and is asked once for each content"
    assert program.end(signal.SIGTERM).code == 0
    assert {path.name for path in sidecar.output.parent.iterdir()} == {
        "peers.conf",
        ".rollcall-db-0.state",
    }


def test_the_gate_waits_for_the_check(sidecar: Sidecar) -> None:
    program = sidecar.runs(NAMES, command="once", check=["/none/check", "{path}"])
    (said,) = program.says("not_published")
    assert said["event"] == (
        f"{sidecar.output} was not written: its check `/none/check …` could not be started: there "
        "is no program /none/check, or nothing to run it"
    )
    assert program.events("ready") == []
    assert not sidecar.output.exists()
    assert program.end(signal.SIGTERM).code == 1


def test_what_is_on_disk_already_is_not_checked(sidecar: Sidecar) -> None:
    sidecar.runs(NAMES, command="once").end()
    assert sidecar.names(2)()
    ended = sidecar.runs(NAMES, command="once", check=["/none/check", "{path}"]).end()
    assert ended.code == 0, ended.err


def test_rendering_by_hand_runs_no_check(tmp_path: Path) -> None:
    assert "--check" not in rollcall("render", "--help").out


def test_a_check_that_hangs_is_ended_with_the_sidecar_at_once(sidecar: Sidecar) -> None:
    there = sidecar.folder / "there"
    hangs = f"trap '' TERM; sleep 600 & echo $! > {there}; wait; wait"
    program = sidecar.runs(NAMES, check=["/bin/sh", "-c", hangs, "{path}"], check_timeout="10m")
    until(lambda: there.exists() and there.read_text().endswith("\n"), SOON, "the check runs")
    assert seconds_to_end(program, signal.SIGTERM) < AT_ONCE
    until(partial(is_gone, int(there.read_text())), SOON, "what the check started is gone")
    assert {path.name for path in sidecar.output.parent.iterdir()} == {".rollcall-db-0.state"}
    assert "Traceback" not in program.err


def is_gone(process: int) -> bool:
    """Whether a process has ended, be it as a zombie."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{process}/stat")
    return sys.platform == "linux" and status.read_text().rpartition(") ")[2][:1] in "ZX"
