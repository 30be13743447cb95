"""Rendering: from a roll and what an output wants of a format to the bytes of its file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from agent.core.identity import Role
from agent.core.roll import Peer, Roll, Service, to_document
from agent.core.selection import Listed, Selection, listed, select
from agent.formats.header import Format, FormatError, Variables, check_variables, meant
from agent.formats.template import UnfitError, Withholding, fill, names_in, prepare

_WHOLE_ROLL = Selection(allow_empty=True)
# Pods and `replicas`: a template may look at either.
_MADE_UP = ((2, None), (9, 9))
# What of a template's names has hosts.
_HOSTS = frozenset(("me", "peers", "others", "expected", "seeds"))
_FOR_ANYBODY = "use json, yaml, env, list, hosts, nginx or haproxy"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A format as one output wants it: with its variables, selection and port.

    `selection` None is the format's own, `port` None too. `base` is the path of a file that the
    keys are laid over, which keeps what is not of the peers, as far as it says it; empty is none.
    """

    form: Format
    given: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    selection: Selection | None = None
    port: int | None = None
    base: str = ""

    @property
    def selects(self) -> Selection:
        """The rule by which the seeds are picked."""
        return self.selection or self.form.selection or _WHOLE_ROLL

    @property
    def cluster_port(self) -> int | None:
        """The port that members use among themselves, None where the format has none."""
        return self.form.header.port if self.port is None else self.port


@dataclass(frozen=True, slots=True)
class Withheld:
    """No file, on purpose: the database would do harm with it. `reason` is a sentence.

    `port` is the one at which nobody answers, where that is why.
    """

    reason: str
    port: int | None = None


def try_out(recipe: Recipe, role: Role) -> None:
    """Refuses what a pod of that role can't have, or not so.

    A user's own template may count on more than the made-up rolls have (a peer of some name, or a
    third one), so of those only what no roll could mend is refused. Raises FormatError.
    """
    check(recipe)
    for count, replicas in _MADE_UP:
        try:
            render(recipe, _made_up(role, count, replicas))
        except UnfitError:
            if not recipe.form.path:
                raise


def _made_up(role: Role, count: int, replicas: int | None) -> Roll:
    """A roll of so many pods, as this pod would see it that is the first of them."""
    service = Service("service", "namespace", "cluster.local")
    addresses = [f"10.0.0.{n + 1}" for n in range(count)]
    pods = tuple(
        Peer(service.pod(f"pod-{n}") if role.has_ordinals else address, (address,))
        for n, address in enumerate(addresses)
    )
    return Roll(service, pods[0] if role.is_member else None, pods, replicas=replicas)


def render(recipe: Recipe, roll: Roll, base: str = "") -> bytes | Withheld:
    """The file that `roll` demands, with the user's variables over the format's defaults.

    `base` is the text that its keys are laid over, where the recipe has one. Raises FormatError
    if the template fails, which a variable of the wrong type can make it do, or the base is no such
    text.
    """
    form, rule = recipe.form, recipe.selects
    _check_fit(form, roll)
    seeds = select(roll, rule, recipe.cluster_port)
    if not seeds and not rule.allow_empty:
        return _withheld(recipe, roll)
    check_variables(form, recipe.given)
    variables = {key: entry.default for key, entry in form.header.variables.items()}
    try:
        context = {
            **_members(roll, rule),
            "seeds": listed(seeds, rule.address),
            **_around(roll),
            "port": recipe.cluster_port,
            "base": (),
            "vars": Variables(variables | meant(form, recipe.given)),
            "given": tuple(recipe.given),
            "roll": _document(roll, form.source),
        }
        text = (
            _laid(recipe, context, base) if recipe.base else fill(form.source, form.what, context)
        )
        return text.encode()
    except Withholding as reason:
        return Withheld(f"{form.name} is not written {reason}")


def _laid(recipe: Recipe, context: dict[str, Any], base: str) -> str:
    """The base with what the template gives laid over it. Raises FormatError."""
    from agent.formats import merge  # noqa: PLC0415  # for who has a base

    what, syntax = recipe.form.what, recipe.form.header.syntax
    try:
        context["base"] = merge.keys(base, syntax)
        return merge.lay(fill(recipe.form.source, what, context), base, syntax)
    except merge.OverlayError as wrong:
        raise UnfitError(f"{what} can't be laid over a base file: {wrong}") from None
    except merge.BaseError as wrong:
        raise FormatError(
            f"{what} can't be laid over the base file {recipe.base}: {wrong}"
        ) from None


def _withheld(recipe: Recipe, roll: Roll) -> Withheld:
    """Why there is nobody to name, and what would come of an empty list."""
    name, port = recipe.form.name, recipe.cluster_port
    harm = "its database would start a cluster of its own"
    not_first = "which is not the first of its set"
    if recipe.selects.source != "answering" or port not in roll.answering or not roll.others:
        nobody = f"while there is nobody to name but this pod, {not_first}"
        return Withheld(f"{name} is not written {nobody}: {harm}")
    if roll.is_first:
        unsure = f"until all others are known not to answer on port {port}, or one does"
        return Withheld(f"{name} is not written {unsure}: {harm}", port)
    waits = f"while no other pod answers on port {port}, and this one is not the first of its set"
    return Withheld(f"{name} is not written {waits}: {harm}", port)


def check(recipe: Recipe) -> None:
    """Refuses what means nothing to this format. Raises FormatError."""
    form = recipe.form
    prepare()
    check_variables(form, recipe.given)
    _check_meant(recipe)
    if recipe.selects.source == "answering" and recipe.cluster_port is None:
        raise FormatError(
            f"format {form.name} does not know at which port to ask who answers: set port to the "
            "one that members use among themselves"
        )
    if recipe.base and not form.header.syntax:
        raise FormatError(
            f"format {form.name} can't be laid over a base file, it is neither YAML nor INI"
        )


def _check_meant(recipe: Recipe) -> None:
    """Refuses a selection or a port that would change nothing in the file."""
    what, own, rule = recipe.form.what, recipe.form.selection, recipe.selects
    used = names_in(recipe.form.source)
    if recipe.selection is not None and own is None:
        raise FormatError(
            f"{what} has no seeds to select: leave out from, exclude_self, limit and address"
        )
    if used is None:
        return
    if own is not None and "seeds" not in used and rule.picks != own.picks:
        raise FormatError(
            f"{what} has no use for seeds: leave out from, exclude_self and limit, or name seeds "
            "in it"
        )
    if own is not None and not used & _HOSTS and rule.address != own.address:
        raise FormatError(f"{what} names no peer: leave out address")
    if recipe.port is not None and "port" not in used and rule.source != "answering":
        raise FormatError(f"{what} has no use for a port: leave port out")


def _check_fit(form: Format, roll: Roll) -> None:
    """Refuses a format that describes this pod where there is nothing to describe."""
    needs = form.header.needs
    if needs and roll.me is None:
        raise FormatError(
            f"format {form.name} describes this pod itself, and an observer (member: false) is "
            f"none of the peers: {_FOR_ANYBODY}"
        )
    if needs == "ordinal" and roll.me is not None and roll.me.ordinal is None:
        raise FormatError(
            f"format {form.name} needs the pod's ordinal, and {roll.me.name} has none, as a "
            f"Deployment's pods: {_FOR_ANYBODY}"
        )


def _members(roll: Roll, rule: Selection) -> dict[str, Any]:
    """Whom a template sees. Not `self`, as in the document: Jinja keeps that name for itself."""
    me = None if roll.me is None else (listed((roll.me,), rule.address) or (_unlocated(roll.me),))
    return {
        "me": None if me is None else me[0],
        "peers": listed(roll.peers, rule.address),
        "others": listed(roll.others, rule.address),
        "expected": listed(roll.expected, rule.address),
    }


def _around(roll: Roll) -> dict[str, Any]:
    return {
        "replicas": roll.replicas,
        "bootstrap": roll.bootstrap or "",
        "service": roll.service,
    }


def _document(roll: Roll, source: str) -> dict[str, Any]:
    """The roll without what changes while the membership does not: generation, who answers.

    Where the template does not name it, only what the filters for voters take from it: the whole
    of it costs a third of what most templates do.
    """
    names = names_in(source)
    if names is not None and "roll" not in names:
        return {"start_ordinal": roll.start_ordinal}
    document = to_document(roll)
    del document["generation"], document["answering"]
    return document


def _unlocated(me: Peer) -> Listed:
    """This pod, where even it does not know its address."""
    return Listed(me, me.fqdn)
