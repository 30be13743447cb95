"""A command's output, line by line as it comes, and no more of it than a person would read."""

from collections.abc import Callable

from agent.core.words import plain, shortened

# Characters of a line, and lines, that are told; what is longer is cut, what are more is counted.
LONGEST_LINE = 400
MOST_LINES = 100
# Bytes that hold more characters than that: UTF-8 has none of more than four.
_LONGEST = 4 * LONGEST_LINE + 4


class Lines:
    """Takes the output in pieces, and gives each line to `tell` when it is whole."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._begun = b""
        self._lines = 0
        self._left_out = 0

    def take(self, said: bytes) -> None:
        """The next piece."""
        start = 0
        while self._lines < MOST_LINES and (end := said.find(b"\n", start)) >= 0:
            self._line(self._begun + said[start : min(end, start + _LONGEST)])
            self._begun = b""
            start = end + 1
        if self._lines < MOST_LINES:
            self._begun = (self._begun + said[start : start + _LONGEST])[:_LONGEST]
        else:
            self._left_out += len(said) - start

    def close(self) -> None:
        """There is no more: tells the last line, if no end of line came, and what was left out."""
        if self._begun:
            self._line(self._begun)
        if self._left_out:
            self._tell(f"({self._left_out} bytes more are left out)")

    def _line(self, line: bytes) -> None:
        self._lines += 1
        text = plain(line.decode(errors="replace")).rstrip()
        if text:
            self._tell(shortened(text, LONGEST_LINE))
