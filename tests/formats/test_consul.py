"""What Consul's file says."""

import json
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import formats
from agent.core.roll import Roll
from agent.formats import Withheld
from tests.formats.rolls import (
    ALL_NAMES,
    BY_ADDRESS,
    THREE,
    render,
    roll,
    unhurried,
    with_only,
)


def consul(of: Roll) -> Any:
    return json.loads(render("consul", of))


def test_consul_reads_its_name_and_the_others_who_are_to_be() -> None:
    assert consul(roll(1, replicas=3)) == {
        "node_name": "db-1",
        "retry_join": [ALL_NAMES[0], ALL_NAMES[2]],
    }


@unhurried
@given(st.integers(0, 5), st.sets(st.integers(0, 5)), st.none() | st.integers(1, 5))
def test_consul_never_takes_itself_for_the_cluster_but_the_first_one_where_no_other_is_expected(
    me: int, others: set[int], replicas: int | None
) -> None:
    of = roll(me, *others, replicas=replicas)
    made = formats.render(formats.Recipe(formats.load("consul")), of)
    if isinstance(made, Withheld):
        assert me != 0
        assert len(of.expected) == 1
        return
    read = json.loads(made)
    assert set(read) == {"node_name", "retry_join"}
    own = f"db-{me}.db.prod.svc.cluster.local"
    assert (own in read["retry_join"]) == (read["retry_join"] == [own]) == (len(of.expected) == 1)


@pytest.mark.parametrize(("version", "host"), [(4, "10.0.0.0"), (6, "[fd00::0]")])
def test_consul_has_addresses_as_it_takes_them(version: Literal[4, 6], host: str) -> None:
    alone = with_only(version, roll(0))
    assert json.loads(render("consul", alone, selection=BY_ADDRESS))["retry_join"] == [host]
    with_port = json.loads(render("consul", alone, selection=BY_ADDRESS, port=9301))
    assert with_port["retry_join"] == [f"{host}:9301"]


def test_consuls_port_can_be_another() -> None:
    assert json.loads(render("consul", THREE, port=9301))["retry_join"] == [
        f"{ALL_NAMES[0]}:9301",
        f"{ALL_NAMES[2]}:9301",
    ]
