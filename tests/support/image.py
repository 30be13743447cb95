"""Rollcall's own image, made from its Dockerfile as the working copy has it, on the tests' base."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import docker
import docker.errors
import pytest

from tests.support.recipe import LABEL, base_image, prune

ROOT = Path(__file__).resolve().parents[2]
_REPOSITORY = "rollcall-test"


def agent_image(engine: docker.DockerClient) -> str:
    """The image's ID. Docker remembers its layers: where nothing changed it is there at once.

    Skips the test where its base can't be had.
    """
    prune(engine, _REPOSITORY)
    build(engine, stage="build")  # by its label alone it is taken away one day
    return build(engine)


def build(engine: docker.DockerClient, *, stage: str = "", is_fresh: bool = False) -> str:
    """The ID of the image, or of one of its stages; a fresh one has no layers of former builds."""
    try:
        image, _ = engine.images.build(
            path=str(ROOT),
            buildargs={"BASE": base_image(engine)},
            nocache=is_fresh,
            target=stage or None,
            tag=f"{_REPOSITORY}-{stage}" if stage else _REPOSITORY,
            # Each day has its own: none that a run uses is old enough for another run's `prune`.
            labels={LABEL: _REPOSITORY, f"{LABEL}-day": f"{datetime.now(UTC):%F}"},
            network_mode="host",
            rm=True,
        )
    except docker.errors.BuildError as wrong:
        said = "".join(line.get("stream", "") for line in wrong.build_log)
        pytest.fail(f"the image can't be built: {wrong}\n{said[-2000:]}")
    return str(image.id)
