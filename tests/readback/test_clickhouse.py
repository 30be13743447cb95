"""ClickHouse on what was rendered for it, and libxml."""

from __future__ import annotations

import json
from typing import Any

from tests.formats.rolls import ALL_NAMES, render, roll
from tests.readback.programs import Programs

FILE = "/etc/clickhouse-server/conf.d/peers.xml"
OWN = "/etc/clickhouse-server/config.xml"
# A cluster of the same name, with a pod that is in it no more.
CONFIG = b"""<yandex>
  <logger><level>information</level><console>1</console></logger>
  <http_port>8123</http_port>
  <tcp_port>9000</tcp_port>
  <listen_host>127.0.0.1</listen_host>
  <path>/data/</path>
  <tmp_path>/data/tmp/</tmp_path>
  <users_config>users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <mark_cache_size>5368709120</mark_cache_size>
  <remote_servers>
    <prod><shard><replica><host>gone</host><port>9000</port></replica></shard></prod>
  </remote_servers>
</yandex>
"""
QUERIES = {
    "clusters": "SELECT shard_num, replica_num, host_name, port FROM system.clusters "
    "WHERE cluster = 'prod' ORDER BY shard_num, replica_num FORMAT JSONCompact",
    "macros": "SELECT * FROM system.macros ORDER BY macro FORMAT JSONCompact",
}
# Asks over HTTP as soon as the server answers.
ASK = """
import os, sys, urllib.error, urllib.parse, urllib.request
for query in sys.argv[1:]:
    url = "http://127.0.0.1:8123/?" + urllib.parse.urlencode({"query": query})
    while True:
        try:
            answer = urllib.request.urlopen(url).read().decode()
        except urllib.error.HTTPError as wrong:
            sys.exit(wrong.read().decode())
        except OSError:
            continue
        print(" ".join(answer.split()))
        break
"""
VARIABLES = {"cluster": "prod", "root": "yandex"}


def asked(programs: Programs, content: bytes) -> dict[str, Any]:
    """What a server answers whose files are its own and ours."""
    command = f'clickhouse-server --config-file={OWN} >&2 & exec python3 -c "$ASK" "$@"'
    ran = programs.run(
        ["sh", "-c", command, "sh", *QUERIES.values()],
        {FILE: content, OWN: CONFIG},
        60.0,
        env={"ASK": ASK},
        hosts={name: f"10.0.0.{n}" for n, name in enumerate(ALL_NAMES)},
    )
    assert ran.code == 0, ran.err
    answers = (json.loads(line)["data"] for line in ran.out.splitlines())
    return dict(zip(QUERIES, answers, strict=True))


def test_clickhouse_takes_the_cluster_in_place_of_its_own_and_who_it_is(
    programs: Programs,
) -> None:
    answers = asked(programs, render("clickhouse", roll(1, replicas=3), VARIABLES))
    assert answers["clusters"] == [[1, n + 1, name, 9000] for n, name in enumerate(ALL_NAMES)]
    assert answers["macros"] == [["cluster", "prod"], ["replica", "db-1"], ["shard", "1"]]


def test_clickhouse_takes_shards(programs: Programs) -> None:
    variables = {**VARIABLES, "replicas_per_shard": 1}
    answers = asked(programs, render("clickhouse", roll(2, replicas=3), variables))
    assert answers["clusters"] == [[n + 1, 1, name, 9000] for n, name in enumerate(ALL_NAMES)]
    assert answers["macros"] == [["cluster", "prod"], ["replica", "db-2"], ["shard", "3"]]


def test_libxml_takes_the_file(programs: Programs) -> None:
    variables = {"secret_from_env": "SECRET", "secure": 1}
    content = render("clickhouse", roll(0, replicas=3), variables, port=9440)
    ran = programs.run(["xmllint", "--noout", FILE], {FILE: content})
    assert (ran.code, ran.err) == (0, "")
