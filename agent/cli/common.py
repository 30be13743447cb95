"""What more than one command makes of the settings, and prints."""

import time
from collections.abc import Iterator
from pathlib import Path

import click

from agent.answering import answering
from agent.bootstrap import Asking
from agent.core.finding import CantTell, Yes
from agent.core.identity import Identity
from agent.core.roll import Answering, Roll
from agent.hearing import ANSWER_WITHIN
from agent.runnable import why_not_runnable
from agent.settings import BootstrapSettings, Settings

ONE_FILE_TWICE = "two outputs lead to one file: each needs its own"

as_json_option = click.option(
    "--json", "as_json", is_flag=True, help="print JSON instead of a table"
)


def programs_of(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """What checks and hooks run, whose it is, and why it can't be run, empty if it may be."""
    words = [(o.check[0], f"the check of {o.path}") for o in settings.outputs if o.check]
    words += [(n.exec[0], f"the hook {n.called}") for n in settings.notify if n.exec]
    return ((name, of, why_not_runnable(name)) for name, of in words)


def answering_now(roll: Roll, port: int) -> Answering:
    """Who of the others answers now; of whom it can't be told is not in it."""
    found = answering(roll.others, port, ANSWER_WITHIN, time.monotonic)
    return {
        port: {
            fqdn: isinstance(finding, Yes)
            for fqdn, finding in found.items()
            if not isinstance(finding, CantTell)
        }
    }


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


def asking_of(asked: BootstrapSettings, port: int) -> Asking:
    """What the advice on founding a cluster looks at, by the settings."""
    return Asking(
        port=port,
        timeout=asked.timeout,
        data=Path(asked.data) if asked.data else None,
        state_file=asked.state_file,
        marker=Path(asked.marker) if asked.marker else None,
        allowed=asked.allow_first,
    )
