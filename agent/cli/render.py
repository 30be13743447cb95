"""`rollcall render`: a file without a cluster."""

import json
import sys
from typing import Any, get_args

import click

from agent import formats
from agent.cli.ending import Failed, Wrong
from agent.cli.outputs import base_of, recipe_of
from agent.core.roll import Roll, RollError, from_document
from agent.core.selection import Address, ExcludeSelf, Source
from agent.settings import Output, SettingsError, pair

# Characters. A roll of 10,000 pods has some 3 million.
LONGEST_ROLL = 2**24


@click.command()
@click.option("--format", metavar="FORMAT", default="", help="one of `rollcall formats`")
@click.option("--template", metavar="FILE", default="", help="a template of your own instead")
@click.option(
    "--var",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="a variable of the format (repeatable)",
)
@click.option(
    "--from", "source", type=click.Choice(get_args(Source)), help="whom it names as seeds"
)
@click.option("--exclude-self", type=click.Choice(get_args(ExcludeSelf)), help="leave out this pod")
@click.option("--limit", type=click.IntRange(0), metavar="N", help="the most seeds; 0 is all")
@click.option("--address", type=click.Choice(get_args(Address)), help="how it names them")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="the port that members use among themselves",
)
@click.option("--base", metavar="FILE", default="", help="lay the keys over those of this file")
def render(pairs: tuple[str, ...], **chosen: Any) -> None:
    """Print the file that a roll on stdin gives: no cluster is asked.

    As in: rollcall peers --json | rollcall render --format galera
    """
    if bool(chosen["format"]) == bool(chosen["template"]):
        raise Wrong("give --format, one of `rollcall formats`, or --template, a file of your own")
    try:
        output = Output(path="-", vars=dict(pair(text, "--var") for text in pairs), **chosen)
        recipe = recipe_of(output, {})
        formats.check(recipe)
        roll = _read_roll(f"--format {output.format}" if output.format else "--template FILE")
        rule, port = recipe.selects, recipe.cluster_port
        if rule.source == "answering" and port not in roll.answering:
            click.echo(
                f"rollcall: nobody was asked who answers on port {port} (`rollcall peers --json "
                f"--answering {port}` does), so all that DNS lists count",
                err=True,
            )
        content = formats.render(recipe, roll, base_of(output))
    except (formats.FormatError, SettingsError) as wrong:
        raise Wrong(str(wrong)) from None
    if isinstance(content, formats.Withheld):
        raise Failed(content.reason)
    click.echo(content, nl=False)


def _read_roll(asked: str) -> Roll:
    """The roll on stdin. Raises Wrong."""
    if sys.stdin is None or sys.stdin.isatty():
        raise Wrong(f"give a roll on stdin: rollcall peers --json | rollcall render {asked}")
    try:
        text = sys.stdin.read(LONGEST_ROLL + 1)
        if len(text) > LONGEST_ROLL:
            raise Wrong(
                f"stdin is not a roll: it has more than {LONGEST_ROLL // 2**20} Mi characters"
            )
        if not text.strip():
            raise Wrong("stdin is empty: the command before it printed no roll")
        return from_document(json.loads(text))
    except RollError as wrong:
        raise Wrong(f"stdin is not a roll: {wrong}") from None
    except ValueError as wrong:
        raise Wrong(f"stdin is not JSON: {wrong}") from None
    except RecursionError:
        raise Wrong("stdin is not a roll: it is nested too deep") from None
