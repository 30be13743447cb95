"""What the document for rs.initiate says."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agent.core.roll import Peer, Roll
from tests.formats.rolls import (
    ALL_NAMES,
    BY_ADDRESS,
    NONE,
    SERVICE,
    THREE,
    each_hostile,
    render,
    roll,
)


def document(of: Roll, variables: Mapping[str, Any] = NONE) -> Any:
    return json.loads(render("mongodb", of, variables))


def test_each_pod_is_a_member_with_its_ordinal_and_its_name() -> None:
    assert document(THREE) == {
        "_id": "rs0",
        "members": [{"_id": n, "host": f"{ALL_NAMES[n]}:27017"} for n in range(3)],
    }


def test_the_pods_that_replicas_promises_are_members_though_they_are_not_there_yet() -> None:
    assert document(roll(0, replicas=3)) == document(THREE)


def test_no_more_than_seven_members_vote_and_there_are_fifty_at_most() -> None:
    members = document(roll(0, *range(1, 60)))["members"]
    assert [each["_id"] for each in members] == list(range(50))
    assert [each.get("votes", 1) for each in members] == [1] * 7 + [0] * 43
    # MongoDB refuses a member that may be elected and not vote.
    assert [each.get("priority", 1) for each in members] == [1] * 7 + [0] * 43


def test_a_peer_that_has_no_ordinal_is_no_member() -> None:
    nameless = replace(THREE, peers=(*THREE.peers, Peer(SERVICE.pod("backup"))))
    assert document(nameless) == document(THREE)


def test_an_address_of_ipv6_is_in_brackets() -> None:
    of = Roll(SERVICE, THREE.me, (Peer(SERVICE.pod("db-0"), ("fd00::9",)),))
    (member,) = json.loads(render("mongodb", of, selection=BY_ADDRESS))["members"]
    assert member["host"] == "[fd00::9]:27017"


@each_hostile
def test_the_name_of_the_set_stays_inside_its_key(value: str) -> None:
    assert document(THREE, {"replica_set": value}) == {**document(THREE), "_id": value}
