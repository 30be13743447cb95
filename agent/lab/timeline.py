"""The lab's timeline: one line for each thing that happened, and what it did to a file."""

import time
from collections.abc import Callable

_WIDTH = 96


class Timeline:
    """Writes lines through `write`; times are seconds since it was made.

    `suffix` is what all names of the service end in; it is left out of what is shown.
    """

    def __init__(self, write: Callable[[str], None], suffix: str) -> None:
        self._write = write
        self._suffix = suffix
        self._began = time.monotonic()

    def tell(self, what: str, pod: str, text: str) -> None:
        """One line: the time, a word for what it is, the pod (empty: none), and the rest."""
        at = time.monotonic() - self._began
        self._write(f"{at:5.1f} s  {what:6} {pod + '  ' if pod else ''}{self._short(text)}")

    def tell_file(self, pod: str, after: float, old: str, new: str) -> None:
        """A line for a file that was written so many seconds after DNS changed, and its change."""
        line = telling_line(old, new, self._suffix)
        self.tell("wrote", pod, f"after {after:.2f} s   {line}".rstrip())

    def _short(self, text: str) -> str:
        short = text.replace(self._suffix, "")
        return short if len(short) <= _WIDTH else short[: _WIDTH - 2] + " …"


def telling_line(old: str, new: str, suffix: str) -> str:
    """The changed line that names most peers, with a `+` or a `-`; empty if none does."""
    before, after = old.splitlines(), new.splitlines()
    for sign, lines, others in (("+", after, before), ("-", before, after)):
        changed = [line.strip() for line in lines if line not in others and suffix in line]
        if changed:
            line = max(reversed(changed), key=lambda line: line.count(suffix))
            return f"{sign} {line.removeprefix('- ')}"
    return ""
