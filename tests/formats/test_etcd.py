"""What etcd's file says."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agent import formats
from agent.core.roll import Peer, Roll
from agent.formats import FormatError
from tests.formats.rolls import (
    ALL_NAMES,
    HOSTILE,
    NONE,
    SERVICE,
    THREE,
    each_hostile,
    render,
    roll,
    unhurried,
)

FOUNDING = {"initial_cluster_state": "new"}


def etcd(of: Roll, variables: Mapping[str, Any] = NONE) -> Any:
    return yaml.safe_load(render("etcd", of, variables))


def members(of: Roll, variables: Mapping[str, Any] = NONE) -> dict[str, str]:
    """The URL of each member of the initial cluster."""
    entries = etcd(of, variables)["initial-cluster"].split(",")
    return dict(entry.split("=") for entry in entries)


def test_etcd_reads_who_it_is_and_all_who_are_to_be() -> None:
    assert etcd(roll(1, replicas=3)) == {
        "name": "db-1",
        "data-dir": "/var/lib/etcd",
        "listen-peer-urls": "http://0.0.0.0:2380",
        "listen-client-urls": "http://0.0.0.0:2379",
        "initial-advertise-peer-urls": f"http://{ALL_NAMES[1]}:2380",
        "advertise-client-urls": f"http://{ALL_NAMES[1]}:2379",
        "initial-cluster": ",".join(f"db-{n}=http://{ALL_NAMES[n]}:2380" for n in range(3)),
        "initial-cluster-state": "existing",
        "initial-cluster-token": "etcd-cluster",
    }


@unhurried
@given(st.integers(0, 5), st.sets(st.integers(0, 5)), st.none() | st.integers(1, 5))
def test_an_etcd_file_founds_nothing_by_itself(
    me: int, others: set[int], replicas: int | None
) -> None:
    of = roll(me, *others, replicas=replicas)
    assert etcd(of)["initial-cluster-state"] == "existing"
    assert f"db-{me}" in members(of)


@unhurried
@given(st.sets(st.integers(0, 4)), st.integers(1, 5))
def test_all_pods_found_a_cluster_by_one_list_whoever_is_there_already(
    there: set[int], replicas: int
) -> None:
    lists = {str(members(roll(me, *there, replicas=replicas), FOUNDING)) for me in range(replicas)}
    assert len(lists) == 1


def test_a_pod_without_an_ordinal_has_no_etcd_file() -> None:
    me = Peer("10.0.0.1", ("10.0.0.1",))
    with pytest.raises(FormatError, match="needs the pod's ordinal"):
        render("etcd", Roll(SERVICE, me, (me,)))


OWN = {"data-dir": "/own", "initial-cluster-token": "own"}


def over(base: Mapping[str, Any], variables: Mapping[str, Any] = NONE) -> Any:
    recipe = formats.Recipe(formats.load("etcd"), variables, base="base.yaml")
    made = formats.render(recipe, THREE, yaml.safe_dump(dict(base)))
    assert isinstance(made, bytes)
    return yaml.safe_load(made)


def test_over_a_base_file_etcds_folder_and_token_stay_what_that_says() -> None:
    assert over(OWN) == {**etcd(THREE), **OWN}


@pytest.mark.parametrize("key", OWN)
def test_what_a_base_file_does_not_say_etcd_has_as_without_one(key: str) -> None:
    """Without a data-dir its data would be on no volume."""
    base = {"quota-backend-bytes": 8589934592, key: OWN[key]}
    assert over(base) == {**etcd(THREE), **base}


def test_over_a_base_file_that_is_to_found_a_cluster_none_is_founded() -> None:
    assert over({"initial-cluster-state": "new"})["initial-cluster-state"] == "existing"


def test_over_a_base_file_is_what_was_given() -> None:
    given = {"data": "/data", "initial_cluster_token": "prod"}
    assert over(OWN, given) == etcd(THREE, given)


def test_etcds_urls_can_be_others() -> None:
    read = yaml.safe_load(
        render("etcd", THREE, {"scheme": "https", "client_port": 4001, "listen": "::"}, port=7001)
    )
    assert read["listen-peer-urls"] == "https://[::]:7001"
    assert read["listen-client-urls"] == "https://[::]:4001"
    assert read["initial-advertise-peer-urls"] == f"https://{ALL_NAMES[1]}:7001"
    assert read["advertise-client-urls"] == f"https://{ALL_NAMES[1]}:4001"
    assert f"db-0=https://{ALL_NAMES[0]}:7001" in read["initial-cluster"]


@each_hostile
@pytest.mark.parametrize(
    ("variable", "key"),
    [("initial_cluster_token", "initial-cluster-token"), ("data", "data-dir")],
)
def test_a_value_stays_inside_its_key_of_an_etcd_file(variable: str, key: str, value: str) -> None:
    assert etcd(THREE, {variable: value}) == {**etcd(THREE), key: value}


@pytest.mark.parametrize("variable", ["initial_cluster_state", "scheme", "listen"])
def test_what_is_not_one_of_the_words_is_refused(variable: str) -> None:
    for value in (*HOSTILE, "neu", "new\n"):
        with pytest.raises(FormatError, match=f"{variable} is .* it has to match"):
            render("etcd", THREE, {variable: value})
