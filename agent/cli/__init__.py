"""The command line: the only reader of the arguments and the environment, and of exit codes.

Data goes to stdout, logs and errors to stderr. Exit codes: 0 done, or ended by SIGTERM; 1 failed,
or `doctor` found something; 2 a wrong setting or a wrong use; 3 what was waited for (the startup
gate, the bootstrap advice) did not come in time.
"""

import contextlib
import importlib
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, cast

import click

from agent import __version__

__all__ = ["COMMANDS", "main"]

# Each command, in the order of --help, and the module of this package that has it.
COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "run": "run",
        "once": "run",
        "whoami": "look",
        "peers": "look",
        "status": "status",
        "wait": "status",
        "healthcheck": "status",
        "doctor": "doctor",
        "bootstrap": "bootstrap",
        "render": "render",
        "formats": "formats",
        "manifest": "manifest",
        "schema": "schema",
        "lab": "lab",
        "peer-finder": "peer_finder",
    }
)


class _OnUse(click.Group):
    """Imports a command when it is used: what only the others need costs a sidecar 2 MB."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # By these names click says which one may have been meant.
        self.commands = {name: click.Command(name) for name in COMMANDS}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All that there are."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"agent.cli.{COMMANDS[cmd_name]}")
        return cast(click.Command, getattr(module, cmd_name.replace("-", "_")))


@click.group(
    cls=_OnUse, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="rollcall", message="%(prog)s %(version)s")
def rollcall() -> None:
    """Keep a clustered database's peers file true, from DNS alone.

    In a pod, `rollcall run --output cassandra:/peers/cassandra.yaml` needs no more: who this pod is
    comes from the pod itself. `rollcall whoami` shows what was found, and where.
    """


def main() -> None:
    """Runs the command line and exits; every error is a sentence on stderr."""
    try:
        rollcall.main(prog_name="rollcall", standalone_mode=False)
    except click.ClickException as wrong:
        with contextlib.suppress(OSError):
            _show(wrong)
        sys.exit(wrong.exit_code)
    except click.Abort:
        sys.exit(1)
    except OSError as wrong:
        with contextlib.suppress(OSError):
            click.echo(f"rollcall: {wrong.strerror or wrong}", err=True)
        sys.exit(1)


def _show(wrong: click.ClickException) -> None:
    """An error in the words and the form of all others."""
    if isinstance(wrong, click.UsageError) and not isinstance(
        wrong, click.exceptions.NoArgsIsHelpError
    ):
        # click's parser raises without a context; the command is always the first word then.
        called = [word for word in sys.argv[1:2] if word in COMMANDS]
        path = wrong.ctx.command_path if wrong.ctx else " ".join(["rollcall", *called])
        sentence = wrong.format_message().removesuffix(".")
        click.echo(f"rollcall: {sentence}. See `{path} --help`.", err=True)
    else:
        wrong.show()
