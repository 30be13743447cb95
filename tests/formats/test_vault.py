"""What Vault's file says."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import formats
from agent.core.roll import Roll
from agent.core.selection import Selection
from agent.formats import FormatError, Withheld
from tests.formats.rolls import (
    ALL_NAMES,
    HOSTILE,
    NONE,
    THREE,
    render,
    roll,
    unhurried,
    with_only,
)


def vault(of: Roll, variables: Mapping[str, Any] = NONE, port: int | None = None) -> Any:
    return json.loads(render("vault", of, variables, port=port))


def test_vault_reads_who_it_is_and_the_others_who_are_to_be() -> None:
    assert vault(roll(1, replicas=3)) == {
        "api_addr": f"https://{ALL_NAMES[1]}:8200",
        "cluster_addr": f"https://{ALL_NAMES[1]}:8201",
        "storage": {
            "raft": {
                "path": "/vault/data",
                "node_id": "db-1",
                "retry_join": [
                    {"leader_api_addr": f"https://{ALL_NAMES[0]}:8200"},
                    {"leader_api_addr": f"https://{ALL_NAMES[2]}:8200"},
                ],
            }
        },
    }


@unhurried
@given(st.integers(0, 5), st.sets(st.integers(0, 5)), st.none() | st.integers(1, 5))
def test_a_vault_always_looks_for_a_cluster_before_it_can_be_one(
    me: int, others: set[int], replicas: int | None
) -> None:
    of = roll(me, *others, replicas=replicas)
    made = formats.render(formats.Recipe(formats.load("vault")), of)
    if isinstance(made, Withheld):
        assert me != 0
        assert len(of.expected) == 1
    else:
        assert json.loads(made)["storage"]["raft"]["retry_join"]


def test_vaults_urls_can_be_others() -> None:
    read = vault(THREE, {"scheme": "http", "cluster_port": 8301}, port=8300)
    assert read["api_addr"] == f"http://{ALL_NAMES[1]}:8300"
    assert read["cluster_addr"] == f"https://{ALL_NAMES[1]}:8301"
    first = read["storage"]["raft"]["retry_join"][0]
    assert first == {"leader_api_addr": f"http://{ALL_NAMES[0]}:8300"}


def test_vault_has_addresses_of_ipv6_in_brackets() -> None:
    selection = Selection("expected", "unless_first", address="ip")
    read = json.loads(render("vault", with_only(6, THREE), selection=selection))
    assert read["cluster_addr"] == "https://[fd00::1]:8201"
    joined = read["storage"]["raft"]["retry_join"]
    assert [entry["leader_api_addr"] for entry in joined] == [
        "https://[fd00::0]:8200",
        "https://[fd00::2]:8200",
    ]


def test_vault_reads_by_which_authority_the_others_are_known() -> None:
    read = vault(THREE, {"ca_file": "/vault/tls/ca.crt", "path": "/data"})["storage"]["raft"]
    assert read["path"] == "/data"
    assert [entry["leader_ca_cert_file"] for entry in read["retry_join"]] == [
        "/vault/tls/ca.crt",
        "/vault/tls/ca.crt",
    ]


@pytest.mark.parametrize("variable", ["path", "scheme", "ca_file"])
def test_vault_takes_no_path_that_could_be_read_as_anything_else(variable: str) -> None:
    """A `${` without its end is what Vault's parser never finds the end of."""
    for value in (*HOSTILE, "/${", "/a\n", '/a"'):
        if value == "" and variable == "ca_file":
            continue
        with pytest.raises(FormatError, match=f"{variable} is .* it has to match"):
            render("vault", THREE, {variable: value})
