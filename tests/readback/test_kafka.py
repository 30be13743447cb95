"""Kafka's own configuration, and its formatter, on what was rendered for it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from agent import formats
from tests.formats.rolls import BY_ADDRESS, THREE, pod, render, roll, with_only
from tests.readback.loaders import PATIENCE, java
from tests.readback.programs import Programs, Ran

FILE = "/peers/server.properties"
BOOTSTRAP, VOTERS = "controller.quorum.bootstrap.servers", "controller.quorum.voters"
# What Kafka brings along is for one node, which is its own voter.
OF_ONE = """\
process.roles=broker,controller
node.id=7
controller.quorum.bootstrap.servers=localhost:9093
controller.quorum.voters=7@localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
# Not of the peers.
num.partitions=7
log.dirs=/data
"""
each_quorum = pytest.mark.parametrize("quorum", ["dynamic", "static"])


def understood(programs: Programs, *contents: bytes) -> list[dict[str, str]]:
    """What a broker takes from each file: all settings by name."""
    paths = [f"/{case}/server.properties" for case in range(len(contents))]
    command, loader = java("kafka", "Kafka", paths[0])
    files = dict(zip(paths, contents, strict=True))
    ran = programs.run([*command, *paths[1:]], {**files, **loader}, within=PATIENCE)
    assert ran.code == 0, ran.err
    parts = re.split(r"^/\d+/server.properties\n", ran.out, flags=re.MULTILINE)[-len(paths) :]
    return [dict(line.split("=", 1) for line in part.splitlines()) for part in parts]


def listed(texts: list[str]) -> str:
    """A list as Kafka prints it."""
    return f"[{', '.join(texts)}]"


@each_quorum
def test_kafka_knows_itself_and_all_controllers(programs: Programs, quorum: str) -> None:
    sizes = (1, 2, 3, 12)
    contents = [
        render("kafka", roll(size - 1, *range(size), replicas=size), {"quorum": quorum})
        for size in sizes
    ]
    for size, read in zip(sizes, understood(programs, *contents), strict=True):
        at = [f"{pod(n).fqdn}:9093" for n in range(size)]
        voters = [f"{n}@{each}" for n, each in enumerate(at)]
        assert read["node.id"] == str(size - 1)
        assert read["process.roles"] == "[broker, controller]"
        assert read[BOOTSTRAP] == listed(at if quorum == "dynamic" else [])
        assert read[VOTERS] == listed(voters if quorum == "static" else [])
        own = pod(size - 1).fqdn
        assert read["advertised.listeners"] == f"PLAINTEXT://{own}:9092,CONTROLLER://{own}:9093"


@each_quorum
def test_kafka_takes_controllers_alone_and_addresses(programs: Programs, quorum: str) -> None:
    expected = replace(BY_ADDRESS, source="expected")
    controller, ipv6 = understood(
        programs,
        render("kafka", THREE, {"quorum": quorum, "roles": "controller"}),
        render("kafka", with_only(6, THREE), {"quorum": quorum}, selection=expected),
    )
    assert controller["process.roles"] == "[controller]"
    assert controller["listeners"] == "CONTROLLER://:9093"
    assert "[fd00::2]:9093]" in ipv6[VOTERS if quorum == "static" else BOOTSTRAP]
    assert ipv6["advertised.listeners"].startswith("PLAINTEXT://[fd00::1]:9092,")


@each_quorum
def test_over_the_settings_of_one_node_the_peers_count_and_the_rest_stays(
    programs: Programs, quorum: str
) -> None:
    recipe = formats.Recipe(formats.load("kafka"), {"quorum": quorum}, base="base.yaml")
    content = formats.render(recipe, THREE, OF_ONE)
    assert isinstance(content, bytes)
    (read,) = understood(programs, content)
    assert "localhost" not in read[BOOTSTRAP] + read[VOTERS] + read["advertised.listeners"]
    assert (read["node.id"], read["num.partitions"], read["log.dirs"]) == ("1", "7", "/data")


def formatted(programs: Programs, quorum: str, *words: str) -> Ran:
    """How Kafka's formatter ends with the file."""
    command = "kafka.tools.StorageTool format --cluster-id=AAAAAAAAAAAAAAAAAAAAAQ --config"
    java_with = ["java", "-cp", "/opt/kafka/lib/*", *command.split(), FILE, *words]
    content = render("kafka", THREE, {"quorum": quorum})
    return programs.run(java_with, {FILE: content}, within=PATIENCE)


def test_kafkas_formatter_founds_nothing_with_the_file_alone(programs: Programs) -> None:
    ran = formatted(programs, "dynamic")
    assert ran.code == 1
    assert "--standalone" in ran.out + ran.err


@each_quorum
def test_kafkas_formatter_takes_the_file_of_one_who_joins(programs: Programs, quorum: str) -> None:
    ran = formatted(programs, quorum, "--ignore-formatted", "--no-initial-controllers")
    assert ran.code == 0, ran
