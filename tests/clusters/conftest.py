from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest

from tests.clusters.galera import Cluster, example
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


@pytest.fixture(scope="module")
def cluster(
    engine: docker.DockerClient, rollcall_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Three members of Galera that were founded as README says. Each test leaves it so."""
    with example(engine, rollcall_image, tmp_path_factory.mktemp("example")) as cluster:
        cluster.found()
        yield cluster
