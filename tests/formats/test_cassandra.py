"""What cassandra.yaml says."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from agent import formats
from agent.core.roll import Roll
from agent.formats import FormatError, Withheld
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


def cassandra(of: Roll, variables: Mapping[str, Any] = NONE) -> Any:
    return yaml.safe_load(render("cassandra", of, variables))


def seeds(of: Roll) -> list[str]:
    """The pods that a cassandra.yaml names as seeds."""
    return named_seeds(cassandra(of))


def test_cassandra_reads_its_own_name_and_the_others_as_seeds() -> None:
    read = cassandra(THREE)
    assert read["listen_address"] == read["broadcast_rpc_address"] == ALL_NAMES[1]
    assert seeds(THREE) == ["db-0", "db-2"]


@unhurried
@given(st.integers(0, 5), st.sets(st.integers(0, 5)))
def test_a_cassandra_node_never_names_itself_as_seed_but_the_first_one_while_it_is_alone(
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
        assert isinstance(formats.render(formats.Recipe(formats.load("cassandra")), of), Withheld)


def test_a_cassandra_node_that_would_found_a_ring_of_its_own_gets_no_file_and_a_reason() -> None:
    assert formats.render(formats.Recipe(formats.load("cassandra")), roll(1)) == Withheld(
        "cassandra is not written while there is nobody to name but this pod, which is not the "
        "first of its set: its database would start a cluster of its own"
    )


def test_cassandra_has_three_seeds_at_most_the_lowest_ordinals() -> None:
    assert seeds(roll(10, *range(10))) == ["db-0", "db-1", "db-2"]
    assert seeds(roll(0, *range(1, 12))) == ["db-1", "db-2", "db-3"]


def test_cassandras_folders_are_all_below_the_data_volume() -> None:
    read = cassandra(THREE, {"data": "/data"})
    assert read["data_file_directories"] == ["/data/data"]
    for key in ("commitlog_directory", "saved_caches_directory", "hints_directory"):
        assert read[key].startswith("/data/")


@each_hostile
@pytest.mark.parametrize(
    ("variable", "key"),
    [
        ("cluster_name", "cluster_name"),
        ("snitch", "endpoint_snitch"),
    ],
)
def test_a_value_stays_inside_its_key_of_a_cassandra_yaml(
    variable: str, key: str, value: str
) -> None:
    assert cassandra(THREE, {variable: value}) == {**cassandra(THREE), key: value}


@each_hostile
def test_a_folder_stays_inside_its_key_of_a_cassandra_yaml(value: str) -> None:
    read = cassandra(THREE, {"data": value})
    assert read.keys() == cassandra(THREE).keys()
    assert read["hints_directory"] == f"{value}/hints"
    assert read["data_file_directories"] == [f"{value}/data"]


@unhurried
@given(st.text())
@example("\x7f")
@example("\x85")
@example("\ufffe")
@example("\U0001f9c0")
def test_any_text_is_read_back_from_a_cassandra_yaml_as_it_was_given(value: str) -> None:
    assert cassandra(THREE, {"cluster_name": value})["cluster_name"] == value


def test_half_a_character_is_refused_or_read_back_but_never_crashes() -> None:
    try:
        content = render("cassandra", THREE, {"cluster_name": "\ud800"})
    except FormatError:
        return
    assert yaml.safe_load(content)["cluster_name"] == "\ud800"


OF_PEERS = {
    "broadcast_rpc_address",
    "listen_address",
    "rpc_address",
    "seed_provider",
    "storage_port",
}
# A person's own file that says all that is not about the peers, and says it otherwise.
OWN = dict.fromkeys(cassandra(THREE).keys() - OF_PEERS, "own")


def over(base: Mapping[str, Any], variables: Mapping[str, Any] = NONE) -> Any:
    recipe = formats.Recipe(formats.load("cassandra"), variables, base="base.yaml")
    made = formats.render(recipe, THREE, yaml.safe_dump(dict(base)))
    assert isinstance(made, bytes)
    return yaml.safe_load(made)


def test_over_a_base_only_what_concerns_the_peers_is_laid() -> None:
    assert over(OWN) == {**OWN, **{key: cassandra(THREE)[key] for key in OF_PEERS}}


def test_over_a_base_a_variable_counts_that_is_given_even_with_its_default() -> None:
    assert over(OWN, {"num_tokens": 16}) == {**over(OWN), "num_tokens": 16}
    made = over(OWN, {"data": "/data", "snitch": "Ec2Snitch"})
    assert {key for key in made if made[key] != over(OWN)[key]} == {
        "commitlog_directory",
        "data_file_directories",
        "endpoint_snitch",
        "hints_directory",
        "saved_caches_directory",
    }


# What stands for itself; of these the one that a base says decides for the other one too.
GOES_WITH = {
    "allocate_tokens_for_local_replication_factor": "num_tokens",
    "commitlog_sync_period": "commitlog_sync",
}


# Where a node's data is. What does not say it leaves that to the image.
FOLDERS = {
    "commitlog_directory",
    "data_file_directories",
    "hints_directory",
    "saved_caches_directory",
}


@pytest.mark.parametrize("key", sorted(OWN.keys() - GOES_WITH.keys() - FOLDERS))
def test_what_a_base_does_not_say_a_cassandra_has_as_without_one(key: str) -> None:
    own = {other: value for other, value in OWN.items() if other != key}
    assert over(own) == {**over(OWN), key: cassandra(THREE)[key]}


@pytest.mark.parametrize(("key", "deciding"), GOES_WITH.items())
def test_a_base_that_says_one_of_two_decides_for_both(key: str, deciding: str) -> None:
    assert key not in over({deciding: "own"})
    assert over({"concurrent_reads": 64})[key] == cassandra(THREE)[key]


def test_over_a_base_that_says_nothing_a_cassandra_has_all_but_the_folders() -> None:
    """Its data would not move with us: a node with other folders is an empty one."""
    meant = {key: value for key, value in cassandra(THREE).items() if key not in FOLDERS}
    assert over({"concurrent_reads": 64}) == {"concurrent_reads": 64, **meant}


def test_a_cassandra_stops_at_a_broken_disk() -> None:
    assert cassandra(THREE)["disk_failure_policy"] == "stop"


def test_a_cassandra_with_nothing_but_ipv6_listens_there_for_clients() -> None:
    assert cassandra(with_only(6, THREE))["rpc_address"] == "::"
    for of in (THREE, with_only(4, THREE)):
        assert cassandra(of)["rpc_address"] == "0.0.0.0"
