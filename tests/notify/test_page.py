"""docs/hooks.md says what is so."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from agent.core.delivery import FIRST_PAUSE, LONGEST_PAUSE, Arrived, Lost
from agent.core.notice import LONGEST_VARIABLE, VARIABLES, notice, to_json, to_lines, variables
from agent.core.roll import Peer, Roll
from agent.notify.exec import Exec
from agent.notify.lines import LONGEST_LINE, MOST_LINES
from agent.settings import Said, load
from agent.settings.schema import HttpTarget, Notify, SignalTarget
from tests.formats.rolls import SERVICE
from tests.notify.world import World
from tests.support.pages import blocks

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "hooks.md").read_text(encoding="utf-8")
SETTINGS, _ = blocks(PAGE, "yaml")


def pod(ordinal: int, last: int) -> Peer:
    return Peer(SERVICE.pod(f"db-{ordinal}"), (f"10.0.0.{last}",))


# The example of the page: db-1 has come, db-2 is gone, and db-0 has moved.
NEWS = notice((pod(0, 0), pod(2, 2)), Roll(SERVICE, pod(0, 9), (pod(0, 9), pod(1, 1)), 7))


def test_the_document_of_the_page_is_the_one_that_is_told() -> None:
    (text,) = blocks(PAGE, "json")
    document = json.loads(to_json(NEWS))
    shown = json.loads(text)
    assert {key: document[key] for key in shown} == shown
    of_the_roll = json.loads(blocks((DOCS / "roll.md").read_text(encoding="utf-8"), "json")[0])
    assert {*document} == {*shown, *of_the_roll}


def test_the_names_of_the_page_are_those_that_are_told() -> None:
    assert blocks(PAGE, "text") == [to_lines(NEWS).decode()]


def test_the_variables_of_the_page_are_all_that_there_are() -> None:
    shown = dict(re.findall(r"^\| `(ROLLCALL_\w+)` \| `(.*)` \|$", PAGE, re.MULTILINE))
    assert shown == variables(NEWS)
    assert tuple(shown) == VARIABLES


def test_the_settings_of_the_page_are_accepted_and_have_all_that_can_be_said() -> None:
    notifiers = load(Said({}, {}, "rollcall.yaml", SETTINGS)).settings.notify
    said = yaml.safe_load(SETTINGS)["notify"]
    assert {key for entry in said for key in entry} == {*Notify.__struct_encode_fields__}
    assert {*said[1]["http"]} == {*HttpTarget.__struct_encode_fields__}
    keys = {key for entry in said[2:] for key in entry["signal"]}
    assert keys == {*SignalTarget.__struct_encode_fields__}
    shown = notifiers[0]
    assert shown == Notify(name=shown.name, exec=shown.exec), "what is shown there are defaults"
    assert notifiers[1].http == replace_headers(notifiers[1].http)


def replace_headers(target: HttpTarget | None) -> HttpTarget:
    """The same target with everything but its headers as it is by default."""
    assert target is not None
    return HttpTarget(target.url, headers=target.headers)


@pytest.mark.parametrize("text", re.findall(r"--notify (\S+)", PAGE))
def test_the_flags_of_the_page_are_accepted(text: str) -> None:
    assert load(Said({"--notify": (text,)}, {})).settings.notify


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    assert f"after {FIRST_PAUSE:g} s, and" in PAGE
    assert f"up to {LONGEST_PAUSE:g} s, for ever" in PAGE
    assert f"the first {MOST_LINES} lines" in PAGE
    assert f"{LONGEST_LINE} characters of each" in PAGE
    assert f"more than {LONGEST_VARIABLE} characters" in PAGE


# The hook of the page, with a program that writes down how it was called.

DATABASE = """#!/bin/sh
echo "$@" >> "$0.log"
test "$1" != "$FAILS"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (hook,) = blocks(PAGE, "sh")
    for name, text in (("on-change", hook), ("my-database", DATABASE)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("fails", "calls", "outcome"),
    [
        ("", ["forget db-2.db.prod.svc.cluster.local", "reload"], Arrived()),
        (
            "forget",
            ["forget db-2.db.prod.svc.cluster.local"],
            Lost("failed with 1, and said nothing"),
        ),
        (
            "reload",
            ["forget db-2.db.prod.svc.cluster.local", "reload"],
            Lost("failed with 1, and said nothing"),
        ),
    ],
)
def test_the_hook_of_the_page_does_what_it_says(
    folder: Path, fails: str, calls: list[str], outcome: Arrived | Lost
) -> None:
    world = World()
    around = world.around({"PATH": f"{folder}:/usr/bin:/bin", "FAILS": fails})
    attempt = Exec("exec hook", (str(folder / "on-change"),), 60.0, "json", around).start(NEWS)
    assert world.outcome(attempt) == outcome
    assert (folder / "my-database.log").read_text().splitlines() == calls


def test_the_hook_of_the_page_takes_a_list_that_was_left_out_for_no_empty_one(
    folder: Path,
) -> None:
    world = World()
    gone = tuple(pod(n, 1) for n in range(3_000))
    around = world.around({"PATH": f"{folder}:/usr/bin:/bin", "FAILS": ""})
    hook = Exec("exec hook", (str(folder / "on-change"),), 60.0, "json", around)
    outcome = world.outcome(hook.start(replace(NEWS, removed=gone)))
    assert isinstance(outcome, Lost)
    assert "ROLLCALL_REMOVED" in outcome.reason
    assert not (folder / "my-database.log").exists()
