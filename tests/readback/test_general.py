"""The formats for shells and programs, read by several of them: env, hosts, json, list, yaml."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agent.core.names import ip_address
from agent.core.roll import Peer, Roll, from_document, to_document
from tests.formats.rolls import ALL_NAMES, HOSTILE, SERVICE, THREE, render, roll
from tests.readback.programs import Programs

SHELLS = {"dash": ["dash"], "bash": ["bash"], "busybox": ["busybox", "sh"]}
OBSERVED = replace(THREE, me=None)
NOBODY = Roll(SERVICE, None, ())
each_shell = pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS.keys())


def canonical(peer: Peer) -> Peer:
    """The peer with its addresses as programs write them."""
    return replace(peer, addresses=tuple(ip_address(address) for address in peer.addresses))


def sourced(programs: Programs, shell: list[str], contents: list[bytes]) -> list[dict[str, str]]:
    """The variables that a strict shell has after it read each of the files."""
    files = {f"/peers/{n:03}.env": content for n, content in enumerate(contents)}
    one = "set -u -e -a; . $file; unset file; env -0"
    script = f"set -e; for file in /peers/*; do ({one}); printf '\\001'; done"
    ran = programs.run([*shell, "-c", script], files)
    assert (ran.code, ran.err) == (0, "")
    made = []
    for part in ran.out.split("\1")[:-1]:
        pairs = (entry.partition("=") for entry in part.split("\0"))
        made.append({key: value for key, _, value in pairs if key.startswith("PEERS_")})
    return made


@each_shell
def test_a_shell_has_the_variables_that_are_meant(programs: Programs, shell: list[str]) -> None:
    member, observer, nobody = sourced(
        programs, shell, [render("env", of) for of in (THREE, OBSERVED, NOBODY)]
    )
    assert member == {
        "PEERS_SELF": ALL_NAMES[1],
        "PEERS_SELF_NAME": "db-1",
        "PEERS_SELF_ORDINAL": "1",
        "PEERS_ALL": ",".join(ALL_NAMES),
        "PEERS_OTHERS": f"{ALL_NAMES[0]},{ALL_NAMES[2]}",
        "PEERS_COUNT": "3",
        "PEERS_BOOTSTRAP": "",
    }
    assert (observer["PEERS_SELF"], observer["PEERS_OTHERS"]) == ("", ",".join(ALL_NAMES))
    assert (nobody["PEERS_ALL"], nobody["PEERS_COUNT"]) == ("", "0")


@each_shell
def test_no_separator_is_more_than_text_to_a_shell(programs: Programs, shell: list[str]) -> None:
    separators = [value for value in HOSTILE if "\r" not in value]  # the log of a run loses that
    contents = [render("env", THREE, {"separator": value}) for value in separators]
    read = [each["PEERS_ALL"] for each in sourced(programs, shell, contents)]
    assert read == [value.join(ALL_NAMES) for value in separators]


@each_shell
def test_a_shell_reads_a_list_line_by_line(programs: Programs, shell: list[str]) -> None:
    script = "set -ue; while IFS= read -r name; do printf '<%s>' \"$name\"; done </peers/list"
    for of in (THREE, NOBODY):
        ran = programs.run([*shell, "-c", script], {"/peers/list": render("list", of)})
        assert (ran.out, ran.err) == ("".join(f"<{peer.fqdn}>" for peer in of.peers), "")


def test_names_from_a_hosts_file_lead_to_addresses_and_back(programs: Programs) -> None:
    twelve = roll(0, *range(12))
    peers = {canonical(peer) for peer in twelve.peers}
    forth = "".join(f"getent ahosts {peer.name}; getent ahosts {peer.fqdn};" for peer in peers)
    back = " ".join(address for peer in peers for address in peer.addresses)
    script = f"cat /peers/hosts >/etc/hosts; {forth} echo; getent hosts {back}"
    ran = programs.run(["sh", "-c", script], {"/peers/hosts": render("hosts", twelve)})
    assert (ran.code, ran.err) == (0, "")
    said_forth, said_back = (part.splitlines() for part in ran.out.split("\n\n"))
    # One line for each address and kind of socket, the first with the name.
    found = [line.split() for line in said_forth if " STREAM " in f"{line} "]
    assert sorted(line[0] for line in found) == sorted(2 * back.split())
    assert {line[2] for line in found if len(line) > 2} == {peer.fqdn for peer in peers}
    assert {tuple(line.split()) for line in said_back} == {
        (address, peer.fqdn, peer.name) for peer in peers for address in peer.addresses
    }


@pytest.mark.parametrize("name", ["json", "yaml"])
@pytest.mark.parametrize("of", [THREE, OBSERVED, NOBODY], ids=["member", "observer", "nobody"])
def test_another_program_reads_the_roll_that_was_written(
    programs: Programs, name: str, of: Roll
) -> None:
    load = {"json": "json.load", "yaml": "yaml.safe_load"}[name]
    script = f"import json, yaml; print(json.dumps({load}(open('/peers/roll'))))"
    ran = programs.run(["/usr/bin/python3", "-c", script], {"/peers/roll": render(name, of)})
    assert ran.err == ""
    read = from_document({**json.loads(ran.out), "generation": of.generation})
    assert read == from_document(to_document(of))
