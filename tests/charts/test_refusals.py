"""Values that can't be meant: nothing is rendered, and what is said names the key."""

from __future__ import annotations

import pytest

from tests.charts.helm import NATIVE, PLAIN, Charts, Install, Yaml

JSON = {"format": "json", "path": "/peers/peers.json"}
LEAST: Yaml = {"rollcall": {"settings": {"outputs": [JSON]}}}

# By the schema: what is set, and what is said of it.
OF_THE_SCHEMA = [
    ("enabled=3", "'/enabled': got number, want boolean"),
    ("image.tag=20241122", "'/image/tag': got number, want string"),
    ("image.tag=0.1.0@sha256:1", "'/image/tag'"),
    ("image.digest=abc", "'/image/digest'"),
    ("image.registry=https://example.com", "'/image/registry'"),
    ("image.repository=Rollcall", "'/image/repository'"),
    ("image.pullpolicy=Always", "'/image': additional properties 'pullpolicy' not allowed"),
    ("image.pullPolicy=Sometimes", "'/image/pullPolicy'"),
    ("nativeSidecar=yes", "'/nativeSidecar': value must be one of 'auto', true, false"),
    ("outputs[0].path=/peers/x", "additional properties 'outputs' not allowed"),
    ("settings.output=json", "'/settings': additional properties 'output' not allowed"),
    ("settings.outputs[1].format=json", "'/settings/outputs/1': missing property 'path'"),
    (
        "settings.outputs[0].pth=/x",
        "'/settings/outputs/0': additional properties 'pth' not allowed",
    ),
    ("settings.pod_name=db-0", "'/settings': additional properties 'pod_name' not allowed"),
    ("settings.replicas=three", "'/settings/replicas': got string, want"),
    ("settings.wait_timeout=240", "'/settings/wait_timeout'"),
    ("settings.wait_timeout=soon", "'/settings/wait_timeout': 'soon' does not match pattern"),
    ("settings.discovery.interval=1 s", "'/settings/discovery/interval'"),
    ("settings.status.listen=9797", "'/settings/status/listen': got number, want"),
    ("settings.on_timeout=go", "'/settings/on_timeout': value must be one of 'fail', 'proceed'"),
    ("volume.medium=memory", "'/volume/medium': value must be one of 'Memory', ''"),
    ("volume.sizeLimit=lots", "'/volume/sizeLimit'"),
    ("volume.name=peers", "'/volume': additional properties 'name' not allowed"),
    (
        "startupProbe.httpGet.path=/x",
        "'/startupProbe': additional properties 'httpGet' not allowed",
    ),
    (
        "startupProbe.failureThreshold=3",
        "'/startupProbe': additional properties 'failureThreshold' not allowed",
    ),
    ("livenessProbe.periodSeconds=0", "'/livenessProbe/periodSeconds': minimum"),
    ("readinessProbe.periodSeconds=5", "additional properties 'readinessProbe' not allowed"),
    (
        "extraEnv[0].name=A,rollcall.extraEnv[0].value=5",
        "'/extraEnv/0/value': got number, want string",
    ),
    ("extraEnv.A=5", "'/extraEnv': got object, want array"),
    ("extraVolumeMounts[0].name=data", "'/extraVolumeMounts/0': missing property 'mountPath'"),
    ("podMonitor.labels.release=1", "'/podMonitor/labels/release': got number, want string"),
    ("podMonitor.interval=30", "'/podMonitor/interval': got number, want string"),
    ("podMonitor.interval=30 s", "'/podMonitor/interval'"),
]


@pytest.mark.parametrize(("said", "why"), OF_THE_SCHEMA)
def test_the_schema_names_the_key(charts: Charts, said: str, why: str) -> None:
    found = charts.refusal("harness", Install(LEAST, (f"--set=rollcall.{said}",)))
    assert "in the following chart(s):\nrollcall:\n" in found
    assert why in found


# By the templates, which know what follows from a setting; where no schema is, they are alone.
OUTPUTS: dict[str, tuple[Yaml, str]] = {
    "none": ({}, "settings.outputs is empty, so there is nothing to write"),
    "an empty list": ({"outputs": []}, "settings.outputs is empty"),
    "no format": ({"outputs": [JSON, {"path": "/a/b"}]}, "settings.outputs[1] needs a format"),
    "no path": ({"outputs": [{"format": "json"}]}, "settings.outputs[0] needs a format"),
    "a way back": ({"outputs": [{**JSON, "path": "/a/../b/c"}]}, "settings.outputs[0] needs a"),
    "half a path": ({"outputs": [{**JSON, "path": "x/y"}]}, "settings.outputs[0] needs a format"),
    "a number": ({"outputs": [{**JSON, "path": 5}]}, "settings.outputs[0] needs a format"),
    "nothing": ({"outputs": [None]}, "settings.outputs[0] needs a format"),
    "the root": ({"outputs": [{**JSON, "path": "/peers.json"}]}, "/ can't be a volume"),
    "one port": ({"outputs": [JSON], "status": {"listen": 9797}}, "settings.status.listen: 9797"),
    "any port": ({"outputs": [JSON], "status": {"listen": ":0"}}, "is any that is free: name one"),
    "within the pod": (
        {"outputs": [JSON], "status": {"listen": "127.0.0.1:9797"}},
        "nothing answers it with settings.status.listen 127.0.0.1:9797",
    ),
    "within the pod, by IPv6": (
        {"outputs": [JSON], "status": {"listen": "[::1]:9797"}},
        "nothing answers it with settings.status.listen [::1]:9797",
    ),
    "nowhere": (
        {"outputs": [JSON], "status": {"listen": "none"}},
        "nothing answers it with settings.status.listen none",
    ),
}


@pytest.mark.parametrize("case", OUTPUTS)
def test_settings_that_no_pod_can_have_are_refused(charts: Charts, case: str) -> None:
    settings, why = OUTPUTS[case]
    said = charts.refusal("harness", Install({**LEAST, "cases": {"case": {"settings": settings}}}))
    (sentence,) = (line for line in said.splitlines() if ": rollcall: " in line)
    assert why in sentence


def test_a_part_of_an_output_by_set_says_what_became_of_the_rest(charts: Charts) -> None:
    part = "--set=rollcall.settings.outputs[0].path=/peers/x.cnf"
    said = charts.refusal("galera", Install({}, (part,)))
    assert "a --set of one of them takes the place of the whole list" in said


FOLLOW = "volumes and probes follow from it, so say it in settings."
VARIABLES = {
    "ROLLCALL_CONFIG": "Rollcall reads a config file or its settings from here, not both",
    "ROLLCALL_SETTINGS": "it is what `settings` becomes, so say it there",
    "ROLLCALL_OUTPUT": f"{FOLLOW}outputs",
    "ROLLCALL_STATUS_LISTEN": f"{FOLLOW}status.listen",
}


@pytest.mark.parametrize(
    ("words", "version", "why"),
    [
        (
            "rollcall.nativeSidecar=true",
            PLAIN,
            f"nativeSidecar is true, and Kubernetes {PLAIN} has no sidecars",
        ),
        ("rollcall.image.tag=null", NATIVE, "image.tag is empty, and image.digest too"),
        ("rollcall.image.repository=null", NATIVE, "image.repository is empty"),
        ("rollcall.image=null", NATIVE, "image.repository is empty"),
        (
            "rollcall.podMonitor.enabled=true,rollcall.settings.status.listen=none",
            PLAIN,
            "podMonitor.enabled is true, and with settings.status.listen none there are no metrics",
        ),
        *(
            (
                f"rollcall.extraEnv[0].name={name},rollcall.extraEnv[0].value=x",
                NATIVE,
                f"extraEnv can't have {name}: {why}",
            )
            for name, why in VARIABLES.items()
        ),
    ],
)
def test_values_that_contradict_each_other_are_refused(
    charts: Charts, words: str, version: str, why: str
) -> None:
    assert f"rollcall: {why}" in charts.refusal(
        "harness", Install(LEAST, (f"--set={words}",), version)
    )


@pytest.mark.parametrize(
    ("chart", "said", "why"),
    [
        ("galera", "found=always", "'/found': value must be one of 'none', 'first', 'last'"),
        ("galera", "replicas=0", "'/replicas': minimum"),
        ("galera", "image.tag=11", "'/image': got object, want string"),
        ("galera", "rollcall.enabled=false", "'/rollcall/enabled': value must be true"),
        ("cassandra", "rollcall.enabled=false", "'/rollcall/enabled': value must be true"),
        ("galera", "rollcall.found=first", "additional properties 'found' not allowed"),
        ("cassandra", "heap=1", "'/heap': got number, want string"),
        ("cassandra", "storage=10", "'/storage': got number, want string"),
        ("cassandra", "replica=3", "additional properties 'replica' not allowed"),
    ],
)
def test_an_example_has_a_schema_of_its_own(
    charts: Charts, chart: str, said: str, why: str
) -> None:
    assert why in charts.refusal(chart, Install({}, (f"--set={said}",)))


def test_nobody_founds_a_cluster_without_what_says_that_it_is_safe(charts: Charts) -> None:
    said = ("--set=found=first,rollcall.settings.bootstrap=null",)
    why = charts.refusal("galera", Install({}, said))
    assert "galera: found=first asks rollcall.settings.bootstrap whether it is safe" in why


def test_a_cluster_that_is_too_old_is_refused(charts: Charts) -> None:
    said = charts.refusal("galera", Install(version="v1.24.17"))
    assert "chart requires kubeVersion: >=1.25.0-0" in said
