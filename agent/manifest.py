"""Rollcall's part of a pod, in Kubernetes' words, out of the settings.

It knows what a container needs, and no cluster: nothing is asked, and nothing is written.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import yaml

from agent.core.listen import ListenAddress
from agent.settings import Settings

# The agent gives up by itself, after `wait_timeout`, and its log says why: the kubelet is not to
# end it before. It counts tries that failed in earlier lives, too, so it has a day's of them
# (pkg/kubelet/prober/worker.go of Kubernetes 1.33: a new container does not reset resultRun).
STARTUP: Mapping[str, int] = {"periodSeconds": 2, "failureThreshold": 43200}
# Without more than it asks for, a Guaranteed database stays so. A start takes half a second of
# processor; the memory is for a `rollcall doctor` or two beside the agent.
RESOURCES: Mapping[str, str] = {"cpu": "100m", "memory": "128Mi"}
USER = 65532
# Characters, as Python writes it: a mapping that is shorter is written on one line.
ONE_LINE = 96

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)  # RFC 1123 section 2.1
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
    _check(wish)
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


def unmounted(settings: Settings) -> Iterator[str]:
    """The files and folders that the agent needs besides, and that the pod's owner has to mount."""
    for output in settings.outputs:
        yield from filter(None, (output.template, output.base, *output.check[:1]))
    yield from filter(None, (settings.bootstrap.data, settings.bootstrap.marker))
    for notify in settings.notify:
        yield from (notify.exec or ())[:1]
        if notify.signal and notify.signal.pidfile:
            yield notify.signal.pidfile


def written(made: Yaml) -> str:
    """As YAML that a person may go on with."""
    return yaml.dump(made, Dumper=_Plain, sort_keys=False, width=2 * ONE_LINE)


def _check(wish: Wish) -> None:
    """Raises ManifestError for what would be refused later, or be wrong in all pods but one."""
    for key in ("pod_name", "pod_ip"):
        if getattr(wish.settings, key):
            raise ManifestError(
                f"{key} is another one in each pod, and a manifest is for all of them: leave it out"
            )
    if not _LABEL.fullmatch(wish.database) or wish.database in ("rollcall", "rollcall-once"):
        raise ManifestError(
            f"--database {wish.database} can't be the name of the database's container: it is of "
            "a-z, 0-9 and -, and not one of Rollcall's own"
        )
    if not wish.image or len(wish.image.split()) != 1:
        raise ManifestError(f"--image {wish.image!r} is no image: write it as rollcall-agent:0.1.0")
    for path in (output.path for output in wish.settings.outputs):
        has_folder = path.startswith("/") and PurePosixPath(path).parent.name
        if not has_folder or path.endswith("/") or ".." in path.split("/"):
            raise ManifestError(
                f"{path} is no file in a folder that the database can have too: write it as in "
                "/peers/peers.json"
            )


def _probes(wish: Wish) -> Yaml:
    """What the kubelet asks. Nothing here makes the pod unready: a DNS fault is no reason to."""
    listen = _probed(wish)
    if listen is None:
        return {}
    made: Yaml = {"ports": [{"name": "rollcall", "containerPort": listen.port}]}
    if wish.is_native:
        made["startupProbe"] = {**_get("/readyz"), **STARTUP}
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
    folders = dict.fromkeys(PurePosixPath(each.path).parent for each in wish.settings.outputs)
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
