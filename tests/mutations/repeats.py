"""Knowing an answer again by its bytes."""

from tests.mutations.mutation import Mutation

REPEATS = "agent/discovery/repeats.py"

_REPEATS_TESTS = "tests/discovery/test_repeats.py"

SAME = "an answer that is known again says what the last one said"
KNOWN = "the answers that a poll brings at rest are known again"


def _repeats(name: str, rule: str, old: str, new: str) -> Mutation:
    return Mutation(name, rule, REPEATS, old, new, _REPEATS_TESTS)


MUTATIONS = (
    _repeats(
        "any addresses are the last ones",
        SAME,
        "            and sorted(self.layout.unpack_from(came, self.start + len(self.fixed))) == "
        "self.pieces\n",
        "",
    ),
    _repeats(
        "the names are the last ones whatever they are",
        SAME,
        "            and came.startswith(self.fixed, self.start)\n",
        "",
    ),
    _repeats(
        "flags and counts don't matter",
        SAME,
        "            and came[_COUNTS_AT:HEADER] == self.counts\n",
        "",
    ),
    _repeats(
        "what comes after the addresses doesn't matter",
        SAME,
        "            and came.endswith(self.end)\n",
        "",
    ),
    _repeats(
        "more of it is the same",
        SAME,
        "            len(came) == self.length\n            and ",
        "            ",
    ),
    _repeats(
        "the answer to another question is the last one",
        SAME,
        "            and came.startswith(question, HEADER)\n",
        "",
    ),
    _repeats(
        "a name that follows from another address is taken for a piece",
        SAME,
        "if came[last] >= POINTER and not _is_over(came, _target(came, last), begin):",
        "if came[last] >= POINTER and _target(came, last) >= begin:",
    ),
    _repeats(
        "what stands between the addresses is a part of one",
        SAME,
        "if len(sizes) != 1 or not adjoin:",
        "if len(sizes) != 1:",
    ),
    _repeats(
        "pieces may have any length", SAME, "if len(sizes) != 1 or not adjoin:", "if not sizes:"
    ),
    _repeats(
        "any owner of a serial is the zone",
        SAME,
        "if not came.startswith((pointer, question[1 + question[0] : -4]), owner):",
        "if not came:",
    ),
    _repeats(
        "an answer is kept at first sight",
        KNOWN,
        "            case Print() if self._read.get(kind) != plain:",
        "            case Print() if self._read.get(kind, plain) != plain:",
    ),
    _repeats(
        "names that come in another order are read for ever",
        KNOWN,
        "                del self._known[kind]",
        "                pass",
    ),
    _repeats(
        "only the same order is known",
        KNOWN,
        "sorted(self.layout.unpack_from(came, self.start + len(self.fixed))) == self.pieces",
        "list(self.layout.unpack_from(came, self.start + len(self.fixed))) == self.pieces",
    ),
    _repeats(
        "no serial is known again",
        KNOWN,
        "                self._known[kind] = _known_serial(came, question, plain)",
        "                pass",
    ),
)
