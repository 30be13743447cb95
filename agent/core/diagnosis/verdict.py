"""What a check says, and how several troubles become one verdict."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from agent.core.diagnosis.mends import Mend


class State(Enum):
    """How it stands with what was looked at; the words are those that people and programs read.

    A warning works, and may not work for long or is not what was meant.
    """

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state, the sentences that say why (a line each), and what mends it, or nothing.

    `first` are the checks that have to be well before this one means anything.
    """

    state: State
    finding: str
    mends: tuple[Mend, ...] = ()
    first: tuple[str, ...] = ()

    @property
    def lets_on(self) -> bool:
        """Whether what needs this check to be well may be looked at."""
        return self.state is not State.FAIL and not self.first


def ok(finding: str) -> Verdict:
    """All is well."""
    return Verdict(State.OK, finding)


def warn(finding: str, *mends: Mend | None) -> Verdict:
    """It works, but."""
    return Verdict(State.WARN, finding, tuple(filter(None, mends)))


def fail(finding: str, *mends: Mend | None) -> Verdict:
    """It can't work."""
    return Verdict(State.FAIL, finding, tuple(filter(None, mends)))


def skipped(*first: str) -> Verdict:
    """It means nothing before these checks are well."""
    finding = f"can't be told yet: first mend {' and '.join(first)}"
    return Verdict(State.SKIPPED, finding, first=first)


def moot(finding: str) -> Verdict:
    """In such a setup there is nothing to look at, and so nothing that could be wrong."""
    return Verdict(State.SKIPPED, finding)


def together(fact: str, troubles: Iterable[Verdict]) -> Verdict:
    """One verdict: the fact alone if there is no trouble, else the worst state of them all."""
    troubles = tuple(troubles)
    if not troubles:
        return ok(fact)
    findings = [fact, *(trouble.finding for trouble in troubles)]
    finding = "\n".join(finding for finding in findings if finding)
    mends = (mend for trouble in troubles for mend in trouble.mends)
    has_failed = any(trouble.state is State.FAIL for trouble in troubles)
    return fail(finding, *mends) if has_failed else warn(finding, *mends)


def some(names: Iterable[str], most: int = 5) -> str:
    """Names in a sentence: the first few, and how many there are besides."""
    names = tuple(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
