"""The command line: the only reader of the arguments and the environment, and of exit codes.

Data goes to stdout, logs and errors to stderr. Exit codes: 0 done, or ended by SIGTERM; 1 failed;
2 a wrong setting or a wrong use; 3 what was waited for (the startup gate,
the bootstrap advice) did not come in time.
"""

import contextlib
import sys

import click

from agent import __version__
from agent.cli.bootstrap import bootstrap
from agent.cli.doctor import doctor
from agent.cli.lab import lab
from agent.cli.look import formats, peers, render, whoami
from agent.cli.run import once, run

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="rollcall", message="%(prog)s %(version)s")
def rollcall() -> None:
    """Keep a clustered database's peers file true, from DNS alone.

    In a pod, `rollcall run --output cassandra:/peers/cassandra.yaml` needs no more: who this pod is
    comes from the pod itself. `rollcall whoami` shows what was found, and where.
    """


for command in (run, once, whoami, peers, doctor, bootstrap, render, formats, lab):
    rollcall.add_command(command)


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
        path = wrong.ctx.command_path if wrong.ctx else "rollcall"
        sentence = wrong.format_message().removesuffix(".")
        click.echo(f"rollcall: {sentence}. See `{path} --help`.", err=True)
    else:
        wrong.show()
