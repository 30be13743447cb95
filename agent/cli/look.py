"""The commands that only look: `whoami`, `peers`, `render`, `formats`."""

import json
import sys
import time
from typing import Any

import click

from agent import formats as registry
from agent.cli.common import as_json_option
from agent.cli.options import (
    Failed,
    Wrong,
    find_situation,
    find_surroundings,
    inquiry_of,
    load_settings,
    settings_options,
)
from agent.core.glance import at_once
from agent.core.identity import Identity, IdentityError, identify
from agent.core.observation import Answered
from agent.core.roll import Roll, RollError, from_document, to_document
from agent.discovery import discoverer
from agent.settings import YamlError, read_yaml

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
        facts, problems, code = _facts(identity), identity.remarks, 0
    except IdentityError as wrong:
        facts, problems, code = _known(wrong), tuple(str(wrong).splitlines()), Wrong.exit_code
    if as_json:
        document = {
            name.replace(" ", "_").lower(): {"value": value, "source": source}
            for name, value, source in facts
        }
        click.echo(json.dumps(document, indent=2))
    else:
        _table([(name, _fact(value, source), source) for name, value, source in facts])
    for problem in problems:
        click.echo(f"rollcall: {problem}", err=True)
    sys.exit(code)


@click.command()
@settings_options(*_NOT_FOR_LOOKING)
@as_json_option
def peers(as_json: bool, **flags: Any) -> None:
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
    if as_json:
        click.echo(json.dumps(to_document(roll), indent=2))
        return
    listed = {endpoint.fqdn for endpoint in seen.endpoints}
    _table([(p.name, _shown(list(p.addresses)), _remark(p.fqdn, roll, listed)) for p in roll.peers])


@click.command()
@click.option("--format", "name", required=True, metavar="FORMAT", help="one of `rollcall formats`")
@click.option(
    "--var",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="a variable of the format (repeatable)",
)
def render(name: str, pairs: tuple[str, ...]) -> None:
    """Print the file that a roll on stdin gives: no cluster is asked.

    As in: rollcall peers --json | rollcall render --format galera
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise Wrong(
            f"give a roll on stdin: rollcall peers --json | rollcall render --format {name}"
        )
    try:
        roll = from_document(json.load(sys.stdin))
    except RollError as wrong:
        raise Wrong(f"stdin is not a roll: {wrong}") from None
    except ValueError as wrong:
        raise Wrong(f"stdin is not JSON: {wrong}") from None
    except RecursionError:
        raise Wrong("stdin is not a roll: it is nested too deep") from None
    try:
        content = registry.render(registry.load(name), roll, _variables(pairs))
    except registry.FormatError as wrong:
        raise Wrong(str(wrong)) from None
    if isinstance(content, registry.Withheld):
        raise Failed(content.reason)
    click.echo(content, nl=False)


@click.command()
def formats() -> None:
    """List the built-in formats."""
    rows = [registry.load(name) for name in registry.names()]
    _table([(form.name, form.file, form.title) for form in rows])


def _facts(identity: Identity) -> list[tuple[str, Any, str]]:
    """Name, value and source of everything that is known of this pod."""
    source = identity.sources
    service = identity.service
    return [
        ("pod name", identity.pod, source["pod name"]),
        ("ordinal", identity.ordinal, source["ordinal"]),
        ("statefulset", identity.set_name or None, source["ordinal"]),
        ("service", service.name, source["service"]),
        ("namespace", service.namespace, source["namespace"]),
        ("cluster domain", service.cluster_domain, source["cluster domain"]),
        ("addresses", list(identity.addresses), source["addresses"]),
        *([("name in DNS", identity.fqdn, "all of these")] if identity.is_member else []),
    ]


def _known(wrong: IdentityError) -> list[tuple[str, Any, str]]:
    """As `_facts`, where some are not known."""
    fields = ("pod name", "service", "namespace", "cluster domain")
    return [(name, wrong.values.get(name), wrong.sources.get(name, "nowhere")) for name in fields]


def _remark(fqdn: str, roll: Roll, listed: set[str]) -> str:
    if roll.me is None or fqdn != roll.me.fqdn:
        return ""
    return "this pod" if fqdn in listed else "this pod, not listed in DNS"


def _variables(pairs: tuple[str, ...]) -> dict[str, Any]:
    """KEY=VALUE pairs; a value is read as YAML, as it would be in the config file."""
    given = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise Wrong(f"--var {pair!r} is not KEY=VALUE")
        try:
            given[key] = read_yaml(value)
        except YamlError:
            given[key] = value
    return given


def _fact(value: Any, source: str) -> str:
    """A part of the identity, which may be known not to be there."""
    return "-" if source.startswith("none") else _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "-"
    return "?" if value is None else str(value)


def _table(rows: list[tuple[str, str, str]]) -> None:
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    for first, second, third in rows:
        click.echo(f"{first:{widths[0]}}  {second:{widths[1]}}  {third}".rstrip())
