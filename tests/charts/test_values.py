"""Values as people give them: by --set, null, in quotes or not, under an alias."""

from __future__ import annotations

from typing import Any

import pytest

from agent.settings import Said, load
from tests.charts.helm import NATIVE, PLAIN, Charts, Install, Yaml, of_kind
from tests.examples.manifests import variables

JSON = {"format": "json", "path": "/peers/peers.json"}
LEAST: Yaml = {"rollcall": {"settings": {"outputs": [JSON]}}}


def under(*words: str, values: Yaml = LEAST, version: str = NATIVE) -> Install:
    """The harness with these values, and further words such as --set."""
    return Install(values, words, version)


def pod(charts: Charts, install: Install, name: str = "own") -> Yaml:
    """The spec of one pod of the harness."""
    (found,) = (
        each
        for each in of_kind(charts.objects("harness", install), "Pod")
        if each["metadata"]["name"] == name
    )
    spec: Yaml = found["spec"]
    return spec


def agent(charts: Charts, *words: str, values: Yaml = LEAST) -> Any:
    """The native sidecar."""
    return pod(charts, under(*words, values=values))["initContainers"][0]


def test_the_charts_context_alone_is_the_same_as_a_dict_of_it(charts: Charts) -> None:
    assert pod(charts, under()) == pod(charts, under(), "rollcall")


def test_settings_reach_the_agent_by_set(charts: Charts) -> None:
    found = agent(
        charts,
        "--set=rollcall.settings.wait_for=quorum,rollcall.settings.replicas=3",
        "--set=rollcall.settings.outputs[0].format=galera",
        "--set=rollcall.settings.outputs[0].path=/a/peers.cnf",
        "--set-string=rollcall.settings.vars.cluster_name=2024",
        "--set-json=rollcall.settings.membership={}",
        values={},
    )
    text = variables(found)["ROLLCALL_SETTINGS"]
    settings = load(Said({}, {}, "values", text)).settings
    assert (settings.wait_for, settings.replicas) == ("quorum", 3)
    assert [(each.format, each.path) for each in settings.outputs] == [("galera", "/a/peers.cnf")]
    assert settings.vars == {"cluster_name": "2024"}


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ((), "rollcall-agent:0.1.0"),
        (
            ("--set=rollcall.image.registry=example.com:5000",),
            "example.com:5000/rollcall-agent:0.1.0",
        ),
        (
            ("--set=rollcall.image.registry=example.com/a/", "--set=rollcall.image.repository=b/c"),
            "example.com/a/b/c:0.1.0",
        ),
        (("--set-string=rollcall.image.tag=20241122",), "rollcall-agent:20241122"),
        (
            ("--set=rollcall.image.tag=", f"--set=rollcall.image.digest=sha256:{'0a' * 32}"),
            f"rollcall-agent@sha256:{'0a' * 32}",
        ),
        (
            (f"--set=rollcall.image.digest=sha256:{'0a' * 32}",),
            f"rollcall-agent@sha256:{'0a' * 32}",
        ),
        (("--set=rollcall.image.registry=null",), "rollcall-agent:0.1.0"),
    ],
)
def test_the_image_has_the_name_that_a_node_asks_for(
    charts: Charts, words: tuple[str, ...], name: str
) -> None:
    assert agent(charts, *words)["image"] == name


@pytest.mark.parametrize(
    "key", ["startupProbe", "livenessProbe", "extraEnv", "podMonitor", "enabled"]
)
def test_null_is_the_default(charts: Charts, key: str) -> None:
    assert agent(charts, f"--set=rollcall.{key}=null") == agent(charts)


def test_null_takes_away_what_a_cluster_hands_out_by_itself(charts: Charts) -> None:
    found = agent(
        charts,
        "--set=rollcall.securityContext.runAsUser=null,rollcall.securityContext.runAsGroup=null",
        "--set=rollcall.resources.limits.cpu=null",
        "--set=rollcall.image.pullPolicy=null",
    )
    assert not {"runAsUser", "runAsGroup"} & found["securityContext"].keys()
    assert found["securityContext"]["runAsNonRoot"] is True
    assert found["resources"]["limits"] == {"memory": "128Mi"}
    assert "imagePullPolicy" not in found
    assert (
        not {"resources", "securityContext"}
        & agent(charts, "--set=rollcall.resources=null,rollcall.securityContext=null").keys()
    )


def test_what_a_provider_puts_behind_a_version_changes_nothing(charts: Charts) -> None:
    natives = [
        "v1.29.0",
        "v1.29.3-eks-adc7111",
        "v1.30.4+k3s1",
        "1.29.0-gke.1381000",
        "v1.29.0-rc.1",
    ]
    plains = ["v1.28.15-eks-a737599", "v1.28.9-gke.1000000", "v1.27.0", "1.28"]
    values = {**LEAST, "versions": natives + plains}
    for version in natives + plains:
        (first,) = pod(charts, under(values=values), f"on-{version}")["initContainers"]
        assert first["args"] == (["run"] if version in natives else ["once"]), version


@pytest.mark.parametrize("word", ["--set=rollcall.{}", "--set-string=rollcall.{}"])
def test_whether_sidecars_are_native_can_be_said_as_a_word_too(charts: Charts, word: str) -> None:
    no, yes = (word.format(f"nativeSidecar={said}") for said in ("false", "true"))
    for version in (NATIVE, "v1.28.0"):
        (first,) = pod(charts, under(no, version=version))["initContainers"]
        assert first["args"] == ["once"]
        (first,) = pod(charts, under(yes, version=version))["initContainers"]
        assert first["restartPolicy"] == "Always"


def test_what_is_said_of_probes_is_laid_over_what_follows_from_the_settings(charts: Charts) -> None:
    found = agent(
        charts,
        "--set=rollcall.startupProbe.periodSeconds=10,rollcall.startupProbe.timeoutSeconds=3",
        "--set=rollcall.livenessProbe.failureThreshold=12",
        "--set=rollcall.settings.wait_timeout=10m",
    )
    startup = found["startupProbe"]
    assert startup.pop("httpGet") == {"path": "/readyz", "port": "rollcall"}
    assert startup == {"periodSeconds": 10, "failureThreshold": 43200, "timeoutSeconds": 3}
    assert found["livenessProbe"]["failureThreshold"] == 12


def test_more_variables_and_mounts_come_behind_its_own(charts: Charts) -> None:
    secret = {"name": "ROLLCALL_VAR", "valueFrom": {"secretKeyRef": {"name": "db", "key": "var"}}}
    mount = {"name": "data", "mountPath": "/data", "subPath": "x", "readOnly": True}
    values = {"rollcall": {**LEAST["rollcall"], "extraEnv": [secret], "extraVolumeMounts": [mount]}}
    for version in (NATIVE, PLAIN):
        spec = pod(charts, under(values=values, version=version))
        ours = [
            c for c in (*spec["initContainers"], *spec["containers"]) if c["name"] != "database"
        ]
        for container in ours:
            assert container["env"][-1] == secret
            assert container["volumeMounts"][-1] == mount
        assert len(ours) == (1 if version == NATIVE else 2)


def test_volumes_can_be_on_the_nodes_disk(charts: Charts) -> None:
    spec = pod(charts, under("--set=rollcall.volume.medium=,rollcall.volume.sizeLimit=20Mi"))
    assert spec["volumes"] == [{"name": "peers", "emptyDir": {"medium": "", "sizeLimit": "20Mi"}}]


def test_volumes_without_values_are_as_usual(charts: Charts) -> None:
    assert (
        pod(charts, under("--set=rollcall.volume=null"))["volumes"]
        == pod(charts, under())["volumes"]
    )


def test_switched_off_only_the_service_stays_and_no_settings_are_needed(charts: Charts) -> None:
    for version in (NATIVE, PLAIN):
        objects = charts.objects(
            "harness", under("--set=rollcall.enabled=false", values={}, version=version)
        )
        for each in of_kind(objects, "Pod"):
            (database,) = each["spec"]["containers"]
            assert database["volumeMounts"] is None
            assert (each["spec"]["initContainers"], each["spec"]["volumes"]) == (None, None)
        (service,) = of_kind(objects, "Service")
        assert service["spec"]["publishNotReadyAddresses"] is True
        assert of_kind(objects, "PodMonitor") == []


def test_an_alias_is_a_second_use_with_values_of_its_own(charts: Charts) -> None:
    proxy = {"enabled": True, "settings": {"member": False, "service": "db", "outputs": [JSON]}}
    install = under("--set=proxy.image.tag=0.2.0", values={**LEAST, "proxy": proxy})
    first, second = (pod(charts, install, name)["initContainers"][0] for name in ("own", "proxy"))
    assert second["image"] == "rollcall-agent:0.2.0"
    assert first["image"] == "rollcall-agent:0.1.0"
    assert "member: false" in variables(second)["ROLLCALL_SETTINGS"]
    assert "member" not in variables(first)["ROLLCALL_SETTINGS"]
    assert first["resources"] == second["resources"]
    why = charts.refusal("harness", under("--set=proxy.image.tag=2", values=install.values))
    assert "proxy" in why
    assert "'/image/tag': got number, want string" in why


def test_a_second_use_without_an_alias_shares_all_but_the_settings(charts: Charts) -> None:
    case = {"settings": {"outputs": [{"format": "env", "path": "/env/x"}]}, "resources": {}}
    install = under(
        "--set=rollcall.image.registry=example.com", values={**LEAST, "cases": {"c": case}}
    )
    (found,) = pod(charts, install, "c")["initContainers"]
    assert found["image"] == "example.com/rollcall-agent:0.1.0"
    assert "resources" not in found
    assert [mount["mountPath"] for mount in found["volumeMounts"]] == ["/env"]
    why = charts.refusal("harness", under(values={**LEAST, "cases": {"c": {}}}))
    assert "settings.outputs is empty" in why


def test_a_release_from_before_rollcall_can_be_upgraded_with_its_old_values(charts: Charts) -> None:
    # Helm then lays the old release's values over nothing: the chart's own have no `rollcall`.
    why = charts.refusal("harness", under(values={"rollcall": {}}))
    assert "settings.outputs is empty" in why
    assert "--reset-then-reuse-values" in why


def test_the_pod_monitor_asks_the_port_that_the_agent_names(charts: Charts) -> None:
    words = ("--set=rollcall.podMonitor.enabled=true", "--set=rollcall.podMonitor.labels.team=db")
    objects = charts.objects("harness", under(*words))
    (monitor,) = of_kind(objects, "PodMonitor")
    (service,) = of_kind(objects, "Service")
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] == agent(charts)["ports"][0]["name"]
    assert monitor["spec"]["selector"]["matchLabels"] == service["spec"]["selector"]
    assert monitor["metadata"]["labels"] == {"team": "db"}


def notes(charts: Charts, *words: str, version: str = NATIVE) -> str:
    """What a chart's NOTES.txt has of it."""
    (told,) = of_kind(charts.objects("harness", under(*words, version=version)), "ConfigMap")
    text: str = told["data"]["notes"]
    return text


def test_the_notes_say_how_to_look(charts: Charts) -> None:
    text = notes(charts)
    assert "kubectl --namespace prod exec db-0 -c rollcall -- cat /peers/peers.json\n" in text
    assert "exec db-0 -c rollcall -- rollcall doctor\n" in text
    assert "exec db-1000000 -c rollcall" in notes(
        charts, "--set=rollcall.settings.start_ordinal=1000000"
    )
    # What waits there is the init container.
    assert "exec db-0 -c rollcall-once -- rollcall doctor\n" in notes(charts, version=PLAIN)


def test_the_notes_warn_of_what_would_keep_these_pods_from_starting(charts: Charts) -> None:
    quiet = notes(charts)
    assert "publishNotReadyAddresses: true" in quiet
    assert "Parallel" not in quiet
    assert "shareProcessNamespace" not in quiet
    signal = "--set=rollcall.settings.notify[0].signal.process=nginx"
    loud = notes(charts, signal, "--set=rollcall.settings.wait_for=2")
    assert "settings.wait_for is 2: the StatefulSet needs podManagementPolicy: Parallel" in loud
    assert "shareProcessNamespace: true" in loud
    for harmless in ("self", "predecessors", "1"):
        assert "Parallel" not in notes(charts, f"--set=rollcall.settings.wait_for={harmless}")
