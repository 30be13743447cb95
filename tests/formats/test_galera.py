"""What Galera's option file says."""

import configparser
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.roll import Peer, Roll
from agent.core.selection import Selection
from agent.formats import FormatError
from tests.formats.rolls import ALL_NAMES, NONE, SERVICE, THREE, pod, render, roll, unhurried


def galera(
    of: Roll, variables: Mapping[str, Any] = NONE, port: int | None = None
) -> Mapping[str, str]:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.read_string(render("galera", of, variables, port=port).decode())
    assert parser.sections() == ["mysqld"]
    return dict(parser["mysqld"])


def test_galera_reads_who_it_is_and_all_who_are_to_be() -> None:
    assert galera(THREE) == {
        "server_id": "2",
        "report_host": ALL_NAMES[1],
        "wsrep_cluster_address": f'"gcomm://{",".join(ALL_NAMES)}"',
        "wsrep_node_name": "db-1",
        "wsrep_node_address": ALL_NAMES[1],
        "wsrep_node_incoming_address": f"{ALL_NAMES[1]}:3306",
    }


def test_galera_names_the_pods_that_replicas_promises_though_they_are_not_there_yet() -> None:
    early = galera(roll(1, replicas=3))
    assert early["wsrep_cluster_address"] == galera(THREE)["wsrep_cluster_address"]


@unhurried
@given(st.integers(0, 5), st.sets(st.integers(0, 5)), st.none() | st.integers(1, 5))
def test_a_galera_file_never_founds_a_cluster(
    me: int, others: set[int], replicas: int | None
) -> None:
    text = render("galera", roll(me, *others, replicas=replicas)).decode()
    assert re.search(r'"gcomm://db-\d', text)
    assert "new-cluster" not in text
    assert "new_cluster" not in text
    assert "bootstrap" not in text


def test_a_pod_without_an_ordinal_has_no_galera_file_but_a_sentence() -> None:
    me = Peer(SERVICE.pod("backup"))
    with pytest.raises(FormatError, match="needs the pod's ordinal, and backup has none"):
        render("galera", Roll(SERVICE, me, (me,)))


def test_galeras_ports_and_ids_can_be_others() -> None:
    read = galera(THREE, {"server_id_base": 100, "client_port": 3307}, 5567)
    assert read["server_id"] == "101"
    assert read["wsrep_cluster_address"] == '"gcomm://{}"'.format(
        ",".join(f"{name}:5567" for name in ALL_NAMES)
    )
    assert read["wsrep_node_address"] == f"{ALL_NAMES[1]}:5567"
    assert read["wsrep_node_incoming_address"] == f"{ALL_NAMES[1]}:3307"


def test_addresses_of_ipv6_are_in_brackets_but_for_the_one_that_has_no_port() -> None:
    peers = tuple(Peer(pod(n).fqdn, (pod(n).addresses[1],)) for n in (1, 2))
    content = render(
        "galera", Roll(SERVICE, peers[0], peers), selection=Selection("expected", address="ip")
    )
    assert content.decode().splitlines()[2:] == [
        "report_host                 = fd00::1",
        'wsrep_cluster_address       = "gcomm://[fd00::1],[fd00::2]"',
        "wsrep_node_name             = db-1",
        "wsrep_node_address          = [fd00::1]",
        "wsrep_node_incoming_address = [fd00::1]:3306",
    ]


@pytest.mark.parametrize(
    ("variable", "value"),
    [("server_id_base", 0), ("server_id_base", -1), ("client_port", 0), ("client_port", 100000)],
)
def test_a_number_that_no_server_can_have_is_refused(variable: str, value: int) -> None:
    with pytest.raises(FormatError, match=f"{variable} is {value}, "):
        render("galera", THREE, {variable: value})
