"""The names that there are, told to who wrote another; texts that others wrote."""

import pytest

from agent.core.words import did_you_mean, nearest, plain, shortened, what_there_is

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


def test_a_plain_line_has_nothing_that_a_terminal_obeys() -> None:
    assert plain("\x1b[31mred\x1b[0m and\x00\x9bso\u202eon") == "red and  so on"


@pytest.mark.parametrize(("text", "told"), [("", ""), ("käse", "käse"), ("käses", "käse…")])
def test_a_text_is_cut_only_where_it_is_too_long_and_that_is_seen(text: str, told: str) -> None:
    assert shortened(text, 4) == told
