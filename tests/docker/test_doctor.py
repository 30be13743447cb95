"""`rollcall doctor` in a container of its own, with Docker's DNS."""

from __future__ import annotations

import yaml

from tests.docker.fleet import Fleet
from tests.docker.hosts import Agent

Checks = dict[str, dict[str, str]]


def troubles(checks: Checks) -> dict[str, str]:
    """The states of all that is not well."""
    states = {name: check["state"] for name, check in checks.items()}
    return {name: state for name, state in states.items() if state in ("warn", "fail")}


def test_it_finds_what_is_wrong_in_docker_compose_and_asks_nobody_else_for_srv_records(
    fleet: Fleet,
) -> None:
    upstream = fleet.upstream()
    databases = [fleet.database(f"db-{n}", "db") for n in range(3)]
    agent = fleet.agent("db-1", "--replicas=3")
    output = f"--output=json:{Agent.FILE}"
    well = agent.doctor(output, "--replicas=3")
    assert troubles(well) == {}
    assert well["record"]["finding"] == f"db-1 is listed at {databases[1].address}"
    assert not any("db" in question for question in upstream.asked())

    by_alias = agent.doctor(output)
    assert troubles(by_alias) == {"service": "fail"}
    assert yaml.safe_load(by_alias["service"]["mend"]) == ["ROLLCALL_REPLICAS=COUNT"]

    databases[1].stop()
    stopped = agent.doctor(output, "--replicas=3")
    assert troubles(stopped) == {"record": "fail"}
    assert yaml.safe_load(stopped["record"]["mend"]) == {"container_name": "db-1"}
    assert {question.split()[0] for question in upstream.asked()} <= {"A", "AAAA"}
