"""What ClickHouse's file says."""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as Tree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import formats
from agent.core.roll import Roll
from agent.core.selection import Selection
from agent.formats import FormatError, Withheld
from tests.formats.rolls import (
    ALL_NAMES,
    HOSTILE,
    NONE,
    THREE,
    render,
    roll,
    unhurried,
    with_only,
)

Shards = list[list[tuple[str, str]]]


def read(text: bytes) -> Tree.Element:
    return Tree.fromstring(text)  # noqa: S314  # what was rendered here


def clickhouse(of: Roll, variables: Mapping[str, Any] = NONE) -> Tree.Element:
    return read(render("clickhouse", of, variables))


def shards(root: Tree.Element, cluster: str = "cluster") -> Shards:
    """The hosts with their ports, shard by shard."""
    return [
        [
            (replica.findtext("host", ""), replica.findtext("port", ""))
            for replica in shard.findall("replica")
        ]
        for shard in root.findall(f"remote_servers/{cluster}/shard")
    ]


def macros(root: Tree.Element) -> dict[str, str | None]:
    return {element.tag: element.text for element in root.findall("macros/*")}


def names(*ordinals: int) -> list[tuple[str, str]]:
    return [(f"db-{n}.db.prod.svc.cluster.local", "9000") for n in ordinals]


def test_clickhouse_reads_one_shard_of_all_who_are_to_be_and_who_it_is() -> None:
    root = clickhouse(roll(1, replicas=3))
    assert root.tag == "clickhouse"
    assert {element.tag for element in root} == {
        "interserver_http_host",
        "interserver_https_host",
        "macros",
        "remote_servers",
    }
    assert shards(root) == [names(0, 1, 2)]
    assert macros(root) == {"cluster": "cluster", "shard": "1", "replica": "db-1"}
    for scheme in ("http", "https"):
        assert root.findtext(f"interserver_{scheme}_host") == ALL_NAMES[1]
    assert root.findtext("remote_servers/cluster/shard/internal_replication") == "true"


def test_a_cluster_of_the_same_name_in_the_servers_own_file_is_replaced() -> None:
    element = clickhouse(THREE).find("remote_servers/cluster")
    assert element is not None
    assert element.attrib == {"replace": "1"}


def test_pods_are_put_into_shards_one_ordinal_after_the_other() -> None:
    root = clickhouse(roll(3, replicas=5), {"replicas_per_shard": 2})
    assert shards(root) == [names(0, 1), names(2, 3), names(4)]
    assert macros(root)["shard"] == "2"


def test_shards_are_counted_from_the_ordinal_at_which_the_set_starts() -> None:
    of = roll(5, 6, 7, replicas=3)
    started = Roll(of.service, of.me, of.peers, 1, 3, start_ordinal=5)
    root = clickhouse(started, {"replicas_per_shard": 2})
    assert shards(root) == [names(5, 6), names(7)]
    assert macros(root)["shard"] == "1"


@unhurried
@given(st.sets(st.integers(0, 7)), st.integers(1, 8), st.integers(1, 4))
def test_all_pods_have_the_same_shards_and_know_their_own_whoever_is_there_already(
    there: set[int], replicas: int, size: int
) -> None:
    within = {n for n in there if n < replicas}
    for me in range(replicas):
        root = clickhouse(roll(me, *within, replicas=replicas), {"replicas_per_shard": size})
        made = shards(root)
        assert made == [
            names(*range(first, min(first + size, replicas))) for first in range(0, replicas, size)
        ]
        assert names(me)[0] in made[int(macros(root)["shard"] or 0) - 1]


def sharded(of: Roll, selection: Selection | None = None) -> bytes | Withheld:
    recipe = formats.Recipe(formats.load("clickhouse"), {"replicas_per_shard": 1}, selection)
    return formats.render(recipe, of)


def test_there_are_no_shards_while_replicas_is_not_set() -> None:
    assert sharded(roll(1, 0, 2)) == Withheld(
        "clickhouse is not written with replicas_per_shard while replicas is not set: the number "
        "of shards would change with who is there"
    )


def test_there_is_no_file_while_a_shard_has_no_pod() -> None:
    assert sharded(roll(2, 0, replicas=3), Selection("discovered")) == Withheld(
        "clickhouse is not written while it would name no pod of shard 2: rows would go to other "
        "shards"
    )


def test_clickhouse_may_be_older_and_speak_in_secret() -> None:
    variables = {"root": "yandex", "secure": 1, "cluster": "prod", "secret_from_env": "SECRET"}
    root = read(render("clickhouse", THREE, variables, port=9440))
    assert root.tag == "yandex"
    assert shards(root, "prod") == [[(name, "9440") for name in ALL_NAMES]]
    assert [element.text for element in root.iter("secure")] == ["1", "1", "1"]
    secret = root.find("remote_servers/prod/secret")
    assert secret is not None
    assert (secret.attrib, secret.text) == ({"from_env": "SECRET"}, None)
    assert macros(root)["cluster"] == "prod"


def test_clickhouse_has_addresses_as_they_are() -> None:
    selection = Selection("expected", address="ip")
    root = read(render("clickhouse", with_only(6, THREE), selection=selection))
    assert shards(root) == [[("fd00::0", "9000"), ("fd00::1", "9000"), ("fd00::2", "9000")]]


def test_no_keeper_hears_of_any_of_this() -> None:
    text = render("clickhouse", roll(0, replicas=3)).decode()
    assert "keeper" not in text
    assert "raft" not in text


# Of the hostile values one is a name as any other.
@pytest.mark.parametrize("value", sorted({*HOSTILE, "a.b", "]]>", "a<b", "a/>"} - {"null", ""}))
@pytest.mark.parametrize("variable", ["cluster", "secret_from_env", "root"])
def test_what_becomes_part_of_the_xml_is_a_name(variable: str, value: str) -> None:
    with pytest.raises(FormatError, match=rf"{variable} is .* it has to match"):
        render("clickhouse", THREE, {variable: value})
