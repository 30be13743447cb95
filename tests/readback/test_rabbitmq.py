"""RabbitMQ on what was rendered for it: its own reader of the file, and a whole node."""

from __future__ import annotations

import re

import pytest

from agent.core.selection import Selection
from tests.formats.rolls import ALL_NAMES, THREE, render, roll, with_only
from tests.readback.programs import Programs, Ran

FILE = "/peers/peers.conf"
SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
OWN = "db-1.db.prod.svc.cluster.local"
# Prints two terms of what the server would be started with.
READ = f"""
Schema = cuttlefish_schema:files(filelib:wildcard(
    "/usr/lib/rabbitmq/lib/*/plugins/rabbit-*/priv/schema/rabbit.schema")),
Made = cuttlefish_generator:map(Schema, cuttlefish_conf:files(["{FILE}"])),
Rabbit = proplists:get_value(rabbit, Made),
{{Nodes, disc}} = proplists:get_value(cluster_nodes, Rabbit),
io:format("~w~n", [lists:sort(Nodes)]),
io:format("~w~n", [lists:sort(proplists:get_value(cluster_formation, Rabbit))]),
halt().
"""
LIBRARIES = "ERL_LIBS=$(echo /usr/lib/rabbitmq/lib/*/plugins)"


def loaded(programs: Programs, content: bytes) -> list[str]:
    command = ["sh", "-c", f'{LIBRARIES} exec erl -noinput -eval "$READ"']
    ran = programs.run(command, {FILE: content}, 60.0, env={"READ": READ})
    assert (ran.code, ran.err) == (0, "")
    return ran.out.splitlines()


@pytest.mark.parametrize("size", [1, 2, 3])
def test_rabbitmq_takes_all_nodes_and_how_long_to_look_for_them(
    programs: Programs, size: int
) -> None:
    nodes, formation = loaded(programs, render("rabbitmq", roll(0, replicas=size)))
    names = [f"'rabbit@{name}'" for name in ALL_NAMES[:size]]
    assert nodes == f"[{','.join(names)}]"
    assert formation == (
        "[{discovery_retry_limit,1000000000},"
        "{peer_discovery_backend,rabbit_peer_discovery_classic_config}]"
    )


def test_rabbitmq_takes_addresses_of_ipv6(programs: Programs) -> None:
    selection = Selection(address="ip")
    nodes, _ = loaded(programs, render("rabbitmq", with_only(6, THREE), selection=selection))
    assert nodes == "['rabbit@fd00::0','rabbit@fd00::1','rabbit@fd00::2']"


def started(programs: Programs, content: bytes, until: str) -> Ran:
    """What db-1 says, from its start without data; its peers are names that nobody answers at."""
    hosts = {name: f"10.0.0.{n}" for n, name in enumerate(ALL_NAMES)}
    env = {
        "RABBITMQ_CONFIG_FILES": FILE,
        "RABBITMQ_USE_LONGNAME": "true",
        "RABBITMQ_NODENAME": f"rabbit@{OWN}",
        "RABBITMQ_LOGS": "-",
    }
    return programs.run(
        [SERVER],
        {FILE: content},
        120.0,
        until,
        user="rabbitmq",
        env=env,
        hosts={**hosts, OWN: "127.0.0.1"},
    )


def test_a_rabbitmq_that_reaches_nobody_founds_nothing_but_tries_again(programs: Programs) -> None:
    content = render("rabbitmq", roll(1, replicas=3))
    ran = started(programs, content, "999999999 retries left")
    found = re.findall(r"Peer nodes we can cluster with: (.*)", ran.out)
    assert found == [f"rabbit@{ALL_NAMES[0]}, rabbit@{ALL_NAMES[2]}"]
    assert "standalone" not in ran.out


def test_it_is_the_number_of_tries_that_keeps_it_from_that(programs: Programs) -> None:
    content = render("rabbitmq", roll(1, replicas=3), {"discovery_retry_limit": 1})
    ran = started(programs, content, "standalone")
    assert "Starting as a blank standalone node" in ran.out
