"""An example's README, typed word for word, in a namespace with a name of its own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.namespace import new_name
from tests.kubernetes.patience import said
from tests.support.engine import LABEL, maker
from tests.support.pages import blocks

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
_TOOLS = EXAMPLES.parent / ".tools" / "bin"
_MAKES_PODS = "kubectl apply|helm install"
# Seconds. Many a line waits for several databases.
_AT_MOST = 1800.0


@dataclass(frozen=True, slots=True)
class Change:
    """What is different in a test: the images, by the names that the example has for them, and what
    the database's variables say, by their places. One node is to be enough for all, so its
    processors are asked for hardly anything.
    """

    images: Mapping[str, str]
    variables: Mapping[int, str] = field(default_factory=dict)


@dataclass
class Example:
    """The page's commands, one block after the other. `folder` is where they are for."""

    cluster: Cluster
    folder: Path
    namespace: str
    _own_name: str
    _blocks: list[str]
    _environment: Mapping[str, str] = field(repr=False)

    def next(self) -> str:
        """The next block, which is then no more to come."""
        commands = self._blocks.pop(0)
        return re.sub(rf"(\bnamespace[ =]|-n ){self._own_name}\b", rf"\1{self.namespace}", commands)

    def kubectl(self, *arguments: str, succeeds: bool | None = True) -> str:
        """What it prints, in the namespace."""
        return self.cluster.kubectl("--namespace", self.namespace, *arguments, succeeds=succeeds)

    def types(self, commands: str = "") -> str:
        """What these commands print, or those of the next block. Fails where one of them does."""
        commands = commands or self.next()
        said(f"type: {' / '.join(commands.splitlines())}")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_AT_MOST,
            check=False,
        )
        assert done.returncode == 0, f"{commands}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def begins(self) -> str:
        """Types the first block up to where it makes pods. The rest, for later."""
        makes_it, rest = re.split(r"(?<=\n)", self.next(), maxsplit=1)
        assert makes_it.startswith("kubectl create namespace ")
        self.types(makes_it)
        self.cluster.kubectl("label", "namespace", self.namespace, f"{LABEL}={maker()}")
        before, *makes_pods = re.split(f"({_MAKES_PODS})", rest, maxsplit=1)
        self.types(before)
        return "".join(makes_pods)

    def is_over(self) -> bool:
        """Whether all of the page was typed."""
        return not self._blocks

    def ready(self, selector: str) -> dict[str, str]:
        """The addresses of the pods whose containers are all ready, by name."""
        return {
            name: pod["status"]["podIP"]
            for name, pod in self.cluster.pods(self.namespace, selector).items()
            if (listed := pod["status"].get("containerStatuses"))
            and all(each["ready"] for each in listed)
        }

    def claimed(self, claim: str) -> str:
        """Which claim it is that has this name now; empty where none has."""
        claims = f"/api/v1/namespaces/{self.namespace}/persistentvolumeclaims"
        found = self.cluster.get(f"{claims}/{claim}")
        return str(found["metadata"]["uid"]) if found else ""

    def restarts(self, container: str) -> dict[str, int]:
        """How often this container was started again, by pod."""
        return {
            name: status["restartCount"]
            for name, pod in self.cluster.pods(self.namespace).items()
            for status in pod["status"].get("containerStatuses", [])
            if status["name"] == container
        }


@contextlib.contextmanager
def example(cluster: Cluster, name: str, change: Change, scratch: Path) -> Iterator[Example]:
    """The folder `name` of examples, in a copy that is changed. At the end all of it is gone."""
    folder = scratch / "example"
    shutil.copytree(EXAMPLES / name, folder)
    _put(folder, change)
    with page(cluster, folder, folder / "README.md", scratch) as typed:
        yield typed


@contextlib.contextmanager
def page(cluster: Cluster, folder: Path, file: Path, scratch: Path) -> Iterator[Example]:
    """A page whose commands are for a folder, and make a namespace. At the end that is gone."""
    text = file.read_text(encoding="utf-8")
    (own_name,) = re.findall(r"kubectl create namespace (\S+)", text)
    namespace = new_name()
    config = scratch / "kubeconfig"
    config.touch(mode=0o600)
    config.write_text(cluster.kubectl("config", "view", "--raw", "--flatten"))
    path = f"{_TOOLS}:{os.environ['PATH']}"
    environment = {**os.environ, "KUBECONFIG": str(config), "PATH": path}
    try:
        yield Example(cluster, folder, namespace, own_name, blocks(text, "sh"), environment)
    finally:
        config.unlink()  # pytest keeps its folders, and who has this is the administrator
        cluster.kubectl("delete", "namespace", namespace, "--ignore-not-found")


def _put(folder: Path, change: Change) -> None:
    """Says at the top of the example what is different here, as its page says it for images."""
    (file,) = (
        file
        for file in folder.rglob("kustomization.yaml")
        if "resources: [../" not in file.read_text(encoding="utf-8")
    )
    tree = yaml.safe_load(file.read_text(encoding="utf-8"))
    tree["images"] = [
        {"name": name, "newName": new.rpartition(":")[0], "newTag": new.rpartition(":")[2]}
        for name, new in change.images.items()
    ]
    container = "/spec/template/spec/containers/0"
    asked = {"op": "replace", "path": f"{container}/resources/requests/cpu", "value": "10m"}
    said = [
        {"op": "replace", "path": f"{container}/env/{index}/value", "value": value}
        for index, value in change.variables.items()
    ]
    # Kustomize takes no empty patch.
    tree["patches"] = [
        {"target": {"kind": kind}, "patch": yaml.safe_dump(patch)}
        for kind, patch in (("StatefulSet|Deployment", [asked]), ("StatefulSet", said))
        if patch
    ]
    file.write_text(yaml.safe_dump(tree), encoding="utf-8")
