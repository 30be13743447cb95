"""Who answers on a port, as it is known over time: from single findings to what a file may say.

| heard of a peer | does                                                                          |
|-----------------|-------------------------------------------------------------------------------|
| yes             | it answers, at once                                                           |
| no              | one that answered counts as answering for `hold` seconds of nothing but noes;  |
|                 | then, as one that never did, it is known not to answer                        |
| can't tell      | changes nothing, and the noes begin anew                                      |
| it is no member | is forgotten                                                                  |
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from agent.core.finding import CantTell, Finding, No, Yes


@dataclass(frozen=True, slots=True)
class Voice:
    """What is known of one peer's port. Clock seconds; None is never.

    `refused_since` and `refused_at` are the first and the last no since anything else was heard.
    """

    is_counted: bool = False
    refused_since: float | None = None
    refused_at: float | None = None

    def refused_for(self) -> float:
        """For how many seconds nothing but no was heard, 0 with one no."""
        if self.refused_since is None or self.refused_at is None:
            return 0.0
        return self.refused_at - self.refused_since


@dataclass(frozen=True, slots=True)
class Hearing:
    """What is known of all peers' ports, by their `fqdn`."""

    voices: Mapping[str, Voice] = field(default_factory=lambda: MappingProxyType({}))

    def hear(self, findings: Mapping[str, Finding], now: float, hold: float) -> "Hearing":
        """The same with what was found at `now`; `hold` in seconds."""
        heard = {
            fqdn: _next(self.voices.get(fqdn, Voice()), finding, now, hold)
            for fqdn, finding in findings.items()
        }
        return Hearing(MappingProxyType({**self.voices, **heard}))

    def only(self, members: Iterable[str]) -> "Hearing":
        """The same without those who are no members."""
        kept = {fqdn: self.voices[fqdn] for fqdn in members if fqdn in self.voices}
        return Hearing(MappingProxyType(kept))

    def known(self, hold: float) -> Mapping[str, bool]:
        """Who answers and who does not; who is in neither, of them it can't be told."""
        return {
            fqdn: voice.is_counted
            for fqdn, voice in self.voices.items()
            if voice.is_counted or voice.refused_for() >= max(hold, 0.001)
        }


def _next(voice: Voice, finding: Finding, now: float, hold: float) -> Voice:
    match finding:
        case Yes():
            return Voice(is_counted=True)
        case No():
            since = now if voice.refused_since is None else voice.refused_since
            return Voice(voice.is_counted and now - since < hold, since, now)
        case CantTell():
            return Voice(voice.is_counted)
