"""`rollcall doctor`: gathers all that can be wrong, lets the core judge, prints it and its mend."""

import json
import os
import stat
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from agent import formats, publish
from agent.cli.look import as_json_option
from agent.cli.options import (
    RESOLV_CONF,
    Situation,
    Wrong,
    find_nameservers,
    find_said,
    find_surroundings,
    inquiry_of,
    settings_options,
)
from agent.cli.run import ONE_FILE_TWICE, memory_beside
from agent.core.diagnosis import (
    STEPS,
    Check,
    Evidence,
    Flaw,
    Kept,
    Mistake,
    State,
    at_once,
    diagnose,
    is_well,
    sum_up,
)
from agent.core.identity import Identity, IdentityError, Role, identify
from agent.core.observation import Answered
from agent.core.roll import Roll
from agent.core.surroundings import container_addresses
from agent.discovery.examine import Place, examine
from agent.settings import OPTIONS, Loaded, Output, Said, Settings, SettingsError, load

_INDENT = " " * 4
_STATES = max(len(state.value) for state in State)
_NAMES = max(len(step.name) for step in STEPS)
# What others than the owner need to read a file.
_FOR_OTHERS = stat.S_IRGRP | stat.S_IROTH


@click.command()
@settings_options()
@as_json_option
def doctor(as_json: bool, **flags: Any) -> None:
    """Check all that can be wrong, and show the YAML that mends it.

    Changes nothing. Ends with 0 only if all is well.
    """
    checks = diagnose(_gather(flags))
    if as_json:
        click.echo(json.dumps(_document(checks), indent=2))
    else:
        for check in checks:
            _show(check)
        click.echo(sum_up(checks))
    sys.exit(0 if is_well(checks) else 1)


def _document(checks: tuple[Check, ...]) -> dict[str, Any]:
    listed = [
        {
            "name": check.name,
            "state": check.state.value,
            "finding": "; ".join(check.finding.splitlines()),
            "mend": check.mend,
        }
        for check in checks
    ]
    return {"ok": is_well(checks), "checks": listed}


def _show(check: Check) -> None:
    head = f"{check.state.value:{_STATES}}  {check.name:{_NAMES}}  "
    click.echo(head + check.finding.replace("\n", "\n" + " " * len(head)))
    for line in check.mend.splitlines():
        click.echo(f"{_INDENT}{line}")


def _gather(flags: dict[str, Any]) -> Evidence:
    """All facts; asks DNS. Raises Wrong where a flag is wrong."""
    loaded = _load(flags)
    if isinstance(loaded, str):
        return Evidence(wrong_setting=loaded)
    settings = loaded.settings
    around = find_surroundings(loaded)
    nameservers = find_nameservers(settings)
    servers = nameservers()
    who: Identity | IdentityError
    try:
        who = identify(around, settings.role)
        here = container_addresses(around)
        inquiry = inquiry_of(Situation(settings, who, nameservers, here))
        place = (who.service.namespace, who.service.cluster_domain)
    except IdentityError as wrong:
        who, inquiry = wrong, None
        place = (wrong.values.get("namespace", ""), wrong.values.get("cluster domain", ""))
    dns = examine(Place(*place, servers, settings.discovery.timeout), inquiry, time.monotonic)
    roll = _roll(settings, who, dns.seen) if isinstance(dns.seen, Answered) else None
    paths = {output.path: _real(output.path) for output in settings.outputs}
    flaws = [flaw for output in settings.outputs for flaw in _flaws(output, roll, settings.role)]
    evidence = Evidence(
        said_by=_said_by(flags),
        around=around,
        who=who,
        gate=settings.gate,
        nameservers=servers,
        nameservers_by="the settings" if settings.nameservers else str(RESOLV_CONF),
        dns=dns,
        outputs=tuple(paths),
        flaws=(*flaws, *_doubled(paths)),
    )
    if isinstance(who, Identity) and settings.outputs:
        return replace(evidence, kept=_kept(memory_beside(_real(settings.outputs[0].path), who)))
    return evidence


def _load(flags: dict[str, Any]) -> Loaded | str:
    """The settings, or what is wrong with the file or a variable. Raises Wrong for a flag."""
    try:
        said = find_said(flags)
    except Wrong as wrong:
        if flags.get("config"):
            raise
        return wrong.message
    try:
        return load(said)
    except SettingsError as wrong:
        if _is_of_flags(said, str(wrong)):
            raise Wrong(str(wrong)) from None
        return str(wrong)


def _is_of_flags(said: Said, sentence: str) -> bool:
    """Whether the flags alone would give this error."""
    try:
        load(Said(said.flags, {}))
    except SettingsError as wrong:
        return str(wrong) == sentence
    return False


def _said_by(flags: dict[str, Any]) -> tuple[str, ...]:
    given = tuple("--" + name.replace("_", "-") for name, value in flags.items() if value)
    config = () if flags.get("config") else (os.environ.get("ROLLCALL_CONFIG", ""),)
    variables = (option.variable for option in OPTIONS if os.environ.get(option.variable))
    return tuple(filter(None, (*config, *variables, *given)))


def _roll(settings: Settings, who: Identity | IdentityError, seen: Answered) -> Roll | None:
    if not isinstance(who, Identity):
        return None
    return at_once(who, seen).roll(settings.replicas, settings.start_ordinal)


def _real(path: str) -> Path:
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):
        return Path(path)


def _flaws(output: Output, roll: Roll | None, role: Role) -> Iterator[Flaw]:
    """What is wrong with an output, tried as far as that leaves no trace."""
    path = _real(output.path)
    try:
        form = formats.load(output.format)
        formats.try_out(form, output.vars, role)
        content = formats.render(form, roll, output.vars) if roll else b""
        if isinstance(content, formats.Withheld):
            yield Flaw(output.path, Mistake.WITHHELD, content.reason)
    except formats.FormatError as wrong:
        yield Flaw(output.path, Mistake.FORMAT, str(wrong))
    try:
        publish.check_target(path)
        publish.try_folder(path.parent)
        mode = output.permissions or (path.stat().st_mode if path.exists() else None)
        if mode is not None and not mode & _FOR_OTHERS:
            sentence = f"{output.path} can be read by no other user than {os.geteuid()}"
            yield Flaw(output.path, Mistake.PRIVATE, sentence)
    except publish.PublishError as wrong:
        yield Flaw(output.path, _mistake(path), str(wrong))
    except OSError as wrong:
        reason = f"{output.path} can't be written: {wrong.strerror or wrong}"
        yield Flaw(output.path, Mistake.NO_FILE, reason)


def _mistake(path: Path) -> Mistake:
    """What kind of thing keeps a file from being written."""
    if not path.parent.is_dir():
        return Mistake.NO_FOLDER
    if path.exists() and not path.is_file():
        return Mistake.NO_FILE
    return Mistake.NOT_WRITABLE


def _doubled(paths: dict[str, Path]) -> Iterator[Flaw]:
    """Outputs that lead to one file by different paths."""
    for real, times in Counter(paths.values()).items():
        if times > 1:
            yield Flaw(str(real), Mistake.TWICE, f"{real}: {ONE_FILE_TWICE}")


def _kept(path: Path) -> Kept | None:
    return Kept(str(path), publish.read(path)) if path.exists() else None
