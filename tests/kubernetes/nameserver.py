"""A CoreDNS of a test's own, as a pod: what happens to it happens to nobody else's DNS."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.inside.nameserver import PORT
from tests.kubernetes.namespace import uid_of
from tests.kubernetes.patience import START, in_time, said
from tests.kubernetes.workload import Place

_POD = "nameserver"
_READY = 8181


class Nameserver:
    """It runs, and has seen what the API knows; its address stays the same."""

    def __init__(self, cluster: Cluster, place: Place) -> None:
        self._cluster = cluster
        self._domain = place.domain
        self._pods = f"/api/v1/namespaces/{place.namespace}/pods"
        in_time(self._is_there, START, "the nameserver's pod answers")
        (pod,) = cluster.pods(place.namespace, f"app={_POD}").values()
        self.address: str = pod["status"]["podIP"]
        self.start()

    def start(self, *plugins: str, ttl: int = 5) -> None:
        """Starts it, or starts it anew, with lines of a Corefile, such as `cache 30`."""
        lines = "\n    ".join(plugins)
        zones = f"{self._domain} in-addr.arpa ip6.arpa"
        corefile = f"""\
{zones} {{
    errors
    ready :{_READY}
    {lines}
    kubernetes {zones} {{
        ttl {ttl}
    }}
    loadbalance
}}
"""
        self._do("start", corefile.encode())
        in_time(self._is_ready, START, "CoreDNS has seen what the API knows")

    def stop(self) -> None:
        """Ends it: its port refuses."""
        self._do("stop")

    def freeze(self) -> None:
        """Halts it: it takes questions and answers none."""
        self._do("freeze")

    def thaw(self) -> None:
        """Lets it go on."""
        self._do("thaw")

    def _is_there(self) -> bool:
        return self._ask("GET", PORT, "")

    def _is_ready(self) -> bool:
        return self._ask("GET", _READY, "ready")

    def _do(self, order: str, body: bytes = b"") -> None:
        said(f"nameserver: {order}")
        assert self._ask("POST", PORT, order, body), order

    def _ask(self, method: str, port: int, path: str, body: bytes = b"") -> bool:
        """Whether the pod has answered that all is well."""
        where = f"{self._pods}/{_POD}:{port}/proxy/{path}"
        return self._cluster.ask(method, where, body)[0] == http.client.OK


@contextlib.contextmanager
def nameserver(cluster: Cluster, place: Place) -> Iterator[Nameserver]:
    """One that runs, and goes with its namespace."""
    namespace = place.namespace
    owner = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "name": namespace,
        "uid": uid_of(cluster, namespace),
    }
    role = {"name": f"{namespace}-nameserver", "ownerReferences": [owner]}
    reads = [
        ("", ["services", "namespaces", "pods"]),
        ("discovery.k8s.io", ["endpointslices"]),
    ]
    group = "rbac.authorization.k8s.io"
    cluster.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": _POD}},
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRole",
            "metadata": role,
            "rules": [
                {"apiGroups": [each], "resources": kinds, "verbs": ["list", "watch"]}
                for each, kinds in reads
            ],
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": role,
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role["name"]},
            "subjects": [{"kind": "ServiceAccount", "name": _POD, "namespace": namespace}],
        },
        _pod(place.images.programs),
        namespace=namespace,
    )
    yield Nameserver(cluster, place)


def _pod(image: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": _POD, "labels": {"app": _POD}},
        "spec": {
            "serviceAccountName": _POD,
            "terminationGracePeriodSeconds": 5,
            "securityContext": {
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
                # So that anybody may listen at port 53, in this pod alone.
                "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "53"}],
            },
            "containers": [
                {
                    "name": _POD,
                    "image": image,
                    "args": ["/nameserver.py"],
                    "resources": {"requests": {"cpu": "10m"}},
                    "securityContext": {
                        "runAsUser": 999,
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                    },
                }
            ],
        },
    }
