"""What a format is: its template, and the header in the template's first comment.

The header is YAML, strict about its keys. A built-in format has all of it; of a user's own template
every key may be left out, and the header too.
"""

import contextlib
import datetime
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import msgspec
import yaml

from agent.core.selection import Address, ExcludeSelf, Selection, Source
from agent.core.words import Typed, did_you_mean
from agent.formats.heading import HeadingError, read_heading

_FOLDER = Path(__file__).parent
_ENDING = ".j2"

Syntax = Literal["", "yaml", "ini"]

# By the ending of a base file's name.
_SYNTAX_OF: dict[str, Syntax] = {
    ".yaml": "yaml",
    ".yml": "yaml",
    ".cnf": "ini",
    ".ini": "ini",
    ".conf": "ini",
    ".properties": "ini",
}

# 0 is none: RFC 6335 section 6.
PORTS = range(1, 2**16)
# What is a number to whoever typed it, and what is one only where a number has to be.
_NUMBER = re.compile(r"0|-?[1-9]\d{0,17}", re.ASCII)
_ZEROS = re.compile(r"0\d{1,17}", re.ASCII)
_SWITCH = {"true": True, "false": False}
# What YAML takes a text without quotes for.
_PLAIN = (bool, int, float, datetime.date)
_PORTS = f"{PORTS[0]} to {PORTS[-1]}"


class Variables(dict[str, Any]):
    """The variables that a template sees, by name."""


class FormatError(ValueError):
    """A format or a variable that does not exist, or a template that can't be rendered."""


class Variable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that a user may set for a format.

    A value has the type of `default`, and where there is a `pattern` it matches that as a whole:
    what is written into the file as it is must not be able to end a line. One of the kind `port` is
    a port's number. One that has an `example` has no default: it has to be given.
    """

    meaning: str
    default: str | int | bool = ""
    kind: Literal["", "port"] = ""
    pattern: str = ""
    example: str = ""

    def __post_init__(self) -> None:
        """Refuses a default that could not be given. Raises ValueError."""
        try:
            pattern = re.compile(self.pattern)
        except (re.error, OverflowError, RecursionError) as wrong:
            raise ValueError(f"the pattern {self.pattern} is none: {wrong}") from None
        usual = self.example or str(self.default)
        if self.pattern and not pattern.fullmatch(usual):
            raise ValueError(f"{usual!r} does not match the pattern {self.pattern}")
        is_number = type(self.default) is int
        if self.kind == "port" and not (is_number and self.default in PORTS):
            raise ValueError(f"a variable of the kind port has a default from {_PORTS}")


class Hazard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way in which a database can come to harm, and where that is known from."""

    what: str
    source: str


class HeaderSelection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A format's own `Selection`, in the words of the config file."""

    source: Source = msgspec.field(default="discovered", name="from")
    exclude_self: ExcludeSelf = "never"
    limit: int = 0
    address: Address = "fqdn"
    allow_empty: bool = False


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a format says of itself.

    `title` is what it is for, with versions; `file` its usual name. `syntax` is what a base file
    has to be written in, empty where none can be laid under it. `needs`: only a pod that is itself
    a peer can have it (`self`), or one with an ordinal. `port` is the one that members use among
    themselves. A built-in format without a `selection` has no seeds. `once`: the database
    rewrites the file, so that it is written only where there is none.

    `wiring` says how the database comes to read the file, `reload` how it reads it again and
    whether it has to, `hazards` what can go wrong, and `checked` by what the file was read back in
    the tests: `run` (the program that it is for, which ran on it), `loaded` (that program's own
    classes or loader, without a node), `parsed` (a parser of its syntax) or `read` (nothing but a
    person, against the manual).
    """

    title: str = ""
    file: str = ""
    syntax: Syntax = ""
    needs: Literal["", "self", "ordinal"] = ""
    port: int | None = None
    selection: HeaderSelection | None = None
    once: bool = False
    variables: dict[str, Variable] = {}
    wiring: str = ""
    reload: str = ""
    hazards: tuple[Hazard, ...] = ()
    checked: Literal["run", "loaded", "parsed", "read"] = "read"
    checked_by: str = ""

    def __post_init__(self) -> None:
        """Refuses a port that is none. Raises ValueError."""
        if self.port is not None and self.port not in PORTS:
            raise ValueError(f"port {self.port} is none: those are {_PORTS}")

    @property
    def examples(self) -> dict[str, str]:
        """A value for each variable that has to be given."""
        return {key: entry.example for key, entry in self.variables.items() if entry.example}


@dataclass(frozen=True, slots=True)
class Format:
    """A template with its header. `path` is empty for a built-in one, `source` its whole text.

    `is_open`: it takes variables that its header does not name, as a template without one does.
    """

    name: str
    source: str
    header: Header
    path: str = ""
    is_open: bool = False

    @property
    def what(self) -> str:
        """What to call it in a sentence."""
        return f"the template {self.path}" if self.path else f"format {self.name}"

    @property
    def selection(self) -> Selection | None:
        """How it picks its seeds, None where it has none to pick; a user's own picks all."""
        own = self.header.selection
        if own is None:
            return Selection(allow_empty=True) if self.path else None
        return Selection(own.source, own.exclude_self, own.limit, own.address, own.allow_empty)


@functools.cache
def names() -> tuple[str, ...]:
    """The names of all built-in formats, sorted."""
    return tuple(sorted(file.stem for file in _FOLDER.glob(f"*{_ENDING}")))


@functools.cache
def load(name: str) -> Format:
    """A built-in format by name. Raises FormatError."""
    if name not in names():
        if name.endswith(_ENDING) or "/" in name:
            raise FormatError(
                f"{name!r} is no format: a template of your own is said as template in the file "
                "that --config names, or to rollcall render --template"
            )
        raise FormatError(f"there is no format {name!r}; {did_you_mean(name, names())}")
    source = (_FOLDER / f"{name}{_ENDING}").read_text(encoding="utf-8")
    return Format(name, source, _header(source, name) or Header())


def own_format(path: str, source: str) -> Format:
    """A user's template, `source` being what is in the file at `path`. Raises FormatError."""
    header = _header(source, path)
    name = path.rpartition("/")[2].removesuffix(_ENDING)
    if header is None:
        return Format(name, source, Header(), path, is_open=True)
    return Format(name, source, header, path)


def over(form: Format, base: str) -> Format:
    """A user's template as it is laid over the base file at that path, by its own syntax.

    Its header says which, else the ending of the base's name. Raises FormatError.
    """
    if not form.path or form.header.syntax:
        return form
    syntax = _SYNTAX_OF.get(PurePosixPath(base).suffix)
    if syntax is None:
        raise FormatError(
            f"nothing says how the base file {base} is written: give its name one of the endings "
            f"{', '.join(_SYNTAX_OF)}, or the template {form.path} a header with syntax: yaml or "
            "ini"
        )
    header = msgspec.structs.replace(form.header, syntax=syntax)
    return Format(form.name, form.source, header, form.path, form.is_open)


def _header(source: str, where: str) -> Header | None:
    """The header of a template, None where its first comment is none. Raises FormatError."""
    try:
        return read_heading(source, Header)
    except HeadingError as wrong:
        raise FormatError(f"the header of {where} is wrong, {wrong}") from None


def meant(form: Format, given: Mapping[str, Any]) -> dict[str, Any]:
    """The variables, what was typed with the types that the format's own defaults have.

    One that the header does not name is a whole number, true or false where it looks so, a list
    or a mapping where it begins as one, and else the text that was typed.
    """
    defaults = {key: entry.default for key, entry in form.header.variables.items()}
    return {
        key: _of_kind(value, type(defaults[key]) if key in defaults else None)
        if isinstance(value, Typed)
        else value
        for key, value in given.items()
    }


def _of_kind(typed: Typed, kind: type | None) -> Any:
    """What somebody typed as a value of that type, a text where it is none."""
    if kind in (int, None) and _NUMBER.fullmatch(typed):
        return int(typed)
    if kind in (bool, None) and typed in _SWITCH:
        return _SWITCH[typed]
    if kind is None and typed.startswith(("[", "{")):
        with contextlib.suppress(yaml.YAMLError, ValueError, RecursionError):
            return yaml.safe_load(typed)
    if kind is int and _ZEROS.fullmatch(typed):
        return int(typed)
    return str(typed)


def check_variables(form: Format, given: Mapping[str, Any]) -> None:
    """Refuses variables that the format does not have, or can't have so, or needs and lacks.

    Raises FormatError.
    """
    variables = form.header.variables
    for key, value in meant(form, given).items():
        if key not in variables:
            if form.is_open:
                continue
            known = ", ".join(variables) or "none"
            raise FormatError(f"format {form.name} has no variable {key!r}; it has: {known}")
        variable = variables[key]
        kind = type(variable.default)
        if type(value) is not kind:
            wanted = {int: "a whole number", bool: "true or false"}.get(kind, "text")
            mend = ": put it in quotes" if kind is str and isinstance(value, _PLAIN) else ""
            raise FormatError(
                f"format {form.name}: {key} is {value!r}, it has to be {wanted}{mend}"
            )
        if variable.kind == "port" and value not in PORTS:
            raise FormatError(
                f"format {form.name}: {key} is {value}, which is no port: those are {_PORTS}"
            )
        if variable.pattern and not re.fullmatch(variable.pattern, str(value)):
            raise FormatError(
                f"format {form.name}: {key} is {value!r}, it has to match {variable.pattern}"
            )
    for key, example in form.header.examples.items():
        if key not in given:
            raise FormatError(
                f"format {form.name} needs the variable {key}, {variables[key].meaning}: "
                f"set it, as in --var {key}={example}"
            )
