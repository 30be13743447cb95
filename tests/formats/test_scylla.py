"""What scylla.yaml says."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agent import formats
from agent.core.roll import Peer, Roll
from agent.formats import Withheld
from tests.formats.rolls import (
    ALL_NAMES,
    NONE,
    THREE,
    each_hostile,
    named_seeds,
    render,
    roll,
    unhurried,
    with_only,
)


def scylla(of: Roll, variables: Mapping[str, Any] = NONE) -> Any:
    return yaml.safe_load(render("scylla", of, variables))


def seeds(of: Roll) -> list[str]:
    """The pods that a scylla.yaml names as seeds."""
    return named_seeds(scylla(of))


def test_scylla_reads_its_own_name_and_the_others_as_seeds() -> None:
    read = scylla(THREE)
    assert read["listen_address"] == read["broadcast_rpc_address"] == ALL_NAMES[1]
    assert read["rpc_address"] == "0.0.0.0"
    assert seeds(THREE) == ["db-0", "db-2"]


@unhurried
@given(st.integers(0, 5), st.sets(st.integers(0, 5)))
def test_a_scylla_node_names_itself_only_as_the_first_one_and_while_it_is_alone(
    me: int, others: set[int]
) -> None:
    of = roll(me, *others)
    if others - {me}:
        named = seeds(of)
        assert f"db-{me}" not in named
        assert 1 <= len(named) <= 3
    elif me == 0:
        assert seeds(of) == ["db-0"]
    else:
        assert isinstance(formats.render(formats.Recipe(formats.load("scylla")), of), Withheld)


def test_a_scylla_with_nothing_but_ipv6_looks_names_up_as_that() -> None:
    read = scylla(with_only(6, THREE))
    assert (read["rpc_address"], read["enable_ipv6_dns_lookup"]) == ("::", True)
    unlocated = Peer(ALL_NAMES[1])
    for of in (
        THREE,
        with_only(4, THREE),
        replace(THREE, me=unlocated, peers=(THREE.peers[0], unlocated)),
    ):
        assert "enable_ipv6_dns_lookup" not in scylla(of)


# A person's own file: what is not about the peers.
OWN = {
    "cluster_name": "own",
    "num_tokens": 1,
    "endpoint_snitch": "own",
    "workdir": "/own",
    "native_transport_port": 1,
}


def over(base: Mapping[str, Any], variables: Mapping[str, Any] = NONE) -> Any:
    recipe = formats.Recipe(formats.load("scylla"), variables, base="base.yaml")
    made = formats.render(recipe, THREE, yaml.safe_dump(dict(base)))
    assert isinstance(made, bytes)
    return yaml.safe_load(made)


def test_over_a_base_only_what_is_given_and_what_concerns_the_peers_is_laid() -> None:
    assert over(OWN) == {**scylla(THREE), **OWN}
    given_snitch = over(OWN, {"snitch": "Ec2Snitch"})
    assert given_snitch == {**over(OWN), "endpoint_snitch": "Ec2Snitch"}


@pytest.mark.parametrize("key", OWN)
def test_what_a_base_does_not_say_a_scylla_has_as_without_one(key: str) -> None:
    own = {other: value for other, value in OWN.items() if other != key}
    assert over(own) == {**scylla(THREE), **own}


def test_a_scylla_node_has_as_many_tokens_as_scyllas_own_file_gives_it() -> None:
    """What it has where nothing is said is one."""
    assert scylla(THREE)["num_tokens"] == 256


@each_hostile
@pytest.mark.parametrize(
    ("variable", "key"),
    [("cluster_name", "cluster_name"), ("snitch", "endpoint_snitch"), ("data", "workdir")],
)
def test_a_value_stays_inside_its_key_of_a_scylla_yaml(variable: str, key: str, value: str) -> None:
    assert scylla(THREE, {variable: value}) == {**scylla(THREE), key: value}
