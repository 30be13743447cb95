"""The charts, ready to be rendered."""

from __future__ import annotations

import pytest

from tests.charts.helm import Charts, copied


@pytest.fixture(scope="session")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Charts:
    """Copies of all charts, made once. Without Helm the test is skipped."""
    return copied(tmp_path_factory.mktemp("charts"))
