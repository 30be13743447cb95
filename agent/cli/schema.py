"""`rollcall schema`: the shape of the config file, for an editor."""

import json

import click

from agent import formats
from agent.settings.json_schema import json_schema


@click.command()
def schema() -> None:
    """Print the JSON Schema (draft 7) of the config file, for an editor or a check.

    As in: rollcall schema > rollcall.schema.json
    """
    click.echo(json.dumps(json_schema(formats.names()), indent=2))
