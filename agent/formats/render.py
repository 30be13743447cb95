"""Loading a built-in format and rendering it."""

import difflib
import functools
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

import yaml

from agent.core.identity import Role
from agent.core.roll import Peer, Roll, Service, to_document
from agent.core.selection import Selection, select

if TYPE_CHECKING:
    import jinja2

_ENDING = ".j2"
_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


class FormatError(ValueError):
    """A format or a variable that does not exist, or a template that can't be rendered."""


@dataclass(frozen=True, slots=True)
class Variable:
    """Something that a user may set for a format.

    A value has the type of `default`, and where there is a `pattern` it matches that as a whole:
    what is written into the file as it is must not be able to end a line.
    """

    default: Any
    meaning: str
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Format:
    """A built-in format: the header of its template, and the template's text."""

    name: str
    title: str
    file: str
    selection: Selection
    variables: Mapping[str, Variable]
    notes: str
    source: str
    needs: Literal["", "self", "ordinal"] = ""


@dataclass(frozen=True, slots=True)
class Withheld:
    """No file, on purpose: the database would do harm with it. `reason` is a sentence."""

    reason: str


@functools.cache
def names() -> tuple[str, ...]:
    """The names of all built-in formats, sorted."""
    folder = resources.files(__package__)
    files = (entry.name for entry in folder.iterdir())
    return tuple(sorted(n.removesuffix(_ENDING) for n in files if n.endswith(_ENDING)))


@functools.cache
def load(name: str) -> Format:
    """A built-in format by name. Raises FormatError."""
    if name not in names():
        close = difflib.get_close_matches(name, names(), n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names())}"
        raise FormatError(f"there is no format {name!r}; {hint}")
    source = resources.files(__package__).joinpath(name + _ENDING).read_text(encoding="utf-8")
    header = yaml.safe_load(source.partition("{#")[2].partition("#}")[0])
    return Format(
        name=name,
        title=header["title"],
        file=header["file"],
        selection=Selection(**header.get("selection", {})),
        variables={key: Variable(**entry) for key, entry in header.get("variables", {}).items()},
        notes=header["notes"],
        source=source,
        needs=header.get("needs", ""),
    )


def check_variables(form: Format, given: Mapping[str, Any]) -> None:
    """Refuses variables that the format does not have, or can't have so. Raises FormatError."""
    for key, value in given.items():
        if key not in form.variables:
            known = ", ".join(form.variables) or "none"
            raise FormatError(f"format {form.name} has no variable {key!r}; it has: {known}")
        variable = form.variables[key]
        kind = type(variable.default)
        if type(value) is not kind:
            wanted = "a whole number" if kind is int else "text"
            raise FormatError(f"format {form.name}: {key} is {value!r}, it has to be {wanted}")
        if variable.pattern and not re.fullmatch(variable.pattern, str(value)):
            raise FormatError(
                f"format {form.name}: {key} is {value!r}, it has to match {variable.pattern}"
            )


def try_out(form: Format, given: Mapping[str, Any], role: Role) -> None:
    """Refuses what a pod of that role can't have, or not with these variables.

    Raises FormatError.
    """
    service = Service("service", "namespace", "cluster.local")
    addresses = [f"10.0.0.{n + 1}" for n in range(2)]
    pods = tuple(
        Peer(service.pod(f"pod-{n}") if role.has_ordinals else address, (address,))
        for n, address in enumerate(addresses)
    )
    render(form, Roll(service, pods[0] if role.is_member else None, pods), given)


def render(form: Format, roll: Roll, given: Mapping[str, Any]) -> bytes | Withheld:
    """The file that `roll` demands, with the user's variables over the format's defaults.

    Raises FormatError if the template fails, which a variable of the wrong type can make it do.
    """
    _check_fit(form, roll)
    import jinja2  # noqa: PLC0415  # 40 ms that `whoami` and `--help` need not pay

    seeds = select(roll, form.selection)
    if not seeds and not form.selection.allow_empty:
        return Withheld(
            f"{form.name} is not written while there is nobody to name but this pod, which is not "
            "the first of its set: its database would start a cluster of its own"
        )
    check_variables(form, given)
    variables = {key: entry.default for key, entry in form.variables.items()} | dict(given)
    try:
        return _template(form.source).render(_context(roll, seeds, variables)).encode()
    except (jinja2.TemplateError, TypeError, ValueError) as wrong:
        raise FormatError(f"format {form.name} can't be rendered: {wrong}") from wrong


def _check_fit(form: Format, roll: Roll) -> None:
    """Refuses a format that describes this pod where there is nothing to describe."""
    others = "use json, yaml, env or list"
    if form.needs and roll.me is None:
        raise FormatError(
            f"format {form.name} describes this pod itself, and an observer (member: false) is "
            f"none of the peers: {others}"
        )
    if form.needs == "ordinal" and roll.me is not None and roll.me.ordinal is None:
        raise FormatError(
            f"format {form.name} needs the pod's ordinal, and {roll.me.name} has none, as a "
            f"Deployment's pods: {others}"
        )


def _context(roll: Roll, seeds: tuple[Any, ...], variables: Mapping[str, Any]) -> dict[str, Any]:
    """What a template sees: `me`, `peers` (with this pod), `others`, `expected`, `seeds`, … .

    Not `self`, as in the document: Jinja keeps that name for itself.
    """
    document = to_document(roll)
    del document["generation"]
    return {
        "me": roll.me,
        "service": roll.service,
        "peers": roll.peers,
        "others": roll.others,
        "expected": roll.expected,
        "seeds": seeds,
        "replicas": roll.replicas,
        "bootstrap": roll.bootstrap or "",
        "vars": variables,
        "roll": document,
    }


@functools.cache
def _template(source: str) -> "jinja2.Template":
    from jinja2 import StrictUndefined  # noqa: PLC0415  # as above
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415  # as above

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["quoted"] = _quoted
    environment.filters["shell"] = shlex.quote
    environment.filters["yaml"] = _yaml
    environment.filters["host"] = _host
    return environment.from_string(source)


def _quoted(value: Any) -> str:
    """JSON that every YAML reader takes too; Jinja's own `tojson` escapes for HTML.

    Escapes what YAML 1.2 section 5.1 does not hold raw, and nothing else: JSON's escape for a
    character above U+FFFF is two characters in YAML.
    """
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _NOT_IN_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _host(name: str) -> str:
    """A name, or an address as it is written before a port: IPv6 in brackets."""
    return f"[{name}]" if ":" in name else name


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
