"""Rolls to render, the rendering of a format by its name, and what a hostile value may hold."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal

import pytest
from hypothesis import settings

from agent import formats
from agent.core.roll import Peer, Roll, Service
from agent.core.selection import Selection

SERVICE = Service("db", "prod", "cluster.local")
NONE: Mapping[str, Any] = MappingProxyType({})
ALL_NAMES = [f"db-{n}.db.prod.svc.cluster.local" for n in range(3)]
# What a value may hold that could end it, or start something, in one file or another.
HOSTILE = (
    'a"b',
    "a'b",
    "a\nb: c",
    "a\r\nplugin_load_add=evil.so",
    "4567]\n[mysqld_safe]",
    "$(touch evil)",
    "`touch evil`",
    "; touch evil;",
    "a # b",
    "# b",
    "%(report_host)s %s",
    "{{ me }} {% raw %}",
    "a\\",
    "\\n\\",
    "- a",
    "*a",
    "&a !b",
    " a ",
    "",
    "null",
    "2024-01-01",
    "käse 🧀",
)
unhurried = settings(deadline=None)
each_format = pytest.mark.parametrize("name", formats.names())
each_hostile = pytest.mark.parametrize("value", HOSTILE)


def pod(ordinal: int) -> Peer:
    return Peer(SERVICE.pod(f"db-{ordinal}"), (f"10.0.0.{ordinal}", f"fd00::{ordinal}"))


def roll(me: int, *others: int, replicas: int | None = None) -> Roll:
    return Roll(SERVICE, pod(me), tuple(pod(n) for n in sorted({me, *others})), 1, replicas)


def with_only(version: Literal[4, 6], of: Roll) -> Roll:
    """The same pods in a network that has only one version of IP."""

    def seen(peer: Peer) -> Peer:
        return Peer(peer.fqdn, (peer.addresses[version == 6],))

    me = None if of.me is None else seen(of.me)
    return replace(of, me=me, peers=tuple(seen(peer) for peer in of.peers))


THREE = roll(1, 0, 2, replicas=3)
BY_ADDRESS = Selection(address="ip", allow_empty=True)


def named_seeds(read: Any) -> list[str]:
    """The pods that a cassandra.yaml or a scylla.yaml, as it was read, names as seeds."""
    (provider,) = read["seed_provider"]
    (parameters,) = provider["parameters"]
    return [fqdn.partition(".")[0] for fqdn in parameters["seeds"].split(",")]


def render(
    name: str,
    of: Roll,
    variables: Mapping[str, Any] = NONE,
    *,
    port: int | None = None,
    selection: Selection | None = None,
) -> bytes:
    """The file of a format, which has to be there; examples stand for what has to be given."""
    form = formats.load(name)
    recipe = formats.Recipe(form, {**form.header.examples, **variables}, selection, port)
    made = formats.render(recipe, of)
    assert isinstance(made, bytes), made
    return made
