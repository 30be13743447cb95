"""What ZooKeeper's dynamic configuration says."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from agent.core.roll import Peer
from tests.formats.properties import properties
from tests.formats.rolls import ALL_NAMES, SERVICE, THREE, render, roll, unhurried


def test_zookeeper_reads_each_server_under_its_ordinal_and_one() -> None:
    assert properties(render("zookeeper", THREE)) == {
        f"server.{n + 1}": f"{name}:2888:3888:participant;2181" for n, name in enumerate(ALL_NAMES)
    }


def test_zookeepers_ports_can_be_others() -> None:
    content = render("zookeeper", THREE, {"quorum_port": 12888, "client_port": 12181}, port=13888)
    assert properties(content)["server.2"] == f"{ALL_NAMES[1]}:12888:13888:participant;12181"


@unhurried
@given(st.integers(1, 7), st.data())
def test_all_zookeepers_of_a_set_have_one_list_from_the_first_ones_start_on(
    replicas: int, data: st.DataObject
) -> None:
    me = data.draw(st.integers(0, replicas - 1))
    others = data.draw(st.sets(st.integers(0, replicas - 1)))
    content = render("zookeeper", roll(me, *others, replicas=replicas))
    assert content == render("zookeeper", roll(0, replicas=replicas))
    assert len(properties(content)) == replicas


def test_a_pod_of_another_set_has_no_id_and_is_no_zookeeper() -> None:
    strangers = (Peer(SERVICE.pod("backup")), Peer(SERVICE.pod("db-web-1")))
    of = replace(THREE, peers=(*THREE.peers, *strangers))
    assert render("zookeeper", of) == render("zookeeper", THREE)


def test_a_set_that_counts_from_one_has_ids_from_two() -> None:
    of = replace(roll(1, 2, replicas=2), start_ordinal=1)
    assert list(properties(render("zookeeper", of))) == ["server.2", "server.3"]
