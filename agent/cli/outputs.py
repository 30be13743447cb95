"""From the outputs of the settings to what is rendered, and to where it is written."""

import codecs
import errno
import functools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent import formats, publish
from agent.cli.common import ONE_FILE_TWICE
from agent.cli.ending import Wrong
from agent.cli.signals import Signals
from agent.core.identity import Role
from agent.core.reconcile import OnDisk
from agent.core.roll import Roll
from agent.core.selection import Selection
from agent.core.words import what_there_is
from agent.edges import Target, unchanging
from agent.settings import Output, Settings

# Bytes of a template or a base file. The cassandra.yaml of Cassandra 5.0 has 100,000, most of them
# comments; YAML of this length that has none takes some 15 s.
LONGEST_SOURCE = 2**18


def recipes_of(settings: Settings) -> tuple[formats.Recipe, ...]:
    """What is to be rendered for each output, by what the templates are now. Raises Wrong."""
    try:
        made = tuple(recipe_of(output, settings.vars) for output in settings.outputs)
    except formats.FormatError as wrong:
        raise Wrong(str(wrong)) from None
    for key in settings.vars:
        if made and not any(key in recipe.given for recipe in made):
            known = {name for recipe in made for name in recipe.form.header.variables}
            hint = what_there_is(key, sorted(known)) if known else "they have none"
            raise Wrong(f"no output's format has the variable {key!r}; {hint}")
    return made


def recipe_of(output: Output, for_all: Mapping[str, Any]) -> formats.Recipe:
    """What is to be rendered for one output; of `for_all` it takes the variables that it has.

    Raises FormatError.
    """
    form = own_format(output.template) if output.template else formats.load(output.format)
    if output.base:
        if os.path.realpath(output.base) == os.path.realpath(output.path):
            raise formats.FormatError(
                f"the base file {output.base} is the output itself, which it would grow on: give "
                "the output another path"
            )
        form = formats.over(form, output.base)
    shared = {
        key: value for key, value in for_all.items() if form.is_open or key in form.header.variables
    }
    return formats.Recipe(
        form=form,
        given={**shared, **output.vars},
        selection=_selection(output, form),
        port=output.port,
        base=output.base,
    )


def _selection(output: Output, form: formats.Format) -> Selection | None:
    """The format's rule with what the output says of it; None where it says nothing."""
    said = {
        name: value
        for name in ("source", "exclude_self", "limit", "address")
        if (value := getattr(output, name)) is not None
    }
    if not said:
        return None
    return replace(form.selection or Selection(), **said)


def own_format(path: str) -> formats.Format:
    """A user's template, as it is in its file now. Raises FormatError."""
    return formats.own_format(path, _text(path, "template"))


def base_of(output: Output) -> str:
    """The text of the output's base file as it is now, empty if it has none. Raises FormatError."""
    if not output.base:
        return ""
    text = _text(output.base, "base file")
    if not text.strip():
        raise formats.FormatError(
            f"the base file {output.base} is empty: is it still being copied? Copy it under "
            "another name, and rename it"
        )
    return text


def _stamp(base: str) -> tuple[int, ...] | None:
    """What tells one base file from the next, None where there is none."""
    try:
        found = Path(base).stat()
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _text(path: str, what: str) -> str:
    """A file that a user wrote, without a byte order mark. Raises FormatError."""
    try:
        return _read(Path(path)).removeprefix(codecs.BOM_UTF8).decode()
    except OSError as wrong:
        reason = wrong.strerror or str(wrong)
    except UnicodeDecodeError:
        reason = "it is not UTF-8 text"
    raise formats.FormatError(f"the {what} {path} can't be read: {reason}")


def _read(path: Path) -> bytes:
    """The bytes of a file that ends, and soon. Raises OSError."""
    with publish.opened(path) as handle:
        if handle is None:
            raise OSError(errno.EINVAL, "it is no regular file")
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(LONGEST_SOURCE + 1)
    if len(content) > LONGEST_SOURCE:
        raise OSError(errno.EFBIG, f"it has more than {LONGEST_SOURCE // 2**10} KiB")
    return content


def targets_of(
    settings: Settings, recipes: Sequence[formats.Recipe], signals: Signals
) -> tuple[Target, ...]:
    """The outputs with their real edges; refuses what can't work. Raises Wrong.

    A signal may end what a user's template or check does, and how long that takes nobody knows.
    """
    try:
        pairs = zip(settings.outputs, recipes, strict=True)
        targets = tuple(_target(*pair, settings.role, signals) for pair in pairs)
    except (formats.FormatError, publish.PublishError) as wrong:
        raise Wrong(str(wrong)) from None
    if len({target.path for target in targets}) < len(targets):
        raise Wrong(ONE_FILE_TWICE)
    return targets


def _target(output: Output, recipe: formats.Recipe, role: Role, signals: Signals) -> Target:
    try:
        # The file that a link leads to is kept, not the link replaced.
        path = Path(os.path.realpath(output.path))  # pathlib's raises on a loop
        formats.check(recipe)
        signals.guard(lambda: formats.try_out(recipe, role))()
        publish.check_target(path, None if recipe.form.header.once else output.permissions)
    except OSError as wrong:
        raise Wrong(f"{output.path} can't be written: {wrong.strerror or wrong}") from None

    def render(roll: Roll) -> bytes | formats.Withheld:
        with signals.interruptible():
            return formats.render(recipe, roll, base_of(output))

    return Target(
        name=recipe.form.name,
        path=path,
        render=render,
        write=_writer(output, path, signals),
        on_disk=_readers_own(path) if recipe.form.header.once else publish.OnDisk(path).digest,
        is_kept=recipe.form.header.once,
        made_of=functools.partial(_stamp, output.base) if output.base else unchanging,
    )


def _readers_own(path: Path) -> Callable[[], OnDisk]:
    """A look at a file that its reader rewrites: an empty one is none, and has nothing to lose."""
    on_disk, empty = publish.OnDisk(path).digest, publish.digest(b"")

    def look() -> OnDisk:
        found = on_disk()
        return None if found == empty else found

    return look


def _writer(output: Output, path: Path, signals: Signals) -> Callable[[bytes], None]:
    """What replaces the file, once its check has accepted the new one, where it has one."""
    if not output.check:
        return functools.partial(publish.publish, path, mode=output.permissions)
    from agent.check import Checked, Command  # noqa: PLC0415  # for who has a check

    command = Command(output.check, output.longest_check)
    return Checked(path, output.permissions, command, time.monotonic, signals.interruptible).write
