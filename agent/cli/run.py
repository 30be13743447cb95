"""`rollcall run` and `rollcall once`: the loop with its real edges."""

import contextlib
import functools
import gc
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import click

from agent import __version__, formats, publish
from agent.cli.common import memory_beside, programs_of
from agent.cli.ending import TIMED_OUT, Wrong
from agent.cli.log import EventLog
from agent.cli.options import find_situation, inquiry_of, load_settings, settings_options
from agent.cli.outputs import recipes_of, targets_of
from agent.cli.signals import Signals, Stopped, SystemClock
from agent.core.identity import Identity
from agent.discovery import discoverer
from agent.edges import Advise, Events, Listen, Notifier, nobody_listens
from agent.loop import Edges, End, Loop, Plan
from agent.process import reap
from agent.settings import Settings
from agent.status import About, ListenError, NoServer, Server, serve


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
    try:
        recipes = recipes_of(settings)
        targets = targets_of(settings, recipes, signals)
    except Stopped:
        sys.exit(1)  # as before the program has begun
    situation = find_situation(loaded)
    tell = EventLog(settings, no_color=bool(os.environ.get("NO_COLOR")))  # no-color.org
    asking = discoverer(inquiry_of(situation), time.monotonic)
    me, clock = situation.identity, SystemClock(signals)
    advise, listen = _knocking(settings, recipes, signals)
    with contextlib.ExitStack() as held:
        server = NoServer() if until_ready else _server(settings, tell)
        held.callback(server.close)
        edges = Edges(
            observe=signals.guard(asking.observe),
            clock=clock,
            targets=targets,
            tell=tell,
            notifiers=_notifiers(settings, tell, clock.wake),
            advise=advise,
            listen=listen,
            show=server.show,
            reap=reap,
            # The advice on founding wants to know who is there now.
            observe_at_rest=None if advise else signals.guard(asking.observe_at_rest),
        )
        _introduce(me, server.where, edges)
        for _, of, why_not in programs_of(settings):
            if why_not:
                tell("warning", f"{of} can't be run as it is: {why_not}", kind="program")
        plan = Plan(
            me,
            settings.rules,
            settings.gate,
            settings.discovery.interval,
            needs_advice=settings.bootstrap.allow_first,
            patience=settings.patience,
            notifies=not until_ready,
        )
        try:
            loop = Loop(plan, _claimed(edges, me, held))
            held.callback(loop.close)
            gc.freeze()  # a full collection would look through all that was imported: 40 ms
            end = loop.run(until_ready=until_ready)
        except Stopped:
            tell("info", "asked to end", kind="stopped")
            # `rollcall once && start-the-database` must not start it without its file
            sys.exit(1 if until_ready else 0)
    if end is End.TIMED_OUT:
        sys.exit(TIMED_OUT)


def _introduce(me: Identity, where: str, edges: Edges) -> None:
    """Tells who this is, where its status is, and what is odd from the start."""
    tell = edges.tell
    tell("info", f"rollcall {__version__} is {me.fqdn}", kind="started", pod=me.pod, fqdn=me.fqdn)
    if where:
        tell("info", f"probes, metrics and the status are at {where}", kind="listening", at=where)
    for remark in me.remarks:
        tell("warning", remark, kind="remark")
    for kept in (each for each in edges.targets if each.is_kept and each.on_disk() is not None):
        sentence = f"{kept.path} is there, and its reader's own: it is left as it is"
        tell("info", sentence, kind="kept", path=str(kept.path))


def _claimed(edges: Edges, me: Identity, held: contextlib.ExitStack) -> Edges:
    """The edges with files that no other agent writes, and a memory beside the first of them."""
    memory = memory_beside(edges.targets[0].path, me)
    paths = [target.path for target in edges.targets]
    claims = [publish.Claim(paths[0], me.pod, beside=(memory,))]
    claims += [publish.Claim(path, me.pod) for path in paths[1:]]
    for claim in claims:
        held.enter_context(claim)
    return replace(
        edges,
        targets=tuple(
            replace(target, write=claim.guarding(target.write))
            for target, claim in zip(edges.targets, claims, strict=True)
        ),
        recall=functools.partial(publish.read, memory),
        remember=claims[0].guarding(functools.partial(publish.publish, memory, mode=None)),
    )


def _notifiers(settings: Settings, tell: Events, wake: Callable[[], None]) -> tuple[Notifier, ...]:
    """Whom to tell of changed files. Raises Wrong."""
    if not settings.notify:
        return ()
    from agent.cli.telling import notifiers_of  # noqa: PLC0415  # for who has somebody told

    return notifiers_of(settings, tell, wake)


def _knocking(
    settings: Settings, recipes: Sequence[formats.Recipe], signals: Signals
) -> tuple[Advise | None, Listen]:
    """Who advises on founding a cluster, and who listens for peers that answer."""
    asked = settings.bootstrap
    if not asked.port and not any(each.selects.source == "answering" for each in recipes):
        return None, nobody_listens
    from agent.cli import knocking  # noqa: PLC0415  # for who asks at peers' ports

    advise = knocking.adviser_of(asked, signals) if asked.port else None
    return advise, knocking.listener_of(settings, knocking.wanted_of(recipes), signals)


def _server(settings: Settings, tell: Events) -> Server | NoServer:
    """The status server, or what stands for it where none is wanted. Raises Wrong."""
    try:
        about = About(__version__, time.monotonic(), settings.patience)
        return serve(settings.listen, about, tell)
    except ListenError as wrong:
        raise Wrong(str(wrong)) from None
