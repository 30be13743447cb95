"""What the seed hosts' file of Elasticsearch and OpenSearch says."""

from dataclasses import replace

import pytest

from agent import formats
from agent.core.roll import Peer, Roll
from tests.formats.rolls import ALL_NAMES, BY_ADDRESS, SERVICE, THREE, render, roll

each_of_both = pytest.mark.parametrize("name", ["elasticsearch", "opensearch"])


@each_of_both
def test_each_line_is_one_host_with_its_port(name: str) -> None:
    assert render(name, THREE).decode() == "".join(f"{host}:9300\n" for host in ALL_NAMES)
    assert render(name, THREE, port=9301).decode().splitlines()[0] == f"{ALL_NAMES[0]}:9301"


@each_of_both
def test_an_ipv6_address_stands_in_brackets_before_its_port(name: str) -> None:
    only_ipv6 = Roll(SERVICE, None, (Peer(SERVICE.pod("db-3"), ("fd00::3",)),))
    assert render(name, only_ipv6, selection=BY_ADDRESS) == b"[fd00::3]:9300\n"


@each_of_both
def test_a_list_without_anybody_founds_nothing_and_is_written(name: str) -> None:
    own = formats.load(name).selection
    assert own is not None
    assert render(name, roll(0), selection=replace(own, exclude_self="always")) == b""


@each_of_both
def test_an_observer_has_the_same_list_as_a_member(name: str) -> None:
    assert render(name, Roll(SERVICE, None, THREE.peers)) == render(name, THREE)


@each_of_both
def test_no_line_is_a_setting_that_founds_a_cluster(name: str) -> None:
    for size in (1, 3, 12):
        content = render(name, roll(0, *range(size), replicas=size))
        assert b"initial" not in content
        assert b"=" not in content
