"""Every command of charts/examples/galera/README.md, word for word, in order, with real servers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.example import EXAMPLES, Example, page
from tests.kubernetes.galera import begins, is_whole, servers, stops_in_order
from tests.kubernetes.images import Images
from tests.kubernetes.loading import Loader
from tests.kubernetes.patience import START, in_time
from tests.support.need import need_program

_CHART = Path("charts") / "examples" / "galera"


@pytest.fixture
def galera(cluster: Cluster, images: Images, loader: Loader, tmp_path: Path) -> Iterator[Example]:
    """Nothing runs yet. The images are the chart's own, and it is content with a small node."""
    need_program("helm")
    root = tmp_path / "project"
    shutil.copytree(EXAMPLES.parent / "charts", root / "charts")
    file = root / _CHART / "values.yaml"
    values: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    repository, _, tag = images.agent.rpartition(":")
    values["image"] = servers(loader)["mariadb"]
    values["resources"]["requests"]["cpu"] = "10m"
    values["rollcall"]["image"] = {"repository": repository, "tag": tag}
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    with page(cluster, root, root / _CHART / "README.md", tmp_path) as typed:
        yield typed


def test_the_commands_of_the_readme_do_what_it_says(galera: Example, images: Images) -> None:
    begins(galera, images.programs)
    is_whole(galera, 3)
    assert not any(galera.restarts("mariadb").values())
    assert "Succeeded" in galera.types()
    stops_in_order(galera)
    galera.types()
    is_whole(galera, 3)
    galera.types()
    in_time(lambda: not galera.ready("app=db"), START, "nobody is ready any more")
    assert galera.is_over()
