"""The charts, ready to be rendered."""

from __future__ import annotations

import shutil

import pytest

from tests.charts.helm import CHARTS, CONSUMERS, HARNESS, ROOT, Charts, helm


@pytest.fixture(scope="session")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Charts:
    """Copies of all that use the library, and of that. Without Helm the test is skipped."""
    top = tmp_path_factory.mktemp("charts")
    for part in (CHARTS, HARNESS):
        ignored = shutil.ignore_patterns("*.tgz")
        shutil.copytree(part, top / part.relative_to(ROOT), ignore=ignored)
    folders = {path.name: top / path.relative_to(ROOT) for path in (HARNESS, *CONSUMERS.values())}
    for folder in folders.values():
        done = helm("dependency", "build", folder)
        assert done.code == 0, done.err
    return Charts({**folders, "rollcall": top / "charts" / "rollcall"})
