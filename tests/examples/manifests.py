"""What the examples have for Kubernetes, as `kubectl apply -k` would send it.

It knows how manifests hang together, and no database. Nothing is sent anywhere.
"""

from __future__ import annotations

import functools
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agent.settings import Loaded, Said, load
from tests.support.need import need_program
from tests.support.pages import blocks

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
# Each can be given to `kubectl apply -k`.
FOLDERS = sorted(
    path.parent.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("kustomization.yaml")
)
Yaml = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pod:
    """The pods of a workload: what it is, its labels, and their spec."""

    workload: Yaml
    labels: Yaml
    spec: Yaml

    @property
    def containers(self) -> list[Yaml]:
        """All of them, in the order of their start."""
        return [*self.spec["initContainers"], *self.spec["containers"]]

    @property
    def agent(self) -> Yaml:
        """Rollcall's container, which is the first one."""
        first: Yaml = self.spec["initContainers"][0]
        return first

    @property
    def database(self) -> Yaml:
        """Whoever reads what the agent writes."""
        (only,) = self.spec["containers"]
        return dict(only)

    @property
    def volumes(self) -> set[str]:
        """Their names, claims among them."""
        claims = self.workload["spec"].get("volumeClaimTemplates", [])
        return {volume["name"] for volume in self.spec["volumes"]} | {
            claim["metadata"]["name"] for claim in claims
        }


@dataclass(frozen=True, slots=True)
class Built:
    """All that one folder describes."""

    folder: str
    objects: tuple[Yaml, ...]

    def of(self, *kinds: str) -> list[Yaml]:
        """The objects of these kinds."""
        return [each for each in self.objects if each["kind"] in kinds]

    def pods(self) -> Iterator[Pod]:
        """Those of each StatefulSet and Deployment."""
        for workload in self.of("StatefulSet", "Deployment"):
            template = workload["spec"]["template"]
            yield Pod(workload, template["metadata"]["labels"], template["spec"])

    def selected_by(self, labels: Yaml) -> list[Pod]:
        """Whose labels are among theirs."""
        return [pod for pod in self.pods() if labels.items() <= pod.labels.items()]

    @property
    def page(self) -> tuple[Path, str]:
        """The folder of the README.md that goes with it, this one or one above it, and its text."""
        folder = EXAMPLES / self.folder
        while not (folder / "README.md").exists():
            assert folder != EXAMPLES, f"{self.folder} has no README.md"
            folder = folder.parent
        return folder, (folder / "README.md").read_text(encoding="utf-8")


@functools.cache
def built(folder: str) -> Built:
    """What kustomize makes of a folder. Skips the test where it is not."""
    kustomize = need_program("kustomize")
    done = subprocess.run(
        [kustomize, "build", str(EXAMPLES / folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return Built(folder, tuple(yaml.safe_load_all(done.stdout)))


def settings_of(agent: Yaml) -> Loaded:
    """The settings that a container's environment gives. Raises SettingsError."""
    return load(Said({}, variables(agent)))


def variables(container: Yaml) -> dict[str, str]:
    """Its environment, as far as the manifest says it."""
    return {each["name"]: each["value"] for each in container.get("env", []) if "value" in each}


def shell(page: str) -> list[str]:
    """The commands in a page, each on one line."""
    return "\n".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()


def fields(text: str, key: str) -> set[str]:
    """What stands behind each `key` of a shell's line, such as `-c`."""
    return set(re.findall(rf"{key}[ =]([\w./-]+)", text))


def assert_restricted(example: Built) -> None:
    """A namespace that enforces `restricted` lets its pods in."""
    for pod in example.pods():
        assert not {key for key in pod.spec if key.startswith("host")}
        kinds = {kind for volume in pod.spec["volumes"] for kind in volume if kind != "name"}
        assert kinds <= {"configMap", "emptyDir", "secret"}
        for container in pod.containers:
            context = {**pod.spec["securityContext"], **container["securityContext"]}
            assert context["runAsNonRoot"] is True
            assert context["runAsUser"] > 0
            assert context["seccompProfile"] == {"type": "RuntimeDefault"}
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert "hostPort" not in str(container)


def assert_read_only(example: Built) -> None:
    """Nothing can be written but volumes, and no pod has a token."""
    for pod in example.pods():
        assert pod.spec["automountServiceAccountToken"] is False
        assert pod.spec["enableServiceLinks"] is False
        for container in pod.containers:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True


def assert_tagged(example: Built) -> None:
    """Every image has its tag."""
    for pod in example.pods():
        for container in pod.containers:
            assert re.fullmatch(r"[\w./-]+:\d[\w.-]*", container["image"]), container["image"]
