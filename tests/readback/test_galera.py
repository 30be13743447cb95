"""What MariaDB and its Galera make of the file: what they read, and whom they connect to."""

from __future__ import annotations

import pytest

from agent.core.roll import Peer, Roll
from agent.core.selection import Selection
from tests.formats.rolls import ALL_NAMES, SERVICE, THREE, pod, render, roll
from tests.readback.programs import Programs, Ran

FILE = "/peers/peers.cnf"
HOSTS = {pod(n).fqdn: f"127.0.0.{n + 1}" for n in range(12)}
# A server that has nothing but what Galera needs, and looks for a cluster for 1 s.
SERVER = [
    "mariadbd",
    f"--defaults-extra-file={FILE}",
    "--skip-grant-tables",
    "--datadir=/tmp",
    "--wsrep_on=ON",
    "--wsrep_provider=/usr/lib/galera/libgalera_smm.so",
    "--wsrep_provider_options=pc.wait_prim_timeout=PT1S",
    "--wsrep_cluster_name=c",
    "--binlog_format=ROW",
]

each_pod = pytest.mark.parametrize(("size", "me"), [(1, 0), (3, 0), (3, 1), (3, 2), (12, 11)])


def of(size: int, me: int) -> Roll:
    peers = tuple(pod(n) for n in range(size))
    return Roll(SERVICE, peers[me], peers, 1, size)


def by_ipv6(port: int | None = None) -> bytes:
    """The file of db-1, where there is db-2 too."""
    peers = tuple(Peer(pod(n).fqdn, (pod(n).addresses[1],)) for n in (1, 2))
    by_address = Selection("expected", address="ip")
    return render("galera", Roll(SERVICE, peers[0], peers), port=port, selection=by_address)


def meant(size: int, me: int) -> dict[str, str]:
    """What the database has to make of it."""
    names = [pod(n).fqdn for n in range(size)]
    return {
        "server_id": str(me + 1),
        "report_host": names[me],
        "wsrep_cluster_address": f"gcomm://{','.join(names)}",
        "wsrep_node_name": f"db-{me}",
        "wsrep_node_address": names[me],
        "wsrep_node_incoming_address": f"{names[me]}:3306",
    }


def values(programs: Programs, content: bytes) -> dict[str, str]:
    """All that the server is set to."""
    command = ["mariadbd", f"--defaults-extra-file={FILE}", "--help", "--verbose"]
    ran = programs.run(command, {FILE: content}, user="mysql")
    assert ran.code == 0, ran.err
    assert "unknown" not in ran.err
    words = (line.split(maxsplit=1) for line in ran.out.splitlines())
    return {word[0].replace("-", "_"): word[1] for word in words if len(word) > 1}


def started(programs: Programs, content: bytes, until: str) -> Ran:
    """What a server says in which Galera runs."""
    return programs.run(SERVER, {FILE: content}, 60.0, until, user="mysql", hosts=HOSTS)


@each_pod
def test_mariadb_takes_every_value_as_it_is_meant(programs: Programs, size: int, me: int) -> None:
    read = values(programs, render("galera", of(size, me)))
    assert {key: read[key] for key in meant(size, me)} == meant(size, me)


def test_mariadb_takes_variables_and_addresses_as_they_are_meant(programs: Programs) -> None:
    read = values(programs, by_ipv6(5567))
    assert read["report_host"] == "fd00::1"
    assert read["wsrep_cluster_address"] == "gcomm://[fd00::1]:5567,[fd00::2]:5567"
    assert read["wsrep_node_address"] == "[fd00::1]:5567"
    assert read["wsrep_node_incoming_address"] == "[fd00::1]:3306"
    variables = {"server_id_base": 999999999, "client_port": 65535}
    read = values(programs, render("galera", THREE, variables))
    assert read["server_id"] == "1000000000"
    assert read["wsrep_node_incoming_address"] == f"{ALL_NAMES[1]}:65535"


@each_pod
def test_the_server_s_own_reader_of_files_finds_these_options_and_no_others(
    programs: Programs, size: int, me: int
) -> None:
    command = ["my_print_defaults", f"--defaults-file={FILE}", "--mariadbd"]
    ran = programs.run(command, {FILE: render("galera", of(size, me))})
    assert (ran.code, ran.err) == (0, "")
    options = (line.removeprefix("--").partition("=") for line in ran.out.splitlines())
    assert {key: value for key, _, value in options} == meant(size, me)


@pytest.mark.parametrize(("size", "me"), [(3, 1), (12, 11)])
def test_galera_connects_to_all_who_are_named(programs: Programs, size: int, me: int) -> None:
    ran = started(programs, render("galera", of(size, me)), "gcomm: connecting")
    peers = ",".join(f"{pod(n).fqdn}:" for n in range(size))
    assert f"gcomm: connecting to group 'c', peer '{peers}'" in ran.err
    assert f"base_host = {pod(me).fqdn}; base_port = 4567" in ran.err


def test_galera_takes_addresses_of_ipv6_and_another_port_apart(programs: Programs) -> None:
    ran = started(programs, by_ipv6(5567), "gcomm: connecting")
    assert "connecting to group 'c', peer '[fd00::1]:5567,[fd00::2]:5567'" in ran.err
    assert "base_host = [fd00::1]; base_port = 5567" in ran.err


@pytest.mark.parametrize("alone", [roll(0), roll(0, 1, 2, replicas=3)])
def test_a_server_that_finds_no_cluster_ends_and_founds_none(
    programs: Programs, alone: Roll
) -> None:
    ran = started(programs, render("galera", alone), "ready for connections")
    assert ran.code == 1, ran.err
    assert "Connecting with bootstrap option: 0" in ran.err
    assert "failed to reach primary view" in ran.err
