"""Stand-ins for the official images of MariaDB and HAProxy, made of Debian's packages.

An image registry may not be at hand; packages are. In images/ is what they have in common with the
images that they stand in for. They know nothing of Rollcall.
"""

from __future__ import annotations

from pathlib import Path

import docker

from tests.readback.image import need_programs
from tests.support.recipe import Recipe, files_in, made

_IMAGES = Path(__file__).parent / "images"


def mariadb_image(engine: docker.DockerClient) -> str:
    """MariaDB 10.11 with Galera 4 and rsync; the packages are fetched once."""
    return _image(engine, "mariadb", has_network=True)


def haproxy_image(engine: docker.DockerClient) -> str:
    """HAProxy 2.6."""
    return _image(engine, "haproxy", has_network=False)


def _image(engine: docker.DockerClient, name: str, *, has_network: bool) -> str:
    folder = _IMAGES / name
    recipe = Recipe(
        f"rollcall-test-{name}",
        f"FROM {need_programs(engine)}\n{(folder / 'Dockerfile').read_text()}",
        files_in(folder),
        lambda: {path.name: path for path in folder.iterdir()},
        has_network,
    )
    return made(engine, recipe)
