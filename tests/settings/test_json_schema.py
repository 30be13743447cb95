"""The schema of the config file: it lets in what the agent does, and no other keys or words."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from agent import formats
from agent.settings import OPTIONS, Option, Said, SettingsError, load
from agent.settings.json_schema import json_schema
from tests.settings.test_load import WRITTEN, in_file

SCHEMA = json_schema(formats.names())
LETS_IN = Draft7Validator(SCHEMA).is_valid

FULL = """
pod_name: null
wait_for: 2
wait_timeout: 0
vars: {cluster_name: prod, port: 9042}
outputs:
- path: /peers/peers.cnf
  format: galera
  vars: {server_id_base: 100}
  mode: "0640"
  from: answering
  exclude_self: always
  limit: 3
  address: ip
  port: 4567
  base: /base/my.cnf
  check: [my-check, "{path}"]
  check_timeout: 1m30s
- {path: /peers/own.txt, template: /templates/own.j2}
notify:
- {name: tell, exec: [/hooks/on-change], timeout: 5s, stdin: json, on_first: true}
- {http: {url: "http://127.0.0.1:8080/reload", method: PUT, headers: {X-From: rollcall}}}
- {signal: {process: nginx, signal: HUP}, min_interval: 500ms}
"""


def is_loaded(text: str) -> bool:
    """Whether the agent takes it for settings of the right shape."""
    try:
        load(Said({}, {}, "rollcall.yaml", text))
    except SettingsError:
        return False
    return True


def test_it_is_a_draft_7_schema_that_refers_to_nothing_else() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert "$ref" not in json.dumps(SCHEMA)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.key)
def test_whatever_a_flag_can_say_can_stand_in_the_file(option: Option) -> None:
    for written, _ in WRITTEN[option.key]:
        assert LETS_IN(yaml.safe_load(in_file(option, written)))


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.key)
def test_each_key_that_is_a_flag_too_says_what_it_is(option: Option) -> None:
    here: Any = SCHEMA
    for part in option.key.split("."):
        here = here["properties"][part]
    assert here["description"] == option.help


def test_all_that_an_output_and_a_notifier_can_say_is_let_in() -> None:
    tree = yaml.safe_load(FULL)
    said = {key for output in tree["outputs"] for key in output}
    assert said == SCHEMA["properties"]["outputs"]["items"]["properties"].keys()
    told = {key for each in tree["notify"] for key in each}
    assert told == SCHEMA["properties"]["notify"]["items"]["properties"].keys()
    assert is_loaded(FULL)
    assert LETS_IN(tree)


@pytest.mark.parametrize(
    "text",
    [
        "servce: db",
        "discovery: {intervall: 1s}",
        "outputs: [{format: json}]",
        "outputs: [{format: json, path: /a, kind: x}]",
        "outputs: {format: json, path: /a}",
        "outputs: [{format: json, path: /a, mode: 640}]",
        "outputs: [{format: json, path: /a, check: []}]",
        "notify: [{exec: /hooks/on-change}]",
        "notify: [{http: {url: 'http://a/', method: DELETE}}]",
        "notify: [{http: {}}]",
        "wait_timeout: 30",
        "wait_timeout: 30 s",
        "wait_timeout: 1.5",
        "wait_for: soon",
        "member: 'yes'",
        "replicas: '3'",
        "service: 5",
        "log: loud",
        "status: {listen: 9797}",
    ],
)
def test_what_the_agent_refuses_for_its_shape_is_refused(text: str) -> None:
    assert not is_loaded(text)
    assert not LETS_IN(yaml.safe_load(text))


@pytest.mark.parametrize("text", ["0", "'0'", "500ms", "1h30m", "1.5s", "0s", "4m", "10.25s10ms"])
def test_lengths_of_time_are_let_in_as_the_agent_reads_them(text: str) -> None:
    assert is_loaded(f"wait_timeout: {text}")
    assert LETS_IN(yaml.safe_load(f"wait_timeout: {text}"))


def test_a_key_without_a_value_is_let_in_where_it_may_be_left_out() -> None:
    for key in SCHEMA["properties"]:
        assert is_loaded(f"{key}:")
        assert LETS_IN({key: None})
    assert not LETS_IN({"outputs": [{"path": None}]})


def test_a_format_is_one_that_is_built_in() -> None:
    assert LETS_IN({"outputs": [{"format": "json", "path": "/a"}]})
    assert not LETS_IN({"outputs": [{"format": "jsn", "path": "/a"}]})
