"""What the library's templates render is what `rollcall manifest` prints for the same settings."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent import __version__
from agent.manifest import Wish, fragment
from agent.settings import INLINE, Said, load
from tests.charts.helm import LIBRARY, NATIVE, PLAIN, Charts, Install, Yaml, helm, of_kind
from tests.examples.manifests import variables
from tests.support.pages import blocks

JSON = {"format": "json", "path": "/peers/peers.json"}
# Settings that a pod can have, and what is particular about them.
CASES: dict[str, Yaml] = {
    "one output": {"outputs": [{"format": "cassandra", "path": "/peers/cassandra.yaml"}]},
    "two in one folder": {"outputs": [JSON, {"format": "env", "path": "/peers/peers.env"}]},
    "three folders": {
        "outputs": [JSON, {"format": "env", "path": "/env/x"}, {"format": "list", "path": "/a/b/c"}]
    },
    "one folder again": {
        "outputs": [JSON, {"format": "env", "path": "/e/x"}, {"format": "list", "path": "/peers/l"}]
    },
    "a path with odd slashes": {"outputs": [{"format": "json", "path": "/peers//./peers.json"}]},
    "a folder with a space": {"outputs": [{"format": "json", "path": "/my peers/peers.json"}]},
    "a folder that is a number": {"outputs": [{"format": "json", "path": "/1/2"}]},
    "a template of one's own": {"outputs": [{"template": "/templates/a.j2", "path": "/peers/a"}]},
    "numbers": {"outputs": [JSON], "replicas": 3, "wait_for": 2, "start_ordinal": 1000000},
    "words that YAML could take for something else": {
        "outputs": [{**JSON, "mode": "0640"}],
        "notify": [
            {"exec": ["/hooks/tell", "2024", "yes", "1e3", "0x1F", "1:30", "2024-01-01", "~", ""]},
        ],
    },
    "words with dollars": {
        "outputs": [JSON],
        "notify": [{"exec": ["/hooks/tell", "$HOME", "$(POD_NAME)", "$$", "$$(POD_IP)", "${x}"]}],
    },
    "words with lines and quotes": {
        "outputs": [JSON],
        "notify": [{"exec": ["sh", "-c", "echo 'a'\n\n  echo \"b\"\n", "#", "{{ x }}", "é\t…  "]}],
    },
    "a signal": {"outputs": [JSON], "notify": [{"signal": {"process": "nginx"}}]},
    "another port": {"outputs": [JSON], "status": {"listen": ":1234"}},
    "a port of one address": {"outputs": [JSON], "status": {"listen": "[fd00::1]:1234"}},
    "all that is left": {
        "outputs": [{**JSON, "check": ["/checks/x", "{path}"], "check_timeout": "1s"}],
        "service": "db",
        "on_timeout": "proceed",
        "discovery": {"mode": "srv", "port_name": "cql", "interval": "500ms"},
        "membership": {"forget_after": "1m", "settle": 0},
        "bootstrap": {"port": 4567, "data": "/var/lib/mysql", "marker": "/var/lib/x/y"},
        "log": {"format": "json", "level": "debug"},
    },
}
PLAIN_ONLY: dict[str, Yaml] = {"no status": {"outputs": [JSON], "status": {"listen": "none"}}}


def printed(settings: Yaml, is_native: bool) -> Yaml:
    """What `rollcall manifest` has for a config file that says this."""
    text = yaml.safe_dump(settings)
    loaded = load(Said({}, {}, "rollcall.yaml", text)).settings
    image = f"rollcall-agent:{__version__}"
    return fragment(Wish(loaded, {INLINE: text}, image, "database", is_native))


def agents(pod: Yaml) -> list[Yaml]:
    """Rollcall's containers in a pod's spec."""
    both = [*pod["initContainers"], *pod["containers"]]
    return [each for each in both if each["name"].startswith("rollcall")]


def alike(pod: Yaml) -> Yaml:
    """The spec with settings as they are read, in whichever words they are written.

    Two things are left out: the chart names a pull policy, and whether processes are shared is the
    pod's, so the notes say it.
    """
    for agent in agents(pod):
        assert agent.pop("imagePullPolicy", "IfNotPresent") == "IfNotPresent"
        agent["settings"] = load(Said({}, {n: read(t) for n, t in variables(agent).items()}))
        agent["env"] = [each for each in agent["env"] if "value" not in each]
    for container in pod["containers"]:
        container.pop("image", None)
    pod.pop("shareProcessNamespace", None)
    return pod


def read(value: str) -> str:
    """What a container gets of a variable's value, where no other variable is named in it."""
    return value.replace("$$", "$")


def uses(cases: dict[str, Yaml]) -> dict[str, Any]:
    """Values of the harness, with a use of Rollcall for each of the settings."""
    named = {f"case-{n}": {"settings": each} for n, each in enumerate(cases.values())}
    return {"rollcall": {"settings": {"outputs": [JSON]}}, "cases": named}


@pytest.mark.parametrize("version", [NATIVE, PLAIN])
def test_a_pod_has_what_rollcall_manifest_prints(charts: Charts, version: str) -> None:
    is_native = version == NATIVE
    cases = CASES if is_native else CASES | PLAIN_ONLY
    pods = of_kind(charts.objects("harness", Install(uses(cases), version=version)), "Pod")
    found = {pod["metadata"]["name"]: pod["spec"] for pod in pods}
    for number, (name, settings) in enumerate(cases.items()):
        assert alike(found[f"case-{number}"]) == alike(printed(settings, is_native)), name


@pytest.mark.parametrize("version", [NATIVE, PLAIN])
def test_the_chart_on_the_page_renders_that_pod(tmp_path: Path, version: str) -> None:
    meta, values, template = blocks((LIBRARY / "README.md").read_text(encoding="utf-8"), "yaml")
    chart = tmp_path / "own"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: own\nversion: 1.0.0\n{meta}")
    (chart / "values.yaml").write_text(values)
    (chart / "templates" / "statefulset.yaml").write_text(template)
    shutil.copytree(LIBRARY, tmp_path / "rollcall")  # where the page says that it is
    assert helm("dependency", "update", chart).code == 0
    rendered = helm("template", "db", chart, f"--kube-version={version}")
    pod = yaml.safe_load(rendered.out)["spec"]["template"]["spec"]
    settings = yaml.safe_load(values)["rollcall"]["settings"]
    assert alike(pod) == alike(printed(settings, version == NATIVE))
