"""`make bench`: what one agent costs, beside a real CoreDNS, and another program beside it.

It starts itself again in a network namespace of its own, where all of this runs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.figures import Reading, figures
from tests.bench.place import NoPlaceError, again, is_within
from tests.bench.programs import PEER_FINDER, ROLLCALL, Kind
from tests.bench.rest import Quiet, at_rest
from tests.bench.starts import starts
from tests.bench.table import table

SIZES = (3, 10, 100, 700, 1000)


def main() -> int:
    """Measures all and prints it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=",".join(map(str, SIZES)), help="the sizes of sets")
    parser.add_argument("--rounds", type=int, default=5, help="how often each start is measured")
    parser.add_argument("--warm", type=float, default=20, help="seconds of quiet before the rest")
    parser.add_argument("--rest", type=float, default=30, help="seconds of a round at rest, of 3")
    parser.add_argument("--json", metavar="FILE", help="write all readings there, - is stdout")
    args = parser.parse_args()
    try:
        if not is_within():
            return again("tests.bench.bench", sys.argv[1:])
        found = figures(_measured(args))
    except (NoPlaceError, pytest.skip.Exception) as none:
        sys.exit(f"bench: {none}")
    for line in table(found):
        print(line)
    if args.json:
        text = json.dumps([each.document() for each in found], indent=1) + "\n"
        Path("/dev/stdout" if args.json == "-" else args.json).write_text(text)
    return 0


def _measured(args: argparse.Namespace) -> Iterator[Reading]:
    sizes = [int(word) for word in args.peers.split(",")]
    kinds = [Kind(ROLLCALL)]
    if other := os.environ.get("PEER_FINDER"):
        kinds.append(Kind(PEER_FINDER, other))
    with tempfile.TemporaryDirectory(prefix="rollcall-bench-") as name:
        folder = Path(name)
        for size in sizes:
            (within := folder / f"starts-{size}").mkdir()
            yield from starts(size, kinds, args.rounds, within)
        (within := folder / "rest").mkdir()
        yield from at_rest(sizes, kinds, Quiet(args.warm, args.rest, 3), within)


if __name__ == "__main__":
    sys.exit(main())
