"""The Compose files in examples, as Docker Compose itself reads them. No Docker is needed."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from agent import formats
from agent.cli.outputs import recipes_of
from agent.settings import PREFIX, Said, load
from tests.examples.manifests import EXAMPLES
from tests.support.need import need_program

FILES = sorted(path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("compose.yaml"))
Services = dict[str, dict[str, Any]]


@pytest.fixture(scope="module", params=FILES)
def services(request: pytest.FixtureRequest) -> Services:
    """All services of a file. Compose holds it to the schema of its specification by itself."""
    file = Path(request.param)
    compose = need_program("docker-compose")
    command = [compose, "-f", file.name, "--profile", "*", "config", "--format", "json"]
    done = subprocess.run(
        command, cwd=EXAMPLES / file.parent, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    found: Services = json.loads(done.stdout)["services"]
    return found


def agents(services: Services) -> Services:
    """Those that are an agent."""
    return {
        name: each
        for name, each in services.items()
        if any(variable.startswith(PREFIX) for variable in each.get("environment", {}))
    }


def test_the_agents_settings_and_formats_are_accepted(services: Services) -> None:
    for agent in agents(services).values():
        given = {k: v for k, v in agent["environment"].items() if k.startswith(PREFIX)}
        settings = load(Said({}, given)).settings
        for recipe in recipes_of(settings):
            formats.check(recipe)


def test_each_agent_has_a_reader_that_waits_for_its_file(services: Services) -> None:
    for name, agent in agents(services).items():
        (volume,) = (each["source"] for each in agent["volumes"] if each["target"] == "/peers")
        (reader,) = (
            each
            for other, each in services.items()
            if other != name and volume in (mount["source"] for mount in each.get("volumes", []))
        )
        assert reader["depends_on"][name]["condition"] == "service_healthy"


def test_the_agents_have_no_rights(services: Services) -> None:
    for agent in agents(services).values():
        assert agent["read_only"] is True
        assert agent["cap_drop"] == ["ALL"]
        assert agent["security_opt"] == ["no-new-privileges:true"]


def test_every_image_has_its_tag(services: Services) -> None:
    for service in services.values():
        assert re.fullmatch(r"[\w./-]+:\d[\w.-]*", service["image"]), service["image"]
