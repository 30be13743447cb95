"""Who answers: each row of the table at the head of core/hearing.py, and what is made of it."""

from tests.mutations.mutation import Mutation

HEARING = "agent/core/hearing.py"
SELECTION = "agent/core/selection.py"
LISTENER = "agent/hearing.py"
KNOCKING = "agent/cli/knocking.py"
ROLL = "agent/core/roll.py"

SLOW = "who answered is left out only after refusing for the hold, and doubt takes nobody out"
ALONE = "the first stands for itself only when all others are known not to answer"
SELDOM = "nobody is asked more often, or in greater number, than is needed"


def _mutation(name: str, rule: str, file: str, old: str, new: str) -> Mutation:
    tests = {
        HEARING: "tests/core/test_hearing.py",
        SELECTION: "tests/core/test_selection.py",
        LISTENER: "tests/test_hearing.py",
        KNOCKING: "tests/test_wanted.py",
        ROLL: "tests/core/test_roll.py",
    }
    return Mutation(name, rule, file, old, new, tests[file])


MUTATIONS = (
    _mutation(
        "who answered is left out too soon",
        SLOW,
        HEARING,
        "voice.is_counted and not 0 < refused_for >= rules.hold",
        "voice.is_counted and not 0 < refused_for",
    ),
    _mutation(
        "who answered once counts for ever",
        SLOW,
        HEARING,
        "voice.is_counted and not 0 < refused_for >= rules.hold",
        "voice.is_counted",
    ),
    _mutation(
        "time in which nobody asked is time of refusing",
        SLOW,
        HEARING,
        "min(step, rules.longest_gap)",
        "step",
    ),
    _mutation(
        "doubt takes out",
        SLOW,
        HEARING,
        "return Voice(voice.is_counted, last=reason)",
        "return Voice(last=reason)",
    ),
    _mutation(
        "doubt is as good as a no",
        SLOW,
        HEARING,
        "return Voice(voice.is_counted, last=reason)",
        "return voice",
    ),
    _mutation(
        "the noes before a yes count",
        SLOW,
        HEARING,
        "return Voice(is_counted=True, last=seen)",
        "return Voice(True, voice.refused_for, voice.refused_at, seen)",
    ),
    _mutation(
        "one no is known for good",
        ALONE,
        HEARING,
        "return False if self.refused_for > 0 and",
        "return False if self.refused_at is not None and",
    ),
    _mutation(
        "who left is remembered",
        SLOW,
        HEARING,
        "return Hearing(MappingProxyType(kept))",
        "return self",
    ),
    _mutation(
        "it is not told that the first counts as alone",
        ALONE,
        HEARING,
        "if _is_alone(roll, now) and not _is_alone(roll, before):",
        "if _is_alone(roll, now) and not roll.is_first:",
    ),
    _mutation(
        "who can't be told of is known not to answer",
        ALONE,
        SELECTION,
        "all(heard.get(peer.fqdn) is False for peer in others)",
        "all(not heard.get(peer.fqdn) for peer in others)",
    ),
    _mutation(
        "any pod to which nobody answers stands for itself",
        ALONE,
        SELECTION,
        "roll.me is not None and roll.is_first and is_alone",
        "roll.me is not None and is_alone",
    ),
    _mutation(
        "the first stands for itself while nobody is known to answer",
        ALONE,
        SELECTION,
        "roll.me is not None and roll.is_first and is_alone",
        "roll.me is not None and roll.is_first",
    ),
    _mutation(
        "who refuses is named",
        ALONE,
        SELECTION,
        "others = tuple(peer for peer in others if heard.get(peer.fqdn))",
        "others = tuple(peer for peer in others if peer.fqdn in heard)",
    ),
    _mutation(
        "who is without an address is named by it",
        ALONE,
        SELECTION,
        "chosen = tuple(peer for peer in chosen if peer.addresses)",
        "chosen = tuple(chosen)",
    ),
    _mutation(
        "everybody is asked each turn",
        SELDOM,
        LISTENER,
        "self._clock() >= due",
        "self._clock() >= self._asked_at",
    ),
    _mutation(
        "who begins to refuse is asked without haste",
        SLOW,
        LISTENER,
        "is_soon = is_urgent or any(",
        "is_soon = is_urgent and any(",
    ),
    _mutation(
        "another membership is asked only when it is time to",
        SELDOM,
        LISTENER,
        "return others != self._asked or",
        "return",
    ),
    _mutation(
        "all are asked where the first are enough",
        SELDOM,
        LISTENER,
        "first = others[: wanted.limit] if wanted.limit else others",
        "first = others",
    ),
    _mutation(
        "the others are not asked where the first are too few",
        SELDOM,
        LISTENER,
        "rest = others[len(first) :]",
        "rest = ()",
    ),
    _mutation(
        "who is not asked any more still counts",
        SLOW,
        LISTENER,
        "self._hearings[wanted.port].only(found)",
        "self._hearings[wanted.port]",
    ),
    _mutation(
        "an output that wants some decides for one that wants all",
        SELDOM,
        KNOCKING,
        "0 if 0 in all_ else max(all_)",
        "max(all_)",
    ),
    _mutation(
        "a word in a roll that is neither true nor false is true",
        ALONE,
        ROLL,
        "if not isinstance(word, bool):",
        "if word is None:",
    ),
)
