"""What is wrong with a template: each of Jinja's failures as a line and a sentence for people.

Knows Jinja, and no format. A mistake is certain where no roll could mend it: then a template is
refused before anything depends on it.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jinja2 import (
    Environment,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2 import nodes as jinja
from jinja2.exceptions import SecurityError, TemplateRuntimeError
from jinja2.meta import find_undeclared_variables
from jinja2.utils import missing

from agent.core.words import shortened, what_there_is
from agent.formats.header import Variables

# A text that a template quotes may be of any length; a sentence is not.
_LONGEST = 800
_OTHER_FILES = {
    jinja.Include: "include",
    jinja.Import: "import",
    jinja.FromImport: "import",
    jinja.Extends: "extend",
}
_GUARDS = {"default", "d", "defined", "undefined"}
_NONE = (
    "None has no {name!r}: ask with `if` whether it is there (in an observer me is None, and an "
    "ordinal where there are none)"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong, and in which line, where that is known; `is_certain`: whatever the roll."""

    phrase: str
    line: int | None = None
    is_certain: bool = False


class CertainError(TemplateRuntimeError):
    """A failure that comes of the template alone."""


class MissingError(UndefinedError, CertainError):
    """A name or an attribute that nothing of this kind has."""


class Strict(StrictUndefined):
    """What is not there, which says so in our words as soon as it is used."""

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: Any = None,
        exc: type[TemplateRuntimeError] = UndefinedError,
    ) -> None:
        if hint is None:
            hint = _lack(obj, name)
        if dataclasses.is_dataclass(obj) and exc is UndefinedError:
            exc = MissingError
        super().__init__(hint, obj, name, exc)


def check(tree: jinja.Template, names: Iterable[str], environment: Environment) -> None:
    """Refuses what is wrong with a template before it is rendered. `names` are those it sees.

    Raises TemplateSyntaxError.
    """
    known = {"filter": environment.filters, "test": environment.tests}
    for node in tree.find_all(tuple(_OTHER_FILES)):
        word = _OTHER_FILES[type(node)]
        raise TemplateSyntaxError(f"a template is one file: it can't {word} another", node.lineno)
    for call in tree.find_all((jinja.Filter, jinja.Test)):
        kind = type(call).__name__.lower()
        if call.name not in known[kind]:
            phrase = f"there is no {kind} {call.name!r}; {what_there_is(call.name, known[kind])}"
            raise TemplateSyntaxError(phrase, call.lineno)
    _check_names(tree, tuple(names))


def _check_names(tree: jinja.Template, names: tuple[str, ...]) -> None:
    used = [node for node in tree.find_all(jinja.Name) if node.ctx == "load"]
    if not any(tree.find_all(jinja.Block)):
        for node in used:
            if node.name == "self":
                phrase = "self is Jinja's own name for the template: this pod is me"
                raise TemplateSyntaxError(phrase, node.lineno)
    guards = tree.find_all((jinja.Filter, jinja.Test))
    guarded = {guard.node for guard in guards if guard.name in _GUARDS}
    names_guarded = {node.name for node in guarded if isinstance(node, jinja.Name)}
    # One that is set in only one branch of an `if` may be right; where it is not, it is told later.
    own = {node.name for node in tree.find_all(jinja.Name) if node.ctx != "load"}
    own |= {macro.name for macro in tree.find_all(jinja.Macro)}
    unknown = find_undeclared_variables(tree) - {*names, *names_guarded} - own
    for node in sorted(used, key=lambda node: node.lineno):
        if node.name in unknown:
            phrase = f"there is no name {node.name!r}; {what_there_is(node.name, names)}"
            raise TemplateSyntaxError(phrase, node.lineno)


def names_in(parse: Callable[[], jinja.Template]) -> frozenset[str] | None:
    """The names that a template takes from its surroundings, None where it can't be read."""
    try:
        return frozenset(find_undeclared_variables(parse()))
    except (TemplateError, RecursionError):
        return None


def mistake_of(wrong: Exception) -> Mistake:
    """What a failure says to people."""
    match wrong:
        case TemplateSyntaxError():
            return Mistake(_tidy(wrong.message or "it is no Jinja"), wrong.lineno, is_certain=True)
        case SecurityError():
            phrase, is_certain = f"the sandbox does not allow it: {wrong.message}", True
        case TemplateError():
            phrase, is_certain = wrong.message or "it fails", isinstance(wrong, CertainError)
        case RecursionError():
            phrase, is_certain = "it is nested too deep, or calls itself without end", False
        case MemoryError():
            phrase, is_certain = "it takes more memory than there is", False
        case SyntaxError():  # of the Python that Jinja makes of a template
            phrase, is_certain = wrong.msg, True
        case KeyError():
            phrase, is_certain = f"there is no key {wrong}", False
        case _:
            phrase, is_certain = str(wrong) or type(wrong).__name__, False
    return Mistake(_tidy(phrase), _line_of(wrong), is_certain)


def _line_of(wrong: Exception) -> int | None:
    """The line of the template in which it was raised, from the traceback that Jinja makes."""
    line, trace = None, wrong.__traceback__
    while trace is not None:
        if "__jinja_exception__" in trace.tb_frame.f_globals:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _tidy(phrase: str) -> str:
    """One line without a full stop, of Jinja's several sentences."""
    line = " ".join(phrase.split()).rstrip(".").replace(". ", "; ")
    line = "".join(each if each.isprintable() else "?" for each in line)
    return shortened(line, _LONGEST)


def _lack(obj: Any, name: Any) -> str:
    """That an object lacks what a template asks it for."""
    if obj is missing:
        return f"{name!r} is not set at this point"
    if obj is None:
        return _NONE.format(name=name)
    if isinstance(name, int) and isinstance(obj, tuple | list):
        return f"there is no element {name} in a list of {len(obj)}"
    having = sorted(public(obj))
    if isinstance(obj, Variables):
        there = f"; {what_there_is(str(name), having)}" if having else ""
        return f"there is no variable {name!r}: give it, as in --var {name}=…{there}"
    what = f"{called(obj)} has no {name!r}"
    return f"{what}; {what_there_is(str(name), having)}" if having else what


def public(obj: Any) -> Iterator[str]:
    """What a template may ask an object for, but for what a text or a list can do by itself."""
    if isinstance(obj, Mapping):
        yield from map(str, obj)
    elif dataclasses.is_dataclass(obj):
        shown = (name for name in dir(obj) if not name.startswith("_"))
        yield from (name for name in shown if _is_plain(getattr(obj, name)))


def _is_plain(value: Any) -> bool:
    return not callable(value) and not dataclasses.is_dataclass(value)


def called(obj: Any) -> str:
    match obj:
        case Mapping():
            return "a mapping"
        case tuple() | list():
            return "a list"
        case str():
            return "a text"
        case int() | float():
            return "a number"
        case _ if dataclasses.is_dataclass(obj):
            return "a peer" if hasattr(obj, "ordinal") else f"the {type(obj).__name__.lower()}"
        case _:
            return type(obj).__name__
