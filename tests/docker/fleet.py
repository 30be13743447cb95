"""Containers on a network of their own, named and called as Docker Compose does it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, Self

from docker.models.containers import Container
from docker.types import Mount
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from tests.docker.hosts import Agent, Host, Upstream
from tests.docker.inside import relay, upstream
from tests.support.coredns import free_port
from tests.support.engine import label

LOOPBACK = "127.0.0.1"
_SLEEP = "import signal; signal.pause()"
_UNPRIVILEGED = {
    "user": "65532:65532",
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
}


class Fleet:
    """The network and its containers, from its making to `close`, which takes all of it away.

    A container's name is `PROJECT-SERVICE-NUMBER`; the service's name is an alias of it. Nothing
    outside an internal network can be reached from it, and so no DNS server behind Docker's.
    """

    def __init__(self, image: str, *, is_internal: bool = False) -> None:
        self.project = f"rollcall-{uuid.uuid4().hex[:8]}"
        self.network = f"{self.project}_default"
        self._image = image
        self._dns: list[str] = []
        self._count = 0
        self._running: list[DockerContainer] = []
        self._network = Network(docker_network_kw={"labels": label(), "internal": is_internal})
        self._network.name = self.network
        self._network.create()

    def database(self, service: str, *aliases: str, container_name: str = "") -> Host:
        """A member's stand-in: it has names and an address, and sleeps."""
        container = self._python(service, _SLEEP)
        if container_name:
            container.with_name(container_name)
        return Host(self._run(container, service, *aliases), self.network)

    def program(self, service: str, source: str) -> Host:
        """A service that runs a program in Python, with the agent's packages."""
        return Host(self._run(self._python(service, source), service), self.network)

    def agent(self, pod: str, *arguments: str, **environment: str) -> Agent:
        """`rollcall run` for the member `pod`, without a privilege, as the service `agent-POD`."""
        service = f"agent-{pod}"
        volume = Mount(Agent.FOLDER, None)
        container = self._container(service, {**_UNPRIVILEGED, "mounts": [volume]})
        container.with_command(["run", f"--output=json:{Agent.FILE}", *arguments])
        container.with_envs(**{"POD_NAME": pod, **environment})
        return Agent(self._run(container, service), self.network)

    def move(self, host: Host) -> Host:
        """Starts a container again at another address; what has its old one now."""
        before = host.address
        host.stop()
        heir = self.database("heir")
        while heir.address != before:  # others that are stopped have left theirs, too
            heir = self.database("heir")
        host.start()
        assert host.address != before
        return heir

    def connect(self, host: Host) -> None:
        """Puts another fleet's container on this network too; that one has to end before this."""
        host.connect(self.network)

    def upstream(self) -> Upstream:
        """The DNS server that every container made from now on has behind Docker's."""
        container = self._python("upstream", _source(upstream))
        made = Upstream(self._run(container, "upstream"), self.network)
        made.says("answering")
        made.answers({})
        self._dns = [made.address]
        return made

    def relay(self) -> int:
        """A loopback port that answers as Docker's DNS does on the network, over UDP and TCP."""
        port = free_port(LOOPBACK)
        container = self._python("relay", _source(relay))
        for transport in ("udp", "tcp"):
            here: Any = (LOOPBACK, port)  # testcontainers' types know of a port only
            container.ports[f"53/{transport}"] = here
        Host(self._run(container, "relay"), self.network).says("relaying")
        return port

    def close(self) -> None:
        """Takes every container away, and the network."""
        with ThreadPoolExecutor() as pool:
            ended = [pool.submit(container.stop) for container in self._running]
        for end in ended:
            end.result()
        self._network.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _python(self, service: str, source: str) -> DockerContainer:
        """A container that runs a program of its own instead of the agent."""
        return self._container(service, {"entrypoint": ["python3", "-c", source]})

    def _container(self, service: str, how: Mapping[str, Any]) -> DockerContainer:
        """A container that is not made yet; `how` is in the words of Docker's client."""
        self._count += 1
        made = DockerContainer(self._image).with_name(f"{self.project}-{service}-{self._count}")
        return made.with_network(self._network).with_kwargs(labels=label(), dns=self._dns, **how)

    def _run(self, container: DockerContainer, *aliases: str) -> Container:
        """Starts it under these names; it ends with the fleet."""
        container.with_network_aliases(*aliases)
        self._running.append(container)
        return container.start().get_wrapped_container()


def _source(module: ModuleType) -> str:
    """The text of a program that runs in a container."""
    assert module.__file__ is not None
    return Path(module.__file__).read_text()
