"""What the lines for a reader of hosts files say."""

import ipaddress
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from agent.core.roll import Peer, Roll, Service
from agent.core.selection import Selection
from tests.formats.rolls import ALL_NAMES, SERVICE, THREE, render, roll, unhurried


def entries(of: Roll) -> list[tuple[str, list[str]]]:
    """Each line's address and names."""
    fields = [line.split() for line in render("hosts", of).decode().splitlines()]
    return [(address, names) for address, *names in fields]


def test_each_address_of_a_peer_has_a_line_with_both_of_its_names() -> None:
    assert entries(THREE) == [
        (address, [ALL_NAMES[n], f"db-{n}"])
        for n in range(3)
        for address in (f"10.0.0.{n}", f"fd00::{n}")
    ]


def test_a_peer_that_has_no_name_or_no_address_has_no_line() -> None:
    more = Peer("10.0.0.9", ("10.0.0.9",)), Peer(SERVICE.pod("db-3"))
    assert entries(replace(THREE, peers=(*THREE.peers, *more))) == entries(THREE)
    assert render("hosts", Roll(SERVICE, None, more)) == b""


def test_a_container_has_its_one_name_once() -> None:
    peers = (Peer("db-0", ("10.0.0.1",)),)
    assert entries(Roll(Service("db", "", ""), None, peers)) == [("10.0.0.1", ["db-0"])]


@unhurried
@given(st.sets(st.integers(0, 12)), st.none() | st.integers(1, 12))
def test_no_line_is_there_twice_and_each_begins_with_an_address(
    others: set[int], replicas: int | None
) -> None:
    read = entries(roll(0, *others, replicas=replicas))
    assert len({(address, *names) for address, names in read}) == len(read)
    assert len(read) == 2 * len(others | {0})
    for address, names in read:
        ipaddress.ip_address(address)
        assert names


def test_this_pod_can_be_left_out() -> None:
    others = Selection(exclude_self="always", allow_empty=True)
    assert b"db-1" not in render("hosts", THREE, selection=others)
