"""What an agent exports, and what Prometheus adds: all that alerts and dashboard may speak of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

PAGES = Path(__file__).parents[2] / "docs"
FOLDER = PAGES / "monitoring"

_AGENTS: Mapping[str, str] = {
    "rollcall_build_info": "version",
    "rollcall_ready": "",
    "rollcall_members": "",
    "rollcall_members_missing": "",
    "rollcall_replicas": "",
    "rollcall_membership_changes_total": "",
    "rollcall_polls_total": "outcome",
    "rollcall_last_answer_timestamp_seconds": "",
    "rollcall_output_current": "path",
    "rollcall_output_writes_total": "path",
    "rollcall_output_failures_total": "path",
    "rollcall_output_last_write_timestamp_seconds": "path",
    "rollcall_notifications_total": "notifier outcome",
    "rollcall_notification_pending": "notifier",
    "rollcall_notification_pending_since_timestamp_seconds": "notifier",
    "process_start_time_seconds": "",
    "process_resident_memory_bytes": "",
    "process_cpu_seconds_total": "",
}
_PROMETHEUS: Mapping[str, str] = {"up": "", "ALERTS": "alertname alertstate severity"}

# The labels of each metric, without those of its target.
EXPORTED: Mapping[str, frozenset[str]] = MappingProxyType(
    {name: frozenset(labels.split()) for name, labels in {**_AGENTS, **_PROMETHEUS}.items()}
)
# What docs/monitoring/README.md says that a target may have. No agent sets them.
TARGET = frozenset(("cluster", "namespace", "job", "instance", "pod"))
