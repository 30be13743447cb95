"""What a look at one thing can bring: yes, no, or can't tell.

They are three types, so that no code can take "can't tell" for a "no". Each carries a phrase for
people, whole by itself: what was seen, or why nothing could be.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Yes:
    """It is so; `seen` says by what."""

    seen: str


@dataclass(frozen=True, slots=True)
class No:
    """It is not so; `seen` says by what."""

    seen: str


@dataclass(frozen=True, slots=True)
class CantTell:
    """Neither was seen; `reason` says why, and where a person can mend it, how."""

    reason: str


Finding = Yes | No | CantTell
