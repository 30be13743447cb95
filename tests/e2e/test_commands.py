"""The commands that only look: what they print, and where."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent import __version__, cli, formats
from agent.lab.cluster import Pod
from tests.e2e.conftest import Start
from tests.e2e.kube import DB, Kube, pods
from tests.e2e.program import SAMPLE, SERVICE, Ended, Setting, fqdn, rollcall

COMMANDS = [*cli.rollcall.commands]
IN_A_POD = {
    "POD_NAME": "db-1",
    "POD_NAMESPACE": "prod",
    "POD_IPS": "10.0.0.2,fd00::2",
    "ROLLCALL_SERVICE": "db",
    "ROLLCALL_CLUSTER_DOMAIN": "cluster.local",
    "ROLLCALL_NAMESERVER": "127.0.0.1:9",
}


def batches(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """So many at a time."""
    return (names[n : n + size] for n in range(0, len(names), size))


def well(ended: Ended) -> str:
    """What it printed, of which nothing is on stderr."""
    assert ended.code == 0, ended.err
    assert ended.err == ""
    return ended.out


def test_the_version_is_told() -> None:
    assert well(rollcall("--version")) == f"rollcall {__version__}\n"


def test_help_tells_every_command() -> None:
    text = well(rollcall("--help"))
    assert text.startswith("Usage: rollcall ")
    assert set(COMMANDS) <= set(text.split())


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_short_help_is_had_everywhere(command: str) -> None:
    text = well(rollcall(*command.split(), "-h"))
    assert text.startswith(f"Usage: rollcall {command}".rstrip())
    assert re.search(r"-h, (-help, )?--help", text)


def test_a_format_is_shown_as_it_is_and_can_be_rendered_as_ones_own(
    kube: Kube, tmp_path: Path
) -> None:
    own = tmp_path / "own.j2"
    own.write_text(well(rollcall("formats", "show", "galera")))
    given = Setting(stdin=json.dumps(roll(kube)))
    by_name = well(rollcall("render", "--format=galera", setting=given))
    assert well(rollcall("render", f"--template={own}", setting=given)) == by_name


def test_a_format_is_explained() -> None:
    text = well(rollcall("formats", "explain", "galera"))
    assert "--defaults-extra-file=/peers/peers.cnf" in text
    assert "server_id_base" in text


@pytest.mark.parametrize("command", ["show", "explain"])
def test_a_format_that_does_not_exist_can_neither_be_shown_nor_explained(command: str) -> None:
    ended = rollcall("formats", command, "galerra")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "rollcall: there is no format 'galerra'; did you mean galera?\n"


def test_whom_a_rendered_file_names_can_be_selected(kube: Kube) -> None:
    given = Setting(stdin=json.dumps(roll(kube)))
    selecting = ("--exclude-self=always", "--address=ip", "--limit=1", "--port=7000")
    text = well(rollcall("render", "--format=list", *selecting, setting=given))
    assert text == "10.0.0.1:7000\n"
    ended = rollcall("render", "--format=json", "--limit=1", setting=given)
    assert (ended.code, ended.out) == (2, "")
    assert "has no seeds to select" in ended.err


def test_a_file_that_asks_who_answers_is_rendered_of_those_that_a_roll_says_answer(
    kube: Kube,
) -> None:
    heard = {"7000": {fqdn("db-0"): False, fqdn("db-2"): True}}
    given = Setting(stdin=json.dumps({**roll(kube), "answering": heard}))
    text = well(rollcall("render", "--format=cassandra", setting=given))
    assert yaml.safe_load(text)["seed_provider"][0]["parameters"] == [{"seeds": fqdn("db-2")}]


def test_every_format_is_listed_with_its_file_and_title() -> None:
    lines = well(rollcall("formats")).splitlines()
    assert [line.split()[:2] for line in lines] == [
        [name, formats.load(name).header.file] for name in formats.names()
    ]


def test_whoami_tells_each_part_and_its_source() -> None:
    rows = [
        re.split(r"\s{2,}", line)
        for line in well(rollcall("whoami", setting=Setting(IN_A_POD))).splitlines()
    ]
    assert rows == [
        ["pod name", "db-1", "POD_NAME"],
        ["ordinal", "1", "the pod name"],
        ["statefulset", "db", "the pod name"],
        ["service", "db", "ROLLCALL_SERVICE"],
        ["namespace", "prod", "POD_NAMESPACE"],
        ["cluster domain", "cluster.local", "ROLLCALL_CLUSTER_DOMAIN"],
        ["addresses", "10.0.0.2, fd00::2", "POD_IPS"],
        ["name in DNS", fqdn("db-1"), "all of these"],
    ]


def test_whoami_in_json_holds_the_same() -> None:
    found = json.loads(well(rollcall("whoami", "--json", setting=Setting(IN_A_POD))))
    assert found["pod_name"] == {"value": "db-1", "source": "POD_NAME"}
    assert found["ordinal"] == {"value": 1, "source": "the pod name"}
    assert found["addresses"] == {"value": ["10.0.0.2", "fd00::2"], "source": "POD_IPS"}
    assert found["name_in_dns"]["value"] == fqdn("db-1")


def test_a_flag_is_stronger_than_a_variable_and_that_than_a_file(tmp_path: Path) -> None:
    config = tmp_path / "rollcall.yaml"
    config.write_text("{service: of-file, namespace: of-file, cluster_domain: of.file}")
    environment = {
        "POD_NAME": "db-0",
        "POD_NAMESPACE": "of-downward-api",
        "ROLLCALL_CONFIG": str(config),
        "ROLLCALL_SERVICE": "of-variable",
        "ROLLCALL_NAMESPACE": "of-variable",
        "ROLLCALL_NAMESERVER": "127.0.0.1:9",
    }
    ended = rollcall("whoami", "--json", "--service=of-flag", setting=Setting(environment))
    found = json.loads(well(ended))
    assert found["service"] == {"value": "of-flag", "source": "--service"}
    assert found["namespace"] == {"value": "of-variable", "source": "ROLLCALL_NAMESPACE"}
    assert found["cluster_domain"] == {"value": "of.file", "source": f"{config}: cluster_domain"}
    assert found["pod_name"]["source"] == "POD_NAME"


def test_a_config_file_that_a_flag_names_is_read_in_the_place_of_the_settings_in_a_variable(
    tmp_path: Path,
) -> None:
    config = tmp_path / "rollcall.yaml"
    config.write_text("{service: of-file, namespace: a, cluster_domain: b}")
    setting = Setting({"POD_NAME": "db-0", "ROLLCALL_SETTINGS": "service: of-variable"})
    ended = rollcall("whoami", "--json", f"--config={config}", setting=setting)
    assert json.loads(well(ended))["service"]["value"] == "of-file"


def test_the_schema_is_json_for_an_editor() -> None:
    assert json.loads(well(rollcall("schema")))["properties"]["service"]


def peers(kube: Kube, *more: str) -> Ended:
    return rollcall("peers", "--pod-name=db-1", *SERVICE, kube.flag, *more)


def test_peers_are_a_table_for_people(kube: Kube) -> None:
    kube.scale(3)
    lines = well(peers(kube)).splitlines()
    assert [line.split(maxsplit=2) for line in lines] == [
        ["db-0", "10.0.0.1"],
        ["db-1", "10.0.0.2", "this pod"],
        ["db-2", "10.0.0.3"],
    ]


def test_a_pod_that_dns_does_not_list_is_marked(kube: Kube) -> None:
    kube.show(replace(DB, pods=pods([0])))
    lines = well(peers(kube, "--pod-ip=10.0.0.2")).splitlines()
    assert lines[1].split(maxsplit=2) == ["db-1", "10.0.0.2", "this pod, not listed in DNS"]


def test_what_is_odd_about_the_setup_is_told_beside_the_data(kube: Kube) -> None:
    kube.show(replace(DB, pods=pods([0, 1]), ports=()))
    ended = peers(kube, "--json")
    assert ended.code == 0
    assert [peer["name"] for peer in json.loads(ended.out)["peers"]] == ["db-0", "db-1"]
    (line,) = ended.err.splitlines()
    assert line.startswith("rollcall: the service has no SRV records")


def test_a_service_that_dns_does_not_know_is_exit_1_with_the_sentence(kube: Kube) -> None:
    ended = peers(kube)
    assert (ended.code, ended.out) == (1, "")
    (line,) = ended.err.splitlines()
    assert line.startswith("rollcall: DNS has no db.prod.svc.cluster.local (NXDOMAIN)")


def roll(kube: Kube) -> Any:
    """What `peers --json` prints of three pods, one of them of both families."""
    both = Pod("db-2", ("10.0.0.3", "fd00::3"))
    kube.show(replace(DB, pods=(*pods([0, 1]), both)))
    return json.loads(well(peers(kube, "--json", "--replicas=4")))


def test_peers_in_json_are_the_roll(kube: Kube) -> None:
    found = roll(kube)
    assert found["version"] == 1
    assert found["service"]["fqdn"] == "db.prod.svc.cluster.local"
    assert found["replicas"] == 4
    assert found["self"]["fqdn"] == fqdn("db-1")
    assert [peer["ordinal"] for peer in found["peers"]] == [0, 1, 2]
    assert sorted(found["peers"][2]["addresses"]) == ["10.0.0.3", "fd00::3"]
    assert [peer["name"] for peer in found["expected"]] == ["db-0", "db-1", "db-2", "db-3"]


OTHERS = f"{fqdn('db-0')},{fqdn('db-2')}"
ALL = [fqdn(f"db-{n}") for n in range(3)]


def read_cassandra(text: str) -> None:
    assert yaml.safe_load(text)["seed_provider"][0]["parameters"] == [{"seeds": OTHERS}]


def read_galera(text: str) -> None:
    assert f'"gcomm://{",".join([*ALL, fqdn("db-3")])}"' in text
    assert "wsrep_node_name             = db-1" in text


def read_list(text: str) -> None:
    assert text.splitlines() == ALL


def read_json(text: str) -> None:
    assert [peer["fqdn"] for peer in json.loads(text)["peers"]] == ALL


def read_yaml(text: str) -> None:
    assert [peer["fqdn"] for peer in yaml.safe_load(text)["peers"]] == ALL


def read_env(text: str) -> None:
    words = dict(word.split("=", 1) for word in shlex.split(text))
    assert words["PEERS_SELF"] == fqdn("db-1")
    assert words["PEERS_OTHERS"] == OTHERS
    assert words["PEERS_COUNT"] == "3"


READERS = {
    "cassandra": read_cassandra,
    "env": read_env,
    "galera": read_galera,
    "json": read_json,
    "list": read_list,
    "yaml": read_yaml,
}


def needed(name: str) -> list[str]:
    """The variables without which there is no file of a format."""
    examples = formats.load(name).header.examples
    return [f"--var={key}={example}" for key, example in examples.items()]


def test_every_format_renders_what_peers_print(kube: Kube, start: Start) -> None:
    given = Setting(stdin=json.dumps(roll(kube)))
    for names in batches(formats.names(), 6):
        rendering = {
            name: start("render", f"--format={name}", *needed(name), setting=given)
            for name in names
        }
        for name, program in rendering.items():
            ended = program.end()
            assert (ended.code, bool(ended.out)) == (0, True), ended.err
            READERS.get(name, str)(ended.out)


def test_what_is_rendered_is_what_is_written(kube: Kube, tmp_path: Path, start: Start) -> None:
    kube.scale(3)
    given = Setting(stdin=well(peers(kube, "--json")))
    outputs = [f"--output={name}:{tmp_path / name}" for name in SAMPLE]
    assert rollcall("once", "--pod-name=db-1", *SERVICE, kube.flag, *outputs).code == 0
    rendering = [start("render", f"--format={name}", setting=given) for name in SAMPLE]
    for name, program in zip(SAMPLE, rendering, strict=True):
        assert well(program.end()) == (tmp_path / name).read_text()


def test_variables_of_a_format_can_be_given(kube: Kube) -> None:
    given = Setting(stdin=json.dumps(roll(kube)))
    text = well(rollcall("render", "--format=galera", "--var=server_id_base=100", setting=given))
    assert "server_id                   = 101" in text
    variables = ("--var=cluster_name=a: 'b\"", "--var=num_tokens=4")
    ended = rollcall("render", "--format=cassandra", *variables, setting=given)
    assert ended.err.startswith("rollcall: nobody was asked who answers on port 7000")
    read = yaml.safe_load(ended.out)
    assert read["num_tokens"] == 4
    assert read["cluster_name"] == "a: 'b\""


def test_a_file_that_would_do_harm_is_withheld_with_the_reason(kube: Kube) -> None:
    kube.show(replace(DB, pods=pods([1])))
    given = Setting(stdin=well(peers(kube, "--json")))
    ended = rollcall("render", "--format=cassandra", setting=given)
    assert (ended.code, ended.out) == (1, "")
    assert "would start a cluster of its own" in ended.err


@pytest.mark.parametrize("flag", ["", "--log-format=json"])
def test_the_log_is_json_where_stderr_is_no_terminal(kube: Kube, tmp_path: Path, flag: str) -> None:
    kube.scale(2)
    ended = rollcall(
        *("once", "--pod-name=db-1", *SERVICE, kube.flag, *flag.split(), "--log-level=debug"),
        f"--output=list:{tmp_path / 'x'}",
    )
    assert (ended.code, ended.out) == (0, "")
    assert all({"event", "kind", "level", "timestamp"} <= event.keys() for event in ended.events)
    kinds = [event["kind"] for event in ended.events]
    assert kinds == ["started", "members", "gate", "published", "ready"]


def test_the_log_for_people_is_a_sentence_a_line(kube: Kube, tmp_path: Path) -> None:
    kube.scale(2)
    ended = rollcall(
        *("once", "--pod-name=db-1", *SERVICE, kube.flag, "--log-format=console"),
        f"--output=list:{tmp_path / 'x'}",
    )
    assert (ended.code, ended.out) == (0, "")
    lines = ended.err.splitlines()
    assert lines[0].endswith(f"rollcall {__version__} is {fqdn('db-1')}")
    assert lines[-1].rpartition(" is open: ")[2].startswith("all files are written, after ")
    assert not re.search(r"kind|Traceback|\x1b\[", ended.err)


def test_a_level_leaves_out_what_is_below_it(kube: Kube, tmp_path: Path) -> None:
    kube.scale(2)
    ended = rollcall(
        *("once", "--pod-name=db-1", *SERVICE, kube.flag, "--log-level=error"),
        f"--output=list:{tmp_path / 'x'}",
    )
    assert (ended.code, ended.out, ended.err) == (0, "", "")
