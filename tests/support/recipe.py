"""Images that tests make for themselves, each named by what goes into it.

So an image is made once, a change of anything in it makes another, and those that are two days old
are taken away when another of their kind is made.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import docker
import docker.errors
import pytest

BASE_VARIABLE = "ROLLCALL_TEST_IMAGE_BASE"
# As tests/tools/docker.sh makes it.
OWN_BASE = "rollcall-test-base:bookworm-2"

NOTHING: Mapping[str, bytes] = MappingProxyType({})

# On every image that tests make, with its repository.
LABEL = "rollcall-test-image"
# Docker counts from when it was made: it does not know when it was used.
_OLD = "48h"

Files = Mapping[str, bytes | Path]
"""Contents by path, relative and with `/`; of a `Path`, those of that file, and whether it runs."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an image is made of. `inputs` are what `files` are made from, which may take a while.

    With `has_network` the build's commands see this machine's network, else none.
    """

    repository: str
    dockerfile: str
    inputs: Mapping[str, bytes] = field(default_factory=dict)
    files: Callable[[], Files] = dict
    has_network: bool = False

    @property
    def name(self) -> str:
        """Another one if anything else goes in."""
        digest = hashlib.sha256(self.dockerfile.encode())
        for path, content in self.inputs.items():
            digest.update(f"\0{path}\0{len(content)}\0".encode() + content)
        return f"{self.repository}:{digest.hexdigest()[:16]}"


def base_image(engine: docker.DockerClient) -> str:
    """The base's ID; one that was named is pulled if it is not here."""
    named = os.environ.get(BASE_VARIABLE, "")
    try:
        return str(engine.images.get(named or OWN_BASE).id)
    except docker.errors.ImageNotFound:
        pass
    if not named:
        pytest.skip(
            f"needs the image {OWN_BASE}, which is not here: get it with `make engine`, or name "
            f"one that the engine has or can pull, as in {BASE_VARIABLE}=python:3.12-slim-bookworm"
        )
    try:
        engine.images.pull(named)
        return str(engine.images.get(named).id)
    except docker.errors.APIError as wrong:
        pytest.skip(f"{BASE_VARIABLE} names {named}, which can't be pulled: {wrong.explanation}")


def files_in(folder: Path, prefix: str = "") -> Mapping[str, bytes]:
    """All that is in a folder, but what Python leaves there."""
    return {
        prefix + path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def is_made(engine: docker.DockerClient, recipe: Recipe) -> bool:
    """Whether the image is there."""
    try:
        engine.images.get(recipe.name)
    except docker.errors.ImageNotFound:
        return False
    return True


def made(engine: docker.DockerClient, recipe: Recipe) -> str:
    """The image's name; it is made if it is not there, and those of former days are taken away."""
    if not is_made(engine, recipe):
        prune(engine, recipe.repository)
        with tempfile.TemporaryFile() as context:
            _write_context(context, recipe)
            engine.images.build(
                fileobj=context,
                custom_context=True,
                tag=recipe.name,
                labels={LABEL: recipe.repository},
                rm=True,
                network_mode="host" if recipe.has_network else "none",
            )
    return recipe.name


def prune(engine: docker.DockerClient, repository: str) -> None:
    """Takes away the images of this repository that are two days old and in no container."""
    old = {"dangling": False, "until": _OLD, "label": f"{LABEL}={repository}"}
    with contextlib.suppress(docker.errors.APIError):  # another run is at it
        engine.images.prune(old)


def _write_context(context: io.BufferedIOBase, recipe: Recipe) -> None:
    """A tar of what the build may read, read from its beginning next."""
    own = {"Dockerfile": recipe.dockerfile.encode(), ".dockerignore": b"Dockerfile\n.dockerignore"}
    with tarfile.open(fileobj=context, mode="w") as tar:
        write_files(tar, {**recipe.files(), **own})
    context.seek(0)


def write_files(tar: tarfile.TarFile, files: Files) -> None:
    """Adds files that anybody may read, and are root's."""
    for path, content in files.items():
        entry = tarfile.TarInfo(path)
        entry.mode = 0o644
        if isinstance(content, Path):
            about = content.stat()
            entry.size = about.st_size
            entry.mode |= about.st_mode & 0o111
            with content.open("rb") as file:
                tar.addfile(entry, file)
        else:
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
