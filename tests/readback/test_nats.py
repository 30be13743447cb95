"""NATS servers on what was rendered for them, all in one container at loopbacks of their own."""

from __future__ import annotations

import pytest

from tests.formats.rolls import BY_ADDRESS, THREE, render, roll, with_only
from tests.readback.programs import Programs

HOSTS = {f"db-{n}.db.prod.svc.cluster.local": f"127.0.0.{n + 1}" for n in range(3)}
ROUTES = "/peers/routes.conf"
OWN = """
server_name: "db-{me}"
listen: "{at}:4222"
jetstream: {{ store_dir: "/data/db-{me}" }}
cluster {{ name: prod, listen: "{at}:6222", include ../..{routes}
}}
"""


def own(me: int) -> dict[str, bytes]:
    """The server's own configuration, which includes ours."""
    text = OWN.format(me=me, at=f"127.0.0.{me + 1}", routes=ROUTES)
    return {f"/etc/nats/{me}.conf": text.encode()}


def check(programs: Programs, content: bytes) -> tuple[int, str]:
    ran = programs.run(["nats-server", "-t", "-c", "/etc/nats/0.conf"], {ROUTES: content, **own(0)})
    return ran.code, ran.err


@pytest.mark.parametrize("size", [1, 2, 3, 12])
def test_a_nats_server_takes_its_routes(programs: Programs, size: int) -> None:
    code, said = check(programs, render("nats", roll(0, replicas=size)))
    assert (code, "is valid" in said) == (0, True), said


def test_a_nats_server_takes_routes_to_addresses_of_ipv6(programs: Programs) -> None:
    code, said = check(programs, render("nats", with_only(6, THREE), selection=BY_ADDRESS))
    assert code == 0, said


def test_a_nats_server_refuses_what_is_no_routes(programs: Programs) -> None:
    """So that what is above means something."""
    code, said = check(programs, b'rutes = ["nats-route://db-0:6222"]\n')
    assert (code, "unknown field" in said) == (1, True), said


def test_three_nats_servers_make_one_cluster_of_the_size_of_their_list(programs: Programs) -> None:
    files = {ROUTES: render("nats", roll(0, replicas=3))}
    for me in range(3):
        files |= own(me)
    command = " & ".join(f"nats-server -D -c /etc/nats/{me}.conf" for me in range(3))
    ran = programs.run(
        ["sh", "-c", command], files, until="JetStream cluster new metadata leader", hosts=HOSTS
    )
    assert "Adjusting expected peer set size to 3" in ran.err
    assert "JetStream cluster new metadata leader" in ran.err
