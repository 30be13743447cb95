"""What the routes of a NATS server say."""

import json
from collections.abc import Sequence
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.rolls import ALL_NAMES, BY_ADDRESS, THREE, render, roll, unhurried, with_only


def routes(text: bytes) -> Sequence[str]:
    """The URLs, by a parser of JSON: NATS's own syntax takes that of arrays and strings over."""
    key, _, value = text.decode().partition("=")
    assert key.strip() == "routes"
    read = json.loads(value)
    assert isinstance(read, list)
    return read


def test_nats_reads_routes_to_all_who_are_to_be() -> None:
    assert routes(render("nats", roll(1, replicas=3))) == [
        f"nats-route://{name}:6222" for name in ALL_NAMES
    ]


@pytest.mark.parametrize(("version", "host"), [(4, "10.0.0.0"), (6, "[fd00::0]")])
def test_nats_has_addresses_as_they_stand_before_a_port(version: Literal[4, 6], host: str) -> None:
    alone = with_only(version, roll(0))
    read = routes(render("nats", alone, selection=BY_ADDRESS))
    assert read == [f"nats-route://{host}:6222"]


def test_nats_port_can_be_another() -> None:
    assert routes(render("nats", THREE, port=7222))[0] == f"nats-route://{ALL_NAMES[0]}:7222"


@unhurried
@given(st.sets(st.integers(0, 4)), st.integers(1, 5))
def test_all_servers_count_as_many_routes_whoever_is_there_already(
    there: set[int], replicas: int
) -> None:
    within = {n for n in there if n < replicas}
    files = {render("nats", roll(me, *within, replicas=replicas)) for me in range(replicas)}
    assert len(files) == 1
    assert len(routes(files.pop())) == replicas


@pytest.mark.parametrize("me", range(3))
def test_a_server_that_is_alone_in_dns_has_a_route_to_itself(me: int) -> None:
    assert routes(render("nats", roll(me))) == [
        f"nats-route://db-{me}.db.prod.svc.cluster.local:6222"
    ]
