"""The image that agents run in: a Python base, the locked packages, and the agent's own files.

Each image is named by what goes into it, so that it is made once, and a change of the agent's code
makes only the last and smallest one. Packages are fetched on this machine, for the Python and the
processor of the base: a build needs no network.
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import docker
import docker.errors
import pytest

ROOT = Path(__file__).resolve().parents[2]
BASE_VARIABLE = "ROLLCALL_TEST_IMAGE_BASE"
# As tests/tools/docker.sh makes it.
OWN_BASE = "rollcall-test-base:bookworm-1"

_LOCK = ROOT / "requirements" / "run.txt"
_LABEL = "rollcall-test-image"
_OLD = "24h"
# Docker's names for processors, where wheels have others.
_PROCESSORS = {"amd64": "x86_64", "arm64": "aarch64"}
_PLATFORMS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")

Files = Mapping[str, bytes]
"""Contents by path, relative and with `/`."""


@dataclass(frozen=True, slots=True)
class _Recipe:
    """What an image is made of. `inputs` are what `files` are made from, which may take a while."""

    repository: str
    dockerfile: str
    inputs: Files
    files: Callable[[], Files]

    @property
    def name(self) -> str:
        """Another one if anything else goes in."""
        digest = hashlib.sha256(self.dockerfile.encode())
        for path, content in self.inputs.items():
            digest.update(f"\0{path}\0{len(content)}\0".encode() + content)
        return f"{self.repository}:{digest.hexdigest()[:16]}"


def agent_image(engine: docker.DockerClient) -> str:
    """The name of an image that runs `rollcall`, as the working copy has it.

    Skips the test where its base can't be had.
    """
    base = _base(engine)
    packages = _Recipe(
        "rollcall-test-packages",
        f"FROM {base}\nCOPY . /opt/rollcall\nENV PYTHONPATH=/opt/rollcall\n",
        {"lock": _LOCK.read_bytes()},
        lambda: _fetch_packages(engine, base),
    )
    code = {**_files(ROOT / "agent", "agent/"), "peers/.keep": b""}
    agent = _Recipe(
        "rollcall-test",
        f"FROM {_made(engine, packages)}\n"
        "COPY agent /opt/rollcall/agent\n"
        "COPY --chown=65532:65532 peers /peers\nVOLUME /peers\n"
        'ENTRYPOINT ["python3", "-P", "-m", "agent"]\n',
        code,
        lambda: code,
    )
    return _made(engine, agent)


def _base(engine: docker.DockerClient) -> str:
    """The base's ID; one that was named is pulled if it is not here."""
    named = os.environ.get(BASE_VARIABLE, "")
    try:
        return str(engine.images.get(named or OWN_BASE).id)
    except docker.errors.ImageNotFound:
        pass
    if not named:
        pytest.skip(
            f"needs the image {OWN_BASE}, which is not here: get it with `make engine`, or name "
            f"one that the engine has or can pull, as in {BASE_VARIABLE}=python:3.12-slim"
        )
    try:
        engine.images.pull(named)
        return str(engine.images.get(named).id)
    except docker.errors.APIError as wrong:
        pytest.skip(f"{BASE_VARIABLE} names {named}, which can't be pulled: {wrong.explanation}")


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
        return _files(Path(folder))


def _files(folder: Path, prefix: str = "") -> Files:
    """All that is in a folder, but what Python leaves there."""
    return {
        prefix + path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _made(engine: docker.DockerClient, recipe: _Recipe) -> str:
    """The image's name; it is made if it is not there, and those of former days are taken away."""
    try:
        engine.images.get(recipe.name)
    except docker.errors.ImageNotFound:
        label = {_LABEL: recipe.repository}
        old = {"dangling": False, "until": _OLD, "label": f"{_LABEL}={recipe.repository}"}
        engine.images.prune(old)
        with tempfile.TemporaryFile() as context:
            _write_context(context, recipe)
            engine.images.build(
                fileobj=context, custom_context=True, tag=recipe.name, labels=label, rm=True
            )
    return recipe.name


def _write_context(context: io.BufferedIOBase, recipe: _Recipe) -> None:
    """A tar of what the build may read, read from its beginning next."""
    own = {"Dockerfile": recipe.dockerfile.encode(), ".dockerignore": b"Dockerfile\n.dockerignore"}
    with tarfile.open(fileobj=context, mode="w") as tar:
        for path, content in {**recipe.files(), **own}.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(content))
    context.seek(0)
