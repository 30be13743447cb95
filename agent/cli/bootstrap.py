"""`rollcall bootstrap`, and the edge that advises on founding a cluster."""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from agent import publish
from agent.answering import answering
from agent.bootstrap import Adviser, Asking
from agent.cli.options import (
    TIMED_OUT,
    Situation,
    Wrong,
    find_situation,
    inquiry_of,
    settings_options,
)
from agent.cli.signals import Signals, Stopped, SystemClock
from agent.core import membership
from agent.core.bootstrap import Advice, listing
from agent.core.finding import CantTell, Finding, Yes
from agent.core.roll import Peer, Roll
from agent.core.schedule import Pace, next_poll
from agent.discovery import discoverer
from agent.edges import not_advised
from agent.settings import BootstrapSettings


@click.command()
@settings_options("--output", "--wait-for", "--on-timeout", "--log-format", "--log-level")
@click.option("--json", "as_json", is_flag=True, help="print JSON, with the reason")
def bootstrap(as_json: bool, **flags: Any) -> None:
    """Say whether this pod may found the cluster: first, join or unknown.

    Asks until it is known, for --wait-timeout at most; ends with 3 if it is not known then.
    """
    signals = Signals()
    situation = find_situation(flags)
    if situation.settings.bootstrap.port is None:
        raise Wrong("there is no port to ask peers at: set --bootstrap-port to the cluster's own")
    try:
        advice = _known(situation, signals)
    except Stopped:
        sys.exit(1)
    if as_json:
        click.echo(json.dumps({"bootstrap": advice.word, "reason": advice.reason}, indent=2))
    else:
        click.echo(advice.word)
        click.echo(f"rollcall: {advice.reason}", err=True)
    sys.exit(TIMED_OUT if advice.word == "unknown" else 0)


def _known(situation: Situation, signals: Signals) -> Advice:
    """The advice, once it is not `unknown`, or the last one when time is up.

    The first is asked for before DNS is: with a marker or data it is known in any outage.
    """
    settings, me = situation.settings, situation.identity
    clock, rules = SystemClock(signals), settings.rules
    advise = adviser_of(settings.bootstrap, signals)
    asking = discoverer(inquiry_of(situation), clock.now)
    observe = signals.guard(asking.observe)
    state = membership.Membership(me)
    then = clock.now()
    deadline = then + settings.wait_timeout
    while True:
        now = clock.now()
        roll = state.roll(settings.replicas, settings.start_ordinal)
        advice = advise(roll, listing(state, now, rules.longest_gap))
        if advice.word != "unknown" or now >= deadline:
            return advice
        clock.wait_until(min(then, deadline))
        then = next_poll(clock.now(), settings.discovery.interval, Pace(), me.fqdn)
        state = membership.observe(state, observe(), clock.now(), rules).state


def adviser_of(
    asked: BootstrapSettings, signals: Signals
) -> Callable[[Roll, Yes | CantTell], Advice]:
    """Who advises on founding a cluster; nobody if the settings don't ask for it."""
    if asked.port is None:
        return not_advised

    def ask(
        peers: Sequence[Peer], port: int, timeout: float, clock: Callable[[], float]
    ) -> Mapping[str, Finding]:
        with signals.interruptible():
            return answering(peers, port, timeout, clock)

    asking = asking_of(asked, asked.port)
    if asking.marker is not None:
        publish.sweep(asking.marker)
    return Adviser(asking, time.monotonic, ask)


def asking_of(asked: BootstrapSettings, port: int) -> Asking:
    """What is looked at, by the settings."""
    return Asking(
        port=port,
        timeout=asked.timeout,
        data=Path(asked.data) if asked.data else None,
        state_file=asked.state_file,
        marker=Path(asked.marker) if asked.marker else None,
        allowed=asked.allow_first,
    )
