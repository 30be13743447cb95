"""What the shell that starts CockroachDB reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import formats
from agent.core.roll import Peer, Roll
from agent.core.selection import Selection
from agent.formats import FormatError, Withheld
from tests.formats.rolls import (
    ALL_NAMES,
    HOSTILE,
    NONE,
    SERVICE,
    THREE,
    pod,
    render,
    roll,
    unhurried,
)
from tests.formats.test_general import sourced

NAME = "cockroachdb"


def started(
    folder: Path, of: Roll, variables: Mapping[str, Any] = NONE, **how: Any
) -> dict[str, str]:
    """The shell's variables, without their prefix."""
    read = sourced(render(NAME, of, variables, **how), folder, "COCKROACH_")
    return {key.removeprefix("COCKROACH_"): value for key, value in read.items()}


def test_a_node_is_told_its_address_and_whom_to_join(tmp_path: Path) -> None:
    assert started(tmp_path, THREE) == {
        "JOIN": ",".join(f"{name}:26257" for name in ALL_NAMES),
        "ADVERTISE_ADDR": f"{ALL_NAMES[1]}:26257",
    }


def test_all_nodes_join_by_one_list_of_the_first_five() -> None:
    made = {render(NAME, roll(n, *range(9), replicas=9)).split(b"\n")[0].decode() for n in range(9)}
    names = ",".join(f"{pod(n).fqdn}:26257" for n in range(5))
    assert made == {f"COCKROACH_JOIN={names}"}


def test_a_node_names_those_that_replicas_promises_though_they_are_not_there_yet(
    tmp_path: Path,
) -> None:
    assert started(tmp_path, roll(1, replicas=3)) == started(tmp_path, THREE)


@unhurried
@given(st.integers(0, 5), st.sets(st.integers(0, 5)), st.none() | st.integers(1, 5))
def test_a_node_always_has_somebody_to_join_and_is_never_told_to_found(
    me: int, others: set[int], replicas: int | None
) -> None:
    text = render(NAME, roll(me, *others, replicas=replicas)).decode()
    assert "JOIN=db-" in text
    assert "init" not in text
    assert "single" not in text


def test_a_list_without_anybody_is_not_written() -> None:
    unlocated = Roll(SERVICE, Peer(pod(0).fqdn), ())
    by_address = formats.Recipe(formats.load(NAME), selection=Selection(address="ip"))
    assert isinstance(formats.render(by_address, unlocated), Withheld)


def test_another_port_is_in_every_address(tmp_path: Path) -> None:
    read = started(tmp_path, THREE, port=26357)
    assert read["JOIN"] == ",".join(f"{name}:26357" for name in ALL_NAMES)
    assert read["ADVERTISE_ADDR"] == f"{ALL_NAMES[1]}:26357"


def test_addresses_of_ipv6_are_in_brackets_and_read_as_they_are(tmp_path: Path) -> None:
    peers = tuple(Peer(pod(n).fqdn, (pod(n).addresses[1],)) for n in (1, 2))
    read = started(tmp_path, Roll(SERVICE, peers[0], peers), selection=Selection(address="ip"))
    assert read == {
        "JOIN": "[fd00::1]:26257,[fd00::2]:26257",
        "ADVERTISE_ADDR": "[fd00::1]:26257",
    }


@pytest.mark.parametrize(
    "value", [v for v in HOSTILE if v != "null"] + ["A=1; touch evil; B", "0A", "A\n"]
)
def test_a_prefix_that_no_variable_can_begin_with_is_refused(value: str) -> None:
    with pytest.raises(FormatError, match=r"prefix is .*, it has to match "):
        render(NAME, THREE, {"prefix": value})
