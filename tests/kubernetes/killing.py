"""Ends one container on its node, as the kernel does when there is no memory left."""

from __future__ import annotations

from typing import Any

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.namespace import made_namespace
from tests.kubernetes.patience import START, in_time, said

_POD = "killer"


def kill_container(cluster: Cluster, image: str, node: str, status: dict[str, Any]) -> None:
    """Sends SIGKILL to all processes of the container with this status, and to no others.

    `image` is the one with the tests' programs, `node` where the container runs.
    """
    said(f"kill the container {status['name']} on its node")
    identity = status["containerID"].rpartition("//")[2]
    with made_namespace(cluster, "privileged") as namespace:
        cluster.apply(_pod(image, node, identity), namespace=namespace)

        def phase() -> str:
            now = cluster.pods(namespace)[_POD]["status"]["phase"]
            return now if now in ("Succeeded", "Failed") else ""

        ended = in_time(phase, START, "the killer has ended")
        log = cluster.kubectl("--namespace", namespace, "logs", _POD)
        assert ended == "Succeeded", log


def _pod(image: str, node: str, container: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": _POD},
        "spec": {
            "nodeName": node,
            "hostPID": True,
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "containers": [
                {
                    "name": _POD,
                    "image": image,
                    "args": ["/killer.py", container],
                    "securityContext": {"privileged": True, "runAsUser": 0},
                }
            ],
        },
    }
