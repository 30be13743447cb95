"""Values for charts of others: what of them is Rollcall's, and what becomes of it in a pod.

The charts themselves are not here. Each recipe says which version it was rendered with, by hand.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml

from agent.formats import Recipe, check, load
from agent.settings import Said
from agent.settings import load as load_settings
from tests.charts.helm import helm
from tests.e2e.program import ROOT, rollcall
from tests.examples.manifests import EXAMPLES, Built, assert_restricted, variables
from tests.support.need import need_program

CHART = Path(__file__).with_name("chart")
VERSIONS = ("1.29", kubernetes_validate.latest_version())
Yaml = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Keys:
    """Where a chart has what goes into its pods, below `root`."""

    root: str = ""
    init_containers: str = "initContainers"
    sidecars: str = "sidecars"
    volumes: str = "extraVolumes"
    mounts: str = "extraVolumeMounts"
    args: str = ""


HASHICORP = Keys(
    "server", "extraInitContainers", "extraContainers", "volumes", "volumeMounts", "extraArgs"
)
RECIPES = {
    "cassandra/values-bitnami-cassandra.yaml": Keys(),
    "mysql/values-bitnami-mariadb-galera.yaml": Keys(),
    "vault/values-hashicorp-vault.yaml": HASHICORP,
}


@dataclass(frozen=True, slots=True)
class Values:
    """A recipe's text, and its values under the stand-in's names."""

    text: str
    keys: Keys
    values: Yaml

    @property
    def agent(self) -> Yaml:
        """Rollcall's container."""
        (only,) = self.values["initContainers"]
        return dict(only)


@pytest.fixture(params=sorted(RECIPES))
def recipe(request: pytest.FixtureRequest) -> Values:
    """Each of them."""
    return read(request.param)


def read(name: str) -> Values:
    """One of them."""
    text, keys = (EXAMPLES / name).read_text(encoding="utf-8"), RECIPES[name]
    values = yaml.safe_load(text)
    own = values[keys.root] if keys.root else values
    args = own.get(keys.args, "").split()
    return Values(
        text,
        keys,
        {
            "command": own.get("command", []),
            "args": args,
            "initContainers": own[keys.init_containers],
            "extraVolumes": own[keys.volumes],
            "extraVolumeMounts": own[keys.mounts],
        },
    )


def printed(folder: Path, agent: Yaml, *flags: str) -> Any:
    """What `rollcall manifest` prints for the settings of that container."""
    said = variables(agent)
    given = []
    if "ROLLCALL_SETTINGS" in said:
        file = folder / "settings.yaml"
        file.write_text(said.pop("ROLLCALL_SETTINGS"), encoding="utf-8")
        given = [f"--config={file}"]
    given += [
        f"--{name.removeprefix('ROLLCALL_').lower().replace('_', '-')}={value}"
        for name, value in said.items()
    ]
    ended = rollcall("manifest", *given, *flags)
    assert ended.code == 0, ended.err
    return yaml.safe_load(ended.out)


def rendered(folder: Path, values: Yaml) -> Any:
    """The StatefulSet that the stand-in makes of values. Skips the test where Helm is not."""
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    ended = helm("template", "db", CHART, "--kube-version=1.33.0", "-f", file)
    assert ended.code == 0, ended.err
    return yaml.safe_load(ended.out)


def test_every_recipe_is_looked_at() -> None:
    found = EXAMPLES.rglob("values-*.yaml")
    assert sorted(path.relative_to(EXAMPLES).as_posix() for path in found) == sorted(RECIPES)


def test_its_part_of_the_pod_is_what_rollcall_manifest_prints(
    recipe: Values, tmp_path: Path
) -> None:
    expected = printed(tmp_path, recipe.agent)
    assert recipe.values["initContainers"] == expected["initContainers"]
    assert recipe.values["extraVolumes"] == expected["volumes"]
    assert recipe.values["extraVolumeMounts"] == expected["containers"][0]["volumeMounts"]


@pytest.mark.parametrize("version", VERSIONS)
def test_its_pod_is_one_that_kubernetes_knows_and_restricted_lets_in(
    recipe: Values, version: str, tmp_path: Path
) -> None:
    made = rendered(tmp_path, recipe.values)
    kubernetes_validate.validate(made, version, strict=True)
    pod = made["spec"]["template"]["spec"]
    assert [each["name"] for each in pod["initContainers"]] == ["own", "rollcall"]
    assert pod["initContainers"][-1] == recipe.agent  # Helm's templates found nothing to change
    assert pod["containers"][0].get("command", []) == recipe.values["command"]
    assert_restricted(Built("", (made,)))


def test_with_what_it_says_for_before_1_29_the_pod_is_valid_too(
    recipe: Values, tmp_path: Path
) -> None:
    comment = " ".join(
        recipe.text.rpartition("# Before Kubernetes 1.29: ")[2].replace("\n# ", " ").split()
    )
    assert "`rollcall manifest --no-native" in comment
    assert f"goes into {recipe.keys.init_containers} in place" in comment
    assert f"goes into {recipe.keys.sidecars}." in comment
    expected = printed(tmp_path, recipe.agent, "--no-native")
    _, sidecar = expected["containers"]
    older = {
        **recipe.values,
        "initContainers": expected["initContainers"],
        "sidecars": [sidecar],
    }
    made = rendered(tmp_path, older)
    kubernetes_validate.validate(made, "1.28", strict=True)
    assert_restricted(Built("", (made,)))


def test_its_settings_and_formats_are_accepted(recipe: Values) -> None:
    settings = load_settings(Said({}, variables(recipe.agent))).settings
    for output in settings.outputs:
        check(Recipe(load(output.format), output.vars))


def test_it_says_what_it_was_rendered_with_and_that_it_was_not_run(recipe: Values) -> None:
    assert re.search(
        r"^# Values for \S+ chart \S+; rendered with \d+\.\d+\.\d+ \(.*\), not run", recipe.text
    )


def test_vault_reads_the_file_and_its_size_is_said_alike() -> None:
    recipe = read("vault/values-hashicorp-vault.yaml")
    settings = load_settings(Said({}, variables(recipe.agent))).settings
    (output,) = settings.outputs
    assert recipe.values["args"] == [f"-config={output.path}"]
    server = yaml.safe_load(recipe.text)["server"]
    assert settings.replicas == server["ha"]["replicas"]


def started(folder: Path, content: str, pod: str) -> dict[str, str]:
    """What the image's entrypoint would get from the recipe's command, with that file."""
    (folder / "cassandra.yaml").write_text(content, encoding="utf-8")
    entrypoint = folder / "entrypoint.sh"
    entrypoint.write_text("#!/bin/sh\nenv\n", encoding="utf-8")
    entrypoint.chmod(0o755)
    recipe = read("cassandra/values-bitnami-cassandra.yaml")
    shell, option, script = recipe.values["command"]
    script = script.replace("/opt/bitnami/scripts/cassandra/entrypoint.sh", str(entrypoint))
    done = subprocess.run(
        [need_program(shell), option, script.replace("/peers", str(folder))],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "POD_NAME": pod, "CASSANDRA_SEEDS": "of the chart"},
    )
    assert done.returncode == 0, done.stderr
    return dict(line.partition("=")[::2] for line in done.stdout.splitlines())


def test_cassandras_seeds_are_those_of_the_file_and_only_who_founds_sets_the_password(
    tmp_path: Path,
) -> None:
    text = (ROOT / "tests/formats/golden/cassandra.txt").read_text(encoding="utf-8")
    parts = re.split(r"^==== (\d+) of .*, (db-\d+)\n", text, flags=re.MULTILINE)[1:]
    seen = set()
    for size, pod, content in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        (parameters,) = yaml.safe_load(content)["seed_provider"][0]["parameters"]
        got = started(tmp_path, content, pod)
        assert got["CASSANDRA_SEEDS"] == parameters["seeds"]
        founds = (size, pod) == ("1", "db-0")
        assert (got.get("CASSANDRA_PASSWORD_SEEDER") == "yes") is founds
        assert (got.get("CASSANDRA_IGNORE_INITDB_SCRIPTS") == "1") is not founds
        seen.add(founds)
    assert seen == {True, False}


def test_without_seeds_cassandra_is_not_started(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="there are no seeds"):
        started(tmp_path, "cluster_name: db\n", "db-1")
