"""Rest, and asking by the zone's serial: it triggers, and never hides a change for long."""

from tests.mutations.mutation import Mutation

SERIAL = "agent/core/serial.py"
REST = "agent/core/rest.py"
BY_SERIAL = "agent/discovery/by_serial.py"
READING = "agent/discovery/reading.py"

_TESTS = {
    SERIAL: "tests/core/test_serial.py",
    REST: "tests/core/test_rest.py",
    BY_SERIAL: "tests/discovery/test_by_serial.py",
    READING: "tests/discovery/test_by_serial.py",
}

SAME = "the short way through an answer that came again decides what all the rules decide"
NEWS = "a serial that was not seen before has the peers asked for at once"
HIDDEN = "what a serial hides is brought all the same"
TRUST = "a serial that can't be trusted is not asked for"
TOLD = "that the serial was given up is told, at no cost at rest"


def _mutation(name: str, rule: str, file: str, old: str, new: str) -> Mutation:
    return Mutation(name, rule, file, old, new, _TESTS[file])


RESTING = (
    _mutation(
        "another answer is taken for the same",
        SAME,
        REST,
        "    if seen.endpoints != rest.endpoints:\n        return None\n",
        "",
    ),
    _mutation(
        "an answer that may be old is taken for the same",
        SAME,
        REST,
        "not seen.is_whole or seen.ttl == 0:",
        "not seen.is_whole:",
    ),
    _mutation(
        "a quiet minute is one in which nobody answered",
        SAME,
        REST,
        "replace(state, answered_at=now, heard_at=now, fresh_at=fresh_at)",
        "replace(state, fresh_at=fresh_at)",
    ),
    _mutation(
        "somebody who is missing is at rest",
        SAME,
        REST,
        "known.sighting.missed or any(",
        "any(",
    ),
    _mutation(
        "what waits to settle is at rest",
        SAME,
        REST,
        "    if state.pending or state.unlisted_since is not None:",
        "    if state.unlisted_since is not None:",
    ),
    _mutation(
        "news are looked into after a minute",
        NEWS,
        SERIAL,
        "        return watch.asked_at < watch.news_at or now >= watch.news_at + AGAIN",
        "        pass",
    ),
    _mutation(
        "only a higher serial is news",
        NEWS,
        SERIAL,
        "    if serial not in watch.known:",
        "    if serial > max(watch.known, default=0):",
    ),
    _mutation(
        "the second change in one second is not looked for",
        HIDDEN,
        SERIAL,
        "        return watch.asked_at < watch.news_at or now >= watch.news_at + AGAIN",
        "        return watch.asked_at < watch.news_at",
    ),
    _mutation(
        "what a cache has from before is good enough",
        HIDDEN,
        SERIAL,
        "        made_at=asked_at - (longest - ttl),",
        "        made_at=asked_at,",
    ),
    _mutation(
        "the serial is a gate",
        HIDDEN,
        SERIAL,
        "    return now - watch.asked_at >= GAP * (1 + LATE * part)",
        "    return False",
    ),
    _mutation(
        "a change that no serial announced is nothing",
        TRUST,
        SERIAL,
        "    if watch.is_surprised:",
        "    if False:",
    ),
    _mutation(
        "a nameserver's serial is no news because another one told it",
        NEWS,
        SERIAL,
        "    return replace(watch, known=())",
        "    return watch",
    ),
    _mutation(
        "a serial that never comes is asked for for ever",
        TRUST,
        SERIAL,
        "    if watch.misses + 1 >= MISSES:",
        "    if False:",
    ),
    _mutation(
        "kube-dns's serial is one",
        TRUST,
        SERIAL,
        " and serial % _HOUR != 0",
        "",
    ),
    _mutation(
        "every version is a second of late",
        TRUST,
        SERIAL,
        "return -_OLDEST <= serial - unix_time <= _NEWEST and ",
        "return ",
    ),
)
MUTATIONS = (
    _mutation(
        "the serial of another zone is this one's",
        TRUST,
        BY_SERIAL,
        "case Reply(plain=Serial(owner, number)) if owner == self._zone:",
        "case Reply(plain=Serial(owner, number)) if owner:",
    ),
    _mutation(
        "doubt about the serial is quiet",
        HIDDEN,
        BY_SERIAL,
        "                return Unknown(reason, doubt)",
        "                return Quiet()",
    ),
    _mutation(
        "bare names have a serial",
        TRUST,
        BY_SERIAL,
        'self._may_ask = inquiry.serial != "never" and not inquiry.service.is_bare',
        'self._may_ask = inquiry.serial != "never"',
    ),
    _mutation(
        "a small set is asked for by the serial",
        TRUST,
        BY_SERIAL,
        'return self._may_ask and (self._is_large or self._inquiry.serial == "always")',
        "return self._may_ask",
    ),
    _mutation(
        "a cache that was asked before has the serial",
        NEWS,
        BY_SERIAL,
        'f"rollcall-{unix_time:.0f}.{zone}"',
        'f"rollcall.{zone}"',
    ),
    _mutation(
        "all nameservers are one",
        NEWS,
        BY_SERIAL,
        "        if (server := self._resolver.answered_last) == self._server:",
        "        if (server := None) == self._server:",
    ),
    _mutation(
        "what another nameserver lists is a surprise",
        TRUST,
        BY_SERIAL,
        "is_surprise = not self._look_who() and at_rest",
        "is_surprise = at_rest",
    ),
    _mutation(
        "nobody is told that the serial was given up",
        TOLD,
        BY_SERIAL,
        "self._remarks.on(seen, GIVEN_UP) if serial.is_off(self._watch, asked_at) else seen",
        "seen",
    ),
    _mutation(
        "the remark that it was given up makes a new value of each answer",
        TOLD,
        READING,
        "        if (seen, remark) != self._last[:2]:",
        "        if True:",
    ),
)
