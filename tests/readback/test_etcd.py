"""etcd on what was rendered for it, all members in one container at loopbacks of their own."""

from __future__ import annotations

import json

import pytest

from agent.core.roll import Roll
from tests.formats.rolls import render, roll
from tests.readback.programs import Programs, Ran

HOSTS = {f"db-{n}.db.prod.svc.cluster.local": f"127.0.0.{n + 1}" for n in range(4)}
NEW = "new"
EXISTING = "existing"

each_pod = pytest.mark.parametrize("me", range(3))


def file_of(of: Roll, state: str = EXISTING) -> dict[str, bytes]:
    """A pod's file, in a folder of its own."""
    assert of.me is not None
    ordinal = of.me.ordinal or 0
    variables = {
        "initial_cluster_state": state,
        "listen": f"127.0.0.{ordinal + 1}",
        "data": f"/data/{of.me.name}",
    }
    return {path(ordinal, state): render("etcd", of, variables)}


def path(ordinal: int, state: str = EXISTING) -> str:
    return f"/peers/{ordinal}/{state}.yaml"


def start(ordinal: int, state: str = EXISTING) -> str:
    return f"etcd --config-file={path(ordinal, state)} &"


def found(ordinal: int) -> str:
    return start(ordinal, NEW)


def talk(ordinal: int, command: str) -> str:
    return f"etcdctl --endpoints=http://db-{ordinal}.db.prod.svc.cluster.local:2379 {command}"


def until_done(ordinal: int, command: str) -> str:
    return f"until {talk(ordinal, command)} >/dev/null 2>&1; do :; done"


def until_well(ordinal: int) -> str:
    return until_done(ordinal, "endpoint health")


def ran(programs: Programs, lines: list[str], files: dict[str, bytes]) -> Ran:
    done = programs.run(
        ["bash", "-euc", "\n".join(lines)], files, 60.0, env={"ETCDCTL_API": "3"}, hosts=HOSTS
    )
    assert done.code == 0, done.err
    return done


def members(out: str) -> dict[str, list[str]]:
    return {member["name"]: member["peerURLs"] for member in json.loads(out)["members"]}


@each_pod
def test_an_etcd_that_reaches_nobody_founds_nothing(programs: Programs, me: int) -> None:
    of = roll(me, replicas=3)
    done = programs.run(["etcd", f"--config-file={path(me)}"], file_of(of), hosts=HOSTS)
    assert done.code == 1
    assert "cannot fetch cluster info from peer urls" in done.err


def test_three_etcds_are_told_to_found_one_cluster_and_a_fourth_joins_it(
    programs: Programs,
) -> None:
    files: dict[str, bytes] = {}
    for me in range(3):
        files |= file_of(roll(me, replicas=3), NEW)
    files |= file_of(roll(3, 0, 1, 2, replicas=4))
    url = "http://db-3.db.prod.svc.cluster.local:2380"
    done = ran(
        programs,
        [
            *map(found, range(3)),
            *map(until_well, range(3)),
            until_done(0, f"member add db-3 --peer-urls={url}"),
            start(3),
            until_well(3),
            talk(3, "member list --write-out=json"),
        ],
        files,
    )
    assert members(done.out) == {
        f"db-{n}": [f"http://db-{n}.db.prod.svc.cluster.local:2380"] for n in range(4)
    }


def test_an_etcd_whose_list_is_another_than_the_clusters_does_not_join(programs: Programs) -> None:
    files = file_of(roll(0, replicas=1), NEW) | file_of(roll(1, 0, replicas=3))
    done = ran(
        programs,
        [found(0), until_well(0), f"! etcd --config-file={path(1)}"],
        files,
    )
    assert "member count is unequal" in done.err


def test_one_of_three_that_are_to_found_a_cluster_makes_none_alone(programs: Programs) -> None:
    done = programs.run(
        ["etcd", f"--config-file={path(0, NEW)}"],
        file_of(roll(0, replicas=3), NEW),
        until="is starting a new election",
        hosts=HOSTS,
    )
    assert done.code == 137
    assert "ready to serve client requests" not in done.err


def test_etcds_that_have_founded_start_again_when_new_is_taken_away(programs: Programs) -> None:
    files: dict[str, bytes] = {}
    for me in range(3):
        files |= file_of(roll(me, replicas=3), NEW) | file_of(roll(me, replicas=3))
    done = ran(
        programs,
        [
            *map(found, range(3)),
            *map(until_well, range(3)),
            f"{talk(0, 'put key kept')} >/dev/null",
            "kill -9 $(jobs -p)",
            "wait || true",
            *map(start, range(3)),
            *map(until_well, range(3)),
            talk(1, "get key --print-value-only"),
        ],
        files,
    )
    assert done.out == "kept\n"
