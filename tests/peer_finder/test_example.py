from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.cli.peer_finder import peer_finder
from tests.cases.net import Net
from tests.e2e.conftest import Start
from tests.e2e.program import ROOT, SOON, Program, Setting, fqdn
from tests.peer_finder.finder import IN_THE_POD
from tests.support.until import until

EXAMPLE = ROOT / "examples" / "peer-finder"
BEFORE, AFTER = (
    list(yaml.safe_load_all((EXAMPLE / f"{name}.yaml").read_bytes()))
    for name in ("peer-finder", "rollcall")
)
PAGE = (ROOT / "docs" / "peer-finder.md").read_text(encoding="utf-8")
(_SHELL,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
SHELL = _SHELL.splitlines()
Change = tuple[str, Any, Any]


def differences(before: Any, after: Any, at: str = "") -> Iterator[Change]:
    """Where two manifests differ: the last key there, and both values."""
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        for key in before:
            yield from differences(before[key], after[key], key)
    elif isinstance(before, list) and isinstance(after, list) and at != "command":
        for one, other in zip(before, after, strict=True):
            yield from differences(one, other, at)
    elif before != after:
        yield at, before, after


def containers(kind: str) -> list[dict[str, Any]]:
    """The containers of the StatefulSet that run Rollcall."""
    (found,) = (each for each in AFTER if each["kind"] == "StatefulSet")
    listed: list[dict[str, Any]] = found["spec"]["template"]["spec"][kind]
    return [each for each in listed if each.get("command", [""])[0] == "rollcall"]


def test_a_manifest_changes_in_images_and_commands_only_and_these_keep_their_flags() -> None:
    changes = list(differences(BEFORE, AFTER))
    assert [key for key, _, _ in changes] == ["image", "command"] * 2
    for key, before, after in changes:
        if key == "command":
            assert (before[0], after[:2]) == ("/peer-finder", ["rollcall", "peer-finder"])
            assert before[1:] == after[2:]


def test_the_page_shows_the_same_change() -> None:
    for key, before, after in differences(BEFORE, AFTER):
        for sign, value in (("-", before), ("+", after)):
            text = value if key == "image" else "[" + ", ".join(f'"{w}"' for w in value) + "]"
            assert f"\n{sign} {key}: {text}\n" in PAGE


@pytest.fixture
def pod(tmp_path: Path) -> Path:
    """A folder with the volumes of the pod, and in them what the ConfigMap has."""
    (hooks,) = (each for each in AFTER if each["kind"] == "ConfigMap")
    for name in ("hooks", "peers"):
        (tmp_path / name).mkdir()
    for name, script in hooks["data"].items():
        (tmp_path / "hooks" / name).write_text(script)
        (tmp_path / "hooks" / name).chmod(0o755)
    return tmp_path


def run(start: Start, net: Net, pod: Path, container: dict[str, Any]) -> Program:
    """A container's command line as it is, but for where the volumes are."""
    volumes = {mount["mountPath"]: pod / mount["name"] for mount in container["volumeMounts"]}

    def located(text: str) -> str:
        for path, folder in volumes.items():
            text = text.replace(path, str(folder))
        return text

    given = {each["name"]: located(each["value"]) for each in container["env"] if "value" in each}
    of_dns = {
        "ROLLCALL_NAMESERVER": str(net.nameserver),
        "ROLLCALL_CLUSTER_DOMAIN": "cluster.local",
    }
    environment = {**IN_THE_POD, **of_dns, **given}
    words = map(located, container["command"][1:])
    return start(*words, setting=Setting(environment=environment))


def test_its_command_lines_work_as_they_are(net: Net, start: Start, pod: Path) -> None:
    net.scale(2)
    (init,) = containers("initContainers")
    assert run(start, net, pod, init).end().code == 0
    seeds = pod / "peers" / "seeds"
    assert seeds.read_text() == f"{fqdn('db-0')},{fqdn('db-1')}\n"
    (sidecar,) = containers("containers")
    program = run(start, net, pod, sidecar)
    net.scale(4)
    three = ",".join(fqdn(f"db-{n}") for n in range(3))
    until(lambda: seeds.read_text() == f"{three}\n", SOON, "there are three seeds")
    program.must_run()


def test_the_page_has_every_flag() -> None:
    flags = [option.opts[0] for option in peer_finder.params]
    assert re.findall(r"^\| `(-[a-z-]+)` \|", PAGE, re.MULTILINE) == flags


def test_the_command_lines_of_the_page_have_flags_that_there_are() -> None:
    manifests = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    commands = [each["command"] for manifest in manifests for each in manifest["containers"]]
    commands += [line.removesuffix("&").split() for line in SHELL if line.startswith("rollcall")]
    assert len(commands) == 4
    for command in commands:
        assert command[:2] == ["rollcall", "peer-finder"]
        given = peer_finder.make_context("peer-finder", command[2:]).params
        assert given["service"]
        assert given["on_start"] or given["on_change"]


def test_in_the_background_of_an_entrypoint_it_tells_the_database_in_its_container(
    net: Net, tmp_path: Path
) -> None:
    net.scale(2)
    programs = {
        "rollcall": f'exec {sys.executable} -P -m agent "$@"',
        "docker-entrypoint.sh": f'echo "$@" > {tmp_path}/database; kill -STOP $$',
        "join": f"cat > {tmp_path}/joined",
        "tell": f"cat > {tmp_path}/told",
    }
    for name, script in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    given = {
        **IN_THE_POD,
        "ROLLCALL_NAMESERVER": str(net.nameserver),
        "ROLLCALL_CLUSTER_DOMAIN": "cluster.local",
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    script = "\n".join(SHELL).replace("/hooks", str(tmp_path))
    with subprocess.Popen(["sh", "-c", script], env=given, start_new_session=True) as database:
        try:
            told = tmp_path / "told"
            for count in (2, 3):
                net.scale(count)
                names = "".join(f"{fqdn(f'db-{n}')}\n" for n in range(count))
                until(lambda: told.exists() and told.read_text() == names, SOON, "it was told")  # noqa: B023  # it is called at once
            assert (tmp_path / "joined").exists()
            assert (tmp_path / "database").read_text() == "mariadbd\n"
        finally:
            os.killpg(database.pid, signal.SIGKILL)
