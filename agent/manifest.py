"""Rollcall's part of a pod, in Kubernetes' words, out of the settings.

It knows what a container needs, and no cluster: nothing is asked, and nothing is written.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import yaml

from agent.core.listen import ListenAddress
from agent.settings import Settings

# Seconds that the kubelet goes on asking after the agent has given up, whose log then says why.
GRACE = 60.0
PROBED_EVERY = 2
# Without memory beyond its request nobody else's pod takes it, and a Guaranteed database stays so.
RESOURCES: Mapping[str, str] = {"cpu": "50m", "memory": "64Mi"}
USER = 65532
# Characters, as Python writes it: a mapping that is shorter is written on one line.
ONE_LINE = 96

Yaml = dict[str, Any]
_STR = "tag:yaml.org,2002:str"


class ManifestError(ValueError):
    """Settings that no pod can have; the sentence says what mends it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wished for.

    `variables` are the settings that were given, by their variables' names. `is_native`: a sidecar
    that Kubernetes waits for, from 1.29 on; else an init container and a sidecar. `database` is the
    name of its container.
    """

    settings: Settings
    variables: Mapping[str, str]
    image: str
    database: str
    is_native: bool


def fragment(wish: Wish) -> Yaml:
    """What a pod's spec has more with the agent in it. Raises ManifestError."""
    theirs = {
        "name": wish.database,
        "volumeMounts": [{**m, "readOnly": True} for m in _files(wish)],
    }
    made: Yaml
    if wish.is_native:
        sidecar = _container(wish, "rollcall", "run", {"restartPolicy": "Always"}, _probes(wish))
        made = {"initContainers": [sidecar], "containers": [theirs]}
    else:
        waiting = _container(wish, "rollcall-once", "once")
        sidecar = _container(wish, "rollcall", "run", {}, _probes(wish))
        made = {"initContainers": [waiting], "containers": [theirs, sidecar]}
    made["volumes"] = list(_volumes(wish))
    if any(notify.signal for notify in wish.settings.notify):
        made["shareProcessNamespace"] = True
    return made


def written(made: Yaml) -> str:
    """As YAML that a person may go on with."""
    return yaml.dump(made, Dumper=_Plain, sort_keys=False, width=2 * ONE_LINE)


def _probes(wish: Wish) -> Yaml:
    """What the kubelet asks. Nothing here makes the pod unready: a DNS fault is no reason to."""
    listen = _probed(wish)
    if listen is None:
        return {}
    made: Yaml = {"ports": [{"name": "rollcall", "containerPort": listen.port}]}
    if wish.is_native:
        window = wish.settings.wait_timeout + GRACE
        tries = {
            "periodSeconds": PROBED_EVERY,
            "failureThreshold": math.ceil(window / PROBED_EVERY),
        }
        made["startupProbe"] = {**_get("/readyz"), **tries}
    made["livenessProbe"] = {**_get("/livez"), "timeoutSeconds": 5, "failureThreshold": 6}
    return made


def _probed(wish: Wish) -> ListenAddress | None:
    """Where the kubelet asks, None for nowhere."""
    listen = wish.settings.listen
    if listen is None and not wish.is_native:
        return None
    if listen is None or listen.host.startswith("127.") or listen.host == "::1":
        raise ManifestError(
            f"the kubelet asks from outside the pod whether the gate is open, and nothing answers "
            f"it with --status-listen {listen or 'none'}: leave it out"
        )
    if listen.port == 0:
        raise ManifestError(
            f"the kubelet asks at a port that is known before, and --status-listen {listen} is any "
            "that is free: name one"
        )
    return listen


def _container(
    wish: Wish, name: str, command: str, kind: Yaml | None = None, probes: Yaml | None = None
) -> Yaml:
    downward = {
        "POD_NAME": "metadata.name",
        "POD_NAMESPACE": "metadata.namespace",
        "POD_IP": "status.podIP",
    }
    told = [{"name": name, "value": _literal(value)} for name, value in wish.variables.items()]
    found = [
        {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
        for name, path in downward.items()
    ]
    return {
        "name": name,
        **(kind or {}),
        "image": wish.image,
        "args": [command],
        "env": told + found,
        **(probes or {}),
        "resources": {"requests": {**RESOURCES}, "limits": {**RESOURCES}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": list(_files(wish)),
    }


def _literal(value: str) -> str:
    """A value that Kubernetes, which puts in variables for $(NAME), leaves as it is."""
    return value.replace("$", "$$")


def _get(path: str) -> Yaml:
    return {"httpGet": {"path": path, "port": "rollcall"}}


def _folders(wish: Wish) -> dict[str, PurePosixPath]:
    """The folders of the outputs, by the names of their volumes."""
    paths = [PurePosixPath(each.path) for each in wish.settings.outputs]
    for path in paths:
        if not path.is_absolute() or ".." in path.parts:
            raise ManifestError(
                f"{path} is no whole path, and containers may work in other folders: write it from "
                "the top, as in /peers/peers.json"
            )
    folders = dict.fromkeys(path.parent for path in paths)
    if PurePosixPath("/") in folders:
        raise ManifestError(
            "/ can't be a volume that the database has too: give the outputs a folder of their "
            "own, such as /peers"
        )
    return {"peers" if not n else f"peers-{n + 1}": each for n, each in enumerate(folders)}


def _files(wish: Wish) -> Iterator[Yaml]:
    """Where the outputs are, for whoever reads them."""
    for name, folder in _folders(wish).items():
        yield {"name": name, "mountPath": str(folder)}


def _volumes(wish: Wish) -> Iterator[Yaml]:
    for name in _folders(wish):
        yield {"name": name, "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}


class _Plain(yaml.SafeDumper):
    """Writes what is there twice, twice, and not as a reference to the first."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> Any:
        """On one line where that is short, as people write it."""
        return super().represent_mapping(tag, mapping, len(str(mapping)) < ONE_LINE)

    def represent_str(self, data: str) -> yaml.ScalarNode:
        """What has lines, as lines."""
        return self.represent_scalar(_STR, data, "|" if "\n" in data else None)

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> Any:
        """On one line where it is of words."""
        is_plain = all(isinstance(each, str) for each in sequence)
        return super().represent_sequence(tag, sequence, is_plain)


_Plain.add_representer(str, _Plain.represent_str)
