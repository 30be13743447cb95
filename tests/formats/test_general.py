"""The formats for shells and programs: env, json, yaml, list."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from agent.core.roll import Word, to_document
from agent.formats import FormatError
from tests.formats.rolls import ALL_NAMES, HOSTILE, THREE, each_hostile, render, roll


def sourced(content: bytes, folder: Path, prefix: str = "PEERS_") -> dict[str, str]:
    """The variables that a shell has after it read the file."""
    file = folder / "peers.env"
    file.write_bytes(content)
    command = ["sh", "-c", "set -eua; . ./peers.env; env -0"]
    made = subprocess.run(command, cwd=folder, check=True, capture_output=True)
    assert (made.stderr, [each.name for each in folder.iterdir()]) == (b"", ["peers.env"])
    pairs = (entry.partition("=") for entry in made.stdout.decode().split("\0"))
    return {key: value for key, _, value in pairs if key.startswith(prefix)}


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


def test_json_and_yaml_are_the_roll_without_its_generation() -> None:
    document = to_document(THREE)
    del document["generation"], document["answering"]
    assert json.loads(render("json", THREE)) == document
    assert yaml.safe_load(render("yaml", THREE)) == document


def test_a_list_is_one_name_a_line_in_the_order_of_ordinals() -> None:
    assert render("list", THREE).decode().splitlines() == ALL_NAMES
    names = render("list", roll(11, *range(11))).decode().splitlines()
    assert [name.partition(".")[0] for name in names] == [f"db-{n}" for n in range(12)]


def test_a_list_in_a_pod_that_is_alone_has_its_own_name() -> None:
    assert render("list", roll(1)).decode().splitlines() == [ALL_NAMES[1]]
