"""`rollcall manifest`: what it prints is what a pod can have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.settings import Said, load
from tests.e2e.program import ROOT, Setting, rollcall

CASSANDRA = "--output=cassandra:/peers/cassandra.yaml"
JSON = "--output=json:/peers/peers.json"


def made(*flags: str, **environment: str) -> Any:
    """What is printed, as YAML that has been read."""
    ended = rollcall("manifest", *flags, setting=Setting(environment=environment))
    assert (ended.code, ended.err) == (0, "")
    return yaml.safe_load(ended.out)


def refusal(*flags: str) -> str:
    """The sentence on stderr; nothing is printed."""
    ended = rollcall("manifest", *flags)
    assert (ended.code, ended.out) == (2, "")
    return ended.err


def variables(container: Any) -> dict[str, str]:
    """The variables whose values are written down."""
    return {each["name"]: each["value"] for each in container["env"] if "value" in each}


def test_the_fragment_in_readme_is_what_it_prints() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = (
        block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "\ninitC" in block
    )
    in_readme = yaml.safe_load(shown)
    printed = made(CASSANDRA, "--database=cassandra")
    (database,) = in_readme["containers"]
    assert {database.pop("image"), database.pop("env")[0]["name"]} == {
        "cassandra:5.0",
        "JVM_EXTRA_OPTS",
    }
    assert in_readme == printed


def test_the_settings_that_were_given_are_those_that_the_pod_has_and_no_others() -> None:
    flags = [CASSANDRA, JSON, "--var=cluster_name=prod", "--replicas=3", "--forget-after=1m"]
    (agent,) = made(*flags, ROLLCALL_SETTLE="7s")["initContainers"]
    settings = load(Said({}, variables(agent))).settings
    said: dict[str, str | tuple[str, ...]] = {
        "--output": tuple(flag.partition("=")[2] for flag in flags[:2]),
        "--var": ("cluster_name=prod",),
        "--replicas": "3",
        "--forget-after": "1m",
    }
    assert settings == load(Said(said, {})).settings


def test_the_kubelet_asks_for_longer_than_many_gates_wait_so_that_the_agent_says_why() -> None:
    """Failures of earlier lives count, so one gate's time would be over in the second life."""
    (agent,) = made(CASSANDRA)["initContainers"]
    probe = agent["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 100 * 240
    assert "readinessProbe" not in agent


def test_a_config_file_with_a_mistake_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("outputs: [{format: casandra, path: /peers/x}]")
    assert "did you mean cassandra?" in refusal(f"--config={file}")
    for own in ("pod_name: db-0", "pod_ip: [10.0.0.1]"):
        file.write_text(f"{own}\noutputs: [{{format: json, path: /peers/x}}]")
        assert "another one in each pod" in refusal(f"--config={file}")


def test_it_says_what_else_rollcall_has_to_see() -> None:
    flags = ("--bootstrap-port=1", "--bootstrap-data=/var/lib/x", "--notify=exec:/hooks/x --y")
    out = rollcall("manifest", JSON, *flags).out
    assert re.findall(r"# (\S+) is for rollcall to see: mount it", out) == [
        "/var/lib/x",
        "/hooks/x",
    ]


def test_before_native_sidecars_an_init_container_waits_and_a_plain_one_keeps_the_file() -> None:
    pod = made(CASSANDRA, "--no-native", "--database=cassandra")
    (first,) = pod["initContainers"]
    database, agent = pod["containers"]
    assert (first["args"], agent["args"]) == (["once"], ["run"])
    assert first["name"] != agent["name"]
    assert (first["env"], first["volumeMounts"]) == (agent["env"], agent["volumeMounts"])
    assert "restartPolicy" not in first | agent
    assert "startupProbe" not in first | agent  # the pod's start does not wait for it
    assert database["name"] == "cassandra"


def test_a_config_file_is_in_the_manifest_itself_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "# ours\noutputs: [{format: json, path: /peers/a.json}, {format: env, path: /env/b}]\n"
    )
    ended = rollcall("manifest", f"--config={file}", "--replicas=3")
    assert "# ours\n" in ended.out
    pod = yaml.safe_load(ended.out)
    (agent,) = pod["initContainers"]
    settings = load(Said({}, variables(agent))).settings
    assert settings == load(Said({"--replicas": "3"}, {}, "mine.yaml", file.read_text())).settings
    mounts = {each["mountPath"]: each["name"] for each in agent["volumeMounts"]}
    assert mounts.keys() == {"/peers", "/env"}
    assert {volume["name"] for volume in pod["volumes"]} == {*mounts.values()}
    (database,) = pod["containers"]
    assert {each["mountPath"] for each in database["volumeMounts"]} == {"/peers", "/env"}
    assert all(each["readOnly"] for each in database["volumeMounts"])


def test_what_kubernetes_would_take_for_one_of_its_variables_is_left_as_it_is() -> None:
    """Of $$ it makes $, and of $(NAME) a variable's value: the API's reference, EnvVar."""
    (agent,) = made(JSON, "--notify=exec:/hooks/tell $(POD_NAME) $HOME")["initContainers"]
    assert variables(agent)["ROLLCALL_NOTIFY"] == "exec:/hooks/tell $$(POD_NAME) $$HOME"


def test_a_signal_needs_one_process_namespace_and_only_that_does() -> None:
    assert made(JSON, "--notify=signal:HUP:nginx")["shareProcessNamespace"] is True
    assert "shareProcessNamespace" not in made(JSON, "--notify=http://127.0.0.1:8080/reload")


def test_how_the_database_reads_the_file_is_said_with_its_path() -> None:
    out = rollcall("manifest", "--output=galera:/etc/peers/mine.cnf").out
    comment = " ".join(line.removeprefix("# ") for line in out.splitlines() if line[0] == "#")
    assert "--defaults-extra-file=/etc/peers/mine.cnf" in comment


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ([], "nothing to write"),
        ([CASSANDRA, "--status-listen=none"], "leave it out"),
        ([CASSANDRA, "--status-listen=127.0.0.1:9797"], "from outside the pod"),
        ([CASSANDRA, "--no-native", "--status-listen=[::1]:9797"], "from outside the pod"),
        ([JSON, "--notify=http://127.0.0.1/a,b"], "key notify"),
        ([CASSANDRA, "--var=colour=red"], "no output's format has the variable"),
        ([CASSANDRA, "--wait-for=soon"], "--wait-for"),
        (["--output=json:/peers.json"], "write it as in /peers/peers.json"),
        (["--output=json:/peers/"], "write it as in /peers/peers.json"),
        ([JSON, "--database=Cassandra_1"], "the database's container"),
        ([JSON, "--database=rollcall"], "Rollcall's own"),
        ([JSON, "--image="], "is no image"),
        (["--output=json:peers/peers.json"], "write it as in /peers"),
        (["--output=json:/a/../peers/peers.json"], "write it as in /peers"),
        ([CASSANDRA, "--status-listen=:0"], "name one"),
    ],
)
def test_what_no_pod_can_have_is_refused(flags: list[str], why: str) -> None:
    assert why in refusal(*flags)


def test_without_a_status_a_plain_sidecar_has_no_probes() -> None:
    _, agent = made(CASSANDRA, "--no-native", "--status-listen=none")["containers"]
    assert not {"ports", "livenessProbe"} & agent.keys()
