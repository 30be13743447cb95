from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.docker.fleet import Fleet
from tests.support.engine import need_engine, remove_leftovers
from tests.support.image import agent_image


@pytest.fixture(scope="session")
def image() -> str:
    """The image with the agent. Without an engine or a base for it, tests are skipped."""
    engine = need_engine()
    try:
        remove_leftovers(engine)
        return agent_image(engine)
    finally:
        engine.close()


@pytest.fixture
def fleet(image: str) -> Iterator[Fleet]:
    """An empty network, which ends with the test."""
    with Fleet(image) as made:
        yield made
