"""The commands that only look: `whoami` and `peers`."""

import json
import sys
import time
from dataclasses import replace
from typing import Any

import click

from agent.cli.common import as_json_option, table
from agent.cli.ending import Failed, Wrong
from agent.cli.knocking import answering_now
from agent.cli.options import (
    find_situation,
    find_surroundings,
    inquiry_of,
    load_settings,
    settings_options,
)
from agent.core.facts import Fact, facts, facts_document
from agent.core.glance import at_once
from agent.core.identity import IdentityError, identify, told_among
from agent.core.observation import Answered
from agent.core.roll import Peer, Roll, to_document
from agent.discovery import discoverer

_NOT_FOR_LOOKING = (
    "--output",
    "--wait-for",
    "--wait-timeout",
    "--on-timeout",
    "--interval",
    "--settle",
    "--forget-after",
    "--on-empty",
    "--log-format",
    "--log-level",
)


@click.command()
@settings_options(*_NOT_FOR_LOOKING)
@as_json_option
def whoami(as_json: bool, **flags: Any) -> None:
    """Show who this pod is, and where each part of that comes from."""
    loaded = load_settings(flags)
    try:
        identity = identify(find_surroundings(loaded), loaded.settings.role)
        identity = told_among(identity, loaded.settings.peers)
        known, problems, code = facts(identity), identity.remarks, 0
    except IdentityError as wrong:
        known, problems, code = _known(wrong), tuple(str(wrong).splitlines()), Wrong.exit_code
    if as_json:
        click.echo(json.dumps(facts_document(known), indent=2))
    else:
        table([(name, _fact(value, source), source) for name, value, source in known])
    for problem in problems:
        click.echo(f"rollcall: {problem}", err=True)
    sys.exit(code)


@click.command()
@settings_options(*_NOT_FOR_LOOKING)
@click.option(
    "--answering",
    "port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="also ask who answers on the port that members use among themselves",
)
@as_json_option
def peers(as_json: bool, port: int | None, **flags: Any) -> None:
    """Ask DNS once, and show who is there.

    The JSON is the roll, which `rollcall render` reads.
    """
    situation = find_situation(load_settings(flags))
    settings = situation.settings
    seen = discoverer(inquiry_of(situation), time.monotonic).observe()
    if not isinstance(seen, Answered):
        raise Failed(seen.reason)
    state = at_once(situation.identity, seen)
    for remark in seen.remarks:
        click.echo(f"rollcall: {remark}", err=True)
    roll = state.roll(settings.replicas, settings.start_ordinal)
    if port is not None:
        roll = replace(roll, answering=answering_now(roll, port))
    if as_json:
        click.echo(json.dumps(to_document(roll), indent=2))
        return
    listed = {endpoint.fqdn for endpoint in seen.endpoints}
    heard = {} if port is None else roll.answering[port]
    rows = []
    for peer in roll.peers:
        remarks = (
            _remark(peer.fqdn, roll, listed),
            _answer(heard.get(peer.fqdn), port, peer, roll),
        )
        rows.append((peer.name, _shown(list(peer.addresses)), ", ".join(filter(None, remarks))))
    table(rows)


def _known(wrong: IdentityError) -> list[Fact]:
    """As `facts`, where some are not known."""
    fields = ("pod name", "service", "namespace", "cluster domain")
    return [(name, wrong.values.get(name), wrong.sources.get(name, "nowhere")) for name in fields]


def _remark(fqdn: str, roll: Roll, listed: set[str]) -> str:
    if roll.me is None or fqdn != roll.me.fqdn:
        return ""
    return "this pod" if fqdn in listed else "this pod, not listed in DNS"


def _answer(heard: bool | None, port: int | None, peer: Peer, roll: Roll) -> str:
    if port is None or peer == roll.me:
        return ""
    return {True: "answers", False: "refuses", None: "can't tell"}[heard] + f" on {port}"


def _fact(value: Any, source: str) -> str:
    """A part of the identity, which may be known not to be there."""
    return "-" if source.startswith("none") else _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "-"
    return "?" if value is None else str(value)
