"""`rollcall doctor`: prints what the core makes of all that can be wrong, with the mends."""

import json
import os
import sys
import textwrap
from dataclasses import replace
from typing import Any

import click

from agent.cli.common import as_json_option
from agent.cli.ending import Wrong
from agent.cli.gather import gather
from agent.cli.options import find_nameservers, find_said, find_surroundings, settings_options
from agent.core.diagnosis import (
    STEPS,
    Check,
    Evidence,
    State,
    WrongSetting,
    diagnose,
    is_well,
    sum_up,
)
from agent.settings import CONFIG, INLINE, OPTIONS, Loaded, Said, SettingsError, load

_INDENT = " " * 4
_STATES = max(len(state.value) for state in State) + 2
_NAMES = max(len(step.name) for step in STEPS) + 2
# Characters in a line, but for YAML, which is to be copied.
_WIDTH = 100


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
        _show(checks)
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


def _show(checks: tuple[Check, ...]) -> None:
    """Each check with its mend; then those that were skipped, once for each reason."""
    mended_by: dict[str, str] = {"": ""}
    skipped: dict[str, list[str]] = {}
    for check in checks:
        if check.state is State.SKIPPED:
            skipped.setdefault(check.finding, []).append(check.name)
            continue
        head = f"{check.state.value:{_STATES}}{check.name:{_NAMES}}"
        for line in check.finding.splitlines():
            _wrap(line, head)
            head = " " * len(head)
        first = mended_by.setdefault(check.mend, check.name)
        mend = check.mend if first in ("", check.name) else f"# as for {first}"
        for line in mend.splitlines():
            click.echo(f"{_INDENT}{line}")
    for finding, names in skipped.items():
        _wrap(f"{', '.join(names)}: {finding}", f"{State.SKIPPED.value:{_STATES}}")
    click.echo(sum_up(checks))


def _wrap(text: str, head: str) -> None:
    """Prints a sentence behind a head, and what is too long for a line below it."""
    below = " " * len(head)
    lines = textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=head,
        subsequent_indent=below,
        break_long_words=False,
        break_on_hyphens=False,
    )
    click.echo("\n".join(lines))


def _gather(flags: dict[str, Any]) -> Evidence | WrongSetting:
    """All facts; asks DNS. Raises Wrong where a flag is wrong."""
    loaded = _load(flags)
    if isinstance(loaded, str):
        return WrongSetting(loaded)
    settings = loaded.settings
    try:
        found = gather(settings, find_surroundings(loaded), find_nameservers(settings))
    except Wrong as wrong:  # a way of asking that does not fit this pod's names
        if flags.get("discovery"):
            raise
        return WrongSetting(wrong.message)
    return replace(found, said_by=_said_by(flags))


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
    config = os.environ.get(CONFIG.variable, "") or (INLINE if os.environ.get(INLINE) else "")
    variables = (option.variable for option in OPTIONS if os.environ.get(option.variable))
    return tuple(filter(None, ("" if flags.get("config") else config, *variables, *given)))
