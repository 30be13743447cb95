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
def test_it_is_explained_which_formats_take_a_base_file(name: str) -> None:
    form = formats.load(name)
    syntax = form.header.syntax.upper()
    said = f"Base It can be laid over a file in {syntax} that an output names as base."
    assert (said in " ".join(formats.explain(form).split())) == bool(syntax)
    section = PAGE.read_text().partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    assert ("**Base.**" in section) == bool(syntax)


def test_the_page_of_the_outputs_names_the_formats_that_take_a_base_file() -> None:
    text = " ".join((PAGE.parent / "outputs.md").read_text().split())
    yaml, _, ini = text.partition("in YAML ")[2].partition(".")[0].partition(", in INI ")
    for listed, syntax in ((yaml, "yaml"), (ini, "ini")):
        of_it = [name for name in formats.names() if formats.load(name).header.syntax == syntax]
        assert re.split(", | and ", listed) == of_it


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
