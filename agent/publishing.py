"""Keeps each output true: renders it, looks at what is on disk, writes what differs.

It remembers of each output what is desired and published, and what became of the last try. It knows
neither DNS nor who is told.
"""

from dataclasses import replace
from pathlib import Path

from agent.core.hearing import Heard
from agent.core.reconcile import Ledger, Unread
from agent.core.roll import Roll
from agent.core.snapshot import Condition, OutputState
from agent.edges import Clock, Target
from agent.formats import FormatError, Withheld
from agent.publish import PublishError, digest
from agent.telling import Teller


class Publisher:
    """All outputs of one agent."""

    def __init__(self, targets: tuple[Target, ...], tell: Teller, clock: Clock) -> None:
        self._targets = targets
        self._tell = tell
        self._clock = clock
        self._ledgers = {target.path: Ledger().saw(target.on_disk()) for target in targets}
        self._states = {t.path: OutputState(t.name, str(t.path)) for t in targets}
        self._rendered: dict[Path, tuple[Roll, object, bytes | Withheld]] = {}
        self._wanted: dict[Path, str] = {}
        self._written: Roll | None = None

    @property
    def states(self) -> tuple[OutputState, ...]:
        """What became of each output."""
        return tuple(self._states.values())

    @property
    def published(self) -> dict[str, str | None]:
        """The digest of what is on disk, by path; None where there is nothing.

        Without what its reader rewrites: that is no news to the reader.
        """
        kept = {target.path for target in self._targets if target.is_kept}
        return {str(path): led.published for path, led in self._ledgers.items() if path not in kept}

    @property
    def written(self) -> Roll | None:
        """The roll that the files are of; the newest, where one is older because it failed.

        None while that is not known: nothing was written since the start, and something is due.
        """
        return self._written

    @property
    def are_there(self) -> bool:
        """Whether each file is there, an older one maybe."""
        return all(_is_there(target) for target in self._targets)

    @property
    def is_idle(self) -> bool:
        """Whether each file is as it was rendered, and on disk as it was written."""
        return self._written is not None and all(map(self._is_true, self._targets))

    def _is_true(self, target: Target) -> bool:
        if target.is_kept:
            return isinstance(target.on_disk(), str)
        ledger, (_, made_of, _) = self._ledgers[target.path], self._rendered[target.path]
        is_written = ledger.published is not None and ledger.desired == ledger.published
        return is_written and made_of == target.made_of() and target.on_disk() == ledger.published

    def publish(self, roll: Roll, heard: Heard) -> str:
        """Writes each file that is due; why one could not be, empty if all are true."""
        problems = [self._one(target, roll, heard) for target in self._targets]
        ledgers = self._ledgers.values()
        if not any(ledger.is_publish_due for ledger in ledgers):
            self._written = roll
        return "; ".join(problem for problem in problems if problem)

    def _one(self, target: Target, roll: Roll, heard: Heard) -> str:
        if target.is_kept:
            match target.on_disk():
                case Unread(reason, is_there=False):
                    sentence = f"whether there is a file {target.path} can't be told: {reason}"
                    return self._fail(target, sentence)
                case str() | Unread():
                    self._became(target, "kept")
                    return ""
        try:
            content = self._render(target, roll)
            if isinstance(content, Withheld):
                return self._withhold(target, content, heard)
            wanted = self._wanted[target.path]
            ledger = self._look_at(target).want(wanted)
            self._ledgers[target.path] = ledger
            if ledger.is_publish_due:
                target.write(content)
                self._ledgers[target.path] = ledger.wrote(wanted)
                self._tell.written(target, roll.generation)
                self._wrote(target, roll)
        except (FormatError, PublishError) as wrong:
            is_there = bool(self._ledgers[target.path].published)
            return self._fail(target, str(wrong), is_there=is_there)
        self._became(target, "current")
        return ""

    def _wrote(self, target: Target, roll: Roll) -> None:
        self._written = roll
        state = self._states[target.path]
        self._states[target.path] = replace(
            state, writes=state.writes + 1, written_at=self._clock.now()
        )

    def _fail(self, target: Target, sentence: str, *, is_there: bool = False) -> str:
        stays = "; the last good file stays" if is_there else ""
        said = f"{sentence}{stays}"
        self._tell.seldom(str(target.path), "error", said, kind="not_published")
        self._became(target, "failed", said)
        state = self._states[target.path]
        self._states[target.path] = replace(state, failures=state.failures + 1)
        return sentence

    def _withhold(self, target: Target, content: Withheld, heard: Heard) -> str:
        """Tells why a file is not written."""
        said = self._tell.withheld(target, content, heard, is_there=_is_there(target))
        self._became(target, "withheld", said)
        return said

    def _became(self, target: Target, condition: Condition, reason: str = "") -> None:
        """Notes what became of an output."""
        state = self._states[target.path]
        if (state.condition, state.reason) != (condition, reason):
            self._states[target.path] = replace(state, condition=condition, reason=reason)

    def _look_at(self, target: Target) -> Ledger:
        """The ledger with what is on disk now, which somebody else may have changed."""
        ledger, on_disk = self._ledgers[target.path], target.on_disk()
        match on_disk:
            case Unread(reason) if ledger.published is not None:
                self._tell.unread(target, reason)
            case str() | None if ledger.published not in (None, on_disk):
                self._tell.meddling(target, is_removed=on_disk is None)
        return ledger.saw(on_disk)

    def _render(self, target: Target, roll: Roll) -> bytes | Withheld:
        """What the file is to hold, worked out once for each roll, and each base file."""
        before, stamp, content = self._rendered.get(target.path, (None, None, b""))
        now = target.made_of()
        if before != roll or stamp != now:
            content = target.render(roll)
            self._rendered[target.path] = (roll, now, content)
            if not isinstance(content, Withheld):
                self._wanted[target.path] = digest(content)
        return content


def _is_there(target: Target) -> bool:
    """Whether there is a file, and not a folder or a pipe."""
    on_disk = target.on_disk()
    return isinstance(on_disk, str) and bool(on_disk)
