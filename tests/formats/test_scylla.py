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
    render,
    roll,
    unhurried,
    with_only,
)


def scylla(of: Roll, variables: Mapping[str, Any] = NONE) -> Any:
    return yaml.safe_load(render("scylla", of, variables))


def seeds(of: Roll) -> list[str]:
    """The pods that a scylla.yaml names as seeds."""
    (provider,) = scylla(of)["seed_provider"]
    (parameters,) = provider["parameters"]
    return [fqdn.partition(".")[0] for fqdn in parameters["seeds"].split(",")]


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


def test_over_a_base_only_what_is_given_and_what_concerns_the_peers_is_laid() -> None:
    recipe = formats.Recipe(formats.load("scylla"), {"snitch": "Ec2Snitch"}, has_base=True)
    made = formats.render(recipe, THREE)
    assert isinstance(made, bytes)
    kept = {"cluster_name", "workdir", "native_transport_port"}
    wanted = {**scylla(THREE), "endpoint_snitch": "Ec2Snitch"}
    assert yaml.safe_load(made) == {k: v for k, v in wanted.items() if k not in kept}


@each_hostile
@pytest.mark.parametrize(
    ("variable", "key"),
    [("cluster_name", "cluster_name"), ("snitch", "endpoint_snitch"), ("data", "workdir")],
)
def test_a_value_stays_inside_its_key_of_a_scylla_yaml(variable: str, key: str, value: str) -> None:
    assert scylla(THREE, {variable: value}) == {**scylla(THREE), key: value}
