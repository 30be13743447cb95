"""Every command of examples/mysql/k8s/README.md, word for word and in order, with real servers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.example import Change, Example, example
from tests.kubernetes.galera import WHOLE, begins, is_whole, scales, servers, size, stops_in_order
from tests.kubernetes.images import Images
from tests.kubernetes.loading import Loader
from tests.kubernetes.patience import in_time
from tests.kubernetes.volumes import give_volumes


@pytest.fixture
def galera(cluster: Cluster, images: Images, loader: Loader, tmp_path: Path) -> Iterator[Example]:
    """Nothing runs yet."""
    change = Change({"rollcall-agent": images.agent, **servers(loader)})
    with example(cluster, "mysql/k8s", change, tmp_path) as made:
        yield made


def test_the_commands_of_the_readme_do_what_it_says(galera: Example, images: Images) -> None:
    cluster, namespace = galera.cluster, galera.namespace
    begins(galera, images.programs)
    assert size(galera, "db-0") == 1
    galera.types()
    is_whole(galera, 3)
    assert galera.restarts("mariadb") == {"db-0": 0, "db-1": 0, "db-2": 0}

    looked = galera.types()
    assert re.search(r"^wsrep_cluster_size\s+3$", looked, re.MULTILINE)
    assert re.search(r'^wsrep_cluster_address += "gcomm://db-0\.', looked, re.MULTILINE)
    assert re.search(r"^db-[012]", looked, re.MULTILINE)  # who answered behind `sql`

    galera.types()
    is_whole(galera, 5)
    assert not any(galera.restarts("mariadb").values())
    scales(galera, 3)
    is_whole(galera, 3)

    galera.types()
    is_whole(galera, 3)
    before = galera.claimed("data-db-2")
    galera.types()
    in_time(lambda: galera.claimed("data-db-2") not in ("", before), WHOLE, "it has another volume")
    give_volumes(cluster, namespace, ["data-db-2"], images.programs)
    is_whole(galera, 3)

    stops_in_order(galera)
    noted = galera.types()
    assert re.findall(r"safe_to_bootstrap: (\d)", noted) == ["1", "0", "0"]
    galera.types()
    is_whole(galera, 3)

    galera.types()
    assert galera.is_over()
    assert cluster.get(f"/api/v1/namespaces/{namespace}") is None
