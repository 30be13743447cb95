"""`rollcall status`, `healthcheck` and `wait`: what a running agent says of itself.

They ask its status server, and know nothing else of it.
"""

import json
import sys
import time
from typing import Any

import click

from agent.cli.asking import (
    PATIENCE,
    SilentError,
    agent_options,
    ask,
    places_of,
    printable,
    sentence_of,
)
from agent.cli.ending import TIMED_OUT, Failed, Wrong
from agent.cli.overview import Row, rows, table
from agent.cli.signals import Signals, Stopped, SystemClock
from agent.core.duration import parse_duration

# Seconds from one look at the agent to the next.
_WATCH_EVERY = 1.0
_WAIT_EVERY = 0.25


@click.command()
@agent_options
@click.option("--json", "as_json", is_flag=True, help="print JSON instead of a table")
@click.option("--watch", is_flag=True, help="go on, and print it again when something changes")
def status(status_listen: str | None, config: str | None, as_json: bool, watch: bool) -> None:
    """Show what the running agent knows and does, since when and why.

    Ends with 1 if the agent can't be asked, or is stuck.
    """
    places = places_of(status_listen, config)
    if watch:
        _watch(places, as_json=as_json)
        return
    try:
        document, shown = _document(places)
    except SilentError as wrong:
        raise Failed(str(wrong)) from None
    click.echo(json.dumps(document, indent=2) if as_json else _text(shown))
    sys.exit(0 if document["live"] else 1)


@click.command()
@agent_options
def healthcheck(status_listen: str | None, config: str | None) -> None:
    """Say whether the agent is alive and its gate open: for a container's HEALTHCHECK.

    Ends with 0 if so, else with 1.
    """
    places = places_of(status_listen, config)
    try:
        for path in ("/livez", "/readyz"):
            reply = ask(places, path)
            if reply.status != 200:
                raise Failed(sentence_of(reply))
    except SilentError as wrong:
        raise Failed(str(wrong)) from None
    click.echo(sentence_of(reply))


@click.command()
@agent_options
@click.option("--timeout", metavar="TIME", help="how long to wait at most (for ever)")
def wait(status_listen: str | None, config: str | None, timeout: str | None) -> None:
    """Wait until the agent's gate is open: `rollcall wait && start-the-database`.

    It waits for an agent that is not there yet, too. Ends with 3 if it is not open in time.
    """
    places, signals = places_of(status_listen, config), Signals()
    deadline = time.monotonic() + _seconds(timeout)
    clock, told = SystemClock(signals), ""
    try:
        while because := _why_shut(places, signals, deadline):
            if because != told:
                click.echo(f"rollcall: waiting: {because}", err=True)
                told = because
            now = clock.now()
            if now >= deadline:
                click.echo(f"rollcall: gave up after {timeout}: {because}", err=True)
                sys.exit(TIMED_OUT)
            clock.wait_until(min(now + _WAIT_EVERY, deadline))
    except Stopped:
        sys.exit(1)  # the database must not start without its files


def _why_shut(places: tuple[str, ...], signals: Signals, deadline: float) -> str:
    """What the gate waits for, or why it can't be asked; empty if it is open."""
    patience = min(PATIENCE, max(_WAIT_EVERY, round(deadline - time.monotonic(), 1)))
    try:
        with signals.interruptible():
            reply = ask(places, "/readyz", patience)
    except SilentError as wrong:
        return str(wrong)
    return "" if reply.status == 200 else sentence_of(reply)


def _seconds(timeout: str | None) -> float:
    """A length of time that was typed; for ever where none was. Raises Wrong."""
    if timeout is None:
        return float("inf")
    try:
        return parse_duration(timeout)
    except ValueError as wrong:
        raise Wrong(f"--timeout: {wrong}") from None


def _watch(places: tuple[str, ...], *, as_json: bool) -> None:
    """Shows it until a signal comes; at a terminal in one place, else whenever there is news."""
    signals = Signals()
    clock, told, is_screen = SystemClock(signals), None, sys.stdout.isatty() and not as_json
    try:
        while True:
            text, news = _look(places, signals, as_json=as_json)
            if is_screen:
                click.clear()
            if is_screen or news != told:
                click.echo(text)
                told = news
            clock.wait_until(clock.now() + _WATCH_EVERY)
    except Stopped:
        return


def _look(places: tuple[str, ...], signals: Signals, *, as_json: bool) -> tuple[str, Any]:
    """What is shown now, and what of it is news when it changes."""
    try:
        with signals.interruptible():
            document, shown = _document(places)
    except SilentError as wrong:
        said = str(wrong)
        return json.dumps({"error": said}) if as_json else f"rollcall: {said}", said
    return json.dumps(document) if as_json else _text(shown), [row.news for row in shown]


def _text(shown: tuple[Row, ...]) -> str:
    return "\n".join(map(printable, table(shown).split("\n")))


def _document(places: tuple[str, ...]) -> tuple[dict[str, Any], tuple[Row, ...]]:
    """The document of /v1/status, and its rows. Raises SilentError where there is none yet."""
    reply = ask(places, "/v1/status")
    if reply.status != 200:
        raise SilentError(sentence_of(reply))
    try:
        document = dict(json.loads(reply.body))
        return document, rows(document)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        raise SilentError(
            "what the agent answers is not the status of a rollcall: has it another version?"
        ) from None
