"""What a check says, and how several troubles become one verdict."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from agent.core.diagnosis.mends import all_of


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
    """A state, the sentences that say why (a line each), and YAML that mends it, or nothing."""

    state: State
    finding: str
    mend: str = ""


def ok(finding: str) -> Verdict:
    """All is well."""
    return Verdict(State.OK, finding)


def warn(finding: str, mend: str = "") -> Verdict:
    """It works, but."""
    return Verdict(State.WARN, finding, mend)


def fail(finding: str, mend: str = "") -> Verdict:
    """It can't work."""
    return Verdict(State.FAIL, finding, mend)


def skipped(finding: str) -> Verdict:
    """It was not looked at."""
    return Verdict(State.SKIPPED, finding)


def together(fact: str, troubles: Iterable[Verdict]) -> Verdict:
    """One verdict: the fact alone if there is no trouble, else the worst state of them all."""
    troubles = tuple(troubles)
    if not troubles:
        return ok(fact)
    has_failed = any(trouble.state is State.FAIL for trouble in troubles)
    findings = [fact, *(trouble.finding for trouble in troubles)]
    finding = "\n".join(finding for finding in findings if finding)
    mend = all_of(trouble.mend for trouble in troubles)
    return Verdict(State.FAIL if has_failed else State.WARN, finding, mend)


def some(names: Iterable[str], most: int = 5) -> str:
    """Names in a sentence: the first few, and how many there are besides."""
    names = tuple(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
