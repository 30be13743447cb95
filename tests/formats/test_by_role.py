"""What is rendered for an observer and for a Deployment's pod, and what can't be."""

import json
from pathlib import Path

import pytest
import yaml

from agent import formats
from agent.core.identity import Role
from agent.core.roll import Peer, Roll, Service, from_document, to_document
from agent.formats import FormatError
from tests.formats.rolls import ALL_NAMES, SERVICE, THREE, pod, render
from tests.formats.test_general import sourced

OBSERVED = from_document(to_document(Roll(SERVICE, None, THREE.peers, 1, 3)))
AT = [Peer(f"10.0.0.{n}", (f"10.0.0.{n}",)) for n in (1, 2, 10)]
DEPLOYED = Roll(SERVICE, AT[1], tuple(AT), 1)
NOBODY = Roll(SERVICE, None, ())
OBSERVER, DEPLOYMENT = Role(is_member=False), Role(has_ordinals=False)
# Formats that describe the pod itself, and those for anybody.
OF_SELF = [name for name in formats.names() if formats.load(name).header.needs]
FOR_ANYBODY = [name for name in formats.names() if not formats.load(name).header.needs]
for_anybody = pytest.mark.parametrize("name", FOR_ANYBODY)
# Those that are harmless with nobody in them.
LISTS = [
    name
    for name in FOR_ANYBODY
    if (rule := formats.load(name).selection) is None or rule.allow_empty
]


def test_the_formats_of_databases_describe_their_pod() -> None:
    assert {"cassandra", "galera"} <= set(OF_SELF)
    assert {"env", "json", "list", "yaml"} <= set(FOR_ANYBODY)


@pytest.mark.parametrize("name", OF_SELF)
def test_a_format_that_describes_the_pod_is_refused_to_an_observer(name: str) -> None:
    form = formats.load(name)
    recipe = formats.Recipe(form, form.header.examples)
    sentence = (
        f"format {name} describes this pod itself, and an observer (member: false) is none of the "
        "peers: use json, yaml, env, list, hosts, nginx or haproxy"
    )
    with pytest.raises(FormatError) as refused:
        formats.render(recipe, OBSERVED)
    assert str(refused.value) == sentence
    with pytest.raises(FormatError) as refused:
        formats.try_out(recipe, OBSERVER)
    assert str(refused.value) == sentence


def test_a_format_that_needs_an_ordinal_is_refused_to_a_deployment() -> None:
    recipe = formats.Recipe(formats.load("galera"))
    with pytest.raises(FormatError, match=r"needs the pod's ordinal, and 10\.0\.0\.2 has none"):
        formats.render(recipe, DEPLOYED)
    with pytest.raises(FormatError, match="needs the pod's ordinal"):
        formats.try_out(recipe, DEPLOYMENT)


@for_anybody
@pytest.mark.parametrize("role", [Role(), OBSERVER, DEPLOYMENT], ids=str)
def test_what_is_for_anybody_passes_its_trial_in_every_role(name: str, role: Role) -> None:
    formats.try_out(formats.Recipe(formats.load(name)), role)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_is_empty_is_written_for_an_observer(name: str) -> None:
    """It accepts that nobody is there, if it is told to; and says so to its reader."""
    assert isinstance(render(name, NOBODY), bytes)


def test_json_and_yaml_have_nobody_for_self_and_are_rolls_again() -> None:
    for read in (json.loads(render("json", OBSERVED)), yaml.safe_load(render("yaml", OBSERVED))):
        assert read["self"] is None
        assert [peer["fqdn"] for peer in read["peers"]] == ALL_NAMES
        assert to_document(from_document({**read, "generation": 1})) == to_document(OBSERVED)


def test_a_list_for_an_observer_names_all() -> None:
    assert render("list", OBSERVED).decode().splitlines() == ALL_NAMES
    assert render("list", NOBODY) == b""


def test_a_shell_beside_no_database_reads_who_is_there_and_nothing_of_itself(
    tmp_path: Path,
) -> None:
    read = sourced(render("env", OBSERVED), tmp_path)
    del read["PEERS_BOOTSTRAP"]
    assert read == {
        "PEERS_SELF": "",
        "PEERS_SELF_NAME": "",
        "PEERS_SELF_ORDINAL": "",
        "PEERS_ALL": ",".join(ALL_NAMES),
        "PEERS_OTHERS": ",".join(ALL_NAMES),
        "PEERS_COUNT": "3",
    }


def test_a_shell_in_a_deployments_pod_reads_addresses(tmp_path: Path) -> None:
    read = sourced(render("env", DEPLOYED), tmp_path)
    assert (read["PEERS_SELF"], read["PEERS_SELF_NAME"]) == ("10.0.0.2", "10.0.0.2")
    assert read["PEERS_SELF_ORDINAL"] == ""
    assert read["PEERS_OTHERS"] == "10.0.0.1,10.0.0.10"


def test_a_cassandra_of_a_deployment_has_the_others_for_seeds_and_never_itself() -> None:
    read = yaml.safe_load(render("cassandra", DEPLOYED))
    assert read["listen_address"] == "10.0.0.2"
    assert read["seed_provider"][0]["parameters"] == [{"seeds": "10.0.0.1,10.0.0.10"}]
    alone = Roll(SERVICE, AT[1], (AT[1],))
    assert isinstance(
        formats.render(formats.Recipe(formats.load("cassandra")), alone), formats.Withheld
    )


@for_anybody
def test_containers_are_called_by_one_label(name: str) -> None:
    bare = Service("db", "", "")
    peers = tuple(Peer(f"db-{n}", pod(n).addresses) for n in range(3))
    text = render(name, Roll(bare, peers[1], peers, 1, 3)).decode()
    assert "db-2" in text
    assert "cluster.local" not in text
