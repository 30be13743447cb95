"""Who answers on a port, as it is known over time: from single findings to what a file may say.

| heard of a peer | does                                                                          |
|-----------------|-------------------------------------------------------------------------------|
| yes             | it answers, at once                                                           |
| no              | one that answered counts as answering for `hold` seconds of nothing but noes; |
|                 | then, as one that never did, it is known not to answer                        |
| can't tell      | changes nothing, and the noes begin anew                                      |
| it is no member | is forgotten                                                                  |

Of the time between two noes no more than `longest_gap` counts: time in which nobody asked is no
time in which a peer refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from agent.core.finding import CantTell, Finding, No, Yes
from agent.core.roll import Answering, Roll

# So many peers are told of one by one.
_MANY = 2


@dataclass(frozen=True, slots=True)
class HearingRules:
    """Both in seconds, as above."""

    hold: float = 30.0
    longest_gap: float = 10.0


@dataclass(frozen=True, slots=True)
class News:
    """A sentence about who answers, with its level as in logging and what kind of event it is."""

    level: Literal["info", "warning"]
    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known at all ports, what of it is new, and at each port what is still open."""

    answering: Answering = field(default_factory=lambda: MappingProxyType({}))
    news: tuple[News, ...] = ()
    waiting: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Voice:
    """What is known of one peer's port.

    `refused_for`: seconds of nothing but noes since anything else was heard, the last of them at
    `refused_at` (clock seconds; None: something else came last). `last`: that, as a phrase.
    """

    is_counted: bool = False
    refused_for: float = 0.0
    refused_at: float | None = None
    last: str = ""

    def known(self, hold: float) -> bool | None:
        """Whether it answers; None while that can't be told."""
        if self.is_counted:
            return True
        # Two noes at least, even without a hold: one may be of the moment of a restart.
        return False if self.refused_for > 0 and self.refused_for >= hold else None


@dataclass(frozen=True, slots=True)
class Hearing:
    """What is known of all peers at one port, by their `fqdn`."""

    voices: Mapping[str, Voice] = field(default_factory=lambda: MappingProxyType({}))

    def hear(self, findings: Mapping[str, Finding], now: float, rules: HearingRules) -> "Hearing":
        """The same with what was found at `now` (clock seconds)."""
        heard = {
            fqdn: _next(self.voices.get(fqdn, Voice()), finding, now, rules)
            for fqdn, finding in findings.items()
        }
        return Hearing(MappingProxyType({**self.voices, **heard}))

    def only(self, members: Iterable[str]) -> "Hearing":
        """The same without those who are no members."""
        kept = {fqdn: self.voices[fqdn] for fqdn in members if fqdn in self.voices}
        return Hearing(MappingProxyType(kept))

    def known(self, hold: float) -> Mapping[str, bool]:
        """Who answers and who does not; who is in neither, of them it can't be told."""
        words = {fqdn: voice.known(hold) for fqdn, voice in self.voices.items()}
        return {fqdn: word for fqdn, word in words.items() if word is not None}

    def is_unsettled(self, hold: float) -> bool:
        """Whether somebody refuses of whom it is still said that they answer, or nothing is."""
        return any(
            voice.refused_at is not None and voice.known(hold) is not False
            for voice in self.voices.values()
        )

    def waiting(self, hold: float) -> str:
        """What was heard of those who are not known to answer; empty if there is nobody."""
        quiet = [voice for voice in self.voices.values() if not voice.is_counted]
        told = [_told(voice, hold) for voice in quiet[:_MANY]]
        more = [f"{len(quiet) - _MANY} more do not answer"] if len(quiet) > _MANY else []
        return "; ".join([*told, *more])


def news(roll: Roll, port: int, before: Mapping[str, bool], now: Mapping[str, bool]) -> list[News]:
    """What changed of who answers on a port; and that this pod counts as alone, if that is new."""
    told = []
    for peer in roll.others:
        was, word = before.get(peer.fqdn), now.get(peer.fqdn)
        if word is True and was is not True:
            told.append(News("info", "answers", f"{peer.name} answers on port {port}"))
        if was is True and word is False:
            sentence = f"{peer.name} answers on port {port} no more: it refused for some time"
            told.append(News("info", "answers", sentence))
    if len(told) > _MANY + 1:
        sentence = f"{told[0].sentence}; {len(told) - 1} others changed too"
        told = [News("info", "answers", sentence)]
    if _is_alone(roll, now) and not _is_alone(roll, before):
        names = ", ".join(peer.name for peer in roll.others[:_MANY])
        more = f" and {len(roll.others) - _MANY} more" if len(roll.others) > _MANY else ""
        sentence = (
            f"{names}{more} refuse connections on port {port}: this pod is the first of its set, "
            "so a file may name it alone, and its database may found a cluster"
        )
        told.append(News("warning", "alone", sentence))
    return told


def _is_alone(roll: Roll, known: Mapping[str, bool]) -> bool:
    """Whether this is the first pod, and all others are known not to answer."""
    others = roll.others
    return roll.is_first and bool(others) and all(known.get(p.fqdn) is False for p in others)


def _told(voice: Voice, hold: float) -> str:
    if voice.refused_at is None:
        return voice.last
    return f"{voice.last}, for {voice.refused_for:.0f} s of {hold:g} s"


def _next(voice: Voice, finding: Finding, now: float, rules: HearingRules) -> Voice:
    match finding:
        case Yes(seen):
            return Voice(is_counted=True, last=seen)
        case No(seen):
            step = 0.0 if voice.refused_at is None else now - voice.refused_at
            refused_for = voice.refused_for + min(step, rules.longest_gap)
            is_counted = voice.is_counted and not 0 < refused_for >= rules.hold
            return Voice(is_counted, refused_for, now, seen)
        case CantTell(reason):
            return Voice(voice.is_counted, last=reason)
