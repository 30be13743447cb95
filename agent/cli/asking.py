"""Asking a running agent, as `status`, `healthcheck` and `wait` do.

A probe runs every few seconds, in a container with little CPU: what it takes to read a config file,
a fifth of a second, is imported only where there is one.
"""

import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

from agent.cli.ending import Wrong
from agent.core.listen import DEFAULT, NONE, SERVER, ListenAddress, parse_listen
from agent.exchange import ExchangeError, Reply, Request, exchange

Function = TypeVar("Function", bound=Callable[..., Any])

# Seconds that an answer may take.
PATIENCE = 2.0
# Bytes of a sentence that are shown.
_LONGEST = 1_000
_VARIABLE = "ROLLCALL_STATUS_LISTEN"
_ELSEWHERE = ("ROLLCALL_CONFIG", "ROLLCALL_SETTINGS")


class SilentError(Exception):
    """There was no answer of an agent; the sentence says why."""


def agent_options(function: Function) -> Function:
    """Gives a command the flags that say where its agent is."""
    where = "where the agent's probes and metrics are (:9797)"
    for flag, metavar, help_ in (
        ("--config", "FILE", "the agent's config file in YAML"),
        ("--status-listen", "[HOST]:PORT", where),
    ):
        function = click.option(flag, metavar=metavar, help=help_)(function)
    return function


def places_of(status_listen: str | None, config: str | None) -> tuple[str, ...]:
    """Where the agent is to be asked, HOST:PORT, that to try first before others. Raises Wrong."""
    at = _address(status_listen, config)
    if at is None:
        raise Wrong(
            f"status.listen is {NONE}, so the agent can't be asked: set --status-listen to what "
            "rollcall run has, or have it listen"
        )
    if at.port == 0:
        raise Wrong(f"status.listen is {at}, any port that is free: name the one that the log says")
    return at.asked_at


def ask(places: tuple[str, ...], path: str, patience: float = PATIENCE) -> Reply:
    """The agent's answer, asked for at the first place that answers. Raises SilentError."""
    because = ""
    for place in places:
        try:
            reply = exchange(Request("GET", f"http://{place}{path}"), patience, time.monotonic)
        except ExchangeError as wrong:
            because = because or str(wrong)
            continue
        if reply.headers.get("server") != SERVER:
            raise SilentError(f"what answers at {place} is no rollcall: set --status-listen")
        return reply
    raise SilentError(f"no agent answers: {because}")


def sentence_of(reply: Reply) -> str:
    """The sentence that an agent answered with, fit for a terminal."""
    said = reply.body[:_LONGEST].decode(errors="replace").strip()
    return printable(said) or f"it answers {reply.status}, and says nothing"


def printable(text: str) -> str:
    """A text without what a terminal would obey."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _address(status_listen: str | None, config: str | None) -> ListenAddress | None:
    told = status_listen or os.environ.get(_VARIABLE, "")
    if not told and (config or any(map(os.environ.get, _ELSEWHERE))):
        from agent.cli.options import load_settings  # noqa: PLC0415  # see the module's head

        return load_settings({"config": config}).settings.listen
    try:
        return parse_listen(told or DEFAULT)
    except ValueError as wrong:
        raise Wrong(f"{'--status-listen' if status_listen else _VARIABLE}: {wrong}") from None
