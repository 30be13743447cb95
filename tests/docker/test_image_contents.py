"""What is in the image, how it is built, and what docs/image.md says of that."""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from agent import __version__
from tests.docker.restricted import python
from tests.support.engine import label
from tests.support.image import build
from tests.support.recipe import base_image

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "image.md").read_text(encoding="utf-8")
NAME = f"rollcall-agent:{__version__}"
MB = 1_000_000
PREFIX = "org.opencontainers.image."


@pytest.fixture(scope="module")
def surroundings(engine: docker.DockerClient) -> Iterator[dict[str, str]]:
    """For `make image`: the tests' base, a name of its own, and the network."""
    name = f"rollcall-test-made:{os.getpid()}"
    made = {"BASE": base_image(engine), "IMAGE": name, "ARGS": "--network host"}
    # What `make docker ARGS=…` was given is for pytest; make hands it on in these.
    ours = {key: text for key, text in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    yield {**ours, **made}
    engine.images.remove(name, force=True)


def locked() -> dict[str, str]:
    """The version of each package that the lock has for Linux, by its name."""
    text = (ROOT / "requirements" / "run.txt").read_text()
    lines = re.findall(r"^([\w.-]+)==(\S+) (.*)\\$", text, re.MULTILINE)
    return {name: version for name, version, marker in lines if "'win32'" not in marker}


def canonical(name: str) -> str:
    """A package's name as the lock and package URLs write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_it_has_the_packages_of_the_lock_and_the_agent_and_no_pip(image: str) -> None:
    listed = python(
        image,
        "import sys\n"
        "from importlib.metadata import distributions\n"
        "of_image = [path for path in sys.path if path.startswith('/opt')]\n"
        "for each in distributions(path=of_image): print(each.name, each.version)",
    )
    found = dict(line.split() for line in listed.splitlines())
    assert {canonical(name): version for name, version in found.items()} == {
        **locked(),
        "rollcall-agent": __version__,
    }


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_all_packages_of_the_lock_have_wheels_for_both_platforms(
    machine: str, tmp_path: Path
) -> None:
    (version,) = re.findall(
        r"^ARG BASE=python:(3\.\d+)\.", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    command = [
        *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"),
        *("--dry-run", "--report=-", f"--target={tmp_path}", "--no-deps", "--only-binary=:all:"),
        *("--require-hashes", "-r", "requirements/run.txt", f"--python-version={version}"),
        *("--implementation=cp", f"--platform=manylinux_2_28_{machine}"),
        *(f"--platform=manylinux_2_17_{machine}", f"--platform=manylinux2014_{machine}"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    chosen = json.loads(done.stdout)["install"]
    assert {canonical(each["metadata"]["name"]) for each in chosen} == locked().keys()


def test_the_same_sources_give_the_same_files_with_the_same_time(
    engine: docker.DockerClient, image: str
) -> None:
    files = contents(engine, image)
    assert contents(engine, build(engine, is_fresh=True)) == files
    assert {time for _, time in files.values()} == {315532800}


def contents(engine: docker.DockerClient, image: str) -> dict[str, tuple[str, float]]:
    """The digest of each file in /opt/rollcall, and its time."""
    container = engine.containers.create(image, labels=label())
    try:
        pieces, _ = container.get_archive("/opt/rollcall")
        with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
            return {
                entry.name: (digest(tar, entry), entry.mtime) for entry in tar if not entry.isdir()
            }
    finally:
        container.remove(v=True)


def digest(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> str:
    """Of a file's bytes, or of a link's words."""
    file = None if entry.issym() else tar.extractfile(entry)
    return hashlib.sha256(file.read() if file else entry.linkname.encode()).hexdigest()


def test_make_image_says_how_large_it_is_and_what_the_page_says(
    engine: docker.DockerClient, surroundings: dict[str, str]
) -> None:
    done = subprocess.run(
        ["make", "image"], cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    of_page = re.search(rf"^{NAME} has (.*) MB, (.*) MB over its base$", PAGE, re.MULTILINE)
    name = surroundings["IMAGE"]
    said = re.fullmatch(rf"{name} has (.*) MB, (.*) MB .*", done.stdout.splitlines()[-1])
    assert of_page
    assert said
    sizes = [engine.images.get(each).attrs["Size"] for each in (name, surroundings["BASE"])]
    assert [float(each) for each in said.groups()] == [
        round(sizes[0] / MB, 1),
        round((sizes[0] - sizes[1]) / MB, 1),
    ]
    assert sizes[0] - sizes[1] < 80 * MB
    # Of the base's own size the page says on which one it was measured.
    assert float(of_page[2]) == pytest.approx(float(said[2]), abs=1.5)


def test_its_labels_are_the_projects(
    engine: docker.DockerClient, surroundings: dict[str, str]
) -> None:
    subprocess.run(["make", "image"], cwd=ROOT, env=surroundings, capture_output=True, check=True)
    labels = engine.images.get(surroundings["IMAGE"]).labels
    mine = {
        name.removeprefix(PREFIX): text for name, text in labels.items() if name.startswith(PREFIX)
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    revision, created = mine.pop("revision"), mine.pop("created")
    assert mine == {
        "title": project["name"],
        "description": project["description"],
        "licenses": project["license"],
        "version": __version__,
    }
    if (ROOT / ".git").exists():
        assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", revision)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", created)


def test_without_docker_make_image_says_what_is_missing(tmp_path: Path) -> None:
    for program in ("sh", "sed", "awk", "git"):
        (tmp_path / program).symlink_to(f"/usr/bin/{program}")
    make = ["/usr/bin/make", "image"]
    done = subprocess.run(
        make, cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith("Install Docker")


@pytest.mark.parametrize("number", range(2))
def test_the_commands_of_the_page_do_what_they_say(
    surroundings: dict[str, str], number: int
) -> None:
    typed = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(typed) == 2
    subprocess.run(["make", "image"], cwd=ROOT, env=surroundings, capture_output=True, check=True)
    line = typed[number].replace(NAME, surroundings["IMAGE"])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ("cassandra", __version__)[number] in done.stdout


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    """What `make sbom` writes."""
    subprocess.run(["make", "sbom"], cwd=ROOT, capture_output=True, check=True)
    file = f"dist/rollcall-agent-{__version__}.cdx.json"
    assert f"`{file}`" in PAGE
    return dict(json.loads((ROOT / file).read_text()))


def test_the_bill_of_materials_names_every_package_of_the_lock(bill: dict[str, Any]) -> None:
    assert bill["bomFormat"] == "CycloneDX"
    parts = {canonical(part["name"]): part for part in bill["components"]}
    assert {name: part["version"] for name, part in parts.items()} == locked()
    for name, part in parts.items():
        assert part["purl"] == f"pkg:pypi/{name}@{part['version']}"
        assert part["licenses"], name


def test_the_bill_of_materials_is_the_agents(bill: dict[str, Any]) -> None:
    whole = bill["metadata"]["component"]
    assert (whole["name"], whole["version"]) == ("rollcall-agent", __version__)
    assert whole["licenses"][0]["license"]["id"] == "Apache-2.0"
