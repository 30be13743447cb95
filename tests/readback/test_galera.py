from __future__ import annotations

import pytest

from agent import formats
from agent.core.roll import Peer, Roll, Service
from tests.readback.programs import Programs

SERVICE = Service("db", "prod", "cluster.local")
PODS = tuple(Peer(SERVICE.pod(f"db-{n}"), (f"10.0.0.{n + 1}",)) for n in range(3))
NAMES = [f"db-{n}.db.prod.svc.cluster.local" for n in range(3)]
GALERA = formats.Recipe(formats.load("galera"))
FILE = "/peers/peers.cnf"

each_pod = pytest.mark.parametrize("me", range(3))


def rendered(me: int) -> dict[str, bytes]:
    """The file that a pod of three writes."""
    content = formats.render(GALERA, Roll(SERVICE, PODS[me], PODS))
    assert isinstance(content, bytes)
    return {FILE: content}


def meant(me: int) -> dict[str, str]:
    """What the database has to make of it."""
    return {
        "server_id": str(me + 1),
        "report_host": NAMES[me],
        "wsrep_cluster_address": f"gcomm://{','.join(NAMES)}",
        "wsrep_node_name": f"db-{me}",
        "wsrep_node_address": NAMES[me],
        "wsrep_node_incoming_address": f"{NAMES[me]}:3306",
    }


@each_pod
def test_mariadb_takes_every_value_as_it_is_meant(programs: Programs, me: int) -> None:
    command = ["mariadbd", f"--defaults-extra-file={FILE}", "--help", "--verbose"]
    ran = programs.run(command, rendered(me), user="mysql")
    assert ran.code == 0, ran.err
    assert "unknown" not in ran.err
    words = (line.split(maxsplit=1) for line in ran.out.splitlines())
    values = {word[0].replace("-", "_"): word[1] for word in words if len(word) > 1}
    assert {key: values[key] for key in meant(me)} == meant(me)


@each_pod
def test_the_server_s_own_reader_of_files_finds_these_options_and_no_others(
    programs: Programs, me: int
) -> None:
    command = ["my_print_defaults", f"--defaults-file={FILE}", "--mariadbd"]
    ran = programs.run(command, rendered(me))
    assert (ran.code, ran.err) == (0, "")
    options = (line.removeprefix("--").partition("=") for line in ran.out.splitlines())
    assert {key: value for key, _, value in options} == meant(me)
