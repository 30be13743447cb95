"""`rollcall formats`: what formats there are, what they look like and how a database reads them."""

import click

from agent import formats as registry
from agent.cli.common import table
from agent.cli.ending import Wrong


@click.group(invoke_without_command=True)
@click.pass_context
def formats(context: click.Context) -> None:
    """List the built-in formats, or show one."""
    if context.invoked_subcommand is None:
        rows = [registry.load(name) for name in registry.names()]
        table([(form.name, form.header.file, form.header.title) for form in rows])


@formats.command()
@click.argument("name")
def show(name: str) -> None:
    """Print a format's template with its header, to begin a template of your own with."""
    click.echo(_load(name).source, nl=False)


@formats.command()
@click.argument("name")
def explain(name: str) -> None:
    """Say how a database comes to read the file, and what can go wrong."""
    click.echo(registry.explain(_load(name)), nl=False)


def _load(name: str) -> registry.Format:
    try:
        return registry.load(name)
    except registry.FormatError as wrong:
        raise Wrong(str(wrong)) from None
