"""What RabbitMQ's file says."""

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
    "rabbitmq is not written while it would name one pod only and replicas is not 1: its database "
    "would start a cluster of its own"
)


def read(text: bytes) -> dict[str, str]:
    """The settings of a file of lines `key = value`, each of which is there once."""
    lines = (line.partition(" = ") for line in text.decode().splitlines())
    pairs = [(key, value) for key, _, value in lines]
    made = dict(pairs)
    assert len(made) == len(pairs)
    return made


def rabbitmq(of: Roll, variables: Mapping[str, Any] = NONE) -> dict[str, str]:
    return read(render("rabbitmq", of, variables))


def test_rabbitmq_reads_all_nodes_that_are_to_be() -> None:
    nodes = {
        f"cluster_formation.classic_config.nodes.{n + 1}": f"rabbit@{ALL_NAMES[n]}"
        for n in range(3)
    }
    assert rabbitmq(roll(1, replicas=3)) == {
        "cluster_formation.peer_discovery_backend": "classic_config",
        "cluster_formation.discovery_retry_limit": "1000000000",
        **nodes,
    }


@unhurried
@given(st.integers(0, 5), st.sets(st.integers(0, 5)), st.none() | st.integers(1, 5))
def test_no_rabbitmq_is_told_that_it_is_the_only_node_but_where_replicas_is_1(
    me: int, others: set[int], replicas: int | None
) -> None:
    of = roll(me, *others, replicas=replicas)
    made = formats.render(formats.Recipe(formats.load("rabbitmq")), of)
    nodes = 0 if isinstance(made, Withheld) else made.decode().count(".nodes.")
    if len(of.expected) == 1 and replicas != 1:
        assert made == Withheld(ALONE)
    else:
        assert nodes == len(of.expected)
        assert nodes > 1 or replicas == 1


def test_a_list_that_was_cut_to_one_node_is_none_for_rabbitmq() -> None:
    recipe = formats.Recipe(formats.load("rabbitmq"), selection=Selection("expected", limit=1))
    assert formats.render(recipe, roll(0, 1, 2, replicas=3)) == Withheld(ALONE)


@unhurried
@given(st.sets(st.integers(0, 4)), st.integers(1, 5))
def test_all_nodes_have_one_list_whoever_is_there_already(there: set[int], replicas: int) -> None:
    within = {n for n in there if n < replicas}
    files = {render("rabbitmq", roll(me, *within, replicas=replicas)) for me in range(replicas)}
    assert len(files) == 1


def test_rabbitmqs_nodes_can_be_called_otherwise() -> None:
    made = rabbitmq(THREE, {"node": "mq", "discovery_retry_limit": 10})
    assert made["cluster_formation.classic_config.nodes.1"] == f"mq@{ALL_NAMES[0]}"
    assert made["cluster_formation.discovery_retry_limit"] == "10"


def test_rabbitmq_has_addresses_of_ipv6_as_node_names_have_them() -> None:
    selection = Selection("expected", address="ip")
    made = read(render("rabbitmq", with_only(6, THREE), selection=selection))
    assert made["cluster_formation.classic_config.nodes.1"] == "rabbit@fd00::0"


# Of the hostile values two are names as any other.
@pytest.mark.parametrize("value", sorted({*HOSTILE, "a@b", "rabbit\n"} - {"null", "2024-01-01"}))
def test_what_stands_before_the_at_of_a_node_is_a_word(value: str) -> None:
    with pytest.raises(FormatError, match=r"node is .* it has to match"):
        render("rabbitmq", THREE, {"node": value})


def test_a_rabbitmq_tries_again_at_least_once() -> None:
    with pytest.raises(FormatError, match="discovery_retry_limit is 0, it has to match"):
        render("rabbitmq", THREE, {"discovery_retry_limit": 0})
