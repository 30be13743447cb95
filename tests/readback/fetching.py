"""Programs that Debian has not: jars from Maven, and programs built from Go modules.

It knows how they are had, on this machine and with its network; `image.py` says which.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.support.recipe import Files

# A module's jars with all that they need; one call fetches those of every folder.
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>rollcall</groupId><artifactId>{name}</artifactId><version>1</version>
<packaging>{packaging}</packaging>{content}
</project>
"""
_DEPENDENCY = """
<dependencies><dependency>
<groupId>{0}</groupId><artifactId>{1}</artifactId><version>{2}</version>
</dependency></dependencies>"""


@dataclass(frozen=True, slots=True)
class GoProgram:
    """A program of a Go module, or one of our own on that module."""

    module: str
    version: str
    source: bytes = b""
    """Our own; empty for the module's main program."""


class FetchError(Exception):
    """A part could not be had; the sentence says which and why."""


def fetch(jars: Mapping[str, str], programs: Mapping[str, GoProgram], folder: Path) -> Files:
    """All parts, made in an empty folder: `NAME/lib/*.jar`, and `bin/NAME` for programs.

    `jars` are `group:artifact:version`. Maven runs while Go builds. Raises FetchError.
    """
    maven, go = folder / "maven", folder / "go"
    with ThreadPoolExecutor() as pool:
        from_maven = pool.submit(_fetch_jars, jars, maven)
        for name, wanted in programs.items():
            _build(name, wanted, go / name)
        from_maven.result()
    found = {jar.relative_to(maven).as_posix(): jar for jar in sorted(maven.glob("*/lib/*.jar"))}
    return found | {f"bin/{name}": go / name / name for name in programs}


def _fetch_jars(jars: Mapping[str, str], folder: Path) -> None:
    modules = "".join(f"<module>{name}</module>" for name in jars)
    folder.mkdir()
    all_of_them = {"name": "jars", "packaging": "pom", "content": f"<modules>{modules}</modules>"}
    (folder / "pom.xml").write_text(_POM.format(**all_of_them))
    for name, coordinates in jars.items():
        content = _DEPENDENCY.format(*coordinates.split(":"))
        (folder / name).mkdir()
        (folder / name / "pom.xml").write_text(
            _POM.format(name=name, packaging="jar", content=content)
        )
    options = "--quiet --batch-mode --threads 1C -DincludeScope=runtime -DoutputDirectory=lib"
    _run("mvn", *options.split(), "dependency:copy-dependencies", folder=folder)


def _build(name: str, wanted: GoProgram, folder: Path) -> None:
    """Builds a program in a module of our own, for the module's may have `replace` in it.

    The sums are those that the module itself was made with.
    """
    folder.mkdir(parents=True)
    module = f"{wanted.module}@{wanted.version}"
    (folder / "go.mod").write_text(
        f"module rollcall\n\ngo 1.21\n\nrequire {wanted.module} {wanted.version}\n"
    )
    about = _run("go", "mod", "download", "-json", module, folder=folder)
    shutil.copyfile(Path(json.loads(about)["Dir"]) / "go.sum", folder / "go.sum")
    package = wanted.module
    if wanted.source:
        (folder / "main.go").write_bytes(wanted.source)
        package = "."
    options = ("-mod=mod", "-trimpath", "-ldflags=-s -w", "-o", name)
    _run("go", "build", *options, package, folder=folder)


def _run(*command: str, folder: Path) -> str:
    """What it prints."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "CGO_ENABLED": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise FetchError(f"{command[0]} is missing: install it (Go, or Maven)") from None
    if done.returncode != 0:
        said = (done.stdout + done.stderr)[-2000:]
        raise FetchError(f"`{' '.join(command)}` failed with {done.returncode}: {said}")
    return done.stdout
