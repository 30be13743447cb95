"""The shortest run there can be, for `test_bench`: prints what was measured, as JSON."""

from __future__ import annotations

import json
import sys

from tests.bench.course import PARTS, Course, Extent, run
from tests.bench.figures import Reading
from tests.bench.place import enter
from tests.bench.rest import Quiet

_SHORTEST = Extent(1, 1, (1, 1), 0, Quiet(0, 1, 1))


def main() -> int:
    """Measures, in a network of its own."""
    enter("tests.bench.smoke", ())
    every = list(run(Course((3,), "", PARTS, _SHORTEST)))
    found = [[each.measure.key, each.value] for each in every if isinstance(each, Reading)]
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
