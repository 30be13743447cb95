"""What CouchDB's file says."""

import configparser
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import formats
from agent.core.roll import Roll
from agent.core.selection import Selection
from agent.formats import FormatError, Withheld
from tests.formats.rolls import (
    ALL_NAMES,
    HOSTILE,
    NONE,
    THREE,
    render,
    roll,
    unhurried,
    with_only,
)

ALONE = (
    "couchdb is not written while it would name one pod only and replicas is not 1: its database "
    "would start a cluster of its own"
)


def seeds(text: bytes) -> list[str]:
    """The nodes of the list, in a file that has nothing else."""
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.read_string(text.decode())
    assert parser.sections() == ["cluster"]
    assert list(parser["cluster"]) == ["seedlist"]
    return parser["cluster"]["seedlist"].split(",")


def couchdb(of: Roll, variables: Mapping[str, Any] = NONE) -> list[str]:
    return seeds(render("couchdb", of, variables))


def test_couchdb_reads_all_nodes_that_are_to_be() -> None:
    assert couchdb(roll(1, replicas=3)) == [f"couchdb@{name}" for name in ALL_NAMES]


@unhurried
@given(st.integers(0, 5), st.sets(st.integers(0, 5)), st.none() | st.integers(1, 5))
def test_no_couchdb_is_told_that_it_is_the_only_node_but_where_replicas_is_1(
    me: int, others: set[int], replicas: int | None
) -> None:
    of = roll(me, *others, replicas=replicas)
    made = formats.render(formats.Recipe(formats.load("couchdb")), of)
    if len(of.expected) == 1 and replicas != 1:
        assert made == Withheld(ALONE)
    else:
        assert isinstance(made, bytes)
        assert seeds(made) == [f"couchdb@{peer.fqdn}" for peer in of.expected]


def test_couchdbs_nodes_can_be_called_otherwise() -> None:
    assert couchdb(THREE, {"node": "db"}) == [f"db@{name}" for name in ALL_NAMES]


def test_couchdb_has_addresses_of_ipv6_as_node_names_have_them() -> None:
    selection = Selection("expected", address="ip")
    made = seeds(render("couchdb", with_only(6, THREE), selection=selection))
    assert made == ["couchdb@fd00::0", "couchdb@fd00::1", "couchdb@fd00::2"]


# Of the hostile values two are names as any other.
@pytest.mark.parametrize("value", sorted({*HOSTILE, "a@b", "a,b"} - {"null", "2024-01-01"}))
def test_what_stands_before_the_at_of_a_node_is_a_word(value: str) -> None:
    with pytest.raises(FormatError, match=r"node is .* it has to match"):
        render("couchdb", THREE, {"node": value})
