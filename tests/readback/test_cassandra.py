from __future__ import annotations

import pytest

from tests.formats.rolls import render, roll
from tests.readback.loaders import PATIENCE, java
from tests.readback.programs import Programs

FILE = "/peers/cassandra.yaml"
NAMES = [f"db-{n}.db.prod.svc.cluster.local" for n in range(3)]


@pytest.mark.parametrize("me", range(3))
def test_cassandra_s_loader_takes_the_seeds_and_the_addresses_as_they_are_meant(
    programs: Programs, me: int
) -> None:
    command, loader = java("cassandra", "Cassandra", FILE)
    ran = programs.run(command, {FILE: render("cassandra", roll(me, 0, 1, 2)), **loader}, PATIENCE)
    assert ran.code == 0, ran.err
    values = dict(line.split("=", 1) for line in ran.out.splitlines() if "=" in line)
    assert values["seeds"].split(",") == [name for name in NAMES if name != NAMES[me]]
    assert values["listen_address"] == values["broadcast_rpc_address"] == NAMES[me]
    assert values["cluster_name"] == "cassandra"
    assert values["data_file_directories"] == "/var/lib/cassandra/data"


def test_cassandra_s_loader_refuses_a_setting_that_it_does_not_know(programs: Programs) -> None:
    command, loader = java("cassandra", "Cassandra", FILE)
    content = render("cassandra", roll(0, 1)) + b"sead_provider: []\n"
    ran = programs.run(command, {FILE: content, **loader}, PATIENCE)
    assert (ran.code, "sead_provider" in ran.out + ran.err) == (1, True)
