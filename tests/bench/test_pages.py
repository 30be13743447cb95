import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench import figures
from tests.bench.figures import MEASURES, PROGRAMS, Figure
from tests.bench.page import BEGIN, END, NoMarksError, filled, machine
from tests.bench.picture import HEIGHT, WIDTH, picture

SIZES = (3, 10, 100, 700, 1000)

every_figure = st.builds(
    Figure,
    st.sampled_from(MEASURES),
    st.sampled_from(SIZES),
    st.sampled_from(PROGRAMS),
    st.lists(st.floats(0, 1e6), min_size=1, max_size=3).map(tuple),
)


def placed(svg: str) -> list[float]:
    """All numbers that say where something is, by their names: those of a line are in its path."""
    return [float(number) for number in re.findall(r'(?:x|y|M|L|V)=?"?(-?[\d.]+)', svg)]


@given(st.lists(every_figure, unique_by=lambda each: (each.measure, each.peers, each.program)))
def test_a_picture_is_whole_and_nothing_is_outside_of_it(every: list[Figure]) -> None:
    svg = picture(sorted(every, key=lambda each: each.peers))
    ElementTree.fromstring(svg)  # noqa: S314  # our own
    assert all(math.isfinite(n) and 0 <= n <= max(WIDTH, HEIGHT) for n in placed(svg))


def test_a_picture_names_every_program() -> None:
    svg = picture([Figure(figures.CPU, 3, program, (1.0,)) for program in PROGRAMS])
    texts = [each.text for each in ElementTree.fromstring(svg).iter()]  # noqa: S314  # our own
    assert {*PROGRAMS} <= {*texts}


def test_only_what_is_between_the_marks_of_a_page_is_replaced() -> None:
    page = f"above\n{BEGIN}\n\nold\n\n{END}\nbelow\n"
    assert filled(page, ["new"]) == page.replace("old", "new")
    assert filled(filled(page, ["new"]), ["old"]) == page
    for broken in ("above\n", f"{BEGIN}\n", f"{END}\n{BEGIN}\n"):
        with pytest.raises(NoMarksError):
            filled(broken, [])


def test_a_machine_is_named_by_its_processor() -> None:
    assert "with 2 CPUs (Some CPU)." in machine("processor : 0\nmodel name\t: Some CPU\n", 2)
