"""Consul's own loader on what was rendered for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.core.selection import Selection
from tests.formats.rolls import ALL_NAMES, render, roll, with_only
from tests.readback.programs import Programs

OWN = b'{"bind_addr": "127.0.0.1", "data_dir": "/tmp", "server": true, "bootstrap_expect": 3}'


def loaded(programs: Programs, content: bytes) -> Any:
    """What Consul makes of its own file with ours after it."""
    files = {"/etc/consul/own.json": OWN, "/peers/consul.json": content}
    ran = programs.run(["consul-config", *files], files)
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


@pytest.mark.parametrize("me", range(3))
def test_consul_takes_its_name_and_the_others(programs: Programs, me: int) -> None:
    read = loaded(programs, render("consul", roll(me, replicas=3)))
    assert read["NodeName"] == f"db-{me}"
    assert read["RetryJoinLAN"] == [name for n, name in enumerate(ALL_NAMES) if n != me]
    assert read["BootstrapExpect"] == 3


def test_consul_takes_addresses_of_ipv6(programs: Programs) -> None:
    selection = Selection(exclude_self="always", address="ip")
    content = render("consul", with_only(6, roll(1, 0, 2)), selection=selection, port=9301)
    assert loaded(programs, content)["RetryJoinLAN"] == ["[fd00::0]:9301", "[fd00::2]:9301"]
