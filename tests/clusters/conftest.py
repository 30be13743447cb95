from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest

from tests.support.compose import compose_at_hand, remove_projects
from tests.support.engine import need_engine
from tests.support.image import agent_image


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """The engine, with `docker compose` at hand. Without one of them, tests are skipped."""
    engine = need_engine()
    try:
        with compose_at_hand():
            remove_projects(engine)
            yield engine
    finally:
        engine.close()


@pytest.fixture(scope="session")
def rollcall_image(engine: docker.DockerClient) -> str:
    """Rollcall's own image, as the working copy has it."""
    return agent_image(engine)
