"""A Compose project as its user has it: the file, the commands, and what the containers then do.

It knows no database. What a user types goes through `docker compose`; faults that no user types are
made through Docker's own API.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import shlex
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Self

import docker
import docker.errors
import pytest
from docker.models.containers import Container
from docker.models.networks import Network
from testcontainers.compose import DockerCompose

from tests.support.engine import is_orphan, maker
from tests.support.until import until

_TOOLS = Path(__file__).resolve().parents[2] / ".tools" / "docker-cli"
_LABEL = "com.docker.compose.project"
_PREFIX = "rollcall-e2e"
_VARIABLE = re.compile(r"\$\{(\w+)")
# Seconds: until a container has ended, and for one line, which may wait for a whole cluster.
_SOON = 30.0
_AT_MOST = 900.0


@contextlib.contextmanager
def compose_at_hand() -> Iterator[None]:
    """Meanwhile `docker compose` runs. Skips the test where nothing does it."""
    with pytest.MonkeyPatch.context() as environment:
        for config in (None, _TOOLS):
            if config is not None:
                environment.setenv("DOCKER_CONFIG", str(config))
            with contextlib.suppress(FileNotFoundError):
                version = ["docker", "compose", "version"]
                if subprocess.run(version, capture_output=True, check=False).returncode == 0:
                    yield
                    return
    pytest.skip("needs Docker Compose v2, which is not here: get it with `make tools`")


class Project:
    """What one `compose.yaml` describes, until the end of `with`; at first nothing of it runs.

    `variables` are what the file takes from the environment, such as images. What else it would
    take from there is the developer's own, and is not there for it.
    """

    def __init__(self, engine: docker.DockerClient, file: Path, variables: Mapping[str, str]):
        self.name = f"{_PREFIX}-{maker()}-{uuid.uuid4().hex[:6]}"
        self._engine = engine
        self._folder = file.parent
        self._variables = {**variables, "COMPOSE_PROJECT_NAME": self.name}
        self._takes = {*_VARIABLE.findall(file.read_text())}
        self._scratch = contextlib.ExitStack()
        settings = Path(self._scratch.enter_context(tempfile.TemporaryDirectory())) / "env"
        settings.write_text("".join(f"{name}={text}\n" for name, text in self._variables.items()))
        self._compose = DockerCompose(
            self._folder, compose_file_name=file.name, env_file=str(settings)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._scratch:
            # What has a profile is left out by `down` alone.
            self.compose("--profile", "*", "down", "--volumes", "--timeout", "0")

    def types(self, line: str, *, succeeds: bool = True) -> str:
        """What a line in a shell prints, typed in the folder of the file as README has it.

        Both streams. Fails the test, with all that was printed, where the line does or does not
        end.
        """
        with subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", line],
            cwd=self._folder,
            env={**self._environment(), **self._variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as shell:
            try:
                said, _ = shell.communicate(timeout=_AT_MOST)
            except subprocess.TimeoutExpired:
                os.killpg(shell.pid, signal.SIGKILL)
                said, _ = shell.communicate()
                pytest.fail(f"{line}: not ended after {_AT_MOST:.0f} s\n{said}")
        assert (shell.returncode == 0) is succeeds, f"{line}: {shell.returncode}\n{said}"
        return said

    def _environment(self) -> dict[str, str]:
        return {
            name: value
            for name, value in os.environ.items()
            if name not in self._takes and not name.startswith("COMPOSE_")
        }

    def compose(self, *arguments: str, succeeds: bool = True) -> str:
        """What `docker compose` prints."""
        command = [*self._compose.docker_compose_command(), *arguments]
        return self.types(shlex.join(command), succeeds=succeeds)

    def container(self, service: str) -> Container:
        """The service's container, running or not."""
        labels = [f"{_LABEL}={self.name}", f"com.docker.compose.service={service}"]
        found = self._engine.containers.list(all=True, filters={"label": labels})
        assert len(found) == 1, f"{service} has {len(found)} containers"
        return found[0]

    def runs(self, service: str, *command: str, user: str = "") -> tuple[int, str]:
        """A command in the running container: its exit code, and what it prints on both streams."""
        done = self.container(service).exec_run(list(command), user=user)
        assert isinstance(done.output, bytes)
        assert done.exit_code is not None
        return done.exit_code, done.output.decode(errors="replace")

    def logs(self, service: str) -> str:
        """What it has written so far, over all its starts."""
        return self.container(service).logs().decode(errors="replace")

    def pid(self, service: str) -> int:
        """Its first process, as this machine numbers it; 0 while it does not run."""
        return int(self.container(service).attrs["State"]["Pid"])

    def address(self, service: str) -> str:
        """Its address on the project's network; empty while it has none."""
        networks = self.container(service).attrs["NetworkSettings"]["Networks"]
        return str(networks[self._network().name]["IPAddress"])

    def move(
        self, *services: str, by_force: bool = True, meanwhile: Callable[[], object] = list
    ) -> None:
        """Ends them, and starts them again at other addresses; `meanwhile` is when none runs.

        They start all at once, as after the machine's own restart: `depends_on` counts for Compose
        only.
        """
        before = {service: self.address(service) for service in services}
        assert all(before.values()), f"not all of them run: {before}"
        self.end(*services, by_force=by_force)
        meanwhile()
        with self._taken({*before.values()}):
            for service in services:
                self.container(service).start()
            for service, old in before.items():
                assert self.address(service) not in ("", old)

    def end(self, *services: str, by_force: bool = True) -> None:
        """Ends them all, as a crash does, or as `docker compose stop` does."""
        self.compose("kill" if by_force else "stop", *services)
        for service in services:
            self._ended(service)

    def _ended(self, service: str) -> None:
        until(lambda: not self.pid(service), _SOON, f"{service} ended")

    @contextlib.contextmanager
    def without_network(self, service: str) -> Iterator[None]:
        """Meanwhile it is on no network, and so Docker's DNS does not answer it."""
        network, container = self._network(), self.container(service)
        network.disconnect(container)
        try:
            yield
        finally:
            network.connect(container, aliases=[service])

    @contextlib.contextmanager
    def _taken(self, addresses: set[str]) -> Iterator[None]:
        """Meanwhile these addresses are nobody's to have."""
        network = self._network()
        with contextlib.ExitStack() as held:
            # Docker gives out the lowest free address, or the next one: none can be asked for.
            last = max(map(ipaddress.IPv4Address, addresses))
            reached = ipaddress.IPv4Address(0)
            while reached <= last:
                heir = self._engine.containers.run(
                    self._variables["ROLLCALL_IMAGE"],
                    entrypoint=["python3", "-c", "import signal; signal.pause()"],
                    healthcheck={"test": ["NONE"]},
                    labels={_LABEL: self.name},
                    network=network.name,
                    detach=True,
                )
                held.callback(heir.remove, force=True)
                heir.reload()
                its = heir.attrs["NetworkSettings"]["Networks"][network.name]["IPAddress"]
                reached = ipaddress.IPv4Address(its)
            yield

    def _network(self) -> Network:
        (network,) = self._engine.networks.list(names=[f"{self.name}_default"])
        return network


def remove_projects(engine: docker.DockerClient) -> None:
    """Takes away what killed runs on this machine have left: containers, networks and volumes."""
    for kind in (engine.containers.list(all=True), engine.networks.list(), engine.volumes.list()):
        for thing in kind:
            labels = thing.attrs.get("Labels") or thing.attrs.get("Config", {}).get("Labels")
            prefix, _, rest = (labels or {}).get(_LABEL, "").partition(f"{_PREFIX}-")
            if not prefix and is_orphan(rest.rpartition("-")[0]):
                with contextlib.suppress(docker.errors.APIError):  # another run takes it away too
                    thing.remove(**({"force": True} if isinstance(thing, Container) else {}))
