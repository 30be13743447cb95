"""What more than one command makes of the settings, and prints."""

from pathlib import Path

import click

from agent.bootstrap import Asking
from agent.core.identity import Identity
from agent.settings import BootstrapSettings

ONE_FILE_TWICE = "two outputs lead to one file: each needs its own"

as_json_option = click.option(
    "--json", "as_json", is_flag=True, help="print JSON instead of a table"
)


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
