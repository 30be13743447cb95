"""ZooKeeper's own classes, and a server, on what was rendered for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.formats.rolls import BY_ADDRESS, pod, render, roll, with_only
from tests.readback.loaders import PATIENCE, java
from tests.readback.programs import Programs

FILE = "/peers/zoo.cfg.dynamic"


def files(content: bytes, me: int, at: str = "", settings: str = "") -> dict[str, bytes]:
    """A pod's files, zoo.cfg first: what the wiring says of it, and what any has to have."""
    zoo_cfg = f"""\
dataDir={at}/data
tickTime=2000
initLimit=10
syncLimit=5
admin.enableServer=false
standaloneEnabled=false
quorumListenOnAllIPs=true
dynamicConfigFile={at}{FILE}
{settings}
"""
    return {
        f"{at}/conf/zoo.cfg": zoo_cfg.encode(),
        f"{at}{FILE}": content,
        f"{at}/data/myid": f"{me + 1}\n".encode(),
    }


def understood(programs: Programs, *cases: tuple[bytes, int]) -> list[str]:
    """What ZooKeeper finds in each content for a pod: its own ID, and each member with its."""
    given = [files(content, me, f"/{case}") for case, (content, me) in enumerate(cases)]
    command, loader = java("zookeeper", "ZooKeeper", next(iter(given[0])))
    command += [next(iter(each)) for each in given[1:]]
    every = {path: content for each in given for path, content in each.items()}
    ran = programs.run(command, {**every, **loader}, within=PATIENCE)
    assert ran.code == 0, ran.err
    return [line for line in ran.out.splitlines() if not line.startswith("/")]


def test_zookeeper_knows_each_member_by_its_id_and_itself_among_them(programs: Programs) -> None:
    cases, wanted = [], []
    for size in (1, 2, 3, 12):
        members = [f"{n + 1}={pod(n).fqdn}:2888:3888:participant;0.0.0.0:2181" for n in range(size)]
        for me in (0, size - 1):
            cases.append((render("zookeeper", roll(me, *range(size), replicas=size)), me))
            wanted += [f"myid={me + 1}", *members]
    assert understood(programs, *cases) == wanted


def test_zookeeper_reads_addresses_of_both_families(programs: Programs) -> None:
    expected = replace(BY_ADDRESS, source="expected")
    of = [with_only(version, roll(1, 0, replicas=2)) for version in (4, 6)]
    cases = [(render("zookeeper", each, selection=expected), 1) for each in of]
    assert understood(programs, *cases) == [
        "myid=2",
        "1=10.0.0.0:2888:3888:participant;0.0.0.0:2181",
        "2=10.0.0.1:2888:3888:participant;0.0.0.0:2181",
        "myid=2",
        "1=[fd00:0:0:0:0:0:0:0]:2888:3888:participant;0.0.0.0:2181",
        "2=[fd00:0:0:0:0:0:0:1]:2888:3888:participant;0.0.0.0:2181",
    ]


@pytest.mark.parametrize("is_reconfigurable", [False, True])
def test_a_running_zookeeper_leaves_the_file_as_it_is(
    programs: Programs, is_reconfigurable: bool
) -> None:
    """It writes a list of its own elsewhere, and only where it may be reconfigured."""
    content = render("zookeeper", roll(0, replicas=1))
    given = files(content, 0, settings=f"reconfigEnabled={str(is_reconfigurable).lower()}")
    command, loader = java("zookeeper", "ZooKeeperServer", "/conf/zoo.cfg")
    jars = "/opt/zookeeper/lib/*:/opt/kafka/lib/*"  # Kafka has what a server needs beyond its own
    command[command.index("-cp") + 1] = jars
    ran = programs.run(
        command,
        {**given, **loader},
        within=PATIENCE,
        hosts={pod(0).fqdn: "127.0.0.1"},
        leaves=["/conf/zoo.cfg", FILE],
    )
    assert ran.code == 0, ran.err
    assert f"server.1={pod(0).fqdn}:2888:3888:participant" in ran.out
    assert ran.left[FILE] == content
    is_named = f"dynamicConfigFile={FILE}\n".encode() in ran.left["/conf/zoo.cfg"]
    assert is_named is not is_reconfigurable
