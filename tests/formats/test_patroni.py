"""What the part of Patroni's configuration says that is about this pod and its etcd."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agent import formats
from agent.core.roll import Peer, Roll
from agent.core.selection import Selection
from agent.formats import Withheld
from tests.formats.rolls import (
    ALL_NAMES,
    NONE,
    SERVICE,
    THREE,
    each_hostile,
    pod,
    render,
    roll,
    unhurried,
)

HOSTS = [f"{name}:2379" for name in ALL_NAMES]


def patroni(of: Roll, variables: Mapping[str, Any] = NONE, **how: Any) -> Any:
    return yaml.safe_load(render("patroni", of, variables, **how))


def test_patroni_reads_who_it_is_where_it_is_reached_and_where_etcd_is() -> None:
    assert patroni(THREE) == {
        "name": "db-1",
        "restapi": {"connect_address": f"{ALL_NAMES[1]}:8008"},
        "postgresql": {"connect_address": f"{ALL_NAMES[1]}:5432"},
        "etcd3": {"hosts": HOSTS},
    }


def test_patroni_reads_the_etcd_that_replicas_promises_though_it_is_not_there_yet() -> None:
    assert patroni(roll(1, replicas=3)) == patroni(THREE)


@unhurried
@given(st.integers(0, 5), st.sets(st.integers(0, 5)), st.none() | st.integers(1, 5))
def test_nothing_that_makes_a_cluster_is_said_to_patroni(
    me: int, others: set[int], replicas: int | None
) -> None:
    read = patroni(roll(me, *others, replicas=replicas))
    assert read.keys() == {"name", "restapi", "postgresql", "etcd3"}
    assert read["etcd3"]["hosts"]


def test_a_pod_without_etcd_is_described_alone() -> None:
    read = patroni(THREE)
    del read["etcd3"]
    assert patroni(THREE, {"etcd": False}) == read


@pytest.mark.parametrize(
    "store", ["etcd", "consul", "kubernetes", "raft", "zookeeper", "exhibitor"]
)
def test_there_is_no_file_over_a_base_that_has_another_store(store: str) -> None:
    """Patroni's own sample has `etcd`, which it takes before etcd3."""
    form, base = formats.load("patroni"), f"scope: a\n{store}: {{host: a:1}}\n"
    assert formats.render(formats.Recipe(form, base="base.yaml"), THREE, base) == Withheld(
        f"patroni is not written while the base has {store} beside our etcd3: Patroni would take "
        "one of them, and another store is another cluster"
    )
    alone = formats.Recipe(form, {"etcd": False}, base="base.yaml")
    made = formats.render(alone, THREE, base)
    assert isinstance(made, bytes)
    assert store in yaml.safe_load(made)


def test_over_a_base_the_hosts_of_its_etcd3_are_replaced() -> None:
    base = "etcd3: {hosts: [a:1], protocol: https}\n"
    made = formats.render(formats.Recipe(formats.load("patroni"), base="base.yaml"), THREE, base)
    assert isinstance(made, bytes)
    assert yaml.safe_load(made)["etcd3"] == {"hosts": HOSTS, "protocol": "https"}


def test_who_follows_an_etcd_of_its_own_service_reads_its_hosts_only() -> None:
    observer = replace(THREE, me=None)
    assert patroni(observer) == {"etcd3": {"hosts": HOSTS}}
    assert patroni(observer, {"scope": "main"}) == {"scope": "main", "etcd3": {"hosts": HOSTS}}


def test_an_etcd_without_hosts_is_not_written() -> None:
    nobody = Roll(SERVICE, None, ())
    assert isinstance(formats.render(formats.Recipe(formats.load("patroni")), nobody), Withheld)


def test_patronis_ports_can_be_others() -> None:
    read = patroni(THREE, {"postgresql_port": 6432, "restapi_port": 8009}, port=12379)
    assert read["postgresql"]["connect_address"] == f"{ALL_NAMES[1]}:6432"
    assert read["restapi"]["connect_address"] == f"{ALL_NAMES[1]}:8009"
    assert read["etcd3"]["hosts"] == [f"{name}:12379" for name in ALL_NAMES]


def test_addresses_of_ipv6_are_in_brackets_before_a_port() -> None:
    peers = tuple(Peer(pod(n).fqdn, (pod(n).addresses[1],)) for n in (1, 2))
    read = patroni(Roll(SERVICE, peers[0], peers), selection=Selection(address="ip"))
    assert read["restapi"]["connect_address"] == "[fd00::1]:8008"
    assert read["etcd3"]["hosts"] == ["[fd00::1]:2379", "[fd00::2]:2379"]


@each_hostile
def test_a_scope_stays_inside_its_key(value: str) -> None:
    expected = {**patroni(THREE), "scope": value} if value else patroni(THREE)
    assert patroni(THREE, {"scope": value}) == expected


@pytest.mark.parametrize("name", ["scope", "listen", "data_dir", "raft", "bootstrap", "initdb"])
def test_what_is_not_about_peers_is_left_to_the_rest_of_the_configuration(name: str) -> None:
    assert name not in render("patroni", THREE).decode()
