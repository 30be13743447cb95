"""What people read of the formats: docs/formats.md and `rollcall formats explain`."""

import re

from agent import formats
from tests.formats.page import PAGE, page
from tests.formats.rolls import each_format


def test_the_page_of_the_formats_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "write it anew: .venv/bin/python -m tests.formats.page"


@each_format
def test_what_is_explained_is_all_that_the_header_says(name: str) -> None:
    form = formats.load(name)
    said = " ".join(formats.explain(form).split())
    head = form.header
    parts = [head.title, f"/peers/{head.file}", formats.VOLUME, formats.wiring(form), head.reload]
    parts += [f"{key}: {entry.meaning}" for key, entry in head.variables.items()]
    parts += [hazard.what for hazard in head.hazards] + [hazard.source for hazard in head.hazards]
    missing = [part for part in parts if " ".join(part.split()) not in said]
    assert not missing


@each_format
def test_explanations_fit_a_terminal(name: str) -> None:
    """Only what can't be broken, such as an address, is longer."""
    lines = formats.explain(formats.load(name)).splitlines()
    assert not [line for line in lines if len(line) > 79 and " " in line.strip()]


@each_format
def test_the_path_stands_in_the_wiring_as_a_word_of_its_own(name: str) -> None:
    assert not re.search(r"\w/peers/|/peers/[\w.-]*_[A-Z]", formats.wiring(formats.load(name)))


def test_a_variable_of_the_environment_keeps_its_name_in_the_wiring() -> None:
    assert " ES_PATH_CONF " in formats.wiring(formats.load("elasticsearch"))
    assert " OPENSEARCH_PATH_CONF " in formats.wiring(formats.load("opensearch"))
