import re
import shlex
from pathlib import Path

from tests.bench.bench import arguments
from tests.bench.figures import MEASURES
from tests.bench.page import filled

PAGE = Path(__file__).parents[2] / "docs" / "cost.md"


def test_the_commands_on_the_page_are_such_that_the_program_takes_them() -> None:
    page = PAGE.read_text(encoding="utf-8")
    given = re.findall(r'make bench .*?ARGS="(.*?)"', page)
    assert given
    for each in given:
        arguments().parse_args(shlex.split(each))


def test_the_page_has_every_measure_and_its_marks() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert filled(page, []) != page
    for measure in MEASURES:
        assert f"| {measure.title}, {measure.unit}" in page, measure
