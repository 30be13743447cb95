"""Edges that connect to peers' ports: who answers there, and advice on founding a cluster."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from agent import publish
from agent.answering import Ask, answering
from agent.bootstrap import Adviser, Asking
from agent.cli.signals import Signals
from agent.core.bootstrap import Advice
from agent.core.finding import CantTell, Finding, Yes
from agent.core.roll import Answering, Peer, Roll
from agent.edges import Listen, nobody_listens
from agent.formats import Recipe
from agent.hearing import ANSWER_WITHIN, Listener, Wanted
from agent.settings import BootstrapSettings, Settings


def adviser_of(
    asked: BootstrapSettings, signals: Signals
) -> Callable[[Roll, Yes | CantTell], Advice]:
    """Who advises on founding a cluster, where the settings ask for it: by a port."""
    asking = asking_of(asked, asked.port or 0)
    if asking.marker is not None:
        publish.sweep(asking.marker)
    return Adviser(asking, time.monotonic, guarded(signals))


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


def listener_of(settings: Settings, wanted: Sequence[Wanted], signals: Signals) -> Listen:
    """Who listens for peers that answer, where an output wants to know."""
    if not wanted:
        return nobody_listens
    return Listener(wanted, settings.hearing, time.monotonic, guarded(signals))


def wanted_of(recipes: Iterable[Recipe]) -> tuple[Wanted, ...]:
    """The ports at which outputs want to know who answers; one that wants all decides."""
    limits: dict[int, list[int]] = {}
    for recipe in recipes:
        port = recipe.cluster_port
        if recipe.selects.source == "answering" and port is not None:
            limits.setdefault(port, []).append(recipe.selects.limit)
    return tuple(Wanted(port, 0 if 0 in all_ else max(all_)) for port, all_ in limits.items())


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


def guarded(signals: Signals) -> Ask:
    """Asks peers whether they answer; a signal may end it in the middle."""

    def ask(
        peers: Sequence[Peer], port: int, timeout: float, clock: Callable[[], float]
    ) -> Mapping[str, Finding]:
        with signals.interruptible():
            return answering(peers, port, timeout, clock)

    return ask
