"""`rollcall manifest`: Rollcall's part of a pod, as YAML to be put into a manifest."""

import textwrap
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click

from agent import __version__, formats
from agent.cli.ending import Wrong
from agent.cli.options import find_said, settings_options
from agent.cli.outputs import recipes_of
from agent.manifest import ManifestError, Wish, fragment, unmounted, written
from agent.settings import CONFIG, INLINE, OPTIONS, SettingsError, load

_WIDTH = 100
# What each pod knows of itself: one manifest is for all of them.
_OWN = ("--pod-name", "--pod-ip", "--namespace")


@click.command()
@settings_options(*_OWN)
@click.option(
    "--image",
    metavar="IMAGE",
    default=f"rollcall-agent:{__version__}",
    show_default=True,
    help="Rollcall's image",
)
@click.option(
    "--database",
    metavar="NAME",
    default="database",
    show_default=True,
    help="what the database's container is called",
)
@click.option(
    "--native/--no-native",
    default=True,
    help="a sidecar that the pod's start waits for, from Kubernetes 1.29 on; else an init "
    "container and a plain sidecar",
)
def manifest(image: str, database: str, native: bool, **flags: Any) -> None:
    """Print Rollcall's part of a pod, for the template of a StatefulSet.

    The settings that are given here are those of the pods; variables of this shell are not looked
    at. As in: rollcall manifest --output cassandra:/peers/cassandra.yaml --database cassandra
    """
    said = replace(find_said(flags), environment={})
    try:
        settings = load(said).settings
    except SettingsError as wrong:
        raise Wrong(str(wrong)) from None
    if not settings.outputs:
        raise Wrong("there is nothing to write: give --output FORMAT:PATH, or outputs in --config")
    # Else they can be read in the pod only.
    if not any(output.template or output.base for output in settings.outputs):
        recipes_of(settings)
    variables = _variables(said.flags, said.file_text)
    wish = Wish(settings, variables, image, database, native)
    try:
        made = fragment(wish)
        comments = [*_comments(wish)]
    except (ManifestError, formats.FormatError) as wrong:
        raise Wrong(str(wrong)) from None
    for line in comments:
        click.echo(f"# {line}")
    click.echo(written(made), nl=False)


def _variables(flags: Any, text: str) -> dict[str, str]:
    """What was given, by the names of its variables, with the config file's text among them.

    Raises Wrong for what no variable can say.
    """
    found = {INLINE: text} if text else {}
    for option in OPTIONS:
        value = flags.get(option.flag)
        if value is None:
            continue
        texts = value if option.is_list else (value,)
        if option.is_list and any("," in text for text in texts):
            raise Wrong(
                f"{option.variable} is split at commas, so it can't say {','.join(texts)!r}: put "
                f"it into a file, under the key {option.key}, and give that with {CONFIG.flag}"
            )
        found[option.variable] = ",".join(texts)
    return found


def _comments(wish: Wish) -> Iterator[str]:
    """What a person has to know who puts it into a manifest."""
    if wish.settings.role.is_member and wish.settings.role.has_ordinals:
        yield "for the pod template of a StatefulSet, whose serviceName is a headless service"
        yield "(clusterIP: None) with publishNotReadyAddresses: true"
    else:
        yield "for a pod template"
    yield f"what is in a list here goes into yours: {wish.database} is the container that you have"
    for path in dict.fromkeys(unmounted(wish.settings)):
        yield f"{path} is for rollcall to see: mount it into its container, too"
    for output in wish.settings.outputs:
        if output.format:
            form = formats.load(output.format)
            text = f"{output.format}: {formats.wiring(form, output.path)}"
            yield from textwrap.wrap(text, _WIDTH - 2, break_long_words=False)
