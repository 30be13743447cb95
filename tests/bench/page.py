"""Puts figures into docs/cost.md, between its marks. Pure."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable

BEGIN, END = "<!-- Made by `make bench`. -->", "<!-- So far. -->"


class NoMarksError(ValueError):
    """The page has no place for figures."""


def filled(page: str, lines: Iterable[str]) -> str:
    """The page with these lines in the place of those between its marks. Raises NoMarksError."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise NoMarksError(f"it has no line {BEGIN} with a line {END} below")
    return "\n".join((before + begin, "", *lines, "", end + after))


def machine(cpu_info: str, cpus: int) -> str:
    """A sentence on what it was measured with, `cpu_info` being /proc/cpuinfo."""
    named = re.search(r"^model name\s*: (.*)$", cpu_info, re.MULTILINE)
    model = named[1] if named else platform.machine()
    linux = ".".join(platform.release().split(".")[:2])
    return f"Python {platform.python_version()} on Linux {linux}, with {cpus} CPUs ({model})."
