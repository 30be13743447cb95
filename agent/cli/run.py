"""`rollcall run` and `rollcall once`: the loop with its real edges."""

import functools
import os
import sys
import time
from pathlib import Path
from typing import Any

import click

from agent import __version__, formats, publish
from agent.cli.bootstrap import adviser_of
from agent.cli.common import ONE_FILE_TWICE, memory_beside
from agent.cli.log import EventLog
from agent.cli.options import (
    TIMED_OUT,
    Wrong,
    find_situation,
    inquiry_of,
    load_settings,
    settings_options,
)
from agent.cli.signals import Signals, Stopped, SystemClock
from agent.core.identity import Role
from agent.discovery import discoverer
from agent.edges import not_advised
from agent.loop import Edges, End, Loop, Plan, Target
from agent.settings import Output


@click.command()
@settings_options()
def run(**flags: Any) -> None:
    """Keep the outputs true until SIGTERM: the sidecar.

    Ends with 3 if the peers that --wait-for names are not there within --wait-timeout.
    """
    _start(flags, until_ready=False)


@click.command()
@settings_options()
def once(**flags: Any) -> None:
    """Wait for the peers, write the outputs, exit: the init container.

    Ends with 3 if the peers that --wait-for names are not there within --wait-timeout.
    """
    _start(flags, until_ready=True)


def _start(flags: dict[str, Any], *, until_ready: bool) -> None:
    signals = Signals()
    loaded = load_settings(flags)
    settings = loaded.settings
    if not settings.outputs:
        raise Wrong("there is nothing to write: give --output FORMAT:PATH, or outputs in --config")
    targets = tuple(_target(output, settings.role) for output in settings.outputs)
    if len({target.path for target in targets}) < len(targets):
        raise Wrong(ONE_FILE_TWICE)
    situation = find_situation(loaded)
    tell = EventLog(settings, no_color=bool(os.environ.get("NO_COLOR")))  # no-color.org
    asking = discoverer(inquiry_of(situation), time.monotonic)
    me, asked = situation.identity, settings.bootstrap
    memory = memory_beside(targets[0].path, me)
    publish.sweep(memory)
    edges = Edges(
        observe=signals.guard(asking.observe),
        clock=SystemClock(signals),
        targets=targets,
        tell=tell,
        recall=functools.partial(publish.read, memory),
        remember=functools.partial(publish.publish, memory, mode=None),
        advise=adviser_of(asked, signals) if asked.port else not_advised,
    )
    tell("info", f"rollcall {__version__} is {me.fqdn}", kind="started", pod=me.pod, fqdn=me.fqdn)
    for remark in me.remarks:
        tell("warning", remark, kind="remark")
    plan = Plan(
        me,
        settings.rules,
        settings.gate,
        settings.discovery.interval,
        needs_advice=settings.bootstrap.allow_first,
    )
    try:
        end = Loop(plan, edges).run(until_ready=until_ready)
    except Stopped:
        tell("info", "asked to end", kind="stopped")
        if until_ready:
            sys.exit(1)  # `rollcall once && start-the-database` must not start it without its file
        return
    if end is End.TIMED_OUT:
        sys.exit(TIMED_OUT)


def _target(output: Output, role: Role) -> Target:
    """An output with its real edges; refuses one that can't work. Raises Wrong."""
    try:
        # The file that a link leads to is kept, not the link replaced.
        path = Path(os.path.realpath(output.path))  # pathlib's raises on a loop
        form = formats.load(output.format)
        formats.try_out(form, output.vars, role)
        publish.check_target(path, output.permissions)
    except (formats.FormatError, publish.PublishError) as wrong:
        raise Wrong(str(wrong)) from None
    except OSError as wrong:
        raise Wrong(f"{output.path} can't be written: {wrong.strerror or wrong}") from None
    publish.sweep(path)
    return Target(
        name=form.name,
        path=path,
        render=functools.partial(formats.render, form, given=output.vars),
        write=functools.partial(publish.publish, path, mode=output.permissions),
        on_disk=publish.OnDisk(path).digest,
    )
