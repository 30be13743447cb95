"""The Docker engine that tests use: there, or a skip that says how to have one."""

from __future__ import annotations

import contextlib
import os
import socket

import docker
import docker.errors
import pytest
from testcontainers.core.config import testcontainers_config
from testcontainers.core.docker_client import DockerClient

# On everything that tests make, with the name of this machine and the process that made it.
LABEL = "rollcall-test"


def need_engine() -> docker.DockerClient:
    """A client of the engine; the test is skipped where none answers."""
    # Its image would have to be pulled; here fixtures and `remove_leftovers` clean up.
    testcontainers_config.ryuk_disabled = True
    try:
        engine = DockerClient().client
        engine.ping()
    except (docker.errors.DockerException, OSError):
        pytest.skip(
            "needs a Docker engine, and none answers (`docker info` says why): get it with "
            "`make engine`"
        )
    return engine


def label() -> dict[str, str]:
    """What marks a thing as this process's."""
    return {LABEL: f"{socket.gethostname()}/{os.getpid()}"}


def remove_leftovers(engine: docker.DockerClient) -> None:
    """Takes away what killed runs on this machine have left."""
    leftovers = engine.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True)
    for container in leftovers:
        if _is_orphan(container.labels.get(LABEL, "")):
            with contextlib.suppress(docker.errors.APIError):  # another run takes it away too
                container.remove(force=True, v=True)
    for network in engine.networks.list(filters={"label": LABEL}):
        if _is_orphan(network.attrs["Labels"].get(LABEL, "")):
            with contextlib.suppress(docker.errors.APIError):
                network.remove()


def _is_orphan(made_by: str) -> bool:
    """Whether it was made here, by a process that is no more."""
    host, _, pid = made_by.rpartition("/")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False
