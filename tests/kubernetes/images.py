"""What runs in the cluster: Rollcall's image, and one with the programs beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import docker

from tests.kubernetes.loading import Loader
from tests.support.engine import need_engine
from tests.support.image import agent_image
from tests.support.need import need_program
from tests.support.recipe import Recipe, base_image, files_in, made

_HERE = Path(__file__).resolve().parent
_REPOSITORY = "rollcall-test-kubernetes"
_USER = 999


@dataclass(frozen=True, slots=True)
class Images:
    """Their names in the cluster, none with the tag `latest`, which the kubelet would pull."""

    agent: str
    programs: str


def loaded(loader: Loader) -> Images:
    """Both, made if they have to be and put into the cluster. Skips the test without an engine."""
    engine = need_engine()
    try:
        images = Images(_agent(engine), made(engine, _programs(engine)))
    finally:
        engine.close()
    loader.load(images.agent)
    loader.load(images.programs)
    return images


def _agent(engine: docker.DockerClient) -> str:
    """Rollcall's own, under a name that another build does not take from it."""
    identity = agent_image(engine)
    tag = identity.removeprefix("sha256:")[:16]
    engine.images.get(identity).tag(_REPOSITORY, tag)
    return f"{_REPOSITORY}:{tag}"


def _programs(engine: docker.DockerClient) -> Recipe:
    """The stand-in for a database, the nameserver and the killer."""
    coredns = Path(need_program("coredns"))
    inside = files_in(_HERE / "inside")
    dockerfile = f"""\
FROM {base_image(engine)}
COPY coredns /coredns
COPY *.py /
USER {_USER}:{_USER}
ENTRYPOINT ["python3", "-I", "-S"]
"""
    inputs = {**inside, "coredns": coredns.read_bytes()}
    return Recipe(
        f"{_REPOSITORY}-programs", dockerfile, inputs, lambda: {**inputs, "coredns": coredns}
    )
