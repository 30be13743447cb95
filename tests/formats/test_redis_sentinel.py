"""What Sentinel's first file says."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import formats
from agent.core.roll import Roll
from agent.formats import FormatError, Withheld
from tests.formats.rolls import ALL_NAMES, HOSTILE, NONE, THREE, render, roll, unhurried


def lines(of: Roll, variables: Mapping[str, Any] = NONE, port: int | None = None) -> list[str]:
    return render("redis-sentinel", of, variables, port=port).decode().splitlines()


def test_sentinel_reads_who_it_is_and_where_the_master_is_at_first() -> None:
    assert lines(THREE) == [
        "port 26379",
        "sentinel resolve-hostnames yes",
        "sentinel announce-hostnames yes",
        f"sentinel announce-ip {ALL_NAMES[1]}",
        f"sentinel monitor mymaster {ALL_NAMES[0]} 6379 2",
        "sentinel down-after-milliseconds mymaster 30000",
    ]


@unhurried
@given(st.integers(0, 5), st.sets(st.integers(0, 5)), st.none() | st.integers(1, 5))
def test_every_pod_names_the_same_master_whoever_else_is_there(
    me: int, others: set[int], replicas: int | None
) -> None:
    """A pod that sees only itself must not take itself, or another replica, for the master."""
    assert f"sentinel monitor mymaster {ALL_NAMES[0]} 6379 2" in lines(
        roll(me, *others, replicas=replicas)
    )


def test_the_master_is_the_pod_that_the_set_begins_with() -> None:
    of = replace(roll(7, 8), start_ordinal=5)
    assert f"sentinel monitor mymaster {ALL_NAMES[0].replace('db-0', 'db-5')} 6379 2" in lines(of)


def test_sentinels_of_a_set_of_their_own_can_be_told_the_master() -> None:
    for master in ("redis-0.redis.prod.svc.cluster.local", "10.0.0.9", "fd00::9"):
        assert f"sentinel monitor mymaster {master} 6379 2" in lines(THREE, {"master": master})


def test_sentinels_ports_quorum_and_patience_can_be_others() -> None:
    variables = {"name": "db", "quorum": 3, "sentinel_port": 5000, "down_after": 5000}
    read = lines(THREE, variables, 7000)
    assert read[0] == "port 5000"
    assert read[-2:] == [
        f"sentinel monitor db {ALL_NAMES[0]} 7000 3",
        "sentinel down-after-milliseconds db 5000",
    ]


@pytest.mark.parametrize("quorum", [0, -1, 1000])
def test_a_quorum_that_sentinel_refuses_is_refused_here(quorum: int) -> None:
    with pytest.raises(FormatError, match="quorum is"):
        lines(THREE, {"quorum": quorum})


def test_a_quorum_of_more_sentinels_than_there_are_to_be_gets_no_file() -> None:
    recipe = formats.Recipe(formats.load("redis-sentinel"), {"quorum": 4})
    assert formats.render(recipe, THREE) == Withheld(
        "redis-sentinel is not written while quorum is 4 and replicas is 3: so many Sentinels "
        "never agree"
    )
    for of in (replace(THREE, replicas=None), replace(THREE, replicas=4)):
        assert isinstance(formats.render(recipe, of), bytes)


@pytest.mark.parametrize("variable", ["name", "master"])
@pytest.mark.parametrize("value", [v for v in HOSTILE if v not in ("", "null", "2024-01-01")])
def test_a_name_that_could_be_more_than_a_word_is_refused(variable: str, value: str) -> None:
    with pytest.raises(FormatError, match=f"{variable} is .*, it has to match "):
        lines(THREE, {variable: value})


def test_the_file_is_written_once() -> None:
    assert formats.load("redis-sentinel").header.once
