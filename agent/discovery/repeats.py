"""Knowing an answer again, before anything of it is read.

At rest a poll brings the bytes of the last one, but for the ID; only the addresses are mixed by
some servers (CoreDNS's `loadbalance`). So peers that were read twice alike are kept as bytes that
have to be the same, and as pieces of one length, an address each, that may come in any order. An
answer that is not known again is read: so is one whose time to live a cache counts down, and one
whose addresses are records of several lengths.

This module knows bytes. What records mean, and who sent them, it must not know.
"""

from dataclasses import dataclass
from itertools import pairwise
from struct import Struct

from agent.discovery import wire
from agent.discovery.layout import HEADER, LONGEST_NAME, POINTER
from agent.discovery.rdata import records_in
from agent.discovery.wire import Print, Serial

_COUNTS_AT = 2  # behind the ID: the flags, and how many records there are
_FIELDS = 10  # bytes of a record between its owner and its data


@dataclass(frozen=True, slots=True)
class _Known:
    """What an answer says, and what has the bytes of one that says the same.

    Those from `start` to where the pieces begin are `fixed`; after the pieces comes `end`.
    """

    plain: Print | Serial
    length: int
    counts: bytes
    start: int
    fixed: bytes
    layout: Struct
    pieces: list[bytes]
    end: bytes

    def is_in(self, came: bytes, question: bytes) -> bool:
        """Whether an answer to `question` is this one."""
        return (
            len(came) == self.length
            and came[_COUNTS_AT:HEADER] == self.counts
            and came.startswith(question, HEADER)
            and came.startswith(self.fixed, self.start)
            and came.endswith(self.end)
            and sorted(self.layout.unpack_from(came, self.start + len(self.fixed))) == self.pieces
        )


class Repeats:
    """Reads plain answers as `wire.plain` does; the last one of each kind it knows again."""

    def __init__(self) -> None:
        self._known: dict[bytes, _Known | None] = {}  # None: it would be of no use to keep it
        self._read: dict[bytes, Print] = {}

    def plain(self, came: bytes, question: bytes) -> Print | Serial | None:
        """What stands for an answer to `question`; the same value for the same one as the last."""
        kind = question[-4:]
        known = self._known.get(kind)
        if known is not None and known.is_in(came, question):
            return known.plain
        match plain := wire.plain(came, question):
            case Print() if self._read.get(kind) != plain:
                self._read[kind] = plain
                self._known.pop(kind, None)
            case Print() if known is not None:  # the names may come in another order from now on
                del self._known[kind]
            case Print() if kind not in self._known:
                self._known[kind] = _known_addresses(came, question, plain)
            case Serial():
                self._known[kind] = _known_serial(came, question, plain)
        return plain


def _known_serial(came: bytes, question: bytes, plain: Serial) -> _Known | None:
    """The zone's record, for each question for a name in it of this length.

    None if the zone is not the question's name but for the first label, or is spelt oddly. The
    other names in the record are nothing to anybody.
    """
    zone, owner = HEADER + 1 + question[0], HEADER + len(question)
    pointer = (POINTER << 8 | zone).to_bytes(2, "big")
    if not came.startswith((pointer, question[1 + question[0] : -4]), owner):
        return None
    return _known(plain, came, zone, (len(came), 0, 0))


def _known_addresses(came: bytes, question: bytes, plain: Print) -> _Known | None:
    """The addresses in an answer, or beside one, as the pieces.

    None where they have several lengths, where something else stands between them, or where a name
    in one follows from what is in another.
    """
    records = [record for record in records_in(came, question) if record.is_address]
    sizes = {record.end - record.begin for record in records}
    adjoin = all(one.end == other.begin for one, other in pairwise(records))
    if len(sizes) != 1 or not adjoin:
        return None
    begin = records[0].begin
    for record in records:
        last = record.start - _FIELDS - 2  # of the owner: a pointer, or the end of a label
        if came[last] >= POINTER and not _is_over(came, _target(came, last), begin):
            return None
    return _known(plain, came, HEADER, (begin, sizes.pop(), len(records)))


def _is_over(came: bytes, at: int, limit: int) -> bool:
    """Whether the name that begins at `at` ends before `limit`."""
    for _ in range(LONGEST_NAME):
        if at >= limit or not (length := came[at]):
            return at < limit
        at = _target(came, at) if length >= POINTER else at + 1 + length
    return False


def _target(came: bytes, at: int) -> int:
    """Where the pointer at `at` leads."""
    return (came[at] & ~POINTER) << 8 | came[at + 1]


def _known(plain: Print | Serial, came: bytes, start: int, pieces: tuple[int, int, int]) -> _Known:
    """`pieces`: where they begin, how long each is, and how many there are."""
    begin, size, count = pieces
    layout = Struct(f"{size}s" * count)
    return _Known(
        plain,
        len(came),
        came[_COUNTS_AT:HEADER],
        start,
        came[start:begin],
        layout,
        sorted(layout.unpack_from(came, begin)),
        came[begin + layout.size :],
    )
