"""The image with the real programs that read rendered files: `make programs` makes it.

It knows what is in the image, and nothing of the files. The tests only look whether it is there:
making it takes minutes and needs the network.
"""

from __future__ import annotations

import sys
from pathlib import Path

import docker
import docker.errors
import pytest

from tests.support.engine import need_engine
from tests.support.recipe import Recipe, base_image, is_made, made

_DEBIAN = Path(__file__).with_name("Dockerfile")


def need_programs(engine: docker.DockerClient) -> str:
    """The image's name; the test is skipped where it was not made."""
    recipe = _packages(engine)
    if not is_made(engine, recipe):
        pytest.skip(f"needs the image {recipe.name}: get it with `make programs`")
    return recipe.name


def _packages(engine: docker.DockerClient) -> Recipe:
    """What Debian packages."""
    return Recipe(
        "rollcall-test-programs",
        f"FROM {base_image(engine)}\n{_DEBIAN.read_text()}",
        has_network=True,
    )


def main() -> None:
    """Makes the image where it is not there. Ends with a sentence where it can't."""
    try:
        engine = need_engine()
        recipe = _packages(engine)
        if not is_made(engine, recipe):
            print(f"making the image {recipe.name} (it takes some minutes)", flush=True)
            made(engine, recipe)
    except pytest.skip.Exception as missing:
        sys.exit(str(missing))
    except docker.errors.BuildError as wrong:
        said = "".join(line.get("stream", "") for line in wrong.build_log)
        sys.exit(f"{said[-2000:]}\nThe image can't be made: {wrong}")


if __name__ == "__main__":
    main()
