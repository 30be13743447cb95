"""What is applied: a StatefulSet with the stand-in database, and its service.

Rollcall's part of the pod is what `rollcall manifest` prints, or what its chart renders. It knows
no cluster.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.charts.helm import Install, copied
from tests.e2e.program import rollcall
from tests.kubernetes.images import Images
from tests.kubernetes.inside.database import PORT

DATABASE = "database"
AGENT = "rollcall"
AGENT_PORT = 9797
FOLDER = "/peers"
JSON = f"{FOLDER}/peers.json"
HOSTS = f"{FOLDER}/peers.hosts"
NAMES = f"{FOLDER}/peers.list"
FILES = (JSON, HOSTS, NAMES)
OUTPUTS = (f"--output=json:{JSON}", f"--output=hosts:{HOSTS}", f"--output=list:{NAMES}")
RELOAD = f"--notify=http://127.0.0.1:{PORT}/reload"

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """A set as a user may have it. The defaults are right; a test takes one thing away.

    `flags` are Rollcall's settings besides the outputs. The service is called as the set is;
    `service_name` is what the set believes, if that is something else. `nameserver` is the only one
    that the pods ask; without one they ask the cluster's. `is_guaranteed`: the database's container
    may have just what it asks for, so that the pod's class is Guaranteed. `agent_cpu` is what the
    agent asks for and may have instead of what the manifest says. `is_chart`: Rollcall's part comes
    out of its chart, and has no `flags`.
    """

    name: str = "db"
    replicas: int = 3
    policy: str = "Parallel"
    flags: tuple[str, ...] = ()
    service_name: str = ""
    is_published: bool = True
    is_native: bool = True
    has_agent: bool = True
    is_guaranteed: bool = False
    agent_cpu: str = ""
    is_chart: bool = False
    nameserver: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is applied, and with what."""

    namespace: str
    domain: str
    images: Images


def objects(wish: Wish, place: Place) -> list[Object]:
    """The service and the StatefulSet."""
    selector = {"app": wish.name}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": wish.name},
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": wish.is_published,
            "selector": selector,
            "ports": [{"name": "cluster", "port": PORT}],
        },
    }
    stateful_set = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": wish.name},
        "spec": {
            "serviceName": wish.service_name or wish.name,
            "replicas": wish.replicas,
            "podManagementPolicy": wish.policy,
            "selector": {"matchLabels": selector},
            "template": {"metadata": {"labels": selector}, "spec": _pod(wish, place)},
        },
    }
    return [service, stateful_set]


def _pod(wish: Wish, place: Place) -> Object:
    """The user's own pod, with Rollcall's part laid over it."""
    part = _part(wish, place.images.agent)
    containers = {each["name"]: each for each in part.pop("containers")}
    theirs = containers.pop(DATABASE)
    pod = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 10,
        "securityContext": {
            "runAsNonRoot": True,
            "fsGroup": 999,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [{**_database(place.images.programs, wish), **theirs}, *containers.values()],
        **part,
    }
    if wish.nameserver:
        domains = (f"{place.namespace}.svc", "svc", "")
        pod["dnsPolicy"] = "None"
        pod["dnsConfig"] = {
            "nameservers": [wish.nameserver],
            "searches": [f"{each}.{place.domain}".strip(".") for each in domains],
            "options": [{"name": "ndots", "value": "5"}],
        }
    return pod


def _part(wish: Wish, image: str) -> Object:
    """What `rollcall manifest` prints; without an agent, just the folder with empty files."""
    if not wish.has_agent:
        mounts = [{"name": "peers", "mountPath": FOLDER}]
        return {
            "containers": [{"name": DATABASE, "volumeMounts": mounts}],
            "volumes": [{"name": "peers", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}],
        }
    if wish.is_chart:
        return _part_of_chart(wish, image)
    native = "--native" if wish.is_native else "--no-native"
    flags = (*OUTPUTS, RELOAD, *wish.flags, f"--image={image}", f"--database={DATABASE}", native)
    ended = rollcall("manifest", *flags)
    assert (ended.code, ended.err) == (0, "")
    part: Object = yaml.safe_load(ended.out)
    if wish.agent_cpu:
        for share in part["initContainers"][0]["resources"].values():
            share["cpu"] = wish.agent_cpu
    return part


def _part_of_chart(wish: Wish, image: str) -> Object:
    """The same settings by the library chart, in a chart that has it as a dependency."""
    assert not wish.flags
    repository, _, tag = image.rpartition(":")
    outputs = [each.partition("=")[2].split(":") for each in OUTPUTS]
    values = {
        "image": {"repository": repository, "tag": tag},
        "nativeSidecar": wish.is_native,
        "settings": {
            "outputs": [{"format": form, "path": path} for form, path in outputs],
            "notify": [{"http": {"url": RELOAD.partition("=")[2]}}],
        },
    }
    with tempfile.TemporaryDirectory() as folder:
        charts = copied(Path(folder))
        rendered = charts.objects("harness", Install(values={"rollcall": values}))
    (part,) = (each["spec"] for each in rendered if each["metadata"]["name"] == "own")
    (mounts,) = (each.pop("volumeMounts") for each in part["containers"] if each["image"] == "db:1")
    others = [each for each in part["containers"] if each["name"] != DATABASE]
    return {**part, "containers": [{"name": DATABASE, "volumeMounts": mounts}, *others]}


def _database(image: str, wish: Wish) -> Object:
    """A container that takes little of a node."""
    share = {"cpu": "50m", "memory": "32Mi"}
    resources = {"requests": share, "limits": share} if wish.is_guaranteed else {}
    return {
        "name": DATABASE,
        "image": image,
        "args": ["/database.py", *(FILES if wish.has_agent else ())],
        "ports": [{"name": "cluster", "containerPort": PORT}],
        "readinessProbe": {"tcpSocket": {"port": "cluster"}, "periodSeconds": 1},
        "resources": resources,
        "securityContext": {
            "runAsUser": 999,
            "runAsGroup": 999,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
