"""Variables that a format can't do without."""

import pytest

from agent import formats
from agent.core.identity import Role
from agent.formats import FormatError
from tests.formats.rolls import THREE

NEEDY = """{#
variables:
  name: {meaning: what it is called, pattern: "[a-z]+", example: green}
#}
{{ vars.name }}
"""


def test_a_format_whose_needed_variable_is_not_given_says_so_wherever_it_is_used() -> None:
    recipe = formats.Recipe(formats.own_format("/needy.j2", NEEDY))
    for use in (
        lambda: formats.check(recipe),
        lambda: formats.try_out(recipe, Role()),
        lambda: formats.render(recipe, THREE),
    ):
        with pytest.raises(FormatError) as refused:
            use()
        assert str(refused.value) == (
            "format needy needs the variable name, what it is called: set it, as in "
            "--var name=green"
        )


def test_a_needed_variable_that_is_given_is_written_and_checked_like_any_other() -> None:
    form = formats.own_format("/needy.j2", NEEDY)
    assert formats.render(formats.Recipe(form, {"name": "red"}), THREE) == b"red\n"
    with pytest.raises(FormatError, match=r"name is 'RED', it has to match \[a-z\]\+"):
        formats.check(formats.Recipe(form, {"name": "RED"}))


def test_what_has_to_be_given_is_told_with_the_format() -> None:
    said = formats.explain(formats.own_format("/needy.j2", NEEDY))
    assert " --var name=green\n" in said
    assert "name: what it is called [has to be given]" in said
