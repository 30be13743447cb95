"""Saying a lasting trouble at once, and then ever more seldom."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

FIRST_GAP = 60.0
LONGEST_GAP = 3600.0
# So many troubles are remembered; the one that was said longest ago is forgotten first.
MOST = 100


@dataclass(frozen=True, slots=True)
class Seldom:
    """For each trouble, when it is next worth saying and the gap before that. Times in seconds."""

    said: Mapping[str, tuple[float, float]] = field(default_factory=lambda: MappingProxyType({}))

    def say(self, trouble: str, now: float) -> tuple["Seldom", bool]:
        """Whether to say it at `now`: the first time, and again after 1 minute, 2, 4 … 60."""
        next_time, gap = self.said.get(trouble, (now, FIRST_GAP / 2))
        if now < next_time:
            return self, False
        gap = min(gap * 2, LONGEST_GAP)
        others = [(key, when) for key, when in self.said.items() if key != trouble]
        latest = dict([*others, (trouble, (now + gap, gap))][-MOST:])
        return Seldom(MappingProxyType(latest)), True
