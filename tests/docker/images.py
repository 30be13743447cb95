"""The image that agents run in: a Python base, the locked packages, and the agent's own files.

A change of the agent's code makes only the last and smallest image. Packages are fetched on this
machine, for the Python and the processor of the base: a build needs no network.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import docker

from tests.support.recipe import Files, Recipe, base_image, files_in, made

ROOT = Path(__file__).resolve().parents[2]

_LOCK = ROOT / "requirements" / "run.txt"
# Docker's names for processors, where wheels have others.
_PROCESSORS = {"amd64": "x86_64", "arm64": "aarch64"}
_PLATFORMS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")


def agent_image(engine: docker.DockerClient) -> str:
    """The name of an image that runs `rollcall`, as the working copy has it.

    Skips the test where its base can't be had.
    """
    base = base_image(engine)
    packages = Recipe(
        "rollcall-test-packages",
        f"FROM {base}\nCOPY . /opt/rollcall\nENV PYTHONPATH=/opt/rollcall\n",
        {"lock": _LOCK.read_bytes()},
        lambda: _fetch_packages(engine, base),
    )
    code = {**files_in(ROOT / "agent", "agent/"), "peers/.keep": b""}
    agent = Recipe(
        "rollcall-test",
        f"FROM {made(engine, packages)}\n"
        "COPY agent /opt/rollcall/agent\n"
        "COPY --chown=65532:65532 peers /peers\nVOLUME /peers\n"
        'ENTRYPOINT ["python3", "-P", "-m", "agent"]\n',
        code,
        lambda: code,
    )
    return made(engine, agent)


def _fetch_packages(engine: docker.DockerClient, base: str) -> Files:
    """The locked packages, built for the base's Python and processor."""
    print_version = "import sys; print('%d.%d' % sys.version_info[:2])"
    version = engine.containers.run(base, ["python3", "-c", print_version], remove=True)
    architecture = str(engine.images.get(base).attrs["Architecture"])
    processor = _PROCESSORS.get(architecture, architecture)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"),
                *("--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile"),
                *(f"--platform={platform}_{processor}" for platform in _PLATFORMS),
                *("--python-version", version.decode().strip()),
                *("--target", folder, "--requirement", str(_LOCK)),
            ],
            check=True,
        )
        return files_in(Path(folder))
