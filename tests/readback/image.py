"""The image with the real programs that read rendered files: `make programs` makes it.

It knows what is in the image, and nothing of the files. The tests only look whether it is there:
making it takes minutes and needs the network. What Debian packages is an image of its own, which
another version of a jar leaves as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import docker
import docker.errors
import pytest

from tests.readback import fetching
from tests.readback.fetching import FetchError, GoProgram, fetch
from tests.support.engine import need_engine
from tests.support.recipe import Files, Recipe, base_image, is_made, made

_HERE = Path(__file__).parent
# In /opt/NAME/lib, with all that they need.
_JARS = {
    "cassandra": "org.apache.cassandra:cassandra-all:5.0.5",
    "elasticsearch": "org.elasticsearch:elasticsearch:8.19.0",
    "kafka": "org.apache.kafka:kafka_2.13:3.9.1",
    "opensearch": "org.opensearch:opensearch:2.19.2",
    "zookeeper": "org.apache.zookeeper:zookeeper:3.9.4",
}
# In /opt/bin. Of Consul and Vault only what reads their files: the whole takes ten minutes each.
_GO = {
    "nats-server": GoProgram("github.com/nats-io/nats-server/v2", "v2.11.4"),
    "consul-config": GoProgram(
        "github.com/hashicorp/consul", "v1.20.6", (_HERE / "loaders/consul.go").read_bytes()
    ),
    "vault-config": GoProgram(
        "github.com/hashicorp/vault", "v1.21.4", (_HERE / "loaders/vault.go").read_bytes()
    ),
}


def need_programs(engine: docker.DockerClient) -> str:
    """The image's name; the test is skipped where it was not made."""
    recipe = _programs(engine)
    if not is_made(engine, recipe):
        pytest.skip(f"needs the image {recipe.name}: get it with `make programs`")
    return recipe.name


def _packages(engine: docker.DockerClient) -> Recipe:
    """What Debian packages."""
    return Recipe(
        "rollcall-test-debian",
        f"FROM {base_image(engine)}\n{(_HERE / 'Dockerfile').read_text()}",
        has_network=True,
    )


def _programs(engine: docker.DockerClient, files: Callable[[], Files] = dict) -> Recipe:
    """That, and what Debian has not."""
    inputs = f"{_JARS}\n{_GO}\n{Path(fetching.__file__).read_text()}"
    return Recipe(
        "rollcall-test-programs",
        f"FROM {_packages(engine).name}\nCOPY . /opt\n",
        {"parts": inputs.encode()},
        files,
    )


def main() -> None:
    """Makes the image where it is not there. Ends with a sentence where it can't."""
    try:
        engine = need_engine()
        if is_made(engine, _programs(engine)):
            return
        print(f"making the image {_programs(engine).name} (it takes minutes)", flush=True)
        with TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
            parts = pool.submit(fetch, _JARS, _GO, Path(folder))
            made(engine, _packages(engine))
            made(engine, _programs(engine, parts.result))
    except (pytest.skip.Exception, FetchError) as missing:
        sys.exit(str(missing))
    except docker.errors.BuildError as wrong:
        said = "".join(line.get("stream", "") for line in wrong.build_log)
        sys.exit(f"{said[-2000:]}\nThe image can't be made: {wrong}")


if __name__ == "__main__":
    main()
