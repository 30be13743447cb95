"""The Kubernetes that KUBECONFIG names: kubectl, and its API through `kubectl proxy`."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.engine import LABEL, is_orphan
from tests.support.need import need_program

_HOW = "install it as https://kubernetes.io/docs/tasks/tools has it"
# Seconds.
_ANSWER = 30.0
_COMMAND = 900.0
_WATCH = 3600.0


class Cluster:
    """What tests ask it and tell it. Everything is in a namespace, which is said each time."""

    def __init__(self, kubectl: str, proxy: Path) -> None:
        self._kubectl = kubectl
        self._proxy = proxy

    def kubectl(self, *arguments: str, stdin: str = "", succeeds: bool | None = True) -> str:
        """What it prints, on both streams. Fails the test where it does not end as it has to."""
        done = subprocess.run(
            [self._kubectl, *arguments],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_COMMAND,
            check=False,
        )
        said = f"kubectl {' '.join(arguments)}: {done.returncode}\n{done.stdout}"
        assert succeeds is None or (done.returncode == 0) is succeeds, said
        return done.stdout

    def apply(self, *objects: dict[str, Any], namespace: str = "default") -> None:
        """Makes them, or makes them so."""
        listed = {"apiVersion": "v1", "kind": "List", "items": objects}
        self.kubectl("--namespace", namespace, "apply", "--filename=-", stdin=json.dumps(listed))

    def get(self, path: str) -> Any:
        """What the API has there, as JSON; None where it has nothing."""
        status, body = self.ask("GET", path)
        assert status in (http.client.OK, http.client.NOT_FOUND), f"{path}: {status} {body!r}"
        return json.loads(body) if status == http.client.OK else None

    def get_from_pod(self, path: str) -> Any:
        """What a pod answers through the API, as JSON; None where it does not."""
        status, body = self.ask("GET", path)
        return json.loads(body) if status == http.client.OK else None

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """The status and the body of an answer."""
        with contextlib.closing(_Connection(self._proxy)) as connection:
            connection.request(method, path, body)
            reply = connection.getresponse()
            return reply.status, reply.read()

    def lines(self, path: str) -> Iterator[Any]:
        """What a watch tells, as long as somebody listens."""
        with contextlib.closing(_Connection(self._proxy, _WATCH)) as connection:
            connection.request("GET", path)
            for line in connection.getresponse():
                yield json.loads(line)

    def domain(self) -> str:
        """The cluster domain, as a kubelet tells it to pods."""
        node = self.get("/api/v1/nodes?limit=1")["items"][0]["metadata"]["name"]
        config = self.get(f"/api/v1/nodes/{node}/proxy/configz")["kubeletconfig"]
        return str(config["clusterDomain"])

    def pods(self, namespace: str, selector: str = "") -> dict[str, Any]:
        """The pods that are not about to go, by name."""
        path = f"/api/v1/namespaces/{namespace}/pods?labelSelector={quote(selector)}"
        found = self.get(path)
        assert found is not None, path
        return {
            pod["metadata"]["name"]: pod
            for pod in found["items"]
            if "deletionTimestamp" not in pod["metadata"]
        }


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket: only its owner may be the cluster's administrator by it."""

    def __init__(self, path: Path, patience: float = _ANSWER) -> None:
        super().__init__("localhost")
        self._path = path
        self._patience = patience

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self._patience)
        self.sock.connect(str(self._path))


@contextlib.contextmanager
def need_cluster() -> Iterator[Cluster]:
    """The cluster, while somebody needs it. Skips the test where there is none."""
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("needs KUBECONFIG, the file of a Kubernetes that tests may use: it is not set")
    kubectl = need_program("kubectl", _HOW)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "proxy"
        command = [kubectl, "proxy", f"--unix-socket={path}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as proxy:
            try:
                assert proxy.stdout is not None
                assert proxy.stdout.readline().startswith("Starting to serve"), "no kubectl proxy"
                cluster = Cluster(kubectl, path)
                if cluster.ask("GET", "/readyz") != (http.client.OK, b"ok"):
                    pytest.skip("needs a Kubernetes that answers, and that of KUBECONFIG does not")
                remove_leftovers(cluster)
                yield cluster
            finally:
                proxy.terminate()


def remove_leftovers(cluster: Cluster) -> None:
    """Takes away what killed runs on this machine have left: all of it is in namespaces."""
    for each in cluster.get(f"/api/v1/namespaces?labelSelector={LABEL}")["items"]:
        if is_orphan(each["metadata"]["labels"][LABEL]):
            name = each["metadata"]["name"]
            cluster.kubectl("delete", "namespace", name, "--wait=false", succeeds=None)
