"""Who answers: each row of the table at the head of core/hearing.py, and what is made of it."""

from tests.mutations.mutation import Mutation

HEARING = "agent/core/hearing.py"
SELECTION = "agent/core/selection.py"
LISTENER = "agent/hearing.py"

SLOW = "who answered is left out only after refusing for the hold, and doubt takes nobody out"
ALONE = "the first stands for itself only when all others are known not to answer"
SELDOM = "nobody is asked more often, or in greater number, than is needed"


def _mutation(name: str, rule: str, file: str, old: str, new: str) -> Mutation:
    tests = {
        HEARING: "tests/core/test_hearing.py",
        SELECTION: "tests/core/test_selection.py",
        LISTENER: "tests/test_hearing.py",
    }
    return Mutation(name, rule, file, old, new, tests[file])


MUTATIONS = (
    _mutation(
        "one no is enough to be left out",
        SLOW,
        HEARING,
        "voice.is_counted and now - since < hold",
        "voice.is_counted and now - since < 0",
    ),
    _mutation(
        "who answered once counts for ever",
        SLOW,
        HEARING,
        "voice.is_counted and now - since < hold",
        "voice.is_counted",
    ),
    _mutation(
        "doubt takes out",
        SLOW,
        HEARING,
        "return Voice(voice.is_counted)",
        "return Voice()",
    ),
    _mutation(
        "doubt is as good as a no",
        SLOW,
        HEARING,
        "return Voice(voice.is_counted)",
        "return voice",
    ),
    _mutation(
        "the noes before a yes count",
        SLOW,
        HEARING,
        "return Voice(is_counted=True)",
        "return Voice(True, voice.refused_since)",
    ),
    _mutation(
        "one no is known for good",
        ALONE,
        HEARING,
        ">= max(hold, 0.001)",
        ">= 0",
    ),
    _mutation(
        "who left is remembered",
        SLOW,
        HEARING,
        "return Hearing(MappingProxyType(kept))",
        "return self",
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
        "now >= self._asked_at + again",
        "now >= self._asked_at",
    ),
    _mutation(
        "another membership is asked only when it is time to",
        SELDOM,
        LISTENER,
        "roll.others != self._asked or now",
        "now",
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
)
