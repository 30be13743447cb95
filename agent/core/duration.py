"""Lengths of time as people write them."""

import re

# Seconds in a year, more than any wait is for.
LONGEST = 365 * 86400.0

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h))+", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)", re.ASCII)


def parse_duration(text: str) -> float:
    """Seconds from `500ms`, `30s`, `2m`, `1h` or `1m30s`. Raises ValueError with a sentence."""
    if not _WHOLE.fullmatch(text):
        hint = f"write {text}s, or {text}ms" if text.isdecimal() else "write 30s, 500ms or 1m30s"
        raise ValueError(f"{text!r} is not a length of time: {hint}")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if seconds > LONGEST:
        raise ValueError(f"{text!r} is too long: a year is the most")
    return seconds
