"""What the option file of a MySQL group's member says."""

import configparser
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import formats
from agent.core.roll import Peer, Roll
from agent.core.selection import Selection
from agent.formats import FormatError
from tests.formats.rolls import (
    ALL_NAMES,
    HOSTILE,
    NONE,
    SERVICE,
    THREE,
    each_hostile,
    pod,
    render,
    roll,
    unhurried,
)

NAME = "mysql-group-replication"
GROUP = formats.load(NAME).header.examples["group_name"]
PREFIX = "loose-group_replication_"


def member(of: Roll, variables: Mapping[str, Any] = NONE, **how: Any) -> dict[str, str]:
    """The options of a file, values without their quotes."""
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.read_string(render(NAME, of, variables, **how).decode())
    assert parser.sections() == ["mysqld"]
    return {key: value.strip('"') for key, value in parser["mysqld"].items()}


def group(of: Roll, variables: Mapping[str, Any] = NONE, **how: Any) -> dict[str, str]:
    """The plugin's own options."""
    options = member(of, variables, **how).items()
    return {key.removeprefix(PREFIX): value for key, value in options if key.startswith(PREFIX)}


def test_a_member_reads_who_it_is_and_all_who_are_to_be() -> None:
    read = member(THREE)
    assert (read["server_id"], read["report_host"]) == ("2", ALL_NAMES[1])
    assert (read["gtid_mode"], read["enforce_gtid_consistency"]) == ("ON", "ON")
    assert group(THREE) == {
        "group_name": GROUP,
        "local_address": f"{ALL_NAMES[1]}:33061",
        "group_seeds": ",".join(f"{name}:33061" for name in ALL_NAMES),
        "communication_stack": "XCOM",
        "ip_allowlist": "AUTOMATIC",
        "bootstrap_group": "OFF",
        "start_on_boot": "OFF",
    }


def test_each_member_has_a_server_id_of_its_own() -> None:
    made = [member(roll(n), {"server_id_base": 100})["server_id"] for n in range(3)]
    assert made == ["100", "101", "102"]


def test_a_member_names_those_that_replicas_promises_though_they_are_not_there_yet() -> None:
    assert group(roll(1, replicas=3)) == group(THREE)


@unhurried
@given(st.integers(0, 5), st.sets(st.integers(0, 5)), st.none() | st.integers(1, 5))
def test_a_members_file_never_founds_a_group_nor_starts_one(
    me: int, others: set[int], replicas: int | None
) -> None:
    read = group(roll(me, *others, replicas=replicas))
    assert (read["bootstrap_group"], read["start_on_boot"]) == ("OFF", "OFF")
    assert f"db-{me}." in read["group_seeds"]


def test_addresses_of_ipv6_are_in_brackets_before_a_port() -> None:
    peers = tuple(Peer(pod(n).fqdn, (pod(n).addresses[1],)) for n in (1, 2))
    of = Roll(SERVICE, peers[0], peers)
    read = group(of, selection=Selection("expected", address="ip"))
    assert read["local_address"] == "[fd00::1]:33061"
    assert read["group_seeds"] == "[fd00::1]:33061,[fd00::2]:33061"


def test_the_servers_own_port_is_the_groups_with_the_mysql_stack() -> None:
    read = group(THREE, {"communication_stack": "MYSQL"}, port=3306)
    assert read["communication_stack"] == "MYSQL"
    assert read["local_address"] == f"{ALL_NAMES[1]}:3306"
    assert read["group_seeds"] == ",".join(f"{name}:3306" for name in ALL_NAMES)


@pytest.mark.parametrize("networks", ["10.0.0.0/8", "10.244.0.0/16,fd00:10::/64", "192.0.2.7"])
def test_networks_of_pods_can_be_allowed(networks: str) -> None:
    assert group(THREE, {"ip_allowlist": networks})["ip_allowlist"] == networks


@each_hostile
@pytest.mark.parametrize("variable", ["group_name", "ip_allowlist", "communication_stack"])
def test_what_is_no_value_of_its_option_is_refused(variable: str, value: str) -> None:
    with pytest.raises(FormatError, match=f"{variable} is .*, it has to match "):
        render(NAME, THREE, {variable: value})


@pytest.mark.parametrize("value", [GROUP[:-1], f"{GROUP}\n", GROUP.replace("-", ""), *HOSTILE[:1]])
def test_a_groups_name_is_a_uuid(value: str) -> None:
    with pytest.raises(FormatError, match="group_name is"):
        render(NAME, THREE, {"group_name": value})


def test_a_groups_name_has_to_be_given() -> None:
    sentence = f"needs the variable group_name, .*--var group_name={GROUP}"
    with pytest.raises(FormatError, match=sentence):
        formats.check(formats.Recipe(formats.load(NAME)))
