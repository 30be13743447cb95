"""The example charts: their pods are those of the manifests in examples. No cluster is asked."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest

from tests.charts.goldens import golden
from tests.charts.helm import CHARTS, CONSUMERS, NATIVE, PLAIN, Charts, Install, Yaml, of_kind
from tests.examples.manifests import (
    EXAMPLES,
    Built,
    assert_read_only,
    assert_restricted,
    assert_tagged,
    built,
    settings_of,
    shell,
)

IN_EXAMPLES = CHARTS / "examples"
MYSQL = EXAMPLES / "mysql"
COPIES = {
    "galera/files/galera.cnf": MYSQL / "conf.d" / "galera.cnf",
    "galera/files/start.sh": MYSQL / "start.sh",
    "galera/files/users.sql": MYSQL / "initdb.d" / "users.sql",
}
# A folder of examples, and the chart that is to have the same; a release is called as there.
TWINS: dict[str, tuple[str, Install]] = {
    "mysql/k8s/cluster": ("galera", Install({"found": "none"})),
    "mysql/k8s/found": ("galera", Install({"found": "first"})),
    "mysql/k8s/again": ("galera", Install({"found": "last"})),
    "cassandra/k8s": ("cassandra", Install(release="cassandra")),
}
NEWEST = int(kubernetes_validate.latest_version().split(".")[1])
OLDEST = 25  # that the charts take
MINORS = range(OLDEST, 35)


@pytest.mark.parametrize("file", COPIES)
def test_a_copy_is_as_its_original_is(file: str) -> None:
    assert (IN_EXAMPLES / file).read_bytes() == COPIES[file].read_bytes()


def test_every_file_of_a_chart_is_a_copy() -> None:
    files = {path.relative_to(IN_EXAMPLES).as_posix() for path in IN_EXAMPLES.glob("*/files/*")}
    assert files == COPIES.keys()


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("chart", CONSUMERS)
def test_sidecars_are_those_of_kubernetes_where_it_has_them(
    charts: Charts, chart: str, minor: int
) -> None:
    expected = golden(chart, "native" if minor >= 29 else "plain").read_text(encoding="utf-8")
    assert charts.text(chart, Install(version=f"v1.{minor}.0")) == expected, (
        "if that is meant: python -m tests.charts.goldens"
    )


@pytest.mark.parametrize("minor", range(OLDEST, NEWEST + 1))
@pytest.mark.parametrize("chart", CONSUMERS)
def test_kubernetes_knows_every_field(charts: Charts, chart: str, minor: int) -> None:
    for each in charts.objects(chart, Install(version=f"v1.{minor}.0")):
        kubernetes_validate.validate(each, f"1.{minor}", strict=True)


@pytest.mark.parametrize("folder", TWINS)
def test_the_pods_are_those_of_the_manifests(charts: Charts, folder: str) -> None:
    chart, install = TWINS[folder]
    ours = charts.objects(chart, install)
    theirs = list(built(folder).objects)
    for kind in ("Service", "PodDisruptionBudget"):
        assert (
            named(ours, kind, install.release)["spec"]
            == (named(theirs, kind, install.release)["spec"])
        )
    assert essence(ours, install.release) == essence(theirs, install.release)


def named(objects: list[Yaml], kind: str, name: str) -> Yaml:
    """The object of that kind and name."""
    (found,) = (each for each in of_kind(objects, kind) if each["metadata"]["name"] == name)
    return found


def essence(objects: list[Yaml], release: str) -> Yaml:
    """The StatefulSet's spec, in whichever words it is said.

    Rollcall's settings are as it reads them, a file's content stands in place of its ConfigMap, and
    each container has the whole of its security context.
    """
    spec: Yaml = copy.deepcopy(named(objects, "StatefulSet", release)["spec"])
    spec["template"]["metadata"].pop("annotations", None)
    pod = spec["template"]["spec"]
    files = {each["metadata"]["name"]: each["data"] for each in of_kind(objects, "ConfigMap")}
    for volume in pod["volumes"]:
        if "configMap" in volume:
            volume["configMap"] = files[volume["configMap"]["name"]]
    (agent,) = pod["initContainers"]
    assert agent.pop("imagePullPolicy", "IfNotPresent") == "IfNotPresent"
    agent["settings"] = settings_of(agent).settings
    agent["env"] = [each for each in agent["env"] if "value" not in each]
    for container in (agent, *pod["containers"]):
        for key in ("runAsNonRoot", "seccompProfile"):
            container["securityContext"].setdefault(key, pod["securityContext"][key])
        container["volumeMounts"].sort(key=lambda mount: mount["mountPath"])
        container["env"].sort(key=lambda variable: variable["name"])
    pod["volumes"].sort(key=lambda volume: volume["name"])
    return spec


@pytest.fixture(params=[(chart, v) for chart in CONSUMERS for v in (NATIVE, PLAIN)], ids=str)
def example(request: pytest.FixtureRequest, charts: Charts) -> Built:
    """What a chart installs, with the pod of its test as if it were a workload's."""
    chart, version = request.param
    objects = charts.objects(chart, Install(version=version))
    return Built(chart, tuple(as_workload(each) for each in objects))


def as_workload(each: Yaml) -> Yaml:
    """A pod of its own as a Deployment, all else as it is."""
    if each["kind"] != "Pod":
        return each
    spec = {"initContainers": [], "volumes": [], "securityContext": {}, **each["spec"]}
    template = {"metadata": {"labels": {}}, "spec": spec}
    return {**each, "kind": "Deployment", "spec": {"template": template}}


def test_a_namespace_that_enforces_restricted_lets_the_pods_in(example: Built) -> None:
    assert_restricted(example)


def test_nothing_can_be_written_but_volumes_and_no_pod_has_a_token(example: Built) -> None:
    assert_read_only(example)


def test_every_image_has_its_tag(example: Built) -> None:
    assert_tagged(example)


@pytest.mark.parametrize("chart", CONSUMERS)
def test_the_pod_of_the_test_is_none_of_the_service(charts: Charts, chart: str) -> None:
    objects = charts.objects(chart, Install())
    (test,) = of_kind(objects, "Pod")
    assert test["metadata"]["annotations"] == {"helm.sh/hook": "test"}
    assert "labels" not in test["metadata"]
    assert asked_by(test) == [f"db-{n}.db:9797" for n in range(3)]


def asked_by(test: Yaml) -> list[str]:
    """Which agents the pod of a test asks."""
    script, seconds, *agents = test["spec"]["containers"][0]["args"]
    assert "def main(" in script
    assert seconds == "60"
    return list(agents)


@pytest.mark.parametrize("chart", CONSUMERS)
def test_the_agents_are_asked_where_the_settings_have_them(charts: Charts, chart: str) -> None:
    said = "rollcall.settings.status.listen=:1234,rollcall.settings.start_ordinal=5,replicas=2"
    objects = charts.objects(chart, Install({}, (f"--set={said}",)))
    (test,) = of_kind(objects, "Pod")
    assert asked_by(test) == ["db-5.db:1234", "db-6.db:1234"]
    spec = named(objects, "StatefulSet", "db")["spec"]
    assert (spec["replicas"], spec["ordinals"]) == (2, {"start": 5})


def test_only_the_founder_is_asked_while_it_is_alone(charts: Charts) -> None:
    (test,) = of_kind(charts.objects("galera", Install({}, ("--set=found=first",))), "Pod")
    assert asked_by(test) == ["db-0.db:9797"]


@pytest.mark.parametrize("chart", CONSUMERS)
def test_there_is_no_test_where_no_agent_can_be_asked(charts: Charts, chart: str) -> None:
    said = "--set=rollcall.settings.status.listen=none"
    assert of_kind(charts.objects(chart, Install({}, (said,), PLAIN)), "Pod") == []


@pytest.mark.parametrize("chart", CONSUMERS)
@pytest.mark.parametrize("key", ["enabled", "resources", "securityContext", "image.pullPolicy"])
def test_the_pod_of_the_test_takes_null_as_the_agent_does(
    charts: Charts, chart: str, key: str
) -> None:
    objects = charts.objects(chart, Install({}, (f"--set=rollcall.{key}=null",)))
    (test,) = of_kind(objects, "Pod")
    (agent,) = named(objects, "StatefulSet", "db")["spec"]["template"]["spec"]["initContainers"]
    (asks,) = test["spec"]["containers"]
    for shared in ("image", "imagePullPolicy", "resources", "securityContext"):
        assert asks.get(shared) == agent.get(shared)


def test_the_founder_takes_null_for_mounts_that_the_chart_adds_to(charts: Charts) -> None:
    said = "--set=found=first,rollcall.extraVolumeMounts=null"
    spec = named(charts.objects("galera", Install({}, (said,))), "StatefulSet", "db")["spec"]
    (agent,) = spec["template"]["spec"]["initContainers"]
    assert agent["volumeMounts"][-1]["mountPath"] == "/var/lib/rollcall"
    assert settings_of(agent).settings.bootstrap.marker == "/var/lib/rollcall/has-cluster"


@pytest.mark.parametrize("chart", CONSUMERS)
def test_values_that_both_have_reach_the_database(charts: Charts, chart: str) -> None:
    words = ("--set=image=example/db:1", "--set=replicas=5", "--set=storage=1Gi")
    resources: Any = {"limits": {"memory": "3Gi", "cpu": "1"}}
    objects = charts.objects(chart, Install({"resources": resources}, words))
    spec = named(objects, "StatefulSet", "db")["spec"]
    (database,) = spec["template"]["spec"]["containers"]
    (claim,) = spec["volumeClaimTemplates"]
    assert (spec["replicas"], database["image"]) == (5, "example/db:1")
    assert claim["spec"]["resources"]["requests"] == {"storage": "1Gi"}
    assert database["resources"]["limits"] == resources["limits"]


@pytest.mark.parametrize(
    ("chart", "said", "name", "found"),
    [
        ("cassandra", "heap=3G", "MAX_HEAP_SIZE", {"value": "3G"}),
        (
            "galera",
            "secret=x",
            "MARIADB_ROOT_PASSWORD",
            {"valueFrom": {"secretKeyRef": {"name": "x", "key": "root-password"}}},
        ),
    ],
)
def test_values_of_one_database_reach_its_variables(
    charts: Charts, chart: str, said: str, name: str, found: Yaml
) -> None:
    objects = charts.objects(chart, Install({}, (f"--set={said}",)))
    pod = named(objects, "StatefulSet", "db")["spec"]["template"]["spec"]
    assert {"name": name, **found} in pod["containers"][0]["env"]


def test_a_changed_file_restarts_the_pods_that_read_it(charts: Charts, tmp_path: Path) -> None:
    def annotations() -> Any:
        objects = Charts({"galera": tmp_path}).objects("galera", Install())
        return named(objects, "StatefulSet", "db")["spec"]["template"]["metadata"]["annotations"]

    copy_files(charts.folders["galera"], tmp_path)
    before = annotations()
    file = tmp_path / "files" / "galera.cnf"
    file.write_text(file.read_text(encoding="utf-8") + "# more\n", encoding="utf-8")
    assert annotations() != before


def copy_files(source: Path, target: Path) -> None:
    """A folder's files, with their folders."""
    for path in source.rglob("*"):
        if path.is_file():
            to = target / path.relative_to(source)
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(path.read_bytes())


@pytest.mark.parametrize("chart", CONSUMERS)
def test_the_commands_of_its_page_are_of_this_chart(charts: Charts, chart: str) -> None:
    page = (CONSUMERS[chart] / "README.md").read_text(encoding="utf-8")
    lines = [line for line in shell(page) if re.match("helm (dependency|install|upgrade)", line)]
    assert len(lines) > 2
    for line in lines:
        assert set(re.findall(r"charts/\S+", line)) == {f"charts/examples/{chart}"}
        said = tuple(f"--set={each}" for each in re.findall(r"--set (\S+)", line))
        charts.text(chart, Install({}, said))
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", page):
        assert (CONSUMERS[chart] / link).exists(), link
