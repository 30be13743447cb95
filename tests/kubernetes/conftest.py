from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kubernetes.cluster import Cluster, need_cluster
from tests.kubernetes.images import Images, loaded
from tests.kubernetes.loading import Loader, need_loader
from tests.kubernetes.nameserver import Nameserver, nameserver
from tests.kubernetes.namespace import made_namespace
from tests.kubernetes.workload import Place


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The Kubernetes to test on, on which nothing is left of killed runs."""
    with need_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def loader(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Loader:
    """What puts images into it, each once for all processes of the run."""
    own = tmp_path_factory.getbasetemp()
    return need_loader(own if worker_id == "master" else own.parent)


@pytest.fixture(scope="session")
def images(loader: Loader) -> Images:
    """What runs there."""
    return loaded(loader)


@pytest.fixture(scope="module")
def place(cluster: Cluster, images: Images) -> Iterator[Place]:
    """A namespace of the module's own, for pods without any privilege."""
    with made_namespace(cluster) as namespace:
        yield Place(namespace, cluster.domain(), images)


@pytest.fixture(scope="module")
def dns(cluster: Cluster, place: Place) -> Iterator[Nameserver]:
    """A nameserver of the module's own, which can be stopped."""
    with nameserver(cluster, place) as made:
        yield made


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long stories first: then the processes end together."""
    items.sort(key=lambda item: not item.path.stem.endswith(("_readme", "_chart")))
