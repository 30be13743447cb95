"""From the outputs of the settings to who is asked whether they answer."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.cli.knocking import wanted_of
from agent.cli.outputs import base_of, recipes_of, targets_of
from agent.cli.signals import Signals
from agent.formats import FormatError
from agent.hearing import Wanted
from agent.settings import Output, Said, Settings, load


@pytest.fixture
def signals() -> Iterator[Signals]:
    """An agent's signals; those of the tests are as they were when it is over."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield Signals()
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def settings_of(tmp_path: Path, *outputs: dict[str, Any]) -> Settings:
    """The settings of these outputs, each with a file of its own."""
    numbered = [{"path": str(tmp_path / f"o{n}"), **each} for n, each in enumerate(outputs)]
    config = yaml.safe_dump({"outputs": numbered})
    return load(Said({}, {}, "rollcall.yaml", config)).settings


def cassandra(port: int, limit: int) -> dict[str, Any]:
    return {"format": "cassandra", "port": port, "limit": limit}


@pytest.mark.parametrize(
    ("limits", "limit"), [((3,), 3), ((2, 5, 3), 5), ((0, 3), 0), ((3, 0), 0), ((0,), 0)]
)
def test_of_several_outputs_for_one_port_the_one_that_wants_most_decides_and_0_is_all(
    limits: tuple[int, ...], limit: int, tmp_path: Path
) -> None:
    outputs = [cassandra(7000, each) for each in limits]
    recipes = recipes_of(settings_of(tmp_path, *outputs))
    assert wanted_of(recipes) == (Wanted(7000, limit),)


def test_each_port_is_wanted_by_itself_and_none_where_nobody_wants_to_know(tmp_path: Path) -> None:
    discovered = {"format": "cassandra", "from": "discovered"}
    outputs = (cassandra(7000, 0), {"format": "list"}, cassandra(7001, 2), discovered)
    recipes = recipes_of(settings_of(tmp_path, *outputs))
    assert wanted_of(recipes) == (Wanted(7000, 0), Wanted(7001, 2))


def test_a_template_is_read_once_and_may_change_or_go_after_that(
    tmp_path: Path, signals: Signals
) -> None:
    """A ConfigMap is swapped while the agent starts."""
    template = tmp_path / "my.conf.j2"
    template.write_text("{# title: mine #}{{ me.name }}\n")
    settings = settings_of(tmp_path, {"template": str(template)}, cassandra(7000, 2))
    recipes = recipes_of(settings)
    template.write_text("{% for %}")
    (target, _) = targets_of(settings, recipes, signals)
    template.unlink()
    assert target.path == tmp_path / "o0"
    assert wanted_of(recipes) == (Wanted(7000, 2),)


def test_a_base_that_became_a_folder_is_refused_and_leaves_nothing_open(tmp_path: Path) -> None:
    output = Output(path=str(tmp_path / "o"), format="cassandra", base=str(tmp_path))
    before = len(list(Path("/dev/fd").iterdir()))
    with pytest.raises(FormatError, match="it is no regular file"):
        base_of(output)
    assert len(list(Path("/dev/fd").iterdir())) == before
