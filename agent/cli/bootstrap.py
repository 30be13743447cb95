"""`rollcall bootstrap`: the advice on founding a cluster, by itself."""

import json
import sys
from dataclasses import replace
from typing import Any

import click

from agent.cli.ending import TIMED_OUT, Wrong
from agent.cli.knocking import adviser_of
from agent.cli.options import Situation, find_situation, inquiry_of, load_settings, settings_options
from agent.cli.signals import Signals, Stopped, SystemClock
from agent.core import membership
from agent.core.bootstrap import Advice, listing
from agent.core.finding import CantTell, Yes
from agent.core.roll import Roll
from agent.discovery import discoverer
from agent.edges import Edges, Plan
from agent.loop import Loop


@click.command()
@settings_options("--output", "--wait-for", "--on-timeout", "--log-format", "--log-level")
@click.option("--json", "as_json", is_flag=True, help="print JSON, with the reason")
def bootstrap(as_json: bool, **flags: Any) -> None:
    """Say whether this pod may found the cluster: first, join or unknown.

    Asks until it is known, for --wait-timeout and one poll at most; ends with 3 if it is not then.
    """
    signals = Signals()
    situation = find_situation(load_settings(flags))
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

    The first is asked for before DNS is: with a marker or data it is known in any outage. Then the
    loop runs, without any output, until it would write.
    """
    settings, me, clock = situation.settings, situation.identity, SystemClock(signals)
    adviser = adviser_of(settings.bootstrap, signals)
    unheard = membership.Membership(me)
    gate = replace(settings.gate, wait_for="self", proceed_at_timeout=False)
    roll = unheard.roll(gate.replicas, gate.start_ordinal)
    said = [adviser(roll, listing(unheard, clock.now(), settings.rules.longest_gap))]

    def advise(roll: Roll, is_certain: Yes | CantTell) -> Advice:
        said.append(adviser(roll, is_certain))
        return said[-1]

    if said[0].word == "unknown":
        observe = signals.guard(discoverer(inquiry_of(situation), clock.now).observe)
        edges = Edges(observe, clock, targets=(), tell=_tell, advise=advise)
        interval = settings.discovery.interval
        Loop(Plan(me, settings.rules, gate, interval, needs_advice=True), edges).run(
            until_ready=True
        )
    return said[-1]


def _tell(level: str, sentence: str, /, *, kind: str, **more: Any) -> None:
    """Tells what is waited for; the word and its reason are all else that is asked for."""
    if level == "warning" or kind in ("waiting", "bootstrap"):
        click.echo(f"rollcall: {sentence}", err=True)
