"""`make bench`: what one agent costs, beside a real CoreDNS, and another program beside it.

It starts itself again in a network namespace of its own, where all of this runs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bench.changes import follow
from tests.bench.figures import HALF, PEER_FINDER, ROLLCALL, Reading, Remark, figures
from tests.bench.place import NoPlaceError, again, is_within
from tests.bench.programs import Kind
from tests.bench.rest import Quiet, at_rest
from tests.bench.starts import starts
from tests.bench.table import table

SIZES = (3, 10, 100, 700, 1000)


@dataclass(frozen=True, slots=True)
class Extent:
    """How long all of it is: starts of each size, rounds and changes in each, and the rest."""

    starts: int
    changes: tuple[int, int]
    quiet: Quiet


# Changes: of 12 in a round two are of an address, which peer-finder does not see.
WHOLE = Extent(10, (5, 12), Quiet(140, 60, 3))
QUICK = Extent(3, (1, 6), Quiet(5, 5, 3))


def main() -> int:
    """Measures all and prints it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=",".join(map(str, SIZES)), help="the sizes of sets")
    parser.add_argument("--quick", action="store_true", help="a minute, for a first look")
    parser.add_argument(
        "--only", choices=("starts", "changes", "rest"), action="append", help="not all of it"
    )
    parser.add_argument("--json", metavar="FILE", help="write all readings there; - is stdout")
    args = parser.parse_args()
    try:
        if not is_within():
            return again("tests.bench.bench", sys.argv[1:])
        found = figures(_readings(args))
    except (NoPlaceError, pytest.skip.Exception) as none:
        sys.exit(f"bench: {none}")
    for line in table(found):
        print(line)
    if args.json:
        text = json.dumps([each.document() for each in found], indent=1) + "\n"
        Path("/dev/stdout" if args.json == "-" else args.json).write_text(text)
    return 0


def _readings(args: argparse.Namespace) -> Iterator[Reading]:
    """All readings; what can't be measured is told on the way."""
    extent, parts = QUICK if args.quick else WHOLE, args.only or ("starts", "changes", "rest")
    unable: set[tuple[int, str]] = set()
    for each in _measured([int(word) for word in args.peers.split(",")], extent, parts, unable):
        if isinstance(each, Reading):
            yield each
            continue
        print(f"{each.program} beside {each.peers} peers: {each.why}", file=sys.stderr)
        unable.add((each.peers, each.program))


def _measured(
    sizes: Sequence[int], extent: Extent, parts: Sequence[str], unable: set[tuple[int, str]]
) -> Iterator[Reading | Remark]:
    """Each part at each size, without those that were found unable meanwhile."""
    other = os.environ.get("PEER_FINDER")
    others = [Kind(PEER_FINDER, other)] if other else []

    def able(size: int, *own: Kind) -> list[Kind]:
        return [kind for kind in (*own, *others) if (size, kind.name) not in unable]

    with tempfile.TemporaryDirectory(prefix="rollcall-bench-") as name:
        folder = Path(name)
        for size in sizes if "starts" in parts else ():
            within = folder / f"starts-{size}"
            yield from starts(size, able(size, Kind(ROLLCALL)), extent.starts, within)
        for size in sizes if "changes" in parts else ():
            flags = ("--settle=0s", "--interval=500ms")
            own = able(size, Kind(ROLLCALL, flags=flags[:1]), Kind(HALF, flags=flags))
            yield from follow(size, own, extent.changes, folder / f"changes-{size}")
        if "rest" in parts:
            every = [(size, kind) for size in sizes for kind in able(size, Kind(ROLLCALL))]
            yield from at_rest(every, extent.quiet, folder / "rest")


if __name__ == "__main__":
    sys.exit(main())
