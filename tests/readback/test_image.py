"""That what reads files is in the image, reads them, and refuses what is wrong in them."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from tests.readback.loaders import PATIENCE, java
from tests.readback.programs import Programs

# The least that each loader takes, and what it makes of it.
ZOO_CFG = b"dataDir=/data\ninitLimit=10\nsyncLimit=5\ndynamicConfigFile=/peers/zoo.dynamic\n"
ZOO_DYNAMIC = b"".join(b"server.%d=db-%d:2888:3888;2181\n" % (n + 1, n) for n in range(3))
KAFKA = b"""
process.roles=broker,controller
node.id=0
controller.quorum.bootstrap.servers=db-0:9093,db-1:9093
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
"""
CONSUL = b'{"bind_addr": "127.0.0.1", "data_dir": "/data", "retry_join": ["db-0", "db-1:8301"]}'
VAULT = b"""
storage "raft" {
  path = "/data"
  retry_join { leader_api_addr = "http://db-0:8200" }
}
"""


@pytest.mark.parametrize(
    "command",
    [
        "test -x /usr/sbin/clickhouse-server",
        "erl -noshell -s init stop",
        "etcd --version",
        "haproxy -v",
        "javac --version",
        "mariadbd --version",
        "nats-server --version",
        "nginx -v",
        "patroni --version",
        "postgres --version",
        "redis-sentinel --version",
        "xmllint --version",
    ],
)
def test_a_program_is_there(programs: Programs, command: str) -> None:
    ran = programs.run(command.split())
    assert ran.code == 0, ran


def loaded(programs: Programs, jars: str, loader: str, files: Mapping[str, bytes]) -> list[str]:
    """The lines that a loader in Java prints of `/peers` or the first file."""
    argument = "/peers" if jars.endswith("search") else next(iter(files))
    command, its_files = java(jars, loader, argument)
    ran = programs.run(command, {**files, **its_files}, PATIENCE)
    assert ran.code == 0, ran
    return ran.out.splitlines()


@pytest.mark.parametrize(
    ("jars", "loader"), [("elasticsearch", "Elasticsearch"), ("opensearch", "OpenSearch")]
)
def test_hosts_in_a_file_are_read_as_elasticsearch_does(
    programs: Programs, jars: str, loader: str
) -> None:
    files = {"/peers/unicast_hosts.txt": b"db-0\n# db-9\n[fd00::1]:9301\n"}
    assert loaded(programs, jars, loader, files) == ["db-0", "[fd00::1]:9301"]


def test_properties_are_read_as_kafka_does(programs: Programs) -> None:
    found = loaded(programs, "kafka", "Kafka", {"/peers/server.properties": KAFKA})
    assert "controller.quorum.bootstrap.servers=[db-0:9093, db-1:9093]" in found
    assert "node.id=0" in found


def test_members_are_read_as_zookeeper_does(programs: Programs) -> None:
    files = {"/peers/zoo.cfg": ZOO_CFG, "/peers/zoo.dynamic": ZOO_DYNAMIC, "/data/myid": b"2\n"}
    found = loaded(programs, "zookeeper", "ZooKeeper", files)
    assert found == [
        "myid=2",
        *(f"{n + 1}=db-{n}:2888:3888:participant;0.0.0.0:2181" for n in range(3)),
    ]


def test_a_config_is_read_as_consul_does(programs: Programs) -> None:
    ran = programs.run(["consul-config", "/peers/a.json"], {"/peers/a.json": CONSUL})
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["RetryJoinLAN"] == ["db-0", "db-1:8301"]
    assert programs.run(["consul-config", "/a.json"], {"/a.json": b'{"retry_jo": []}'}).code == 1


def test_a_config_is_read_as_vault_does(programs: Programs) -> None:
    ran = programs.run(["vault-config", "/peers/a.hcl"], {"/peers/a.hcl": VAULT})
    assert (ran.code, ran.err) == (0, "")
    storage = json.loads(ran.out)["storage"]
    assert json.loads(storage["Config"]["retry_join"]) == [{"leader_api_addr": "http://db-0:8200"}]
    assert programs.run(["vault-config", "/a.hcl"], {"/a.hcl": b"storage {"}).code == 1


def test_routes_are_read_as_nats_does(programs: Programs) -> None:
    content = b'cluster { name: db, listen: "0.0.0.0:6222", routes: ["nats-route://db-0:6222"] }'
    command = ["nats-server", "-t", "-c", "/peers/nats.conf"]
    assert programs.run(command, {"/peers/nats.conf": content}).code == 0
    assert programs.run(command, {"/peers/nats.conf": b"cluster { route: [] }"}).code == 1
