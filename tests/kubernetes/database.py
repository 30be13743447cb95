"""A set of stand-in databases in the cluster, as a test handles and sees it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.inside.database import PORT
from tests.kubernetes.patience import SOON, START, in_time, said
from tests.kubernetes.workload import (
    AGENT,
    AGENT_PORT,
    DATABASE,
    HOSTS,
    JSON,
    NAMES,
    Place,
    Wish,
    objects,
)


@dataclass(frozen=True, slots=True)
class File:
    """A file as a database finds it, and when it was written (Unix time)."""

    content: str
    written: float


Files = dict[str, dict[str, File]]
"""By pod and path."""


class Databases:
    """The set that was wished for."""

    def __init__(self, cluster: Cluster, place: Place, wish: Wish) -> None:
        self.wish = wish
        self.namespace = place.namespace
        self._cluster = cluster
        self._place = place

    def apply(self, **changes: Any) -> None:
        """What was wished for, with changes; the set is then on its way."""
        self.wish = replace(self.wish, **changes)
        said(f"{self.wish.name}: apply {changes or self.wish}")
        self._cluster.apply(*objects(self.wish, self._place), namespace=self.namespace)

    def kubectl(self, *arguments: str, succeeds: bool | None = True) -> str:
        """What kubectl prints, in the set's namespace."""
        return self._cluster.kubectl("--namespace", self.namespace, *arguments, succeeds=succeeds)

    def rolls_out(self) -> None:
        """Waits as a deployment's script does."""
        name = f"statefulset/{self.wish.name}"
        limit = f"--timeout={START * self.wish.replicas:.0f}s"
        self.kubectl("rollout", "status", name, limit)
        said(f"{self.wish.name}: kubectl rollout status has ended")

    def is_gone(self, *ordinals: int) -> None:
        """Waits until these pods are no more."""
        pods = [f"pod/{self.pod(n)}" for n in ordinals]
        self.kubectl("wait", "--for=delete", *pods, f"--timeout={START:.0f}s")
        said(f"{self.wish.name}: {', '.join(pods)} are gone")

    def pods(self) -> dict[str, Any]:
        """Those that are not about to go, as the API has them."""
        return self._cluster.pods(self.namespace, f"app={self.wish.name}")

    def pod(self, ordinal: int) -> str:
        return f"{self.wish.name}-{ordinal}"

    def addresses(self) -> dict[str, str]:
        """By pod; empty while the API does not know it."""
        return {name: pod["status"].get("podIP", "") for name, pod in self.pods().items()}

    def container(self, pod: str, name: str) -> Any:
        """The status of a container; None while there is none."""
        status = self.pods().get(pod, {"status": {}})["status"]
        listed = status.get("containerStatuses", []) + status.get("initContainerStatuses", [])
        return next((each for each in listed if each["name"] == name), None)

    def databases(self) -> dict[str, tuple[str, int]]:
        """The containers of the databases: what they are called, and how often they began anew."""
        found = {}
        for name in self.pods():
            status = self.container(name, DATABASE)
            found[name] = (status["containerID"], status["restartCount"])
        return found

    def log(self, pod: str, container: str = AGENT) -> list[Any]:
        """What the agent has said in a pod."""
        lines = self.kubectl("logs", pod, f"--container={container}").splitlines()
        return [json.loads(line) for line in lines]

    def ask(self, pod: str, port: int = PORT, path: str = "/") -> Any:
        """What a pod answers, as JSON; None while it does not."""
        pods = f"/api/v1/namespaces/{self.namespace}/pods"
        return self._cluster.get_from_pod(f"{pods}/{pod}:{port}/proxy{path}")

    def polls(self, pod: str) -> Any:
        """What the agent of a pod says of its questions to DNS."""
        return self.ask(pod, AGENT_PORT, "/v1/status")["polls"]

    def files(self, *pods: str) -> Files:
        """What is there now for the databases of these pods, by default of all that serve."""
        found = {}
        for name in pods or self.pods():
            answer = self.ask(name)
            if answer is not None:
                found[name] = {
                    path: File(text, answer["written"][path])
                    for path, text in answer["there"].items()
                }
        return found

    def become(self, count: int, within: float = SOON) -> None:
        """Waits until there are just so many pods, and all files of all of them are right."""
        what = f"{self.wish.name}: all files name {count}, and where they are"
        in_time(lambda: self.is_right(count), within, what)

    def is_right(self, count: int) -> bool:
        """Whether every database has read, in every file, where all of them are now."""
        addresses = self.addresses()
        if {*addresses} != {self.pod(n) for n in range(count)} or "" in addresses.values():
            return False
        answers = [self.ask(pod) for pod in addresses]
        return all(
            answer is not None
            and answer["read"] == answer["there"]
            and self._named(answer["there"]) == addresses
            for answer in answers
        )

    def _named(self, there: dict[str, str]) -> dict[str, str]:
        """Whom the files name, and where; nobody if they do not say the same."""
        peers = {peer["name"]: peer for peer in json.loads(there[JSON])["peers"]}
        addresses = {name: peer["addresses"][0] for name, peer in peers.items()}
        hosts = dict(line.split()[::2] for line in there[HOSTS].splitlines())
        names = {peer["fqdn"] for peer in peers.values()}
        agree = hosts == {ip: name for name, ip in addresses.items()}
        return addresses if agree and names == {*there[NAMES].split()} else {}

    def are_untouched(self, restarts_of_agents: int = 0) -> None:
        """Fails the test unless no database was restarted, and each pod's class is its own."""
        quality = "Guaranteed" if self.wish.is_guaranteed else "Burstable"
        for name, pod in self.pods().items():
            assert self.container(name, DATABASE)["restartCount"] == 0, name
            assert self.container(name, AGENT)["restartCount"] <= restarts_of_agents, name
            assert pod["status"]["qosClass"] == quality, name

    def delete_pod(self, pod: str, *how: str) -> None:
        """Takes a pod away, until its name is another's or nobody's."""
        said(f"{self.wish.name}: delete {pod} at {self.addresses()[pod]}")
        self.kubectl("delete", "pod", pod, *how)

    def moved(self, pod: str, before: str) -> str:
        """Waits until a pod is somewhere else; where."""

        def address() -> str:
            now = self.addresses().get(pod, "")
            return now if now != before else ""

        return in_time(address, START, f"{pod} has another address than {before}")


@contextlib.contextmanager
def databases(cluster: Cluster, place: Place, wish: Wish) -> Iterator[Databases]:
    """A set, from its making to its end. Its pods are on their way."""
    made = Databases(cluster, place, wish)
    made.apply()
    try:
        yield made
    finally:
        kinds = (f"statefulset/{wish.name}", f"service/{wish.name}")
        made.kubectl("delete", *kinds, "--wait=false", succeeds=None)
