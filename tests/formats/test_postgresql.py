"""What the part of a postgresql.conf says that is about the peers."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import formats
from agent.core.roll import Roll
from agent.formats import FormatError, Withheld
from tests.formats.rolls import ALL_NAMES, NONE, THREE, each_hostile, render, roll, unhurried

WORDS = {"null", "2024-01-01"}
# What of the hostile values is no harm in a connection string.
HARMLESS = {"user": WORDS, "passfile": {"", *WORDS}, "more": {""}}
TEXTS = ("user", "target_session_attrs", "sslmode", "passfile", "more")


def settings(of: Roll, variables: Mapping[str, Any] = NONE, **how: Any) -> dict[str, str]:
    """The settings of a file, in which no value holds a quote or a backslash."""
    read = {}
    for line in render("postgresql", of, variables, **how).decode().splitlines():
        if line.startswith("#"):
            continue
        setting = re.fullmatch(r"([a-z_]+) = '([^'\\]*)'", line)
        assert setting, line
        read[setting[1]] = setting[2]
    return read


def connection(of: Roll, variables: Mapping[str, Any] = NONE, **how: Any) -> dict[str, str]:
    """The parameters of the connection, none of which has a space in it."""
    words = settings(of, variables, **how)["primary_conninfo"].split(" ")
    pairs = dict(word.split("=", 1) for word in words)
    assert len(pairs) == len(words)
    return pairs


def test_a_standby_follows_whichever_of_the_others_takes_writes() -> None:
    assert settings(THREE).keys() == {"primary_conninfo"}
    assert connection(THREE) == {
        "host": f"{ALL_NAMES[0]},{ALL_NAMES[2]}",
        "port": "5432",
        "user": "replicator",
        "application_name": "db-1",
        "target_session_attrs": "read-write",
        "sslmode": "prefer",
    }


def test_a_standby_names_the_others_that_replicas_promises_though_they_are_not_there_yet() -> None:
    assert connection(roll(1, replicas=3)) == connection(THREE)


@unhurried
@given(st.integers(0, 5), st.sets(st.integers(0, 5)), st.integers(0, 3))
def test_a_pod_never_streams_from_itself_nor_waits_for_itself(
    me: int, others: set[int], synchronous: int
) -> None:
    read = settings(roll(me, *others), {"synchronous": synchronous})
    hosts = re.search(r"host=(\S+)", read.get("primary_conninfo", ""))
    names = [host.partition(".")[0] for host in hosts[1].split(",")] if hosts else []
    assert names == [f"db-{n}" for n in sorted(others - {me})]
    waits_for = ", ".join(f'"{name}"' for name in names) or "*"
    expected = f"ANY {synchronous} ({waits_for})" if synchronous else None
    assert read.get("synchronous_standby_names") == expected


def test_a_pod_that_is_alone_has_no_connection_at_all() -> None:
    text = render("postgresql", roll(0)).decode()
    assert text == f"# {ALL_NAMES[0]} knows of nobody to stream from.\n"


def test_commits_can_be_made_to_wait_for_others_whoever_they_are_yet() -> None:
    read = settings(THREE, {"synchronous": 2})
    assert read["synchronous_standby_names"] == 'ANY 2 ("db-0", "db-2")'
    alone = settings(roll(0), {"synchronous": 1})
    assert alone == {"synchronous_standby_names": "ANY 1 (*)"}


def test_commits_are_not_made_to_wait_for_more_than_there_are_to_be() -> None:
    recipe = formats.Recipe(formats.load("postgresql"), {"synchronous": 3})
    assert formats.render(recipe, roll(1, replicas=3)) == Withheld(
        "postgresql is not written while synchronous is 3 of 2 others: every commit would wait for "
        "ever"
    )
    assert isinstance(formats.render(recipe, roll(1, replicas=4)), bytes)
    # More may come, or be elsewhere.
    assert "ANY 3" in settings(roll(1, 0), {"synchronous": 3})["synchronous_standby_names"]
    alone = settings(roll(0, replicas=1), {"synchronous": 3})
    assert alone["synchronous_standby_names"] == "ANY 3 (*)"


def test_a_connection_can_be_made_another_one() -> None:
    variables = {
        "user": "Repl-1",
        "target_session_attrs": "any",
        "sslmode": "verify-full",
        "passfile": "/run/secrets/pgpass",
        "more": "sslrootcert=/tls/ca.crt keepalives_idle=10",
    }
    read = connection(THREE, variables, port=6432)
    del read["host"], read["application_name"]
    assert read == {
        "port": "6432",
        "user": "Repl-1",
        "target_session_attrs": "any",
        "sslmode": "verify-full",
        "passfile": "/run/secrets/pgpass",
        "sslrootcert": "/tls/ca.crt",
        "keepalives_idle": "10",
    }


@each_hostile
@pytest.mark.parametrize("variable", TEXTS)
def test_what_could_end_a_value_is_refused(variable: str, value: str) -> None:
    if value in HARMLESS.get(variable, ()):
        assert len(settings(THREE, {variable: value})) == 1
        return
    with pytest.raises(FormatError, match=f"{variable} is .*, it has to match "):
        render("postgresql", THREE, {variable: value})


@pytest.mark.parametrize("more", ["a=b ", "a=b  c=d", "a = b", "A=b", "a=b'", "a=b\n"])
def test_further_parameters_are_whole_ones(more: str) -> None:
    with pytest.raises(FormatError, match="more is"):
        render("postgresql", THREE, {"more": more})
