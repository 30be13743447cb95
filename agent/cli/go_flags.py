"""peer-finder's flags: how they are read, and what settings are called where there are these.

It does not know what they are for.
"""

import os
import re
from collections.abc import Iterator

import click

from agent.settings import OPTIONS

# What this command calls settings that have another flag elsewhere.
_FLAGS = {"--service": "-service", "--namespace": "-ns", "--cluster-domain": "-domain"}
# What mends a port name that is not there, where it is -protocol that names the port.
_OTHER_PORT = re.compile(r"( named mysql/(?:tcp|udp)): set --port-name .*")
# Settings that this command has no use for, by their place in the config file.
_NOT_HERE = ("outputs", "vars", "notify", "status", "bootstrap")


class GoFlags(click.Command):
    """Flags as Go has them: whole words behind one dash, until the first word that is none."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The same, but that a flag which is not known is named as it was given."""
        known = {name: option for option in self.get_params(ctx) for name in option.opts}
        words = iter(args)
        for word in words:
            name, equals, _ = word.partition("=")
            if not word.startswith("-") or word == "--":
                break
            if name not in known:
                raise click.UsageError(_unknown(name), ctx)
            if not equals and not getattr(known[name], "is_flag", False):
                next(words, None)
        return super().parse_args(ctx, args)


def _unknown(name: str) -> str:
    """Why there is no such flag."""
    match name.lstrip("-"):
        case "selector" | "hosts-file" | "master" | "kubeconfig":
            return f"{name} needs the Kubernetes API, which is never asked here: leave it out"
        case _:
            return f"there is no flag {name}"


def by_its_flags(sentence: str) -> str:
    """A sentence that names flags, with those that there are here, or else variables."""
    known = {option.flag: option.variable for option in OPTIONS} | _FLAGS
    sentence = _OTHER_PORT.sub(r"\1: call one so, or leave -protocol out", sentence)
    return re.sub(r"--[a-z][a-z-]*", lambda found: known.get(found[0], found[0]), sentence)


def without_use() -> Iterator[str]:
    """What was set, and has nothing to act on here."""
    for option in OPTIONS:
        if option.key.partition(".")[0] in _NOT_HERE and os.environ.get(option.variable):
            yield f"{option.variable} does nothing here: only `rollcall run` heeds it"
