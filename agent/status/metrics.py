"""The metrics, by the Prometheus client: a collector made from one snapshot.

docs/status.md lists them. No peer is in a label: their number would grow with each that ever was.
Import it only when metrics are asked for: the client library brings two megabytes with it.
"""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics

from agent.core.snapshot import OutputState, Snapshot, missing
from agent.status.about import About, Moment


class SnapshotCollector:
    """A snapshot's metrics at a moment; without a snapshot what is true of any agent."""

    def __init__(self, snapshot: Snapshot | None, about: About, moment: Moment) -> None:
        self._snapshot = snapshot
        self._about = about
        self._now = moment.now
        self._offset = moment.offset

    def collect(self) -> Iterable[Metric]:
        """All of them; while there is no snapshot only what is true of any agent."""
        yield InfoMetricFamily(
            "rollcall_build", "The agent's version.", value={"version": self._about.version}
        )
        snapshot = self._snapshot
        yield GaugeMetricFamily(
            "rollcall_live",
            "Whether the loop makes progress, as /livez has it.",
            value=float(self._about.is_live(snapshot, self._now)),
        )
        yield GaugeMetricFamily(
            "rollcall_ready",
            "Whether the gate is open and all files were written.",
            value=float(snapshot is not None and snapshot.is_ready),
        )
        if snapshot is not None:
            yield from self._membership(snapshot)
            yield from self._polls(snapshot)
            yield from self._outputs(snapshot.outputs)
            yield from self._notifications(snapshot)

    def _membership(self, snapshot: Snapshot) -> Iterator[Metric]:
        roll = snapshot.roll
        count = len(roll.peers)
        yield GaugeMetricFamily(
            "rollcall_members",
            "Members, with this pod; 0 before DNS has answered.",
            value=count,
        )
        yield GaugeMetricFamily(
            "rollcall_members_missing",
            "Members that DNS does not list now and that are held.",
            value=sum(1 for _ in missing(snapshot.membership, snapshot.rules, self._now)),
        )
        if roll.replicas is not None:
            yield GaugeMetricFamily(
                "rollcall_replicas", "How many members there are to be.", value=roll.replicas
            )
        yield CounterMetricFamily(
            "rollcall_membership_changes",
            "Changes of the members, with those before a restart.",
            value=roll.generation,
        )

    def _polls(self, snapshot: Snapshot) -> Iterator[Metric]:
        polls = snapshot.polls
        ended = CounterMetricFamily(
            "rollcall_polls",
            "Polls, by what came of them; with static peers nobody is asked.",
            labels=["outcome"],
        )
        for outcome in ("answered", "quiet", "absent", "unknown"):
            ended.add_metric([outcome], getattr(polls, outcome))
        yield ended
        if polls.answered_at is not None:
            yield GaugeMetricFamily(
                "rollcall_last_answer_timestamp_seconds",
                "When DNS last named peers; that there are none (NXDOMAIN) is no answer here.",
                value=polls.answered_at + self._offset,
            )

    def _outputs(self, outputs: tuple[OutputState, ...]) -> Iterator[Metric]:
        current = GaugeMetricFamily(
            "rollcall_output_current",
            "Whether the file is as the members demand; 0: it waits, failed or is withheld.",
            labels=["path"],
        )
        writes = CounterMetricFamily(
            "rollcall_output_writes", "Times the file was replaced.", labels=["path"]
        )
        failures = CounterMetricFamily(
            "rollcall_output_failures",
            "Turns of the loop in which the file could not be written.",
            labels=["path"],
        )
        written = GaugeMetricFamily(
            "rollcall_output_last_write_timestamp_seconds",
            "When the file was replaced last.",
            labels=["path"],
        )
        for output in outputs:
            current.add_metric([output.path], float(output.condition in ("current", "kept")))
            writes.add_metric([output.path], output.writes)
            failures.add_metric([output.path], output.failures)
            if output.written_at is not None:
                written.add_metric([output.path], output.written_at + self._offset)
        yield from (current, writes, failures, written)

    def _notifications(self, snapshot: Snapshot) -> Iterator[Metric]:
        ended = CounterMetricFamily(
            "rollcall_notifications",
            "Tries of a notifier, by how they ended.",
            labels=["notifier", "outcome"],
        )
        pending = GaugeMetricFamily(
            "rollcall_notification_pending",
            "Whether there is news that has not arrived.",
            labels=["notifier"],
        )
        since = GaugeMetricFamily(
            "rollcall_notification_pending_since_timestamp_seconds",
            "Since when there is news that has not arrived.",
            labels=["notifier"],
        )
        for notifier in snapshot.notifiers:
            delivery = notifier.delivery
            ended.add_metric([notifier.name, "success"], delivery.successes)
            ended.add_metric([notifier.name, "failure"], delivery.failures)
            pending.add_metric([notifier.name], float(delivery.waits_since is not None))
            if delivery.waits_since is not None:
                since.add_metric([notifier.name], delivery.waits_since + self._offset)
        yield from (ended, pending, since)


def exposition(collector: SnapshotCollector, *, is_open: bool) -> tuple[str, bytes]:
    """The content type and the text: OpenMetrics 1.0.0, or the text format 0.0.4."""
    registry = CollectorRegistry()
    registry.register(collector)
    ProcessCollector(registry=registry)
    if is_open:
        text: bytes = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]  # the library's
        return openmetrics.CONTENT_TYPE_LATEST, text
    return CONTENT_TYPE_PLAIN_0_0_4, generate_latest(registry)
