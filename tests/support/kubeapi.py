"""A Kubernetes API that is just enough for CoreDNS's kubernetes plugin: three lists, three watches.

Plain HTTP on loopback. It is fed with the same `Cluster` values as the lab's name server, and
says about them what a real API server with its EndpointSlice controller would (Kubernetes 1.33):
slices of one address family and at most 100 endpoints, ready where publishNotReadyAddresses says
so, an empty slice for a service that selects nothing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from agent.lab.cluster import Cluster, Pod, Service

Manifest = dict[str, Any]

KINDS = {
    "/api/v1/namespaces": ("v1", "Namespace"),
    "/api/v1/services": ("v1", "Service"),
    "/apis/discovery.k8s.io/v1/endpointslices": ("discovery.k8s.io/v1", "EndpointSlice"),
}
_SLICE_SIZE = 100
_MARK_NAMESPACE = "seen"
_MARK_ADDRESS = "198.18.0.1"


@dataclass(frozen=True, slots=True)
class _Event:
    version: int
    path: str
    type: str
    object: Manifest


class KubeApi:
    """The API server, running from its making to `close`; `url` is for the Corefile.

    Each `set` also moves a marker service, always as the last event of each watch: once DNS
    answers for `marker`, everything before it has been seen.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._news = threading.Condition()
        self._events: list[_Event] = []
        self._objects: dict[tuple[str, str], Manifest] = {}
        self._version = 1000
        self._turn = 0
        self._closed = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = False  # so that closing waits for every request to end
        self.set(cluster)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def marker(self) -> str:
        """A service (`name.namespace`) that exists since the last `set`."""
        return f"turn-{self._turn}.{_MARK_NAMESPACE}-{self._turn}"

    def set(self, cluster: Cluster) -> None:
        """Make this the cluster: watchers are told what was added, modified and deleted."""
        with self._news:
            self._turn += 1
            name, namespace = self.marker.split(".")
            mark = Service(name, namespace, (Pod("mark", (_MARK_ADDRESS,)),))
            wanted = {
                (path, f"{m['metadata'].get('namespace', '')}/{m['metadata']['name']}"): m
                for path, m in _manifests(cluster.with_service(mark))
            }
            for key in [key for key in self._objects if key not in wanted]:
                self._tell("DELETED", key, self._objects.pop(key))
            for key, manifest in wanted.items():
                before = self._objects.get(key)
                if before is None:
                    self._tell("ADDED", key, manifest)
                elif _unversioned(before) != _unversioned(manifest):
                    self._tell("MODIFIED", key, manifest)
            self._news.notify_all()

    def _tell(self, kind: str, key: tuple[str, str], manifest: Manifest) -> None:
        self._version += 1
        manifest["metadata"]["resourceVersion"] = str(self._version)
        self._events.append(_Event(self._version, key[0], kind, manifest))
        if kind != "DELETED":
            self._objects[key] = manifest

    def listing(self, path: str) -> Manifest:
        """What a list of that path answers."""
        with self._news:
            items = [manifest for (kind, _), manifest in self._objects.items() if kind == path]
            api_version, kind = KINDS[path]
            return {
                "apiVersion": api_version,
                "kind": f"{kind}List",
                "metadata": {"resourceVersion": str(self._version)},
                "items": items,
            }

    def watch(self, path: str, version: int) -> Iterator[Manifest]:
        """The events of that path after `version`, as they come, until the server closes."""
        seen = 0
        while True:
            with self._news:
                while seen == len(self._events) and not self._closed:
                    self._news.wait()
                fresh, seen = self._events[seen:], len(self._events)
                if self._closed:
                    return
            for event in fresh:
                if event.path == path and event.version > version:
                    yield {"type": event.type, "object": event.object}

    def close(self) -> None:
        """End every watch, then the server."""
        with self._news:
            self._closed = True
            self._news.notify_all()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(_Handler):
            source = api

        return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    source: KubeApi

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        options = {key: values[-1] for key, values in parse_qs(asked.query).items()}
        if asked.path not in KINDS:
            self._say(404, _status(404, "NotFound", f"no such path: {asked.path}"))
        elif "sendInitialEvents" in options:  # client-go then lists and watches, as of old
            self._say(422, _status(422, "Invalid", "sendInitialEvents is not served here"))
        elif options.get("watch") in ("true", "1"):
            self._stream(asked.path, int(options.get("resourceVersion") or 0))
        else:
            self._say(200, self.source.listing(asked.path))

    def _say(self, code: int, body: Manifest) -> None:
        payload = json.dumps(body).encode()
        self._head(code, "Content-Length", str(len(payload)))
        self.wfile.write(payload)

    def _stream(self, path: str, version: int) -> None:
        self._head(200, "Transfer-Encoding", "chunked")
        try:
            for event in self.source.watch(path, version):
                line = json.dumps(event).encode() + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.write(b"0\r\n\r\n")
        except OSError:  # the watcher has gone
            pass

    def _head(self, code: int, header: str, value: str) -> None:
        self.close_connection = True
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.send_header(header, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        pass


def _status(code: int, reason: str, message: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Status",
        "metadata": {},
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }


def _manifests(cluster: Cluster) -> Iterator[tuple[str, Manifest]]:
    namespaces, services, slices = KINDS
    marks = sorted(cluster.known_namespaces(), key=lambda name: name.startswith(_MARK_NAMESPACE))
    for name in marks:
        yield namespaces, {**_typed(namespaces), "metadata": {"name": name, "uid": f"ns-{name}"}}
    for service in cluster.services:
        yield services, _service(services, service)
    for service in cluster.services:
        for manifest in _slices(slices, service):
            yield slices, manifest


def _service(path: str, service: Service) -> Manifest:
    spec: Manifest = {
        "type": "ClusterIP",
        "publishNotReadyAddresses": service.publish_not_ready,
        "ports": [_port(port.name, port.number, port.protocol) for port in service.ports],
    }
    if service.external_name is not None:
        spec |= {"type": "ExternalName", "externalName": service.external_name}
    else:
        address = "None" if service.headless else service.cluster_ip
        spec |= {"clusterIP": address, "clusterIPs": [address]}
    uid = f"svc-{service.namespace}-{service.name}"
    metadata = {"name": service.name, "namespace": service.namespace, "uid": uid}
    return {**_typed(path), "metadata": metadata, "spec": spec}


def _slices(path: str, service: Service) -> Iterator[Manifest]:
    if service.external_name is not None:
        return
    none_yet = True
    for version in (4, 6):
        family = [e for pod in service.pods for e in _endpoint(service, pod, version)]
        for start in range(0, len(family), _SLICE_SIZE):
            none_yet = False
            chunk = family[start : start + _SLICE_SIZE]
            yield _slice(path, service, f"IPv{version}", start, chunk)
    if none_yet:
        yield _slice(path, service, "IPv4", 0, [])


def _slice(
    path: str, service: Service, family: str, start: int, endpoints: list[Manifest]
) -> Manifest:
    name = f"{service.name}-{family.lower()}-{start:05d}"
    ports = [_port(port.name, port.number, port.protocol) for port in service.ports]
    return {
        **_typed(path),
        "metadata": {
            "name": name,
            "namespace": service.namespace,
            "uid": f"slice-{service.namespace}-{name}",
            "labels": {"kubernetes.io/service-name": service.name},
        },
        "addressType": family,
        "endpoints": endpoints,
        "ports": ports if endpoints else [],
    }


def _endpoint(service: Service, pod: Pod, version: int) -> Iterator[Manifest]:
    addresses = [address for address in pod.addresses if ip_address(address).version == version]
    if not addresses:
        return
    ready = pod.ready or service.publish_not_ready
    endpoint: Manifest = {
        "addresses": addresses,
        "conditions": {"ready": ready, "serving": pod.ready, "terminating": False},
        "targetRef": {"kind": "Pod", "name": pod.name, "namespace": service.namespace},
    }
    if service.own_hostnames:
        endpoint["hostname"] = pod.name
    yield endpoint


def _port(name: str, number: int, protocol: str) -> Manifest:
    return {"name": name, "port": number, "protocol": protocol}


def _typed(path: str) -> Manifest:
    api_version, kind = KINDS[path]
    return {"apiVersion": api_version, "kind": kind}


def _unversioned(manifest: Manifest) -> Manifest:
    metadata = {k: v for k, v in manifest["metadata"].items() if k != "resourceVersion"}
    return {**manifest, "metadata": metadata}
