"""What an agent exports, and what Prometheus adds: all that alerts and dashboard may speak of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from prometheus_client.parser import text_string_to_metric_families

from agent.status.metrics import SnapshotCollector, exposition
from tests.status.situations import ABOUT, MOMENT, failing

PAGES = Path(__file__).parents[2] / "docs"
FOLDER = PAGES / "monitoring"


def _exported() -> dict[str, frozenset[str]]:
    """By an agent that has something to say of everything."""
    _, text = exposition(SnapshotCollector(failing(), ABOUT, MOMENT), is_open=False)
    samples = [
        s for family in text_string_to_metric_families(text.decode()) for s in family.samples
    ]
    return {sample.name: frozenset(sample.labels) for sample in samples}


# The labels of each metric, without those of its target.
EXPORTED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        **_exported(),
        "up": frozenset(),
        "ALERTS": frozenset(("alertname", "alertstate", "severity")),
    }
)
# What docs/monitoring/README.md says that a target may have. No agent sets them.
TARGET = frozenset(("cluster", "namespace", "job", "instance", "pod"))
