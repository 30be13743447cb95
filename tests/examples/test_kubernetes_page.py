"""docs/kubernetes.md: each of its ways gives the pod that `rollcall manifest` prints."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml

from agent.settings import Said, load
from tests.charts.helm import helm
from tests.e2e.program import ROOT, rollcall
from tests.support.need import need_program
from tests.support.pages import blocks

PAGE = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
# Each block begins with the name of its file, in a comment.
FILES = {block.partition("\n")[0].removeprefix("# "): block for block in blocks(PAGE, "yaml")}
NEWEST = kubernetes_validate.latest_version()
Yaml = dict[str, Any]


def run(*command: str) -> str:
    """What a command prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def by_kustomize(folder: Path, *patches: Yaml) -> list[Yaml]:
    """What the page's kustomization makes of its manifests. It may skip."""
    said = yaml.safe_load(FILES["kustomization.yaml"])
    assert said["components"] == ["../rollcall/kustomize"]
    said["components"] = [os.path.relpath(ROOT / "kustomize", folder)]
    said["patches"] += patches
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    (folder / "cassandra.yaml").write_text(FILES["cassandra.yaml"], encoding="utf-8")
    return list(yaml.safe_load_all(run(need_program("kustomize"), "build", str(folder))))


def by_helm(folder: Path, version: str) -> list[Yaml]:
    """What the page's chart renders for a version of Kubernetes. It may skip."""
    for name in ("Chart.yaml", "values.yaml", "templates/cassandra.yaml"):
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(FILES[name], encoding="utf-8")
    shutil.copytree(ROOT / "charts" / "rollcall", folder / "charts" / "rollcall")
    ended = helm("template", "db", folder, f"--kube-version={version}")
    assert ended.code == 0, ended.err
    return list(yaml.safe_load_all(ended.out))


def printed(*flags: str) -> Yaml:
    """What the command of the page prints."""
    (line,) = blocks(PAGE, "sh")
    program, *words = shlex.split(line)
    assert program == "rollcall"
    ended = rollcall(*words, *flags)
    assert ended.code == 0, ended.err
    return dict(yaml.safe_load(ended.out))


def pod_of(objects: list[Yaml], version: str = NEWEST) -> Yaml:
    """The StatefulSet's pods, when all is valid and the service leads to them."""
    for each in objects:
        kubernetes_validate.validate(each, version, strict=True)
    service, stateful_set = objects
    assert service["spec"]["publishNotReadyAddresses"] is True
    assert service["metadata"]["name"] == stateful_set["spec"]["serviceName"]
    template = stateful_set["spec"]["template"]
    assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
    return dict(template["spec"])


def settled(pod: Yaml) -> Yaml:
    """The pod without what is the database's own, and with its settings as Rollcall reads them."""
    database = pod["containers"][0]
    database.pop("image", None)
    wanted = {"name": "JVM_EXTRA_OPTS", "value": "-Dcassandra.config=file:///peers/cassandra.yaml"}
    assert database.pop("env", [wanted]) == [wanted]
    for each in [*pod["initContainers"], *pod["containers"][1:]]:
        assert each.pop("imagePullPolicy", "IfNotPresent") == "IfNotPresent"
        settings = {e["name"]: e["value"] for e in each["env"] if "value" in e}
        each["env"] = [e for e in each["env"] if "value" not in e]
        each["settings"] = load(Said({}, settings)).settings
    return pod


def test_every_block_is_a_file_that_a_test_looks_at() -> None:
    ours = ("cassandra.yaml", "kustomization.yaml", "patches")
    charts = ("Chart.yaml", "values.yaml", "templates/cassandra.yaml")
    assert sorted(FILES) == sorted(ours + charts)
    assert len(FILES) == len(blocks(PAGE, "yaml"))


def test_kustomize_gives_what_rollcall_manifest_prints(tmp_path: Path) -> None:
    assert settled(pod_of(by_kustomize(tmp_path))) == settled(printed())


@pytest.mark.parametrize(("version", "flag"), [("1.33.0", "--native"), ("1.28.0", "--no-native")])
def test_the_chart_gives_what_rollcall_manifest_prints(
    tmp_path: Path, version: str, flag: str
) -> None:
    pod = pod_of(by_helm(tmp_path, version), version.removesuffix(".0"))
    assert settled(pod) == settled(printed(flag))


def test_the_chart_that_is_named_is_the_one_that_is_here() -> None:
    (named,) = yaml.safe_load(FILES["Chart.yaml"])["dependencies"]
    own = yaml.safe_load((ROOT / "charts" / "rollcall" / "Chart.yaml").read_bytes())
    assert (named["name"], named["version"]) == (own["name"], own["version"])


def test_a_patch_puts_an_init_container_before_rollcall(tmp_path: Path) -> None:
    (move,) = yaml.safe_load(FILES["patches"])
    own = {"name": "own", "image": "example:1"}
    add = [{"op": "add", "path": "/spec/template/spec/initContainers/-", "value": own}]
    patches = {"target": move["target"], "patch": yaml.safe_dump(add)}, move
    pod = pod_of(by_kustomize(tmp_path, *patches))
    assert [each["name"] for each in pod["initContainers"]] == ["own", "rollcall"]


def test_the_defaults_that_it_names_are_those() -> None:
    settings = load(Said({}, {})).settings
    assert f"`settle` ({settings.membership.settle:g}s)" in PAGE
    assert f"`forget_after` ({settings.membership.forget_after:g}s)" in PAGE


def test_every_recipe_is_named() -> None:
    recipes = {path.name for path in (ROOT / "examples").rglob("values-*.yaml")}
    assert recipes == set(re.findall(r"\[(values-[\w-]+\.yaml)\]", PAGE))
