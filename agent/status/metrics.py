"""The metrics: a collector made from one snapshot. docs/status.md lists them.

No peer is in a label: their number would grow with each that ever was. Import it only when metrics
are asked for: not every agent is scraped.
"""

from collections.abc import Iterable, Iterator

from agent.core.snapshot import OutputState, Snapshot, missing
from agent.status.about import About, Moment
from agent.status.families import Family, counter, gauge, text_of
from agent.status.process import process


class SnapshotCollector:
    """A snapshot's metrics at a moment; without a snapshot what is true of any agent."""

    def __init__(self, snapshot: Snapshot | None, about: About, moment: Moment) -> None:
        self._snapshot = snapshot
        self._about = about
        self._now = moment.now
        self._offset = moment.offset

    def collect(self) -> Iterable[Family]:
        """All of them; while there is no snapshot only what is true of any agent."""
        yield Family("info", "rollcall_build", "The agent's version.", "version").add(
            1, self._about.version
        )
        snapshot = self._snapshot
        yield gauge("rollcall_live", "Whether the loop makes progress, as /livez has it.").add(
            float(self._about.is_live(snapshot, self._now))
        )
        yield gauge("rollcall_ready", "Whether the gate is open and all files were written.").add(
            float(snapshot is not None and snapshot.is_ready)
        )
        if snapshot is not None:
            yield from self._membership(snapshot)
            yield from self._polls(snapshot)
            yield from self._outputs(snapshot.outputs)
            yield from self._notifications(snapshot)

    def _membership(self, snapshot: Snapshot) -> Iterator[Family]:
        roll = snapshot.roll
        count = len(roll.peers)
        yield gauge("rollcall_members", "Members, with this pod; 0 before DNS has answered.").add(
            count
        )
        yield gauge(
            "rollcall_members_missing", "Members that DNS does not list now and that are held."
        ).add(sum(1 for _ in missing(snapshot.membership, snapshot.rules, self._now)))
        if roll.replicas is not None:
            yield gauge("rollcall_replicas", "How many members there are to be.").add(roll.replicas)
        yield counter(
            "rollcall_membership_changes", "Changes of the members, with those before a restart."
        ).add(roll.generation)

    def _polls(self, snapshot: Snapshot) -> Iterator[Family]:
        polls = snapshot.polls
        ended = counter(
            "rollcall_polls",
            "Polls, by what came of them; quiet: the zone had not changed, so who is there was not "
            "asked. With static peers nobody is.",
            "outcome",
        )
        for outcome in ("answered", "quiet", "absent", "unknown"):
            ended.add(getattr(polls, outcome), outcome)
        yield ended
        if polls.answered_at is not None:
            yield gauge(
                "rollcall_last_answer_timestamp_seconds",
                "When a poll was last answered or quiet; that nobody is there (NXDOMAIN) is not.",
            ).add(polls.answered_at + self._offset)

    def _outputs(self, outputs: tuple[OutputState, ...]) -> Iterator[Family]:
        current = gauge(
            "rollcall_output_current",
            "Whether the file is as the members demand; 0: it waits, failed or is withheld.",
            "path",
        )
        writes = counter("rollcall_output_writes", "Times the file was replaced.", "path")
        failures = counter(
            "rollcall_output_failures",
            "Turns of the loop in which the file could not be written.",
            "path",
        )
        written = gauge(
            "rollcall_output_last_write_timestamp_seconds",
            "When the file was replaced last.",
            "path",
        )
        for output in outputs:
            current.add(float(output.condition in ("current", "kept")), output.path)
            writes.add(output.writes, output.path)
            failures.add(output.failures, output.path)
            if output.written_at is not None:
                written.add(output.written_at + self._offset, output.path)
        yield from (current, writes, failures, written)

    def _notifications(self, snapshot: Snapshot) -> Iterator[Family]:
        ended = counter(
            "rollcall_notifications",
            "Tries of a notifier, by how they ended.",
            "notifier",
            "outcome",
        )
        pending = gauge(
            "rollcall_notification_pending",
            "Whether there is news that has not arrived.",
            "notifier",
        )
        since = gauge(
            "rollcall_notification_pending_since_timestamp_seconds",
            "Since when there is news that has not arrived.",
            "notifier",
        )
        for notifier in snapshot.notifiers:
            delivery = notifier.delivery
            ended.add(delivery.successes, notifier.name, "success")
            ended.add(delivery.failures, notifier.name, "failure")
            pending.add(float(delivery.waits_since is not None), notifier.name)
            if delivery.waits_since is not None:
                since.add(delivery.waits_since + self._offset, notifier.name)
        yield from (ended, pending, since)


def exposition(collector: SnapshotCollector, *, is_open: bool) -> tuple[str, bytes]:
    """The content type and the text: OpenMetrics 1.0.0, or the text format 0.0.4."""
    return text_of([*collector.collect(), *process()], is_open=is_open)
