"""Vault's own loader on what was rendered for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.formats.rolls import ALL_NAMES, NONE, render, roll
from tests.readback.programs import Programs

FILE = "/peers/vault.json"


def loaded(programs: Programs, me: int, variables: Mapping[str, Any] = NONE) -> Any:
    """What Vault makes of the file of a pod of three."""
    content = render("vault", roll(me, replicas=3), variables)
    ran = programs.run(["vault-config", FILE], {FILE: content})
    assert (ran.code, ran.err) == (0, "")
    return json.loads(ran.out)


@pytest.mark.parametrize("me", range(3))
def test_vault_takes_who_it_is_and_whom_to_join(programs: Programs, me: int) -> None:
    read = loaded(programs, me)
    assert read["all"]["api_addr"] == f"https://{ALL_NAMES[me]}:8200"
    assert read["all"]["cluster_addr"] == f"https://{ALL_NAMES[me]}:8201"
    assert read["storage"]["Type"] == "raft"
    raft = read["storage"]["Config"]
    assert (raft["node_id"], raft["path"]) == (f"db-{me}", "/vault/data")
    assert json.loads(raft["retry_join"]) == [
        {"leader_api_addr": f"https://{name}:8200"} for n, name in enumerate(ALL_NAMES) if n != me
    ]


def test_vault_takes_the_file_of_an_authority(programs: Programs) -> None:
    raft = loaded(programs, 0, {"ca_file": "/vault/tls/ca.crt"})["storage"]["Config"]
    assert json.loads(raft["retry_join"])[0] == {
        "leader_ca_cert_file": "/vault/tls/ca.crt",
        "leader_api_addr": f"https://{ALL_NAMES[1]}:8200",
    }
