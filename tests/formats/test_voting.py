"""That the formats of servers that vote have whole lists or none, whatever an output selects."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from agent import formats
from agent.core.roll import Peer, Roll
from agent.core.selection import Selection
from agent.formats import Withheld
from tests.formats.rolls import ALL_NAMES, SERVICE, THREE, render, roll

FOUNDING = {"initial_cluster_state": "new"}
# Each format with what makes its list one that founds, and what then stands before a reason.
each_voting = pytest.mark.parametrize(
    ("name", "variables", "when"),
    [
        ("kafka", {}, ""),
        ("kafka", {"quorum": "static"}, ""),
        ("zookeeper", {}, ""),
        ("etcd", FOUNDING, "with initial_cluster_state new "),
    ],
)


def withheld(
    name: str, of: Roll, variables: Mapping[str, str], selection: Selection | None = None
) -> str:
    made = formats.render(formats.Recipe(formats.load(name), variables, selection), of)
    assert isinstance(made, Withheld)
    return made.reason


@each_voting
def test_a_server_that_votes_gets_no_file_without_replicas(
    name: str, variables: Mapping[str, str], when: str
) -> None:
    assert withheld(name, roll(0, 1, 2), variables) == (
        f"{name} is not written {when}while replicas is not set: pods with different lists could "
        "found two clusters"
    )


@each_voting
@pytest.mark.parametrize(
    ("rule", "named"),
    [
        (Selection("expected", address="ip"), 2),
        (Selection("expected", "always"), 2),
        (Selection("expected", limit=1), 1),
        (Selection("discovered"), 2),
    ],
    ids=["unlocated", "without itself", "limited", "discovered"],
)
def test_a_server_that_votes_gets_no_list_that_leaves_some_out(
    name: str, variables: Mapping[str, str], when: str, rule: Selection, named: int
) -> None:
    strangers = tuple(Peer(SERVICE.pod(f"web-{n}"), ("10.0.1.1",)) for n in range(2))
    of = roll(0, 1, replicas=3)
    of = replace(of, peers=(*of.peers, *strangers))
    assert withheld(name, of, variables, rule) == (
        f"{name} is not written {when}while it would name {named} of 3 pods: they could found a "
        "cluster without the others"
    )


@each_voting
def test_pods_beyond_replicas_are_in_nobodys_list_and_have_none(
    name: str, variables: Mapping[str, str], when: str
) -> None:
    """Three that were asked for and five that are there have no majority in common."""
    five = roll(1, 0, 2, 3, 4, replicas=3)
    assert render(name, five, variables) == render(name, THREE, variables)
    assert withheld(name, roll(3, 0, 1, 2, 4, replicas=3), variables) == (
        f"{name} is not written {when}while replicas is 3, which leaves db-3 out of the list"
    )


@pytest.mark.parametrize("name", ["couchdb", "rabbitmq"])
def test_a_node_that_is_told_of_itself_alone_gets_no_file_unless_it_is_to_be_alone(
    name: str,
) -> None:
    reason = (
        f"{name} is not written while it would name one pod only and replicas is not 1: its "
        "database would start a cluster of its own"
    )
    assert withheld(name, roll(0), {}) == reason
    assert withheld(name, roll(0, replicas=3), {}, Selection("discovered")) == reason
    assert ALL_NAMES[0].encode() in render(name, roll(0, replicas=1))


def template(source: str, of: Roll) -> bytes | Withheld:
    return formats.render(formats.Recipe(formats.own_format("/t/own.j2", source)), of)


def test_a_template_of_ones_own_has_the_same_rules() -> None:
    names = '{{ expected | promised | join(",", attribute="name") }}'
    assert template(names, roll(1, 0, 3, replicas=3)) == b"db-0,db-1,db-2"
    assert isinstance(template(names, roll(1)), Withheld)
    assert isinstance(template(names, replace(THREE, me=None)), Withheld)
    several = '{{ seeds | several | map(attribute="name") | join(",") }}'
    assert template(several, roll(1, 0)) == b"db-0,db-1"
    assert template("{{ seeds | several('at night') }}", roll(1)) == Withheld(
        "own is not written at night while it would name one pod only and replicas is not 1: its "
        "database would start a cluster of its own"
    )
