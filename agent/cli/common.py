"""What more than one command makes of the settings, and prints."""

from collections.abc import Iterator
from pathlib import Path

import click

from agent.core.identity import Identity
from agent.runnable import why_not_runnable
from agent.settings import Settings

ONE_FILE_TWICE = "two outputs lead to one file: each needs its own"

as_json_option = click.option(
    "--json", "as_json", is_flag=True, help="print JSON instead of a table"
)


def programs_of(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """What checks and hooks run, whose it is, and why it can't be run, empty if it may be."""
    words = [(o.check[0], f"the check of {o.path}") for o in settings.outputs if o.check]
    words += [(n.exec[0], f"the hook {n.called}") for n in settings.notify if n.exec]
    return ((name, of, why_not_runnable(name)) for name, of in words)


def table(rows: list[tuple[str, str, str]]) -> None:
    """Prints three columns, the first two as wide as they have to be."""
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    for first, second, third in rows:
        click.echo(f"{first:{widths[0]}}  {second:{widths[1]}}  {third}".rstrip())


def memory_beside(first_output: Path, me: Identity) -> Path:
    """Where what is known outlives a restart; one pod may observe several services."""
    service = f"{me.service.name}.{me.service.namespace}".removesuffix(".")
    of = "" if me.is_member else f"-of-{service}"
    return first_output.with_name(f".rollcall-{me.pod}{of}.state")
