"""The names that there are, told to who wrote another."""

import pytest

from agent.core.words import did_you_mean, nearest, what_there_is

KNOWN = ("host", "port", "name")


@pytest.mark.parametrize(
    ("name", "close", "short", "long"),
    [
        ("prt", "port", "did you mean port?", "did you mean port? there are host, port, name"),
        ("xyz", "", "there are host, port, name", "there are host, port, name"),
        ("", "", "there are host, port, name", "there are host, port, name"),
    ],
)
def test_who_wrote_a_name_that_there_is_not_is_told_the_nearest_or_all(
    name: str, close: str, short: str, long: str
) -> None:
    assert nearest(name, KNOWN) == close
    assert did_you_mean(name, iter(KNOWN)) == short
    assert what_there_is(name, iter(KNOWN)) == long


def test_where_there_are_no_names_that_is_said() -> None:
    assert did_you_mean("x", ()) == what_there_is("x", ()) == "there are none"
