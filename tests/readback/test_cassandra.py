"""Cassandra's own start, up to its folders, and its loader, on what was rendered for it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from agent import formats
from tests.formats.rolls import THREE, pod, render, roll, with_only
from tests.readback.loaders import PATIENCE, java
from tests.readback.programs import Programs

FILE = "/peers/cassandra.yaml"
NAMES = [f"db-{n}.db.prod.svc.cluster.local" for n in range(3)]
HOSTS = {pod(n).fqdn: pod(n).addresses[0] for n in range(12)}
# Cassandra's own scripts start Java so.
MAY_LOOK_INSIDE = " ".join(
    f"--add-{word}=java.base/{package}=ALL-UNNAMED"
    for word in ("exports", "opens")
    for package in ("jdk.internal.misc", "jdk.internal.ref", "sun.nio.ch")
)
# An image's own file, shortened.
OF_ONE = """
cluster_name: Test Cluster
num_tokens: 4
endpoint_snitch: SimpleSnitch
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
commitlog_sync: periodic
commitlog_sync_period: 10000ms
data_file_directories: [/data/data]
commitlog_directory: /data/commitlog
saved_caches_directory: /data/saved_caches
hints_directory: /data/hints
listen_address: localhost
rpc_address: localhost
seed_provider:
- class_name: org.apache.cassandra.locator.SimpleSeedProvider
  parameters: [{seeds: "127.0.0.1:7000"}]
"""


def started(programs: Programs, content: bytes) -> dict[str, str]:
    """What a node makes of the file when it starts, up to where it would open its folders."""
    command, loader = java("cassandra", "CassandraNode", FILE)
    files = {FILE: content, "/peers/rackdc": b"dc=dc1\nrack=rack1\n", **loader}
    ran = programs.run(
        command, files, within=PATIENCE, hosts=HOSTS, env={"JDK_JAVA_OPTIONS": MAY_LOOK_INSIDE}
    )
    assert ran.code == 0, ran.err
    return dict(re.findall(r"^(\w+)=(.*)$", ran.out, re.MULTILINE))


def at(ordinal: int, port: int = 7000) -> str:
    """A pod as Cassandra prints it once it has looked it up."""
    return f"{pod(ordinal).fqdn}/{pod(ordinal).addresses[0]}:{port}"


@pytest.mark.parametrize("size", [1, 2, 3, 12])
def test_a_cassandra_node_finds_its_seeds_and_itself_by_name(programs: Programs, size: int) -> None:
    me = size - 1
    read = started(programs, render("cassandra", roll(me, *range(size))))
    seeds = [n for n in range(3) if n < size and n != me] or [0]
    assert read["seeds"] == f"[{', '.join(at(n) for n in seeds)}]"
    assert (read["listen"], read["native"]) == (at(me), at(me, 9042))
    assert (read["bind"], read["hints"]) == ("/0.0.0.0", "/var/lib/cassandra/hints")


def test_cassandra_s_ports_are_those_that_it_is_told(programs: Programs) -> None:
    variables = {"native_transport_port": 9142}
    read = started(programs, render("cassandra", THREE, variables, port=7100))
    assert read["seeds"] == f"[{at(0, 7100)}, {at(2, 7100)}]"
    assert (read["listen"], read["native"]) == (at(1, 7100), at(1, 9142))


def test_a_cassandra_node_takes_addresses_of_ipv6(programs: Programs) -> None:
    rule = formats.load("cassandra").selection
    assert rule is not None
    by_address = replace(rule, address="ip")
    read = started(programs, render("cassandra", with_only(6, THREE), selection=by_address))
    assert read["seeds"] == "[/[fd00:0:0:0:0:0:0:0]:7000, /[fd00:0:0:0:0:0:0:2]:7000]"
    assert read["bind"] == "/0:0:0:0:0:0:0:0"


def test_over_an_image_s_own_file_the_peers_count_and_the_rest_stays(programs: Programs) -> None:
    recipe = formats.Recipe(formats.load("cassandra"), {"cluster_name": "prod"}, base="base.yaml")
    content = formats.render(recipe, THREE, OF_ONE)
    assert isinstance(content, bytes)
    read = started(programs, content)
    assert (read["seeds"], read["listen"]) == (f"[{at(0)}, {at(2)}]", at(1))
    assert (read["tokens"], read["hints"], read["cluster"]) == ("4", "/data/hints", "prod")


def test_over_a_file_that_says_little_a_node_has_all_that_it_needs(programs: Programs) -> None:
    recipe = formats.Recipe(
        formats.load("cassandra"), {"data": "/var/lib/cassandra"}, base="base.yaml"
    )
    content = formats.render(recipe, THREE, "concurrent_reads: 64\n")
    assert isinstance(content, bytes)
    read = started(programs, content)
    assert (read["seeds"], read["listen"]) == (f"[{at(0)}, {at(2)}]", at(1))
    assert (read["tokens"], read["hints"]) == ("16", "/var/lib/cassandra/hints")


@pytest.mark.parametrize("me", range(3))
def test_cassandra_s_loader_takes_the_seeds_and_the_addresses_as_they_are_meant(
    programs: Programs, me: int
) -> None:
    command, loader = java("cassandra", "Cassandra", FILE)
    ran = programs.run(
        command, {FILE: render("cassandra", roll(me, 0, 1, 2)), **loader}, within=PATIENCE
    )
    assert ran.code == 0, ran.err
    values = dict(line.split("=", 1) for line in ran.out.splitlines() if "=" in line)
    assert values["seeds"].split(",") == [name for name in NAMES if name != NAMES[me]]
    assert values["listen_address"] == values["broadcast_rpc_address"] == NAMES[me]
    assert values["cluster_name"] == "cassandra"
    assert values["data_file_directories"] == "/var/lib/cassandra/data"
    assert values["disk_failure_policy"] == "stop"


def test_cassandra_s_loader_refuses_a_setting_that_it_does_not_know(programs: Programs) -> None:
    command, loader = java("cassandra", "Cassandra", FILE)
    content = render("cassandra", roll(0, 1)) + b"sead_provider: []\n"
    ran = programs.run(command, {FILE: content, **loader}, within=PATIENCE)
    assert (ran.code, "sead_provider" in ran.out + ran.err) == (1, True)
