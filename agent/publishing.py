"""Keeps each output true: renders it, looks at what is on disk, writes what differs.

It remembers of each output what is desired and published, and what became of the last try. It knows
neither DNS nor who is told.
"""

from dataclasses import dataclass, replace

from agent.core.hearing import Heard
from agent.core.reconcile import Ledger, Unread
from agent.core.roll import Roll
from agent.core.snapshot import Condition, OutputState
from agent.edges import Clock, Target
from agent.formats import FormatError, Withheld
from agent.publish import PublishError, digest
from agent.telling import Teller


@dataclass(slots=True)
class _Output:
    """One output: what is known of its file, what became of it, and what was rendered last.

    `rendered` is that content, `made_of` what it was made of besides the roll `of`, and `wanted`
    its digest.
    """

    target: Target
    ledger: Ledger
    state: OutputState
    of: Roll | None = None
    made_of: object = None
    rendered: bytes | Withheld = b""
    wanted: str = ""

    def render(self, roll: Roll) -> bytes | Withheld:
        """What the file is to hold, worked out once for each roll, and each base file."""
        made_of = self.target.made_of()
        if self.of != roll or self.made_of != made_of:
            self.rendered = self.target.render(roll)
            self.of, self.made_of = roll, made_of
            if not isinstance(self.rendered, Withheld):
                self.wanted = digest(self.rendered)
        return self.rendered


class Publisher:
    """All outputs of one agent."""

    def __init__(self, targets: tuple[Target, ...], tell: Teller, clock: Clock) -> None:
        self._tell = tell
        self._clock = clock
        self._outputs = [
            _Output(each, Ledger().saw(each.on_disk()), OutputState(each.name, str(each.path)))
            for each in targets
        ]
        self._written: Roll | None = None

    @property
    def states(self) -> tuple[OutputState, ...]:
        """What became of each output."""
        return tuple(output.state for output in self._outputs)

    @property
    def published(self) -> dict[str, str | None]:
        """The digest of what is on disk, by path; None where there is nothing.

        Without what its reader rewrites: that is no news to the reader.
        """
        kept = (output for output in self._outputs if not output.target.is_kept)
        return {str(output.target.path): output.ledger.published for output in kept}

    @property
    def written(self) -> Roll | None:
        """The roll that the files are of; the newest, where one is older because it failed.

        None while that is not known: nothing was written since the start, and something is due.
        """
        return self._written

    @property
    def are_there(self) -> bool:
        """Whether each file is there, an older one maybe."""
        return all(_is_there(output.target) for output in self._outputs)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be done for any output."""
        return self._written is not None and all(map(_is_true, self._outputs))

    def publish(self, roll: Roll, heard: Heard) -> str:
        """Writes each file that is due; why one could not be, empty if all are true."""
        problems = [self._one(output, roll, heard) for output in self._outputs]
        if not any(output.ledger.is_publish_due for output in self._outputs):
            self._written = roll
        return "; ".join(problem for problem in problems if problem)

    def _one(self, output: _Output, roll: Roll, heard: Heard) -> str:
        target = output.target
        if target.is_kept:
            match target.on_disk():
                case Unread(reason, is_there=False):
                    sentence = f"whether there is a file {target.path} can't be told: {reason}"
                    return self._fail(output, sentence)
                case str() | Unread():
                    _became(output, "kept")
                    return ""
        try:
            content = output.render(roll)
            if isinstance(content, Withheld):
                return self._withhold(output, content, heard)
            output.ledger = self._look_at(output).want(output.wanted)
            if output.ledger.is_publish_due:
                target.write(content)
                output.ledger = output.ledger.wrote(output.wanted)
                self._tell.written(target, roll.generation)
                self._wrote(output, roll)
        except (FormatError, PublishError) as wrong:
            is_there = bool(output.ledger.published)
            return self._fail(output, str(wrong), is_there=is_there)
        _became(output, "current")
        return ""

    def _wrote(self, output: _Output, roll: Roll) -> None:
        self._written = roll
        output.state = replace(
            output.state, writes=output.state.writes + 1, written_at=self._clock.now()
        )

    def _fail(self, output: _Output, sentence: str, *, is_there: bool = False) -> str:
        stays = "; the last good file stays" if is_there else ""
        said = f"{sentence}{stays}"
        self._tell.seldom(output.state.path, "error", said, kind="not_published")
        _became(output, "failed", said)
        output.state = replace(output.state, failures=output.state.failures + 1)
        return sentence

    def _withhold(self, output: _Output, content: Withheld, heard: Heard) -> str:
        """Tells why a file is not written."""
        is_there = _is_there(output.target)
        said = self._tell.withheld(output.target, content, heard, is_there=is_there)
        _became(output, "withheld", said)
        return said

    def _look_at(self, output: _Output) -> Ledger:
        """The ledger with what is on disk now, which somebody else may have changed."""
        target, ledger, on_disk = output.target, output.ledger, output.target.on_disk()
        match on_disk:
            case Unread(reason) if ledger.published is not None:
                self._tell.unread(target, reason)
            case str() | None if ledger.published not in (None, on_disk):
                self._tell.meddling(target, is_removed=on_disk is None)
        return ledger.saw(on_disk)


def _is_true(output: _Output) -> bool:
    """Whether the file is as it was rendered, and on disk as it was written."""
    target, ledger = output.target, output.ledger
    if target.is_kept:
        return isinstance(target.on_disk(), str)
    if ledger.published is None or ledger.desired != ledger.published:
        return False
    return output.made_of == target.made_of() and target.on_disk() == ledger.published


def _became(output: _Output, condition: Condition, reason: str = "") -> None:
    """Notes what became of an output."""
    if (output.state.condition, output.state.reason) != (condition, reason):
        output.state = replace(output.state, condition=condition, reason=reason)


def _is_there(target: Target) -> bool:
    """Whether there is a file, and not a folder or a pipe."""
    on_disk = target.on_disk()
    return isinstance(on_disk, str) and bool(on_disk)
