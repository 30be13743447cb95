"""What `golden/` holds: each format as the first and the last pod of sets of many sizes write it.

`python -m tests.formats.goldens [NAME…]` writes the files anew; look at what `git diff` says then.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from agent import formats
from agent.core.roll import Peer, Roll
from tests.formats.rolls import SERVICE, pod

GOLDEN = Path(__file__).with_name("golden")
SIZES = (1, 2, 3, 12)


def text(name: str) -> str:
    """All that the golden file of a format is to hold."""
    form = formats.load(name)
    recipe = formats.Recipe(form, form.header.examples)
    cases = {
        f"{size} of {size} pods, db-{me}": (recipe, _of(size, me))
        for size in SIZES
        for me in sorted({0, size - 1})
    }
    by_address = recipe
    if form.selection is not None:
        by_address = replace(recipe, selection=replace(form.selection, address="ip"))
    for family, index in (("IPv4", 0), ("IPv6", 1)):
        cases[f"3 of 3 pods by {family}, db-2"] = (by_address, _of(3, 2, index))
    parts = (f"==== {title}\n{_rendered(*case)}" for title, case in cases.items())
    return "".join(parts)


def _of(size: int, me: int, family: int | None = None) -> Roll:
    def seen(ordinal: int) -> Peer:
        both = pod(ordinal).addresses
        return Peer(pod(ordinal).fqdn, both if family is None else (both[family],))

    return Roll(SERVICE, seen(me), tuple(seen(n) for n in range(size)), 1, size)


def _rendered(recipe: formats.Recipe, roll: Roll) -> str:
    made = formats.render(recipe, roll)
    return made.decode() if isinstance(made, bytes) else f"(withheld: {made.reason})\n"


def _write(names: list[str]) -> Iterator[str]:
    for name in names or formats.names():
        (GOLDEN / f"{name}.txt").write_text(text(name))
        yield name


if __name__ == "__main__":
    print("wrote", *_write(sys.argv[1:]))
