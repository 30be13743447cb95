"""What several parts of the agent say to people in the same words.

It knows no setting, format or command: whoever has a list of names hands it in.
"""

import difflib
import re
from collections.abc import Iterable

# What stands for the new file in the command that checks it.
FOR_FILE = "{path}"
# Colours and other things that a terminal obeys (ECMA-48, section 5.4).
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


class Typed(str):
    """A value as somebody typed it at a command line; what it means, its reader knows."""

    __slots__ = ()


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that may have been meant, empty where none is like it."""
    return next(iter(difflib.get_close_matches(name, tuple(known), n=1)), "")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The name that may have been meant, else all that there are: `did you mean port?`."""
    there = tuple(known)
    close = nearest(name, there)
    return f"did you mean {close}?" if close else all_of(there)


def all_of(known: Iterable[str]) -> str:
    """What there is, as the rest of a sentence: `there are host, port`."""
    listed = ", ".join(known)
    return f"there are {listed}" if listed else "there are none"


def what_there_is(name: str, known: Iterable[str]) -> str:
    """The name that may have been meant, and all that there are."""
    there = tuple(known)
    close = nearest(name, there)
    return f"did you mean {close}? {all_of(there)}" if close else all_of(there)


def plain(line: str) -> str:
    """A line without what a terminal would obey."""
    return "".join(each if each.isprintable() else " " for each in _CONTROL.sub("", line))


def shortened(text: str, most: int) -> str:
    """The text, or its first `most` characters and a mark that there are more."""
    return text if len(text) <= most else f"{text[:most]}…"
