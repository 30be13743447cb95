"""Volumes that take a pod's fsGroup, also where the cluster's default storage does not.

The kubelet gives a volume to a pod's group only if the volume's driver lets it; a folder of the
node (hostPath), as small clusters have for storage, stays root's. Then this gives it to the group,
as the kubelet does with others:
https://kubernetes.io/docs/tasks/configure-pod-container/security-context.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.patience import START, in_time

_GROUP = 999
_POD = "volumes"
_ENFORCE = "pod-security.kubernetes.io/enforce"


def make_volumes(
    cluster: Cluster, namespace: str, claims: Iterable[str], image: str, labels: dict[str, str]
) -> None:
    """Claims a StatefulSet's volumes before it does, and gives them to its pods' group."""
    for claim in claims:
        spec = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "10Gi"}},
        }
        metadata = {"name": claim, "labels": labels}
        made = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}
        cluster.apply({**made, "spec": spec}, namespace=namespace)
    give_volumes(cluster, namespace, claims, image)


def give_volumes(cluster: Cluster, namespace: str, claims: Iterable[str], image: str) -> None:
    """Only root can, so for that moment the namespace lets root in."""
    label = ("label", "namespace", namespace, "--overwrite")
    cluster.kubectl(*label, f"{_ENFORCE}=privileged")
    try:
        cluster.apply(_pod(claims, image), namespace=namespace)

        def has_ended() -> bool:
            (pod,) = cluster.pods(namespace, f"app={_POD}").values()
            assert pod["status"]["phase"] != "Failed"
            return bool(pod["status"]["phase"] == "Succeeded")

        in_time(has_ended, START, "the volumes have their group")
        cluster.kubectl("--namespace", namespace, "delete", "pod", _POD)
    finally:
        cluster.kubectl(*label, f"{_ENFORCE}=restricted")


def _pod(claims: Iterable[str], image: str) -> dict[str, Any]:
    # All folders get the bit: rsync, by which Galera copies, can't give it to one that is root's.
    give = (
        f"chown -R :{_GROUP} /volumes && chmod -R g+rwX /volumes && "
        "find /volumes -type d -exec chmod g+s {} +"
    )
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": _POD, "labels": {"app": _POD}},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "containers": [
                {
                    "name": _POD,
                    "image": image,
                    "command": ["sh", "-c", give],
                    "securityContext": {"runAsUser": 0},
                    "volumeMounts": [
                        {"name": claim, "mountPath": f"/volumes/{claim}"} for claim in claims
                    ],
                }
            ],
            "volumes": [
                {"name": claim, "persistentVolumeClaim": {"claimName": claim}} for claim in claims
            ],
        },
    }
