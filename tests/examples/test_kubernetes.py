"""The manifests in examples: what a user relies on who applies them. No cluster is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml

from agent import formats
from agent.cli.outputs import recipes_of
from agent.manifest import Wish, fragment
from tests.examples.manifests import (
    EXAMPLES,
    FOLDERS,
    Built,
    Pod,
    assert_read_only,
    assert_restricted,
    assert_tagged,
    built,
    fields,
    settings_of,
    shell,
    variables,
)

# The oldest that knows sidecars, and the newest whose schemas are here.
VERSIONS = ("1.29", kubernetes_validate.latest_version())
ALONE = sorted(
    path.relative_to(EXAMPLES).as_posix()
    for path in EXAMPLES.glob("*/*.yaml")
    if path.name not in ("compose.yaml", "kustomization.yaml")
    and not path.name.startswith("values-")  # of charts of others, tests/examples/test_values.py
)
# How each reader is given its file, as the format's own page has it.
GIVEN = {
    "cassandra": "-Dcassandra.config=file://PATH",
    "galera": "--defaults-extra-file=PATH",
    "mysql-group-replication": "--defaults-extra-file=PATH",
    "haproxy": "-f PATH",
}


@pytest.fixture(params=FOLDERS)
def example(request: pytest.FixtureRequest) -> Built:
    """What `kubectl apply -k` sends, for each folder."""
    return built(request.param)


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_knows_every_field(example: Built, version: str) -> None:
    for each in example.objects:
        kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("file", ALONE)
def test_kubernetes_knows_every_field_of_a_single_file(file: str, version: str) -> None:
    for each in yaml.safe_load_all((EXAMPLES / file).read_bytes()):
        kubernetes_validate.validate(each, version, strict=True)


def test_a_namespace_that_enforces_restricted_lets_the_pods_in(example: Built) -> None:
    assert_restricted(example)


def test_nothing_can_be_written_but_volumes_and_no_pod_has_a_token(example: Built) -> None:
    assert_read_only(example)


def test_the_agent_is_the_one_that_rollcall_manifest_prints(example: Built) -> None:
    for pod in example.pods():
        settings = settings_of(pod.agent).settings
        wish = Wish(settings, {}, pod.agent["image"], pod.database["name"], is_native=True)
        printed = fragment(wish)
        (agent,) = printed["initContainers"]
        assert pod.agent.keys() == agent.keys()
        context = {**pod.spec["securityContext"], **pod.agent["securityContext"]}
        assert agent.pop("securityContext").items() <= context.items()
        for mount in agent.pop("volumeMounts"):
            assert mount in pod.agent["volumeMounts"]
        for entry in agent.pop("env"):
            assert entry in pod.agent["env"]
        assert agent == {key: pod.agent[key] for key in agent}
        for volume in printed["volumes"]:
            assert volume in pod.spec["volumes"]


def test_its_settings_and_formats_are_accepted(example: Built) -> None:
    for pod in example.pods():
        settings = settings_of(pod.agent).settings
        assert settings.member is (pod.workload["kind"] == "StatefulSet")
        for recipe in recipes_of(settings):
            formats.check(recipe)


def test_the_reader_is_given_the_file_as_its_format_says(example: Built) -> None:
    for pod in example.pods():
        said = " ".join(pod.database.get("args", [])) + " ".join(variables(pod.database).values())
        first = pod.database.get("args", [""])[0]
        for output in settings_of(pod.agent).settings.outputs:
            if output.format == "env":
                continue  # for the script that founds
            given = GIVEN[output.format].replace("PATH", output.path)
            assert given in formats.wiring(formats.load(output.format), output.path)
            assert given in said
            assert not given.startswith("--defaults") or first == given


def test_who_reads_the_files_has_their_whole_folder_and_a_database_can_not_change_them(
    example: Built,
) -> None:
    for pod in example.pods():
        for output in settings_of(pod.agent).settings.outputs:
            folder = str(PurePosixPath(output.path).parent)
            (mount,) = (m for m in pod.database["volumeMounts"] if m["mountPath"] == folder)
            assert "subPath" not in mount
            assert mount.get("readOnly", False) is (pod.workload["kind"] == "StatefulSet")


def test_members_are_found_before_they_are_ready_by_the_service_that_the_set_names(
    example: Built,
) -> None:
    services = {each["metadata"]["name"]: each["spec"] for each in example.of("Service")}
    for pod in example.pods():
        named = pod.workload["spec"].get("serviceName") or variables(pod.agent)["ROLLCALL_SERVICE"]
        service = services[named]
        assert service["clusterIP"] == "None"
        assert service["publishNotReadyAddresses"] is True
        (members,) = example.selected_by(service["selector"])
        assert members.workload["kind"] == "StatefulSet"
        assert members.workload["spec"]["serviceName"] == named


def test_a_service_leads_to_ports_that_are_there_by_the_same_name(example: Built) -> None:
    for service in example.of("Service"):
        (pod,) = example.selected_by(service["spec"]["selector"])
        ports = {(port["name"], port["containerPort"]) for port in pod.database["ports"]}
        assert {(port["name"], port["port"]) for port in service["spec"]["ports"]} <= ports


def test_who_drains_nodes_takes_one_pod_of_a_workload_at_a_time(example: Built) -> None:
    budgets = [each["spec"] for each in example.of("PodDisruptionBudget")]
    assert {budget["maxUnavailable"] for budget in budgets} == {1}
    for pod in example.pods():
        (_,) = (
            budget
            for budget in budgets
            if example.selected_by(budget["selector"]["matchLabels"]) == [pod]
        )


def test_a_workload_selects_its_own_pods(example: Built) -> None:
    for pod in example.pods():
        selector = pod.workload["spec"]["selector"]["matchLabels"]
        assert example.selected_by(selector) == [pod]
        for spread in pod.spec["topologySpreadConstraints"]:
            assert spread["labelSelector"]["matchLabels"] == selector


def test_a_member_may_take_an_hour_to_get_its_data_and_is_not_killed_meanwhile(
    example: Built,
) -> None:
    for pod in example.pods():
        if pod.workload["kind"] == "StatefulSet":
            patience = pod.database["startupProbe"]
            assert patience["periodSeconds"] * patience["failureThreshold"] >= 3600
            assert pod.spec["terminationGracePeriodSeconds"] > 60
            # Whether it is in sync is for clients to know, and no reason to end it.
            assert "exec" not in pod.database.get("livenessProbe", {})


def test_every_image_has_its_tag(example: Built) -> None:
    assert_tagged(example)


def named_by(pod: Pod) -> Iterator[tuple[str, Any]]:
    """Each kind of thing that a pod's containers name, and its name."""
    for container in pod.containers:
        ports = {port["name"] for port in container["ports"]}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            for how in ("httpGet", "tcpSocket"):
                if asked := container.get(probe, {}).get(how):
                    assert asked["port"] in ports
        yield from (("volume", mount["name"]) for mount in container["volumeMounts"])
        for entry in container.get("env", []):
            if key := entry.get("valueFrom", {}).get("secretKeyRef"):
                yield "Secret", (key["name"], key["key"])
    for volume in pod.spec["volumes"]:
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]


def test_nothing_is_named_that_is_not_there(example: Built) -> None:
    maps = {each["metadata"]["name"] for each in example.of("ConfigMap")}
    secrets = {
        (name, key)
        for line in shell(example.page[1])
        for name in fields(line, "kubectl create secret generic")
        for key in fields(line, "--from-literal")
    }
    used: set[Any] = set()
    for pod in example.pods():
        there = {"volume": pod.volumes, "ConfigMap": maps, "Secret": secrets}
        for kind, name in named_by(pod):
            assert name in there[kind], (kind, name)
        assert pod.volumes <= {name for kind, name in named_by(pod) if kind == "volume"}
        used |= {name for kind, name in named_by(pod) if kind == "ConfigMap"}
    assert not maps - used, "nobody uses these"


# Of an option without a value MySQL takes it that it is on.
FOUNDING = re.compile(
    r"--wsrep-new-cluster|ROLLCALL_BOOTSTRAP_ALLOW_FIRST|'FOUND'"
    r"|(?i:bootstrap[_-]group)(?!\s*=\s*(?i:OFF|0|FALSE)\b)"
)


def test_founding_is_a_step_of_its_own_and_nothing_of_it_stays(example: Built) -> None:
    # Of the scripts only start.sh may have it: it does as FOUND says, tests/clusters/test_start.py.
    settings = [
        {name: text for name, text in each.get("data", each).items() if name != "start.sh"}
        for each in example.objects
    ]
    does_found = FOUNDING.search(str(settings)) is not None
    assert does_found is (example.folder.split("/")[-1] in ("found", "again"))


def test_no_file_of_the_mysql_group_founds_it_as_a_restart_would_do_so_again() -> None:
    folder = EXAMPLES / "mysql" / "group-replication"
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".md"]
    assert files
    assert [path for path in files if FOUNDING.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("step", ["found", "again"])
def test_the_cluster_can_be_applied_over_the_step_that_founds_it(step: str) -> None:
    may_change = ("replicas", "template")  # of this Kubernetes takes another value
    before, after = (
        {key: value for key, value in each["spec"].items() if key not in may_change}
        for folder in (step, "cluster")
        for each in built(f"mysql/k8s/{folder}").of("StatefulSet")
    )
    assert before == after


def test_the_first_member_is_alone_while_it_founds() -> None:
    (founders,) = built("mysql/k8s/found").of("StatefulSet")
    assert founders["spec"]["replicas"] == 1


def test_the_commands_of_its_page_name_what_there_is(example: Built) -> None:
    folder, text = example.page
    lines = [line for line in shell(text) if "kubectl" in line]
    containers = {each["name"] for pod in example.pods() for each in pod.containers}
    workloads = {f"{each['kind'].lower()}/{each['metadata']['name']}" for each in example.objects}
    assert any("apply -k" in line for line in lines)
    for line in lines:
        for named in fields(line, "(?:apply|delete) -k"):
            assert (folder / named / "kustomization.yaml").exists(), line
        assert fields(line, "kubectl exec .* -c") <= containers, line
        assert set(re.findall(r"\b(?:statefulset|deployment)/[\w-]+", line)) <= workloads, line


def test_its_page_leads_to_what_is_there(example: Built) -> None:
    folder, text = example.page
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (folder / link).exists(), link
