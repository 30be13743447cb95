"""`make bench`: what one agent costs, beside a real CoreDNS, and another program beside it.

It starts itself again in a network namespace of its own, where all of this runs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.bench import goals, table
from tests.bench.course import PARTS, QUICK, WHOLE, Course, run
from tests.bench.figures import Figure, Reading, Remark, figures
from tests.bench.page import filled, machine
from tests.bench.picture import picture
from tests.bench.place import NoPlaceError, enter

SIZES = (3, 10, 100, 700, 1000)
_CPUS = Path("/proc/cpuinfo")


def arguments() -> argparse.ArgumentParser:
    """What can be said on the command line."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--peers", type=_sizes, default=SIZES, help="sizes of sets, as 3,100")
    parser.add_argument("--quick", action="store_true", help="a first look, in a minute or two")
    parser.add_argument("--only", choices=PARTS, action="append", help="not all of it (repeatable)")
    parser.add_argument(
        "--json", nargs="?", const="-", metavar="FILE", help="all readings, there or on stdout"
    )
    parser.add_argument("--picture", type=Path, metavar="FILE", help="an SVG")
    parser.add_argument("--page", type=Path, metavar="FILE", help="put the table into this page")
    return parser


def main() -> int:
    """Measures all and prints it."""
    args = arguments().parse_args()
    try:
        enter("tests.bench.bench", sys.argv[1:])
        found, remarks = _measured(args)
    except (NoPlaceError, pytest.skip.Exception) as none:
        sys.exit(f"bench: {none}")
    lines = [*table.lined(table.rows(found)), "", *table.lined(goals.rows(found))]
    lines += [f"\nNot measured: {each}." for each in remarks]
    around = machine(_CPUS.read_text(), len(os.sched_getaffinity(0)))
    if args.json:
        _write(args.json, json.dumps(_document(around, found, remarks), indent=1))
    if args.json != "-":
        print("\n".join([around, "", table.LEGEND, "", *lines]))
    if args.picture:
        args.picture.write_text(picture(found))
    if args.page:
        page = args.page.read_text(encoding="utf-8")
        args.page.write_text(filled(page, [around, "", *lines]), encoding="utf-8")
    return 0


def _measured(args: argparse.Namespace) -> tuple[list[Figure], list[str]]:
    """All figures, and why others are not there."""
    extent = QUICK if args.quick else WHOLE
    course = Course(args.peers, _other(), args.only or PARTS, extent)
    readings: list[Reading] = []
    remarks: list[str] = []
    for each in _told(run(course)):
        if isinstance(each, Reading):
            readings.append(each)
        else:
            remarks.append(f"{each.program} beside {each.peers} peers: {each.why}")
    return figures(readings), remarks


def _other() -> str:
    """The path of the other program, empty where there is none."""
    given = os.environ.get("PEER_FINDER", "")
    if not given:
        return ""
    if not os.access(given, os.X_OK):
        sys.exit(f"bench: {given} is no program: PEER_FINDER is the path of peer-finder")
    return str(Path(given).absolute())


def _told(every: Iterator[Reading | Remark]) -> Iterator[Reading | Remark]:
    """The same, with a line on stderr for each remark, and for the first of each measure."""
    seen = set()
    for each in every:
        if isinstance(each, Remark):
            print(f"{each.program} beside {each.peers} peers: {each.why}", file=sys.stderr)
        elif (now := (each.measure, each.peers)) not in seen:
            seen.add(now)
            print(f"{each.measure.title}, {each.peers} peers", file=sys.stderr)
        yield each


def _write(file: str, text: str) -> None:
    if file == "-":
        print(text)
    else:
        Path(file).write_text(f"{text}\n")


def _document(around: str, found: Sequence[Figure], remarks: Sequence[str]) -> dict[str, object]:
    return {
        "machine": around,
        "figures": [each.document() for each in found],
        "goals": [each.document() for each in goals.verdicts(found)],
        "remarks": remarks,
    }


def _sizes(text: str) -> tuple[int, ...]:
    """Each at least 3, for the measured pod is the second and another one moves."""
    sizes = tuple(int(word) for word in text.split(","))
    if min(sizes) < 3:
        raise argparse.ArgumentTypeError("3 is the smallest set")
    return sizes


if __name__ == "__main__":
    sys.exit(main())
