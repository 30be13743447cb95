"""Rollcall's own image, made from its Dockerfile as the working copy has it, on the tests' base."""

from __future__ import annotations

from pathlib import Path

import docker

from tests.support.recipe import LABEL, base_image, prune

ROOT = Path(__file__).resolve().parents[2]
_REPOSITORY = "rollcall-test"


def agent_image(engine: docker.DockerClient) -> str:
    """The image's ID. Docker remembers its layers: where nothing changed it is there at once.

    Skips the test where its base can't be had.
    """
    prune(engine, _REPOSITORY)
    image, _ = engine.images.build(
        path=str(ROOT),
        buildargs={"BASE": base_image(engine)},
        tag=_REPOSITORY,
        labels={LABEL: _REPOSITORY},
        network_mode="host",
        rm=True,
    )
    return str(image.id)
