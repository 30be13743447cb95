"""The kustomize component: what it makes of StatefulSets of all kinds. No cluster is asked."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml

from tests.e2e.program import ROOT, rollcall
from tests.support.need import need_program

COMPONENT = ROOT / "kustomize"
# The oldest that knows sidecars, and the newest whose schemas are here.
VERSIONS = ("1.29", kubernetes_validate.latest_version())
Yaml = dict[str, Any]

BARE: Yaml = {"containers": [{"name": "database", "image": "example:1"}]}
# What a StatefulSet may have already, of all that the component adds to.
FULL: Yaml = {
    "securityContext": {"fsGroup": 999, "runAsUser": 999},
    "initContainers": [{"name": "own", "image": "example:1", "env": [{"name": "A", "value": "b"}]}],
    "containers": [
        {
            "name": "database",
            "image": "example:1",
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        },
        {"name": "exporter", "image": "example:1"},
    ],
    "volumes": [{"name": "data", "emptyDir": {}}],
}
# What every patch of a user says.
WISHES: Yaml = {
    "initContainers": [
        {
            "name": "rollcall",
            "env": [{"name": "ROLLCALL_OUTPUT", "value": "json:/peers/peers.json"}],
        }
    ],
    "containers": [
        {
            "name": "database",
            "volumeMounts": [{"name": "peers", "mountPath": "/peers", "readOnly": True}],
        }
    ],
}


def stateful_set(name: str, pod: Yaml, labels: dict[str, str]) -> Yaml:
    """One with these pods."""
    template = {"metadata": {"labels": {"app": name}}, "spec": copy.deepcopy(pod)}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "serviceName": name,
            "selector": {"matchLabels": {"app": name}},
            "template": template,
        },
    }


def labelled(pod: Yaml) -> Yaml:
    """One that asks for the sidecar."""
    return stateful_set("db", pod, {"rollcall": "sidecar"})


def patch(pod: Yaml) -> Yaml:
    """What a user says of that one's pods."""
    head = {key: labelled({})[key] for key in ("apiVersion", "kind")}
    return {**head, "metadata": {"name": "db"}, "spec": {"template": {"spec": pod}}}


def built(folder: Path, sets: list[Yaml], **more: Any) -> dict[str, Yaml]:
    """What kustomize makes of them with the component: StatefulSets by name. It may skip."""
    (folder / "sets.yaml").write_text(yaml.safe_dump_all(sets), encoding="utf-8")
    kustomization = {
        "resources": ["sets.yaml"],
        "components": [os.path.relpath(COMPONENT, folder)],
        **more,
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), encoding="utf-8")
    done = subprocess.run(
        [need_program("kustomize"), "build", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {each["metadata"]["name"]: each for each in yaml.safe_load_all(done.stdout)}


def pods(made: Yaml) -> Any:
    """The spec of its pods."""
    return made["spec"]["template"]["spec"]


def printed(*flags: str) -> Any:
    """What `rollcall manifest` prints."""
    ended = rollcall("manifest", *flags)
    assert ended.code == 0, ended.err
    return yaml.safe_load(ended.out)


def test_it_adds_what_rollcall_manifest_prints_but_for_the_settings(tmp_path: Path) -> None:
    pod = pods(built(tmp_path, [labelled(BARE)])["db"])
    expected = printed("--output=json:/peers/peers.json")
    (sidecar,) = expected["initContainers"]
    sidecar["env"] = [each for each in sidecar["env"] if "valueFrom" in each]
    expected["containers"] = BARE["containers"]
    assert pod == expected


@pytest.mark.parametrize("pod", [BARE, FULL], ids=["bare", "full"])
def test_all_that_a_pod_has_of_its_own_stays_and_the_sidecar_comes_first(
    tmp_path: Path, pod: Yaml
) -> None:
    made = pods(built(tmp_path, [labelled(pod)])["db"])
    assert made["initContainers"][0]["name"] == "rollcall"
    assert made["initContainers"][1:] == pod.get("initContainers", [])
    assert [each for each in made["volumes"] if each["name"] != "peers"] == pod.get("volumes", [])
    untouched = made.keys() - {"initContainers", "volumes"}
    assert {key: made[key] for key in untouched} == {
        key: pod[key] for key in pod.keys() - {"initContainers", "volumes"}
    }


def test_a_stateful_set_in_json_gets_it_too(tmp_path: Path) -> None:
    (tmp_path / "set.json").write_text(json.dumps(labelled(BARE)), encoding="utf-8")
    other = stateful_set("other", BARE, {})
    made = built(tmp_path, [other], resources=["sets.yaml", "set.json"])
    assert "initContainers" in pods(made["db"])


def test_without_the_label_nothing_changes(tmp_path: Path) -> None:
    others = [
        stateful_set("no-label", BARE, {}),
        stateful_set("other-label", BARE, {"rollcall": "proxy"}),
    ]
    metadata = {"name": "deployed", "labels": {"rollcall": "sidecar"}}
    deployment = {**labelled(BARE), "kind": "Deployment", "metadata": metadata}
    made = built(tmp_path, [labelled(BARE), *others, deployment])
    assert "initContainers" in pods(made["db"])
    assert [made[each["metadata"]["name"]] for each in [*others, deployment]] == [
        *others,
        deployment,
    ]


@pytest.mark.parametrize("pod", [BARE, FULL], ids=["bare", "full"])
@pytest.mark.parametrize("version", VERSIONS)
def test_with_a_users_patch_kubernetes_knows_every_field(
    tmp_path: Path, pod: Yaml, version: str
) -> None:
    patches = [{"patch": yaml.safe_dump(patch(WISHES))}]
    made = built(tmp_path, [labelled(pod)], patches=patches)["db"]
    kubernetes_validate.validate(made, version, strict=True)
    sidecar, *_ = pods(made)["initContainers"]
    assert sidecar["env"] == printed("--output=json:/peers/peers.json")["initContainers"][0]["env"]
    assert pods(made)["containers"][0]["volumeMounts"][0] == {
        "name": "peers",
        "mountPath": "/peers",
        "readOnly": True,
    }


def test_the_kustomization_in_its_comment_gives_the_whole_of_what_rollcall_manifest_prints(
    tmp_path: Path,
) -> None:
    text = (COMPONENT / "kustomization.yaml").read_text(encoding="utf-8")
    said = yaml.safe_load("\n".join(re.findall(r"^#     (.*)$", text, re.MULTILINE)))
    cassandra = {"containers": [{"name": "cassandra", "image": "cassandra:5.0"}]}
    one = stateful_set("cassandra", cassandra, {"rollcall": "sidecar"})
    made = built(tmp_path, [one], patches=said["patches"], images=said["images"])
    pod = pods(made["cassandra"])
    (database,) = pod["containers"]
    assert database.pop("image") == "cassandra:5.0"
    assert database.pop("env") == [
        {"name": "JVM_EXTRA_OPTS", "value": "-Dcassandra.config=file:///peers/cassandra.yaml"}
    ]
    assert pod == printed(
        "--output=cassandra:/peers/cassandra.yaml",
        "--database=cassandra",
        "--image=registry.example/rollcall-agent:0.1.0",
    )
