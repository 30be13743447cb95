"""What Patroni makes of the file: whether it takes it, and what it tells etcd of itself."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agent.core.roll import Peer, Roll
from agent.core.selection import Selection
from tests.formats.rolls import ALL_NAMES, SERVICE, THREE, pod, render
from tests.readback.programs import Programs

# What a person writes: everything that is not about the peers.
REST = b"""
scope: main
restapi: {listen: "*:8008"}
bootstrap: {dcs: {ttl: 30}, initdb: [{encoding: UTF8}], pg_hba: [host all all all trust]}
postgresql:
  listen: "*:5432"
  data_dir: /tmp/data
  bin_dir: /usr/lib/postgresql/15/bin
  authentication:
    replication: {username: replicator, password: a}
    superuser: {username: postgres, password: b}
    rewind: {username: rewind, password: c}
"""
# The folder is read in the order of names: what is said of the peers lies over the rest.
FOLDER = {"/peers/a.yml": REST}
FILE = "/peers/patroni.yml"
HOSTS = {pod(n).fqdn: f"127.0.0.{n + 1}" for n in range(12)}
ETCD = """
etcd --data-dir /tmp/etcd --listen-client-urls http://0.0.0.0:2379 \
  --advertise-client-urls http://127.0.0.1:2379 >/tmp/etcd.log 2>&1 &
until etcdctl endpoint health >/dev/null 2>&1; do :; done
"""
# A member registers itself before it does anything else.
MEMBER = """
patroni /peers >&2 &
until etcdctl get --prefix --print-value-only /service/main/members/ | grep conn_url; do :; done
etcdctl get --prefix --keys-only /service/main/members/
"""


def run(programs: Programs, content: bytes, script: str) -> tuple[int, list[str], str]:
    """What a script says of the file where etcd runs at the address of every peer."""
    ran = programs.run(
        ["sh", "-c", ETCD + script],
        {**FOLDER, FILE: content},
        within=60.0,
        user="postgres",
        env={"ETCDCTL_API": "3"},
        hosts=HOSTS,
    )
    return ran.code, ran.out.split(), ran.err


@pytest.mark.parametrize(("size", "me"), [(1, 0), (3, 2), (12, 11)])
def test_patroni_takes_the_file_and_reaches_every_host_in_it(
    programs: Programs, size: int, me: int
) -> None:
    peers = tuple(pod(n) for n in range(size))
    content = render("patroni", Roll(SERVICE, peers[me], peers, 1, size))
    assert run(programs, content, "patroni --validate-config /peers") == (0, [], "")


def test_patroni_tells_a_file_in_which_a_host_is_not_there(programs: Programs) -> None:
    content = render("patroni", THREE, port=2378)
    code, _, err = run(programs, content, "patroni --validate-config /peers")
    assert code == 1
    assert f"{ALL_NAMES[0]}:2378 is not reachable" in err


def test_patroni_registers_with_the_name_and_the_addresses_that_are_meant(
    programs: Programs,
) -> None:
    variables = {"postgresql_port": 6432, "restapi_port": 8009}
    code, (registered, key), err = run(programs, render("patroni", THREE, variables), MEMBER)
    assert code == 0, err
    assert key == "/service/main/members/db-1"
    member = json.loads(registered)
    assert member["conn_url"] == f"postgres://{ALL_NAMES[1]}:6432/postgres"
    assert member["api_url"] == f"http://{ALL_NAMES[1]}:8009/patroni"


def test_the_hosts_can_come_from_an_etcd_of_its_own(programs: Programs) -> None:
    own = b"""
name: db-1
restapi: {connect_address: "192.0.2.1:8008"}
postgresql: {connect_address: "192.0.2.1:5432"}
"""
    content = own + render("patroni", replace(THREE, me=None))
    assert run(programs, content, "patroni --validate-config /peers") == (0, [], "")


def test_patroni_takes_addresses_of_ipv6_apart_as_they_are_meant(programs: Programs) -> None:
    peers = tuple(Peer(pod(n).fqdn, (pod(n).addresses[1],)) for n in (1, 2))
    by_address = Selection("expected", address="ip")
    content = render("patroni", Roll(SERVICE, peers[0], peers), selection=by_address)
    script = f"""
import yaml
from patroni.utils import split_host_port, uri
read = yaml.safe_load(open({FILE!r}))
addresses = [read["restapi"]["connect_address"], *read["etcd3"]["hosts"]]
print(*(uri("http", split_host_port(address, 1)) for address in addresses))
"""
    ran = programs.run(["python3", "-c", script], {FILE: content})
    assert (ran.code, ran.out.split()) == (
        0,
        ["http://[fd00::1]:8008", "http://[fd00::1]:2379", "http://[fd00::2]:2379"],
    )


def test_patroni_takes_an_etcd_section_before_our_etcd3(programs: Programs) -> None:
    """Why there is no file over a base that has one."""
    script = "from patroni.dcs import dcs_modules; print(*dcs_modules())"
    stores = programs.run(["python3", "-c", script], {}).out.split()
    assert stores.index("patroni.dcs.etcd") < stores.index("patroni.dcs.etcd3")
