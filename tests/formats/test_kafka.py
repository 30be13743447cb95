"""What Kafka's server.properties says."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import formats
from agent.core.roll import Peer, Roll
from agent.formats import FormatError
from tests.formats.properties import properties
from tests.formats.rolls import (
    ALL_NAMES,
    NONE,
    SERVICE,
    THREE,
    each_hostile,
    render,
    roll,
    unhurried,
)

STATIC = {"quorum": "static"}
BOOTSTRAP, VOTERS = "controller.quorum.bootstrap.servers", "controller.quorum.voters"


def kafka(of: Roll, variables: Mapping[str, Any] = NONE) -> dict[str, str]:
    return properties(render("kafka", of, variables))


def over(base: str, variables: Mapping[str, Any] = NONE) -> dict[str, str]:
    recipe = formats.Recipe(formats.load("kafka"), variables, base="base.yaml")
    made = formats.render(recipe, THREE, base)
    assert isinstance(made, bytes)
    return properties(made)


def test_kafka_reads_who_it_is_and_where_the_controllers_are() -> None:
    assert kafka(THREE) == {
        "process.roles": "broker,controller",
        "node.id": "1",
        BOOTSTRAP: ",".join(f"{name}:9093" for name in ALL_NAMES),
        "controller.listener.names": "CONTROLLER",
        "listeners": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "advertised.listeners": (
            f"PLAINTEXT://{ALL_NAMES[1]}:9092,CONTROLLER://{ALL_NAMES[1]}:9093"
        ),
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": "/var/lib/kafka/data",
    }


def test_a_static_quorum_names_each_voter_with_its_id() -> None:
    read = kafka(THREE, {**STATIC, "first_node_id": 100})
    assert read["node.id"] == "101"
    assert read[VOTERS] == ",".join(f"{100 + n}@{name}:9093" for n, name in enumerate(ALL_NAMES))
    assert BOOTSTRAP not in read


def test_a_kafka_that_is_only_controller_has_no_listener_for_clients() -> None:
    read = kafka(THREE, {"roles": "controller"})
    assert read["process.roles"] == "controller"
    assert read["listeners"] == "CONTROLLER://:9093"
    assert read["advertised.listeners"] == f"CONTROLLER://{ALL_NAMES[1]}:9093"
    assert "inter.broker.listener.name" not in read


@unhurried
@given(st.integers(1, 7), st.data())
def test_all_kafkas_of_a_set_have_one_list_from_the_first_ones_start_on(
    replicas: int, data: st.DataObject
) -> None:
    me = data.draw(st.integers(0, replicas - 1))
    others = data.draw(st.sets(st.integers(0, replicas - 1)))
    for variables, key in ((NONE, BOOTSTRAP), (STATIC, VOTERS)):
        read = kafka(roll(me, *others, replicas=replicas), variables)
        assert read[key] == kafka(roll(0, replicas=replicas), variables)[key]
        assert read[key].count(",") == replicas - 1


def test_a_pod_of_another_set_is_no_controller() -> None:
    strangers = (Peer(SERVICE.pod("backup")), Peer(SERVICE.pod("db-web-1")))
    of = replace(THREE, peers=(*THREE.peers, *strangers))
    for variables in (NONE, STATIC):
        assert kafka(of, variables) == kafka(THREE, variables)


@pytest.mark.parametrize(("variables", "other"), [(NONE, VOTERS), (STATIC, BOOTSTRAP)])
def test_over_a_base_the_list_that_is_not_in_use_is_emptied(
    variables: Mapping[str, Any], other: str
) -> None:
    assert over(f"{VOTERS}=1@db-0:1\n{BOOTSTRAP}: db-0:1\n", variables) == {
        **kafka(THREE, variables),
        other: "",
    }
    assert other not in over("num.partitions=3\n", variables)


def test_over_a_base_kafkas_folder_stays_where_it_has_one() -> None:
    """Without one it is below /tmp."""
    assert over("num.partitions=3\n")["log.dirs"] == kafka(THREE)["log.dirs"]
    assert over("log.dirs=/a,/b\n")["log.dirs"] == "/a,/b"
    assert "log.dirs" not in over("log.dir=/a\n")
    assert over("log.dirs=/a\n", {"data": "/data"})["log.dirs"] == "/data"


@each_hostile
@pytest.mark.parametrize("variable", ["quorum", "roles", "listener", "data"])
def test_what_could_leave_its_key_of_kafkas_properties_is_refused(
    variable: str, value: str
) -> None:
    with pytest.raises(FormatError, match=f"{variable} is .*, it has to match"):
        kafka(THREE, {variable: value})
