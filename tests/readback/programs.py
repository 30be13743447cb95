"""Running a real program on given files, and what it said.

Each run has a container of its own, which starts as the image is and ends with the run: nothing
that one program is given, or leaves, is there for the next. There is no network in it but loopback.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict, Unpack

import docker
import requests
from docker.models.containers import Container

from tests.support.engine import label
from tests.support.recipe import NOTHING, write_files
from tests.support.until import until as wait_until


class How(TypedDict, total=False):
    """What else a run may have."""

    user: str
    """Root if none is named."""
    env: Mapping[str, str]
    hosts: Mapping[str, str]
    """For /etc/hosts: addresses by name."""
    leaves: Sequence[str]
    """Files that it has to leave; they come back with what it wrote."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended, what it wrote, and files that it left, by path.

    The code is 137 if it was ended by force.
    """

    code: int
    out: str
    err: str
    left: Mapping[str, bytes] = field(default_factory=dict)


class Programs:
    """The programs of an image."""

    def __init__(self, engine: docker.DockerClient, image: str) -> None:
        self._engine = engine
        self._image = image

    def run(
        self,
        command: Sequence[str],
        files: Mapping[str, bytes] = NOTHING,
        within: float = 30.0,
        until: str = "",
        **how: Unpack[How],
    ) -> Ran:
        """Runs a command, which finds these files (by absolute path; root's, for all to read).

        It has `within` seconds to end, or else the test fails. A server, which would not end, is
        ended by force as soon as it has written the text `until`, to either stream.
        """
        container = self._engine.containers.create(
            self._image,
            list(command),
            network_mode="none",
            labels=label(),
            hostname="localhost",  # which it can resolve; Java looks itself up
            user=how.get("user", ""),
            environment=dict(how.get("env", {})),
            extra_hosts=dict(how.get("hosts", {})),
        )
        try:
            _put(container, files)
            container.start()
            if until:
                _wait_for_text(container, until, within)
            elif not _has_ended(container, within):
                said = _what_came(container)
                raise AssertionError(f"not so: {command[0]} ends within {within:g} s, with {said}")
            return _what_came(container, how.get("leaves", ()))
        finally:
            container.remove(force=True, v=True)


def _put(container: Container, files: Mapping[str, bytes]) -> None:
    with io.BytesIO() as whole:
        with tarfile.open(fileobj=whole, mode="w") as tar:
            write_files(tar, {path.lstrip("/"): content for path, content in files.items()})
        assert container.put_archive("/", whole.getvalue())


def _has_ended(container: Container, within: float) -> bool:
    """Whether it ends by itself in so many seconds."""
    try:
        container.wait(timeout=within)
    except (requests.ReadTimeout, requests.ConnectionError):
        return False
    return True


def _wait_for_text(container: Container, text: str, within: float) -> None:
    """Waits for what a server writes, or for its end, which comes first if it refuses to run."""

    def is_over() -> bool:
        container.reload()
        return container.status != "running" or text.encode() in container.logs()

    wait_until(is_over, within, f"{container.attrs['Path']} says {text!r}")


def _what_came(container: Container, leaves: Sequence[str] = ()) -> Ran:
    """Ends it, if it still runs."""
    container.reload()
    if container.status == "running":
        container.kill()
    code = int(container.wait()["StatusCode"])
    out, err = (
        container.logs(stdout=stdout, stderr=not stdout).decode(errors="replace")
        for stdout in (True, False)
    )
    return Ran(code, out, err, {path: _read(container, path) for path in leaves})


def _read(container: Container, path: str) -> bytes:
    pieces, _ = container.get_archive(path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
        file = tar.extractfile(tar.getmembers()[0])
        assert file is not None, f"{path} is no file"
        return file.read()
