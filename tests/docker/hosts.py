"""What runs in the fleet's containers, as a test sees and handles it."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

import docker
import docker.errors
from docker.models.containers import Container

from tests.docker.inside import upstream
from tests.support.recipe import write_files
from tests.support.until import until

# Seconds. For what takes far less on an idle machine.
SOON = 30.0


class Host:
    """A container of the fleet, running until it is stopped or the fleet ends."""

    def __init__(self, container: Container, network: str) -> None:
        self._container = container
        self._network = network

    @property
    def name(self) -> str:
        """The container's own name, which is its alone on the whole engine."""
        return str(self._container.name)

    @property
    def short_id(self) -> str:
        """The first 12 digits of its ID, which Docker takes for a name too."""
        return str(self._container.id)[:12]

    @property
    def address(self) -> str:
        """The address that it has on the network now."""
        self._container.reload()
        return str(self._container.attrs["NetworkSettings"]["Networks"][self._network]["IPAddress"])

    @property
    def hosts(self) -> list[str]:
        """The lines of its /etc/hosts."""
        return (self.read("/etc/hosts") or b"").decode().splitlines()

    def logs(self) -> str:
        """What it has written to stdout and stderr so far, as far as Docker has it by now."""
        return self._container.logs().decode()

    def read(self, path: str) -> bytes | None:
        """A file in it, None while there is none.

        Of one that is replaced meanwhile it can be the first part only: Docker takes the size of
        the old one for it.
        """
        [content] = until(lambda: self._try_to_read(path), SOON, f"{path} can be read")
        return content

    def _try_to_read(self, path: str) -> list[bytes | None]:
        """The file, or that there is none; empty if it became shorter meanwhile."""
        try:
            pieces, _ = self._container.get_archive(path)
            with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
                (entry,) = tar.getmembers()
                file = tar.extractfile(entry)
                assert file is not None, f"{path} is no file"
                return [file.read()]
        except docker.errors.NotFound:
            return [None]
        except (tarfile.TarError, ValueError):
            return []

    def write(self, path: str, content: bytes) -> None:
        """Puts a file into it; its folder is there."""
        with io.BytesIO() as whole:
            with tarfile.open(fileobj=whole, mode="w") as tar:
                write_files(tar, {path.lstrip("/"): content})
            assert self._container.put_archive("/", whole.getvalue())

    def stop(self) -> None:
        """Ends it, as `docker stop` does after its patience."""
        self._container.stop(timeout=0)
        self._leaves()

    def kill(self) -> None:
        """Ends it by force, as a crash does."""
        self._container.kill()
        self._leaves()

    def _leaves(self) -> None:
        """Waits until its names and addresses are free: Docker may say before that it ended."""
        until(lambda: not self.address, SOON, f"{self.name} has no address any more")

    def connect(self, network: str) -> None:
        """Puts it on another network too."""
        self._engine.networks.get(network).connect(self._container)

    def disconnect(self) -> None:
        """Takes it off its network, while it runs on."""
        self._engine.networks.get(self._network).disconnect(self._container)

    @property
    def _engine(self) -> docker.DockerClient:
        assert self._container.client is not None
        return self._container.client

    def start(self) -> None:
        """Runs it again; its address may be another."""
        self._container.start()

    def pause(self) -> None:
        """Halts it where it is: it is still there, and does nothing."""
        self._container.pause()

    def unpause(self) -> None:
        self._container.unpause()

    def says(self, text: str) -> None:
        """Waits until it has written this."""

        def said() -> bool:
            written = self.logs()
            if text not in written:
                self._container.reload()
                assert self._container.status == "running", f"{self.name} ended: {written}"
            return text in written

        until(said, SOON, f"{self.name} says {text!r}")


class Upstream(Host):
    """The DNS server that Docker's forwards to. Says NXDOMAIN until it is told otherwise."""

    def answers(self, table: Mapping[str, str | None]) -> None:
        """From now on: record data, or None for silence, by `KIND name` as in `A db-1`."""
        self.write(upstream.TABLE, json.dumps(table).encode())

    def asked(self) -> list[str]:
        """What it was asked so far, as in `A db-1`, as far as Docker has it by now."""
        return self.logs().splitlines()[1:]

    def must_have(self, *asked: str) -> None:
        """Waits until it was asked all of these."""
        until(lambda: {*asked} <= {*self.asked()}, SOON, f"{', '.join(asked)} are asked upstream")


class Agent(Host):
    """A `rollcall run` in a container, with one JSON output."""

    FOLDER = "/peers"
    FILE = f"{FOLDER}/peers.json"

    @property
    def document(self) -> Any:
        """What the output holds; None while there is none."""
        [found] = until(self._try_to_parse, SOON, f"{self.FILE} can be read")
        return found

    def _try_to_parse(self) -> list[Any]:
        """What the output holds; empty if it was replaced while it was read."""
        content = self.read(self.FILE)
        try:
            return [None if content is None else json.loads(content)]
        except ValueError:
            return []

    @property
    def located(self) -> dict[str, list[str]]:
        """The peers that the output names, with their addresses."""
        found = self.document
        return {peer["name"]: peer["addresses"] for peer in found["peers"]} if found else {}

    def processes(self) -> set[str]:
        """The numbers that its processes have in it, zombies too."""
        command = ["python3", "-c", "import os; print(*os.listdir('/proc'))"]
        output = self._container.exec_run(command).output
        assert isinstance(output, bytes)
        return {word for word in output.decode().split() if word.isdecimal()}

    def doctor(self, *flags: str) -> dict[str, dict[str, str]]:
        """What `rollcall doctor` says there: each check by its name."""
        command = ["rollcall", "doctor", "--json", *flags]
        output = self._container.exec_run(command, stderr=False).output
        assert isinstance(output, bytes)
        return {check["name"]: check for check in json.loads(output)["checks"]}

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """What it has logged so far, as far as Docker has it: of these kinds, or of every kind."""
        whole = self.logs().rpartition("\n")[0]
        found = [json.loads(line) for line in whole.splitlines()]
        return [event for event in found if not kinds or event["kind"] in kinds]

    def tells(self, *kinds: str) -> list[dict[str, Any]]:
        """Waits until it has logged something of these kinds."""
        return until(lambda: self.events(*kinds), SOON, f"{self.name} tells {' or '.join(kinds)}")

    def locates(self, wanted: Mapping[str, list[str]]) -> None:
        """Waits until its output names just these peers, at these addresses."""
        until(lambda: self.located == wanted, SOON, f"{self.FILE} has {wanted}")
