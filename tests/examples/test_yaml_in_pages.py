"""Each YAML block in the project's pages: Kubernetes or the agent takes it as it stands there.

Templates, and what another program reads, have a test of their own, which is named here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml
from jsonschema import Draft7Validator

from agent import formats
from agent.settings.json_schema import json_schema
from tests.support.pages import blocks

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ("1.29", kubernetes_validate.latest_version())
# How such a block begins, and what tests it.
ELSEWHERE = {
    "docs/formats.md": {"": "tests/formats/test_page.py"},
    "docs/kubernetes.md": {"# ": "tests/examples/test_kubernetes_page.py"},
    "docs/monitoring/README.md": {"": "tests/monitoring/test_pages.py"},
    "docs/outputs.md": {"title: ": "tests/test_docs.py"},
    "charts/rollcall/README.md": {"# ": "tests/charts/test_library.py"},
}
SETTINGS = json_schema(formats.names())
OF_A_POD = {"containers", "initContainers", "securityContext", "shareProcessNamespace", "volumes"}


def pages() -> Iterator[Path]:
    yield ROOT / "README.md"
    for folder in ("docs", "examples", "charts", "kustomize"):
        yield from sorted((ROOT / folder).rglob("*.md"))


def found() -> Iterator[tuple[str, str]]:
    """Pages, and their blocks that are for this test."""
    for file in pages():
        page = file.relative_to(ROOT).as_posix()
        for text in blocks(file.read_text(encoding="utf-8"), "yaml"):
            if not any(text.startswith(begin) for begin in ELSEWHERE.get(page, ())):
                yield page, text


def as_objects(text: str) -> list[dict[str, Any]]:
    """What Kubernetes is given: objects as they are, a part of a pod or of a container in a pod."""
    objects = list(yaml.safe_load_all(text))
    if all("kind" in each for each in objects):
        return objects
    (part,) = objects
    if not part.keys() <= OF_A_POD:
        part = {"initContainers": [{"name": "rollcall", "image": "rollcall-agent:0.1.0", **part}]}
    if not part.get("containers"):
        part = {**part, "containers": [{"name": "database", "image": "database:1.0.0"}]}
    return [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db-0"}, "spec": part}]


@pytest.mark.parametrize(("page", "text"), [*found()])
def test_whoever_it_is_for_takes_it(page: str, text: str) -> None:
    tree = next(yaml.safe_load_all(text))
    if tree.keys() <= SETTINGS["properties"].keys():
        Draft7Validator(SETTINGS).validate(tree)
        return
    for each in as_objects(text):
        for version in VERSIONS:
            kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize("page", ELSEWHERE)
def test_what_is_tested_elsewhere_is_there(page: str) -> None:
    texts = blocks((ROOT / page).read_text(encoding="utf-8"), "yaml")
    for begin, test in ELSEWHERE[page].items():
        assert any(text.startswith(begin) for text in texts)
        assert (ROOT / test).exists()
