"""Gathers the facts that `rollcall doctor` judges: of DNS, of files and folders, of peers."""

import itertools
import os
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from agent import formats, publish
from agent.answering import answering
from agent.bootstrap import Adviser
from agent.cli.common import ONE_FILE_TWICE, memory_beside, programs_of
from agent.cli.knocking import answering_now, asking_of
from agent.cli.options import RESOLV_CONF, Situation, inquiry_of
from agent.cli.outputs import base_of, recipe_of
from agent.core import bootstrap
from agent.core.diagnosis import (
    Dns,
    Evidence,
    Flaw,
    Founding,
    Kept,
    Mistake,
    Program,
    Way,
)
from agent.core.finding import CantTell, Finding
from agent.core.glance import at_once
from agent.core.identity import Identity, IdentityError, identify, told_among
from agent.core.membership import Membership
from agent.core.nameservers import Nameserver
from agent.core.observation import Answered
from agent.core.roll import Peer, Roll
from agent.core.surroundings import Surroundings, bare_source, container_addresses
from agent.discovery.examine import Place, examine, way_of
from agent.settings import Output, Settings

# What others than the owner need to read a file.
_FOR_OTHERS = stat.S_IRGRP | stat.S_IROTH
_MISTAKES = {
    publish.Fault.NO_FOLDER: Mistake.NO_FOLDER,
    publish.Fault.NOT_PERMITTED: Mistake.NOT_WRITABLE,
    publish.Fault.SINGLE_FILE: Mistake.SINGLE_FILE,
    publish.Fault.OTHER: Mistake.OTHER,
}
Nameservers = Callable[[], tuple[Nameserver, ...]]


def gather(settings: Settings, around: Surroundings, nameservers: Nameservers) -> Evidence:
    """All facts but of who said what in the settings. Asks DNS, and peers' ports.

    Raises Wrong where the settings can't be followed in this pod.
    """
    servers = nameservers()
    who: Identity | IdentityError
    try:
        who = told_among(identify(around, settings.role), settings.peers)
        inquiry = inquiry_of(Situation(settings, who, nameservers, container_addresses(around)))
        way = way_of(inquiry)
        place = who.service.namespace, who.service.cluster_domain
    except IdentityError as wrong:
        who, inquiry = wrong, None
        way = Way.STATIC if settings.peers else Way.SRV
        place = wrong.values.get("namespace", ""), wrong.values.get("cluster domain", "")
    here = container_addresses(around) if bare_source(around) else ()
    dns = examine(Place(*place, servers, settings.discovery.timeout, here), inquiry, time.monotonic)
    state = _state(who, dns)
    roll = state.roll(settings.replicas, settings.start_ordinal) if state and state.peers else None
    paths = {output.path: _real(output.path) for output in settings.outputs}
    flaws = [flaw for output in settings.outputs for flaw in _flaws(output, roll, settings)]
    return Evidence(
        around=around,
        who=who,
        role=settings.role,
        way=way,
        port_name=settings.discovery.port_name,
        gate=settings.gate,
        nameservers=servers,
        nameservers_by="the settings" if settings.nameservers else str(RESOLV_CONF),
        dns=dns,
        outputs=tuple(paths),
        flaws=(*flaws, *_doubled(paths)),
        programs=tuple(itertools.starmap(Program, programs_of(settings))),
        kept=_kept(settings, who),
        founding=_founding(settings, state),
    )


def _state(who: Identity | IdentityError, dns: Dns) -> Membership | None:
    """What the agent would know by now; None if it does not know itself."""
    if not isinstance(who, Identity):
        return None
    return at_once(who, dns.seen) if isinstance(dns.seen, Answered) else Membership(who)


def _founding(settings: Settings, state: Membership | None) -> Founding | None:
    """What the advice on founding a cluster rests on; None if nobody wants it."""
    asked = settings.bootstrap
    if asked.port is None:
        return None
    if state is None:
        return Founding(asked.port, asked.data, asked.marker, bootstrap.Evidence())
    heard: dict[str, Finding] = {}

    def ask(
        peers: Sequence[Peer], port: int, timeout: float, clock: Callable[[], float]
    ) -> Mapping[str, Finding]:
        heard.update(answering(peers, port, timeout, clock))
        return heard

    adviser = Adviser(asking_of(asked, asked.port), time.monotonic, ask)
    roll = state.roll(settings.replicas, settings.start_ordinal)
    found = adviser.survey(roll, bootstrap.listing(state, 0.0, settings.rules.longest_gap))
    folders = (asked.data, str(Path(asked.marker).parent) if asked.marker else "")
    not_there = tuple(folder for folder in folders if folder and not Path(folder).is_dir())
    return Founding(
        port=asked.port,
        data=asked.data,
        marker=asked.marker,
        found=found,
        not_there=not_there,
        is_kept_away=_is_kept_away(roll, heard),
    )


def _is_kept_away(roll: Roll, heard: Mapping[str, Finding]) -> bool:
    """Whether there is a peer elsewhere, with an address, of whom nothing can be told."""
    own = set(roll.me.addresses if roll.me else ())
    elsewhere = (peer for peer in roll.others if set(peer.addresses) - own)
    return any(isinstance(heard.get(peer.fqdn), CantTell) for peer in elsewhere)


def _real(path: str) -> Path:
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):
        return Path(path)


def _flaws(output: Output, roll: Roll | None, settings: Settings) -> Iterator[Flaw]:
    """What is wrong with an output, tried as far as that leaves no trace."""
    path, is_once = _real(output.path), False
    try:
        recipe = recipe_of(output, settings.vars)
        is_once = recipe.form.header.once
        formats.try_out(recipe, settings.role)
        content = formats.render(recipe, _heard(recipe, roll), base_of(output)) if roll else b""
        if isinstance(content, formats.Withheld):
            yield Flaw(output.path, Mistake.OTHER, content.reason)
    except formats.FormatError as wrong:
        yield Flaw(output.path, Mistake.OTHER, str(wrong))
    try:
        publish.check_target(path)
        publish.try_folder(path.parent)
        old = path.stat().st_mode if path.exists() else None
        mode = output.permissions or old
        is_readers_own = is_once and old is not None
        if mode is not None and not mode & _FOR_OTHERS and not is_readers_own:
            sentence = f"{output.path} can be read by no other user than {os.geteuid()}"
            yield Flaw(output.path, Mistake.PRIVATE, sentence)
    except publish.PublishError as wrong:
        yield Flaw(output.path, _MISTAKES[wrong.fault], str(wrong))
    except OSError as wrong:
        reason = f"{output.path} can't be written: {wrong.strerror or wrong}"
        yield Flaw(output.path, Mistake.OTHER, reason)


def _heard(recipe: formats.Recipe, roll: Roll) -> Roll:
    """The roll with who answers now, where the output wants to know that."""
    port = recipe.cluster_port
    if recipe.selects.source != "answering" or port is None:
        return roll
    return replace(roll, answering=answering_now(roll, port))


def _doubled(paths: dict[str, Path]) -> Iterator[Flaw]:
    """Outputs that lead to one file by different paths."""
    for real, times in Counter(paths.values()).items():
        if times > 1:
            yield Flaw(str(real), Mistake.OTHER, f"{real}: {ONE_FILE_TWICE}")


def _kept(settings: Settings, who: Identity | IdentityError) -> Kept | None:
    """What an earlier run left, if it left something."""
    if not isinstance(who, Identity) or not settings.outputs:
        return None
    path = memory_beside(_real(settings.outputs[0].path), who)
    return Kept(str(path), publish.read(path)) if path.exists() else None
