"""That a template may say that there is to be no file."""

import pytest

from agent import formats
from agent.core.roll import Roll
from agent.formats import FormatError, Withheld
from tests.formats.rolls import THREE, roll

SOURCE = """
{%- if peers | length < 2 %}{{ withhold("while " ~ me.name ~ " is alone") }}{% endif -%}
{{ me.name }}
"""


def made(source: str, of: Roll) -> bytes | Withheld:
    return formats.render(formats.Recipe(formats.own_format("/templates/own.j2", source)), of)


def test_a_template_says_why_its_file_is_not_written() -> None:
    assert made(SOURCE, roll(1)) == Withheld("own is not written while db-1 is alone")


def test_a_template_that_withholds_nothing_is_written() -> None:
    assert made(SOURCE, THREE) == b"db-1\n"


def test_a_template_that_withholds_without_a_reason_is_wrong() -> None:
    with pytest.raises(FormatError, match="withhold"):
        made("{{ withhold() }}", THREE)
