"""`rollcall peer-finder`: peer-finder's flags, hooks and exit codes, with our loop behind them.

What hooks are given is an output that is kept in memory, so that the loop says when it changes.
docs/peer-finder.md says what is as in the original, and what is not.
"""

import contextlib
import functools
import gc
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import click

from agent import __version__, publish
from agent.cli.container import State
from agent.cli.ending import TIMED_OUT, Failed, Wrong
from agent.cli.go_flags import GoFlags, by_its_flags, without_use
from agent.cli.hooks import ON_CHANGE, ON_START, HookError, Hooks, Script
from agent.cli.log import EventLog
from agent.cli.options import (
    Function,
    Situation,
    find_situation,
    find_surroundings,
    inquiry_of,
    load_settings,
)
from agent.cli.signals import Signals, Stopped, SystemClock
from agent.core.delivery import DeliveryRules
from agent.core.gate import NOT_READY
from agent.core.identity import Identity
from agent.core.notice import Notice, to_lines
from agent.core.observation import Answered, Observation, Quiet
from agent.core.roll import Roll
from agent.core.surroundings import Told, bare_source
from agent.core.tracking import is_self
from agent.discovery import discoverer
from agent.edges import Edges, Events, Notifier, Plan, Target
from agent.formats import Withheld
from agent.loop import End, Loop
from agent.process import reap
from agent.publish import PublishError
from agent.settings import Loaded

Seen = TypeVar("Seen", bound=Observation | Quiet)

# The notifier's name, instead of which that of the hook is told.
_HOOK = "the hook"
# Events that are not told as they come: who is there, and what is said of files.
_OWN_WAY = ("members", "published", "ready")
_PROTOCOLS = {
    "": "",
    "$(peer_list_srv_protocol)": "",  # Kubernetes leaves it so where there is no such variable
    "tcp": "mysql/tcp",
    "udp": "mysql/udp",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The flags; `state` None where it was not said."""

    service: str
    ns: str
    domain: str
    on_start: str
    on_change: str
    protocol: str
    state: str | None
    argv: bool

    @property
    def scripts(self) -> Mapping[str, str]:
        """The hooks that there are, by their names."""
        both = {ON_START: self.on_start, ON_CHANGE: self.on_change}
        return {name: script for name, script in both.items() if script}


def _text(name: str, metavar: str, text: str) -> Callable[[Function], Function]:
    """A flag, with one dash or two."""
    return click.option(f"-{name}", f"--{name}", metavar=metavar, default="", help=text)


@click.command(
    "peer-finder",
    cls=GoFlags,
    context_settings={"help_option_names": ["-h", "-help", "--help"]},
)
@_text("service", "NAME", "the governing service of this pod's StatefulSet")
@_text("ns", "NAME", "its namespace [POD_NAMESPACE]")
@_text("domain", "DOMAIN", "the cluster's zone [as resolv.conf has it]")
@_text("on-start", "SCRIPT", "run first, once this pod is listed")
@_text("on-change", "SCRIPT", "run whenever other names are listed; without -on-start also first")
@_text("protocol", "PROTOCOL", "tcp or udp: ask for the port called mysql only")
@click.option("-state", "--state", metavar="FOLDER", help="where it is kept that -on-start has run")
@click.option("-argv", "--argv", is_flag=True, help="scripts are commands, not for a shell")
def peer_finder(**flags: Any) -> None:
    """Run scripts with the names of all peers on stdin: a drop-in for peer-finder.

    Ends with 0 after -on-start if there is no -on-change, and with 1 if a script fails. More is set
    by ROLLCALL_ variables, such as ROLLCALL_FORGET_AFTER. There are no probes and no metrics.
    """
    signals = Signals()
    for number in (signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2):  # else a hook is left behind
        signal.signal(number, signal.getsignal(signal.SIGTERM))
    asked = Asked(**flags)
    situation = _situation(asked)
    sys.exit(_run(asked, situation, signals))


def _situation(asked: Asked) -> Situation:
    """Who this pod is, and what to ask.

    Raises Failed where peer-finder would end with 1, and Wrong.
    """
    if not asked.service or not (asked.on_start or asked.on_change):
        raise Failed("there is too little to go by: give -service, and -on-start or -on-change")
    protocol = asked.protocol.strip().lower()
    if protocol not in _PROTOCOLS:
        raise Failed(f"-protocol is tcp or udp, not {asked.protocol!r}")
    said = {
        "service": asked.service,
        "namespace": asked.ns or None,
        "cluster_domain": asked.domain or None,
        "port_name": _PROTOCOLS[protocol] or None,
        "discovery": "srv" if _PROTOCOLS[protocol] else None,
        "wait_for": None if os.environ.get("ROLLCALL_WAIT_FOR") else "self",
    }
    try:
        loaded = load_settings(said)
    except Wrong as wrong:
        raise Wrong(by_its_flags(wrong.message)) from None
    try:
        return find_situation(_by_hostname(loaded))
    except Wrong as wrong:
        raise Failed(by_its_flags(wrong.message)) from None


def _by_hostname(loaded: Loaded) -> Loaded:
    """The same, where the pod is called as its host: POD_NAME may be anything to hooks.

    Not in docker-compose, whose hosts are called by random numbers.
    """
    around = find_surroundings(loaded)
    if around.hostname and not bare_source(around):
        host = Told(around.hostname.partition(".")[0], "the hostname")
        return replace(loaded, told={"pod_name": host, **loaded.told})
    return loaded


class _Names:
    """What hooks are given. Nothing changes in it while DNS does not list this pod."""

    def __init__(self, me: Identity) -> None:
        self._me = me
        self.is_listed = not me.is_member
        self.content = b""

    def saw(self, seen: Seen) -> Seen:
        """Notes whether this pod is listed; whoever is not in half an answer may be."""
        if isinstance(seen, Answered) and self._me.is_member:
            is_in_it = any(is_self(self._me, endpoint) for endpoint in seen.endpoints)
            self.is_listed = is_in_it or (self.is_listed and not seen.is_whole)
        return seen

    @property
    def target(self) -> Target:
        """It, as an output."""
        return Target(
            name="names",
            path=Path("names"),
            render=self._render,
            write=self._write,
            on_disk=lambda: publish.digest(self.content) if self.content else None,
            made_of=lambda: self.is_listed,
        )

    def _render(self, roll: Roll) -> bytes | Withheld:
        if self.is_listed:
            return to_lines(Notice(roll))
        under = self._me.service.fqdn
        sentence = f"{self._me.label} is not in DNS under {under} ({NOT_READY})"
        return self.content or Withheld(sentence)

    def _write(self, content: bytes) -> None:
        self.content = content


def _more_of(me: Identity) -> dict[str, str]:
    """What the fork that runs commands without a shell puts into their environment."""
    address = os.environ.get("POD_IP") or next(iter(me.addresses), "")
    more = {"HOST_ADDRESS": me.fqdn, "HOST_ADDRESS_TYPE": "DNS"}
    if address:
        more |= {"POD_IP": address, "POD_IP_TYPE": "IPv6" if ":" in address else "IPv4"}
    return more


def _run(asked: Asked, situation: Situation, signals: Signals) -> int:
    """Until the end; the exit code. Raises Failed where a script could never run."""
    settings, me = situation.settings, situation.identity
    clock = SystemClock(signals)
    tell = EventLog(settings, no_color=bool(os.environ.get("NO_COLOR")))
    names = _Names(me)
    words = _Words(tell, names)
    try:
        hooks = Hooks(asked.scripts, _more_of(me) if asked.argv else None, words, clock.wake)
    except HookError as wrong:
        raise Failed(str(wrong)) from None
    try:
        asking = discoverer(inquiry_of(situation), time.monotonic)
    except Wrong as wrong:
        said = wrong.message.replace("--discovery srv", "-protocol") if asked.protocol else ""
        raise Wrong(by_its_flags(said or wrong.message)) from None

    def start(news: Notice) -> Script:
        return hooks.start(names.content, is_first=news.is_first)

    observe = signals.guard(asking.observe)
    observe_at_rest = signals.guard(asking.observe_at_rest)
    edges = Edges(
        observe=lambda: names.saw(observe()),
        observe_at_rest=lambda: names.saw(observe_at_rest()),
        clock=clock,
        targets=(names.target,),
        tell=words,
        notifiers=(Notifier(_HOOK, start, DeliveryRules(on_first=True)),),
    )
    if asked.on_start and asked.on_change and asked.state != "":
        which = f"{asked.on_start}\0{asked.on_change}"
        try:
            state = State(asked.state, me, which, lambda: hooks.process_id)
        except PublishError as wrong:
            raise Wrong(f"-state can't be used: {wrong}") from None
        edges = replace(edges, recall=state.recall, remember=state.remember)
    gate = replace(settings.gate, is_to_be_listed=me.is_member)
    if not os.environ.get("ROLLCALL_WAIT_TIMEOUT"):
        gate = replace(gate, wait_timeout=math.inf)
    tell("info", f"rollcall {__version__} is {me.fqdn}", kind="started", pod=me.pod, fqdn=me.fqdn)
    for remark in [*without_use(), *me.remarks]:
        words("warning", remark, kind="remark")
    plan = Plan(me, settings.rules, gate, settings.discovery.interval, patience=settings.patience)
    with contextlib.closing(Loop(plan, edges)) as loop:
        gc.freeze()  # as `rollcall run` does
        try:
            return _turns(loop, clock, hooks, tell)
        except Stopped:
            tell("info", "asked to end", kind="stopped")
            hooks.stop()
            is_well = bool(asked.on_change) and not hooks.is_cut_off
            return 0 if is_well or hooks.has_succeeded else 1


def _turns(loop: Loop, clock: SystemClock, hooks: Hooks, tell: Events) -> int:
    """Turns until there is nothing to do any more; the exit code."""
    while loop.turn() is not End.TIMED_OUT:
        reap(besides=hooks.process_id)
        if hooks.failure:
            tell("error", hooks.failure, kind="hook_failed")
            return 1
        if hooks.is_done:
            return 0
        clock.wait_until(loop.next_turn())
    return TIMED_OUT


class _Words:
    """Tells the loop's events: there are other flags and no files here, and hooks have names.

    Who is there is told when this pod is: before that the loop adds it to what DNS says.
    """

    def __init__(self, tell: Events, names: "_Names") -> None:
        self._tell = tell
        self._names = names
        self._hook = ""
        self._members: Callable[[], None] | None = None

    def __call__(self, level: str, sentence: str, /, *, kind: str, **more: Any) -> None:
        """Tells one event."""
        said = by_its_flags(sentence)
        self._hook = more.get("hook", self._hook)
        if kind in ("notified", "not_notified"):
            said = said.replace(_HOOK, self._hook, 1)
        telling = functools.partial(self._tell, level, said, kind=kind, **more)
        if kind == "members":
            self._members = telling
        if self._members and self._names.is_listed:
            self._members()
            self._members = None
        if kind not in _OWN_WAY:
            telling()
