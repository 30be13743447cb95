"""How a command ends that does not end well: exit codes, and sentences on stderr.

It imports nothing else of the agent: a probe is to be cheap.
"""

from typing import Any

import click

# The exit code where what was waited for did not come in time.
TIMED_OUT = 3


class Wrong(click.ClickException):
    """Something that a person can mend: one sentence or a few, no traceback, exit 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Writes the sentences to stderr, each as a line of its own."""
        for line in self.message.splitlines():
            click.echo(f"rollcall: {line}", err=True, file=file)


class Failed(Wrong):
    """What was asked for could not be had: exit 1."""

    exit_code = 1
