"""Puts the figures into docs/fleet.md, between its marks, and draws docs/fleet.svg."""

from pathlib import Path

from tests.fleet import scenes, table
from tests.fleet.picture import picture
from tests.fleet.scenes import seen

PAGE = Path(__file__).parents[2] / "docs" / "fleet.md"
PICTURE = PAGE.with_suffix(".svg")
BEGIN, END = "<!-- Made by `python -m tests.fleet`. -->", "<!-- So far. -->"
CURVE = (10, 30, 100, 300, 700, 1000, 4000)


def tables() -> str:
    """What stands between the marks."""
    return "\n".join(table.lines())


def filled(page: str) -> str:
    """The page with today's figures."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{rest.partition(END)[2]}"


def drawn() -> str:
    """The picture."""
    curves = {
        "peer-finder": [(pods, table.peer_finder(pods).size) for pods in CURVE],
        "rolling restart": [(pods, seen(scenes.RESTART, pods).mean.size) for pods in CURVE],
        "at rest": [(pods, seen(scenes.REST, pods).mean.size) for pods in CURVE],
    }
    return picture("Answers of a set's DNS servers, bytes a second", curves)
