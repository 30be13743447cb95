"""What stands in a proxy's file of servers: nginx, haproxy."""

import re
from dataclasses import replace

import pytest

from agent.core.roll import Peer, Roll
from agent.core.selection import Selection
from agent.formats import FormatError
from tests.formats.rolls import ALL_NAMES, HOSTILE, SERVICE, THREE, render

OBSERVED = replace(THREE, me=None)
NOBODY = Roll(SERVICE, None, ())
each_proxy = pytest.mark.parametrize("name", ["nginx", "haproxy"])
# Each proxy's variable for the name of its block.
BLOCK = {"nginx": "upstream", "haproxy": "backend"}


def servers(name: str, of: Roll, **how: int | Selection) -> list[str]:
    """The lines of a block, without its first one, its end and the comments."""
    text = render(name, of, **how).decode()  # type: ignore[arg-type]  # port and selection
    head, *inside = (line.partition("#")[0].strip() for line in text.splitlines())
    assert head == {"nginx": "upstream db {", "haproxy": "backend db"}[name]
    return [line.removesuffix(";") for line in inside if line not in ("", "}")]


def test_nginx_reads_the_addresses_of_all() -> None:
    assert servers("nginx", OBSERVED) == [
        f"server 10.0.0.{n}:80 max_fails=1 fail_timeout=10s" for n in range(3)
    ]


def test_haproxy_reads_the_addresses_of_all_and_calls_them_by_their_pods() -> None:
    assert servers("haproxy", OBSERVED, port=5432) == [
        f"server db-{n} 10.0.0.{n}:5432 check" for n in range(3)
    ]


@each_proxy
def test_a_person_sees_which_pod_has_an_address(name: str) -> None:
    for line, fqdn in zip(
        render(name, OBSERVED).decode().splitlines()[1:], ALL_NAMES, strict=False
    ):
        assert line.endswith(f"  # {fqdn}")


@each_proxy
def test_addresses_of_ipv6_are_in_brackets(name: str) -> None:
    of = Roll(SERVICE, None, (Peer(SERVICE.pod("db-0"), ("fd00::9",)),))
    (server,) = servers(name, of, port=5432)
    assert "[fd00::9]:5432" in server.split()


@each_proxy
def test_names_are_written_where_they_are_asked_for(name: str) -> None:
    by_name = servers(name, OBSERVED, selection=Selection())
    port = {"nginx": 80, "haproxy": 3306}[name]
    for line, fqdn in zip(by_name, ALL_NAMES, strict=True):
        assert f"{fqdn}:{port}" in line.split()


@each_proxy
def test_a_peer_without_an_address_is_no_server_yet(name: str) -> None:
    unlocated = Peer(SERVICE.pod("db-3"))
    more = replace(OBSERVED, peers=(*OBSERVED.peers, unlocated))
    assert render(name, more) == render(name, OBSERVED)


@each_proxy
def test_pods_that_have_no_names_are_servers_too(name: str) -> None:
    peers = tuple(Peer(address, (address,)) for address in ("10.0.0.1", "fd00::9"))
    first, second = servers(name, Roll(SERVICE, None, peers), port=5432)
    assert "10.0.0.1:5432" in first.split()
    assert "[fd00::9]:5432" in second.split()


def test_while_nobody_is_there_nginx_has_a_server_that_is_down_and_haproxy_none() -> None:
    """NGINX would not start without one; HAProxy does."""
    assert servers("nginx", NOBODY) == ["server 127.0.0.1:1 down"]
    assert servers("haproxy", NOBODY) == []


@each_proxy
def test_what_stands_behind_a_server_can_be_nothing_or_another(name: str) -> None:
    for params in ("", "weight=2" if name == "nginx" else "weight 2"):
        text = render(name, OBSERVED, {"params": params}).decode()
        behind = re.findall(r"10\.0\.0\.\d:\d+ ?(.*?);?  #", text)
        assert behind == [params] * 3


@each_proxy
@pytest.mark.parametrize("value", [v for v in HOSTILE if v not in ("null", "2024-01-01")])
def test_a_name_of_a_block_that_could_be_more_than_a_word_is_refused(name: str, value: str) -> None:
    with pytest.raises(FormatError, match=f"{BLOCK[name]} is .*, it has to match "):
        render(name, THREE, {BLOCK[name]: value})


@each_proxy
@pytest.mark.parametrize(
    "value", ["a;b", "a{", "a}", "a#b", "a\nb", "$a", "a'b", 'a"b', "a\\", "ä"]
)
def test_what_could_end_the_line_of_a_server_is_refused(name: str, value: str) -> None:
    with pytest.raises(FormatError, match=r"params is .*, it has to match "):
        render(name, THREE, {"params": value})
