"""Rollcall's image as `docker run` runs it with as few rights as there can be."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator

import docker
from docker.models.containers import Container

from tests.support.engine import label

# Of the base's shells none can be started, and no program can use another's rights.
_SHELLS = ("/usr/bin/dash", "/usr/bin/bash")
RESTRICTED = (
    *("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=none"),
    *(f"--mount=type=bind,src=/dev/null,dst={shell}" for shell in _SHELLS),
    *(f"--label={name}={value}" for name, value in label().items()),
)
# A user that nobody has heard of, in the group that such users have on OpenShift.
ANYBODY = "--user=12345:0"
# Who may write in a volume that began as the image's /peers.
IN_THE_GROUP = (ANYBODY, "--group-add=65532")
FOLDER = "/peers"
# Two peers that nobody is asked for.
TOLD = (
    *("--namespace=-", "--service=db", "--pod-name=db-1", "--discovery=static"),
    *("--peer=db-0", "--peer=db-1"),
)
# Seconds. For what takes far less on an idle machine.
_PATIENCE = 60.0


def run(
    image: str, *words: str, options: tuple[str, ...] = (ANYBODY,), stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """What `docker run` of these words comes to, without a privilege, a network or a shell."""
    command = ["docker", "run", "--rm", "--interactive", *RESTRICTED, *options, image, *words]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=_PATIENCE, check=False
    )


def python(image: str, source: str, options: tuple[str, ...] = (ANYBODY,)) -> str:
    """What a program prints that is run in it instead, without the last line's end."""
    done = run(image, "-c", source, options=(*options, "--entrypoint=python3"))
    assert done.returncode == 0, done.stderr
    return done.stdout.removesuffix("\n")


@contextlib.contextmanager
def running(
    engine: docker.DockerClient, image: str, *words: str, options: tuple[str, ...] = (ANYBODY,)
) -> Iterator[Container]:
    """The same in the background, until the end of `with`."""
    command = ["docker", "run", "--detach", *RESTRICTED, *options, image, *words]
    started = subprocess.run(
        command, capture_output=True, text=True, timeout=_PATIENCE, check=False
    )
    assert started.returncode == 0, started.stderr
    container = engine.containers.get(started.stdout.strip())
    try:
        yield container
    finally:
        container.remove(force=True, v=True)


@contextlib.contextmanager
def volume(engine: docker.DockerClient) -> Iterator[str]:
    """An option that mounts one named volume at /peers; it is empty at first."""
    made = engine.volumes.create(labels=label())
    try:
        yield f"--volume={made.name}:{FOLDER}"
    finally:
        made.remove(force=True)
