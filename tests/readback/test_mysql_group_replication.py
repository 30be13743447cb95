"""What MariaDB's reader of option files, which has MySQL's syntax, finds in those of a MySQL group.

No MySQL was to be had: that its server takes the values is not shown here.
"""

from __future__ import annotations

import pytest

from agent import formats
from agent.core.roll import Peer, Roll
from agent.core.selection import Selection
from tests.formats.rolls import SERVICE, pod, render
from tests.readback.programs import Programs

NAME = "mysql-group-replication"
GROUP = formats.load(NAME).header.examples["group_name"]
FILE = "/peers/peers.cnf"
PREFIX = "--loose-group_replication_"


def read(programs: Programs, content: bytes) -> list[tuple[str, str]]:
    """The options in the order in which a server would take them."""
    command = ["my_print_defaults", f"--defaults-file={FILE}", "mysqld"]
    ran = programs.run(command, {FILE: content})
    assert (ran.code, ran.err) == (0, "")
    pairs = (line.partition("=") for line in ran.out.splitlines())
    return [(key, value) for key, _, value in pairs]


@pytest.mark.parametrize(("size", "me"), [(1, 0), (3, 0), (3, 2), (9, 8), (12, 11)])
def test_every_option_is_read_as_it_is_meant(programs: Programs, size: int, me: int) -> None:
    peers = tuple(pod(n) for n in range(size))
    names = [peer.fqdn for peer in peers]
    assert read(programs, render(NAME, Roll(SERVICE, peers[me], peers, 1, size))) == [
        ("--server_id", str(me + 1)),
        ("--report_host", names[me]),
        ("--gtid_mode", "ON"),
        ("--enforce_gtid_consistency", "ON"),
        ("--disabled_storage_engines", "MyISAM,BLACKHOLE,FEDERATED,ARCHIVE,MEMORY"),
        ("--plugin_load_add", "group_replication.so"),
        (f"{PREFIX}group_name", GROUP),
        (f"{PREFIX}local_address", f"{names[me]}:33061"),
        (f"{PREFIX}group_seeds", ",".join(f"{name}:33061" for name in names)),
        (f"{PREFIX}communication_stack", "XCOM"),
        (f"{PREFIX}ip_allowlist", "AUTOMATIC"),
        (f"{PREFIX}bootstrap_group", "OFF"),
        (f"{PREFIX}start_on_boot", "OFF"),
    ]


def test_addresses_and_variables_are_read_as_they_are_meant(programs: Programs) -> None:
    peers = tuple(Peer(pod(n).fqdn, (pod(n).addresses[1],)) for n in range(2))
    variables = {
        "server_id_base": 999999999,
        "ip_allowlist": "10.0.0.0/8,fd00::/8",
        "communication_stack": "MYSQL",
    }
    by_address = Selection("expected", address="ip")
    content = render(
        NAME, Roll(SERVICE, peers[1], peers), variables, port=3306, selection=by_address
    )
    options = dict(read(programs, content))
    assert options["--server_id"] == "1000000000"
    assert options["--report_host"] == "fd00::1"
    assert options[f"{PREFIX}local_address"] == "[fd00::1]:3306"
    assert options[f"{PREFIX}group_seeds"] == "[fd00::0]:3306,[fd00::1]:3306"
    assert options[f"{PREFIX}ip_allowlist"] == "10.0.0.0/8,fd00::/8"
    assert options[f"{PREFIX}communication_stack"] == "MYSQL"
