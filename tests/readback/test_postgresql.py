"""What PostgreSQL makes of the file: what it reads, and whom a standby really streams from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from agent.core.roll import Peer, Roll
from agent.core.selection import Selection
from tests.formats.rolls import ALL_NAMES, NONE, SERVICE, THREE, pod, render, roll
from tests.readback.programs import Programs

FILE = "/peers/peers.conf"
MAIN = {
    "/data/postgresql.conf": f"include_if_exists = '{FILE}'\n".encode(),
    "/data/postgresql.auto.conf": b"",
}
SETTINGS = ("primary_conninfo", "synchronous_standby_names")


def read(programs: Programs, content: bytes) -> list[str]:
    """Both settings, as the server has them that includes the file."""
    script = " && ".join(f"postgres -D /data -C {setting}" for setting in SETTINGS)
    ran = programs.run(["sh", "-c", script], {**MAIN, FILE: content}, user="postgres")
    assert (ran.code, ran.err) == (0, "")
    return ran.out.removesuffix("\n").split("\n")


@pytest.mark.parametrize("size", [2, 3, 12])
def test_every_name_is_read_as_it_is_meant(programs: Programs, size: int) -> None:
    peers = tuple(pod(n) for n in range(size))
    of = Roll(SERVICE, peers[-1], peers, 1, size)
    hosts = ",".join(peer.fqdn for peer in peers[:-1])
    standbys = ", ".join(f'"{peer.name}"' for peer in peers[:-1])
    connection = (
        f"host={hosts} port=5432 user=replicator application_name=db-{size - 1} "
        "target_session_attrs=read-write sslmode=prefer"
    )
    made = render("postgresql", of, {"synchronous": 1})
    assert read(programs, made) == [connection, f"ANY 1 ({standbys})"]


@pytest.mark.parametrize(("variables", "waits"), [(NONE, ""), ({"synchronous": 1}, "ANY 1 (*)")])
def test_a_pod_that_is_alone_has_nobody_to_stream_from(
    programs: Programs, variables: Mapping[str, Any], waits: str
) -> None:
    assert read(programs, render("postgresql", roll(0), variables)) == ["", waits]


def test_addresses_and_variables_are_read_as_they_are_meant(programs: Programs) -> None:
    peers = tuple(Peer(pod(n).fqdn, (pod(n).addresses[1],)) for n in range(3))
    variables = {
        "user": "r@x-y.z_1",
        "target_session_attrs": "primary",
        "sslmode": "verify-full",
        "passfile": "/run/secrets/pgpass",
        "more": "sslrootcert=/tls/ca.crt keepalives_idle=10",
    }
    selection = Selection("expected", "always", address="ip", allow_empty=True)
    of = Roll(SERVICE, peers[0], peers)
    content = render("postgresql", of, variables, port=6432, selection=selection)
    connection = (
        "host=fd00::1,fd00::2 port=6432 user=r@x-y.z_1 application_name=db-0 "
        "target_session_attrs=primary sslmode=verify-full passfile=/run/secrets/pgpass "
        "sslrootcert=/tls/ca.crt keepalives_idle=10"
    )
    assert read(programs, content) == [connection, ""]


# db-1 is the primary and db-2 its standby, which begins alone. With the file of three it asks db-0
# first, which is a standby too, and goes on to the primary, whose commits it then confirms.
CLUSTER = """
set -e
trap 'cat /tmp/*.log >&2' EXIT
start() {
  mkdir "/tmp/$1.socket"
  options="-c listen_addresses=$2 -k /tmp/$1.socket"
  pg_ctl -s -w -D "/tmp/$1" -l "/tmp/$1.log" -o "$options" start
}
sql() { at=$1; shift; psql -At -h "/tmp/$at.socket" "$@"; }
standbys() { sql db-1 -c 'SELECT application_name, usename, sync_state FROM pg_stat_replication'; }
initdb -N -A trust -D /tmp/db-1 >/dev/null
echo 'host replication all 127.0.0.0/8 trust' >>/tmp/db-1/pg_hba.conf
echo "include_if_exists = '/tmp/db-1.conf'" >>/tmp/db-1/postgresql.conf
start db-1 127.0.0.2
sql db-1 -q -c 'CREATE ROLE replicator REPLICATION LOGIN'
pg_basebackup -U replicator -h 127.0.0.2 -D /tmp/db-2
sed -i s/db-1.conf/db-2.conf/ /tmp/db-2/postgresql.conf
touch /tmp/db-2/standby.signal
cp /peers/alone.conf /tmp/db-2.conf
start db-2 127.0.0.3
cp /peers/db-1.conf /tmp/db-1.conf
pg_ctl -s -D /tmp/db-1 reload
cp /peers/db-2.conf /tmp/db-2.conf
pg_ctl -s -D /tmp/db-2 reload
until standbys | grep -q quorum; do :; done
standbys
sql db-1 -c 'CREATE TABLE confirmed (a int)' -c 'SELECT pg_is_in_recovery()'
sql db-2 -c 'SELECT pg_is_in_recovery(), sender_host FROM pg_stat_wal_receiver'
"""


def test_a_standby_finds_the_primary_after_a_reload_and_counts_as_a_synchronous_one(
    programs: Programs,
) -> None:
    both = {"synchronous": 1}
    files = {
        "/peers/alone.conf": render("postgresql", roll(2)),
        "/peers/db-1.conf": render("postgresql", THREE, both),
        "/peers/db-2.conf": render("postgresql", roll(2, 0, 1), both),
    }
    hosts = dict(zip(ALL_NAMES, ("127.0.0.3", "127.0.0.2", "127.0.0.3"), strict=True))
    ran = programs.run(["sh", "-c", CLUSTER], files, within=120.0, user="postgres", hosts=hosts)
    assert (ran.code, ran.out.splitlines()) == (
        0,
        ["db-2|replicator|quorum", "CREATE TABLE", "f", f"t|{ALL_NAMES[1]}"],
    ), ran.err
