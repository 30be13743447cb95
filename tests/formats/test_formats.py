"""What each format makes of a roll. `golden/` holds what db-1 of three pods writes."""

import configparser
import itertools
import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent import formats
from agent.core.identity import Identity
from agent.core.membership import Membership, Rules, observe
from agent.core.observation import Answered, Endpoint
from agent.core.roll import Peer, Roll, Service, Word, to_document
from agent.formats import FormatError, Withheld

GOLDEN = Path(__file__).with_name("golden")
SERVICE = Service("db", "prod", "cluster.local")
NONE: Mapping[str, Any] = MappingProxyType({})
ALL_NAMES = [f"db-{n}.db.prod.svc.cluster.local" for n in range(3)]
# What a value may hold that could end it, or start something, in one file or another.
HOSTILE = (
    'a"b',
    "a'b",
    "a\nb: c",
    "a\r\nplugin_load_add=evil.so",
    "4567]\n[mysqld_safe]",
    "$(touch evil)",
    "`touch evil`",
    "; touch evil;",
    "a # b",
    "# b",
    "%(report_host)s %s",
    "{{ me }} {% raw %}",
    "a\\",
    "\\n\\",
    "- a",
    "*a",
    "&a !b",
    " a ",
    "",
    "null",
    "2024-01-01",
    "käse 🧀",
)
unhurried = settings(deadline=None)
each_format = pytest.mark.parametrize("name", formats.names())
each_hostile = pytest.mark.parametrize("value", HOSTILE)


def pod(ordinal: int) -> Peer:
    return Peer(SERVICE.pod(f"db-{ordinal}"), (f"10.0.0.{ordinal}", f"fd00::{ordinal}"))


def roll(me: int, *others: int, replicas: int | None = None) -> Roll:
    return Roll(SERVICE, pod(me), tuple(pod(n) for n in sorted({me, *others})), 1, replicas)


THREE = roll(1, 0, 2, replicas=3)


def render(name: str, of: Roll, variables: Mapping[str, Any] = NONE) -> bytes:
    made = formats.render(formats.load(name), of, variables)
    assert isinstance(made, bytes), made
    return made


def cassandra(of: Roll, variables: Mapping[str, Any] = NONE) -> Any:
    return yaml.safe_load(render("cassandra", of, variables))


def seeds(of: Roll) -> list[str]:
    """The pods that a cassandra.yaml names as seeds."""
    (provider,) = cassandra(of)["seed_provider"]
    (parameters,) = provider["parameters"]
    return [fqdn.partition(".")[0] for fqdn in parameters["seeds"].split(",")]


def galera(of: Roll, variables: Mapping[str, Any] = NONE) -> Mapping[str, str]:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.read_string(render("galera", of, variables).decode())
    assert parser.sections() == ["mysqld"]
    return dict(parser["mysqld"])


def sourced(content: bytes, folder: Path, prefix: str = "PEERS_") -> dict[str, str]:
    """The variables that a shell has after it read the file."""
    file = folder / "peers.env"
    file.write_bytes(content)
    command = ["sh", "-c", "set -eua; . ./peers.env; env -0"]
    made = subprocess.run(command, cwd=folder, check=True, capture_output=True)
    assert (made.stderr, [each.name for each in folder.iterdir()]) == (b"", ["peers.env"])
    pairs = (entry.partition("=") for entry in made.stdout.decode().split("\0"))
    return {key: value for key, _, value in pairs if key.startswith(prefix)}


# Every format.


@each_format
def test_a_format_writes_what_its_golden_file_shows(name: str) -> None:
    golden = GOLDEN / (name + Path(formats.load(name).file).suffix)
    assert render(name, THREE) == golden.read_bytes()


def test_every_golden_file_is_that_of_a_format() -> None:
    assert sorted(file.stem for file in GOLDEN.iterdir()) == list(formats.names())


@each_format
def test_a_format_says_what_it_is_for_and_what_each_of_its_variables_means(name: str) -> None:
    form = formats.load(name)
    assert form.name == name
    assert form.title
    assert form.notes
    assert Path(form.file).name == form.file
    for variable in form.variables.values():
        assert isinstance(variable.meaning, str)
        assert variable.meaning
    formats.check_variables(form, {key: each.default for key, each in form.variables.items()})


@each_format
def test_each_variable_of_a_format_changes_its_file(name: str) -> None:
    for key, variable in formats.load(name).variables.items():
        other = variable.default + 1 if isinstance(variable.default, int) else "OTHER"
        assert render(name, THREE, {key: other}) != render(name, THREE)
        assert render(name, THREE, {key: variable.default}) == render(name, THREE)


@each_format
def test_the_same_membership_gives_the_same_bytes_in_whatever_order_dns_lists_it(name: str) -> None:
    me = Identity("db-1", "db", 1, SERVICE, pod(1).addresses, {})
    endpoints = [Endpoint(peer.fqdn, peer.addresses) for peer in THREE.peers]
    made = set()
    for order in itertools.permutations(endpoints):
        turned = tuple(replace(each, addresses=each.addresses[::-1]) for each in order)
        state = observe(Membership(me), Answered(turned), 0.0, Rules()).state
        made.add(render(name, state.roll(3, 0)))
    assert made == {render(name, THREE)}


@each_format
def test_the_generation_changes_no_byte(name: str) -> None:
    assert render(name, replace(THREE, generation=77)) == render(name, THREE)


@each_format
def test_a_file_names_this_pod_and_has_whole_lines(name: str) -> None:
    text = render(name, THREE).decode()
    assert "db-1.db.prod.svc.cluster.local" in text or name == "cassandra"
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "{#" not in text
    assert "\r" not in text


@each_format
def test_another_membership_gives_other_bytes(name: str) -> None:
    assert render(name, roll(1, 0, 2, 3)) != render(name, roll(1, 0, 2))


@each_format
def test_a_variable_that_a_format_does_not_have_is_refused_with_those_that_it_has(
    name: str,
) -> None:
    form = formats.load(name)
    with pytest.raises(FormatError) as refused:
        formats.render(form, THREE, {"colour": "red"})
    known = ", ".join(form.variables) or "none"
    assert str(refused.value) == f"format {name} has no variable 'colour'; it has: {known}"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("casandra", "there is no format 'casandra'; did you mean cassandra?"),
        ("x", "there is no format 'x'; there are cassandra, env, galera, json, list, yaml"),
        ("", "there is no format ''; there are cassandra, env, galera, json, list, yaml"),
    ],
)
def test_a_format_that_does_not_exist_is_refused_with_those_that_do(
    name: str, sentence: str
) -> None:
    with pytest.raises(FormatError) as refused:
        formats.load(name)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("name", ["../cassandra", "cassandra.j2", "./list", "/etc/passwd"])
def test_a_format_is_no_path(name: str) -> None:
    with pytest.raises(FormatError, match="there is no format"):
        formats.load(name)


NUMBERS = [
    ("cassandra", "num_tokens"),
    ("cassandra", "replication_factor"),
    ("cassandra", "storage_port"),
    ("cassandra", "native_transport_port"),
    ("galera", "server_id_base"),
    ("galera", "cluster_port"),
    ("galera", "client_port"),
]


@pytest.mark.parametrize("value", [*HOSTILE, "4567", True, None, 1.5, [], {}])
@pytest.mark.parametrize(("name", "variable"), NUMBERS)
def test_what_is_no_number_is_refused_where_a_number_has_to_be(
    name: str, variable: str, value: object
) -> None:
    with pytest.raises(FormatError) as refused:
        render(name, THREE, {variable: value})
    sentence = f"format {name}: {variable} is {value!r}, it has to be a whole number"
    assert str(refused.value) == sentence


@pytest.mark.parametrize("value", [1, True, None, [], {}])
@pytest.mark.parametrize(
    ("name", "variable"), [("cassandra", "cluster_name"), ("cassandra", "data"), ("env", "prefix")]
)
def test_what_is_no_text_is_refused_where_text_has_to_be(
    name: str, variable: str, value: object
) -> None:
    with pytest.raises(FormatError) as refused:
        render(name, THREE, {variable: value})
    assert str(refused.value) == f"format {name}: {variable} is {value!r}, it has to be text"


# Cassandra.


def test_cassandra_reads_its_own_name_and_the_others_as_seeds() -> None:
    read = cassandra(THREE)
    assert read["listen_address"] == read["broadcast_rpc_address"] == ALL_NAMES[1]
    assert seeds(THREE) == ["db-0", "db-2"]


@unhurried
@given(st.integers(0, 5), st.sets(st.integers(0, 5)))
def test_a_cassandra_node_never_names_itself_as_seed_but_the_first_one_while_it_is_alone(
    me: int, others: set[int]
) -> None:
    of = roll(me, *others)
    if others - {me}:
        named = seeds(of)
        assert f"db-{me}" not in named
        assert 1 <= len(named) <= 3
    elif me == 0:
        assert seeds(of) == ["db-0"]
    else:
        assert isinstance(formats.render(formats.load("cassandra"), of, {}), Withheld)


def test_a_cassandra_node_that_would_found_a_ring_of_its_own_gets_no_file_and_a_reason() -> None:
    assert formats.render(formats.load("cassandra"), roll(1), {}) == Withheld(
        "cassandra is not written while there is nobody to name but this pod, which is not the "
        "first of its set: its database would start a cluster of its own"
    )


def test_cassandra_has_three_seeds_at_most_the_lowest_ordinals() -> None:
    assert seeds(roll(10, *range(10))) == ["db-0", "db-1", "db-2"]
    assert seeds(roll(0, *range(1, 12))) == ["db-1", "db-2", "db-3"]


def test_cassandras_folders_are_all_below_the_data_volume() -> None:
    read = cassandra(THREE, {"data": "/data"})
    assert read["data_file_directories"] == ["/data/data"]
    for key in ("commitlog_directory", "saved_caches_directory", "hints_directory"):
        assert read[key].startswith("/data/")


@each_hostile
@pytest.mark.parametrize(
    ("variable", "key"),
    [
        ("cluster_name", "cluster_name"),
        ("snitch", "endpoint_snitch"),
    ],
)
def test_a_value_stays_inside_its_key_of_a_cassandra_yaml(
    variable: str, key: str, value: str
) -> None:
    assert cassandra(THREE, {variable: value}) == {**cassandra(THREE), key: value}


@each_hostile
def test_a_folder_stays_inside_its_key_of_a_cassandra_yaml(value: str) -> None:
    read = cassandra(THREE, {"data": value})
    assert read.keys() == cassandra(THREE).keys()
    assert read["hints_directory"] == f"{value}/hints"
    assert read["data_file_directories"] == [f"{value}/data"]


@unhurried
@given(st.text())
@example("\x7f")
@example("\x85")
@example("\ufffe")
@example("\U0001f9c0")
def test_any_text_is_read_back_from_a_cassandra_yaml_as_it_was_given(value: str) -> None:
    assert cassandra(THREE, {"cluster_name": value})["cluster_name"] == value


def test_half_a_character_is_refused_or_read_back_but_never_crashes() -> None:
    try:
        content = render("cassandra", THREE, {"cluster_name": "\ud800"})
    except FormatError:
        return
    assert yaml.safe_load(content)["cluster_name"] == "\ud800"


# Galera.


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
    read = galera(THREE, {"server_id_base": 100, "cluster_port": 5567, "client_port": 3307})
    assert read["server_id"] == "101"
    assert read["wsrep_cluster_address"] == '"gcomm://{}"'.format(
        ",".join(f"{name}:5567" for name in ALL_NAMES)
    )
    assert read["wsrep_node_address"] == f"{ALL_NAMES[1]}:5567"
    assert read["wsrep_node_incoming_address"] == f"{ALL_NAMES[1]}:3307"


# Shell.


def test_a_shell_reads_who_it_is_and_who_is_there(tmp_path: Path) -> None:
    assert sourced(render("env", THREE), tmp_path) == {
        "PEERS_SELF": ALL_NAMES[1],
        "PEERS_SELF_NAME": "db-1",
        "PEERS_SELF_ORDINAL": "1",
        "PEERS_ALL": ",".join(ALL_NAMES),
        "PEERS_OTHERS": f"{ALL_NAMES[0]},{ALL_NAMES[2]}",
        "PEERS_COUNT": "3",
        "PEERS_BOOTSTRAP": "",
    }


@pytest.mark.parametrize("word", ["first", "join", "unknown"])
def test_a_shell_reads_whether_to_found_a_cluster(word: Word, tmp_path: Path) -> None:
    advised = replace(THREE, bootstrap=word)
    assert sourced(render("env", advised), tmp_path)["PEERS_BOOTSTRAP"] == word


def test_a_shell_in_a_pod_that_is_alone_reads_an_empty_list_of_others(tmp_path: Path) -> None:
    read = sourced(render("env", roll(0)), tmp_path)
    assert (read["PEERS_ALL"], read["PEERS_OTHERS"]) == (ALL_NAMES[0], "")
    assert read["PEERS_COUNT"] == "1"


def test_what_the_shells_variables_begin_with_can_be_another(tmp_path: Path) -> None:
    read = sourced(render("env", THREE, {"prefix": "DB_"}), tmp_path, "DB_")
    assert read["DB_SELF_NAME"] == "db-1"


@each_hostile
def test_a_separator_stays_inside_the_shells_variables(value: str, tmp_path: Path) -> None:
    read = sourced(render("env", THREE, {"separator": value}), tmp_path)
    assert read["PEERS_ALL"] == value.join(ALL_NAMES)


@pytest.mark.parametrize(
    "value", [v for v in HOSTILE if v != "null"] + ["A=1; touch evil; B", "A B", "0A", "A-", "A\n"]
)
def test_a_prefix_that_no_variable_can_begin_with_is_refused(value: str) -> None:
    with pytest.raises(FormatError, match=r"format env: prefix is .*, it has to match "):
        render("env", THREE, {"prefix": value})


# For programs.


def test_json_and_yaml_are_the_roll_without_its_generation() -> None:
    document = to_document(THREE)
    del document["generation"]
    assert json.loads(render("json", THREE)) == document
    assert yaml.safe_load(render("yaml", THREE)) == document


def test_a_list_is_one_name_a_line_in_the_order_of_ordinals() -> None:
    assert render("list", THREE).decode().splitlines() == ALL_NAMES
    names = render("list", roll(11, *range(11))).decode().splitlines()
    assert [name.partition(".")[0] for name in names] == [f"db-{n}" for n in range(12)]


def test_a_list_in_a_pod_that_is_alone_has_its_own_name() -> None:
    assert render("list", roll(1)).decode().splitlines() == [ALL_NAMES[1]]
