from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest

from tests.docker.fleet import Fleet
from tests.support.engine import need_engine, remove_leftovers
from tests.support.image import agent_image


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """The engine, on which nothing is left of killed runs. Without one, tests are skipped."""
    engine = need_engine()
    remove_leftovers(engine)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def image(engine: docker.DockerClient) -> str:
    """The image with the agent. Without a base for it, tests are skipped."""
    return agent_image(engine)


@pytest.fixture
def fleet(image: str) -> Iterator[Fleet]:
    """An empty network, which ends with the test."""
    with Fleet(image) as made:
        yield made
