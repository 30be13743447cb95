"""The Docker engine that tests use: there, or a skip that says how to have one."""

from __future__ import annotations

import contextlib
import os
import re
import socket

import docker
import docker.errors
import pytest
from testcontainers.core.config import testcontainers_config
from testcontainers.core.docker_client import DockerClient

# On everything that tests make, with its maker.
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


def maker() -> str:
    """This process: its machine's name, in what any name may have, and its number there."""
    return f"{_machine()}-{os.getpid()}"


def label() -> dict[str, str]:
    """What marks a thing as this process's."""
    return {LABEL: maker()}


def remove_leftovers(engine: docker.DockerClient) -> None:
    """Takes away what killed runs on this machine have left."""
    leftovers = engine.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True)
    for container in leftovers:
        if is_orphan(container.labels.get(LABEL, "")):
            with contextlib.suppress(docker.errors.APIError):  # another run takes it away too
                container.remove(force=True, v=True)
    for network in engine.networks.list(filters={"label": LABEL}):
        if is_orphan(network.attrs["Labels"].get(LABEL, "")):
            with contextlib.suppress(docker.errors.APIError):
                network.remove()


def is_orphan(made_by: str) -> bool:
    """Whether its maker was on this machine, and is no more. Others may use the engine, too."""
    machine, _, pid = made_by.rpartition("-")
    if machine != _machine() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def _machine() -> str:
    return re.sub("[^a-z0-9]", "_", socket.gethostname().lower())
