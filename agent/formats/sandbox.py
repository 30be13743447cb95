"""Jinja as templates have it: strict, without other files, without chance, and without Python.

What a template puts into its file is text, a number, or true or false. All else has a form in
Python only, which may differ from one process to the next: wherever Jinja would make text of it,
it is refused. Knows Jinja, and no format.
"""

import dataclasses
import datetime
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jinja2 import Undefined, UndefinedError
from jinja2 import nodes as jinja
from jinja2.environment import Environment
from jinja2.exceptions import TemplateRuntimeError
from jinja2.filters import make_attrgetter
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter
from jinja2.utils import pass_environment
from jinja2.visitor import NodeTransformer

from agent.formats.mistakes import CertainError, MissingError, Strict, called, public

_TEXTS = (str, int, float, datetime.date, datetime.time)
# Filters that make text of whatever they are given.
_TO_TEXT = (
    "capitalize center e escape forceescape indent lower replace safe string striptags title trim "
    "truncate upper urlize wordcount wordwrap"
).split()
# Chance, and Python's own form of a value.
_NOT_THERE = ("random", "pprint")


class Sandbox(ImmutableSandboxedEnvironment):
    """The same membership has to give the same bytes, and bytes that a database can read."""

    intercepted_binops = frozenset(("%",))

    def __init__(self, **options: Any) -> None:
        super().__init__(undefined=Strict, finalize=written, **options)
        for name in _NOT_THERE:
            del self.filters[name]
        del self.globals["lipsum"]
        for name in _TO_TEXT:
            self.filters[name] = _of_text(self.filters[name])
        self.filters["join"] = _join
        self.filters["format"] = _format
        self.written = written
        self._data: dict[type[Any], frozenset[str]] = {}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`obj.attribute`, as a template writes it: what is not there never is."""
        kind = type(obj)
        if kind not in self._data:
            self._data[kind] = _data_of(kind)
        if attribute in self._data[kind]:
            return getattr(obj, attribute)
        found = super().getattr(obj, attribute)
        if isinstance(found, Undefined) and obj is not None and not isinstance(obj, Undefined):
            kind = found._undefined_exception  # noqa: SLF001  # it has no other name
            if kind is UndefinedError:
                return Strict(obj=obj, name=attribute, exc=MissingError)
        return found

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """`left % right`: a remainder, or a text with values put into it."""
        if isinstance(left, str):
            right = _to_put_in(right)
        return super().call_binop(context, operator, left, right)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """`text.format(…)` with our eye on what it puts in, None where `value` is not that."""
        if super().wrap_str_format(value) is None:
            return None
        text = str(value.__self__)

        def put_in(*args: Any, **kwargs: Any) -> str:
            if value.__name__ == "format_map":
                return _Formatter(self).vformat(text, (), *args)
            return _Formatter(self).vformat(text, args, kwargs)

        return put_in

    def _generate(self, source: jinja.Template, *args: Any, **kwargs: Any) -> str:
        """Jinja's hook before it makes Python of a template."""
        return super()._generate(_Joints().visit(source), *args, **kwargs)


class _Joints(NodeTransformer):
    """Has each part of `a ~ b` go through `written`, as Jinja's finalize does not."""

    def visit_Concat(self, node: jinja.Concat) -> jinja.Node:  # noqa: N802  # Jinja's name
        self.generic_visit(node)
        write = jinja.EnvironmentAttribute("written")
        node.nodes = [
            jinja.Call(write, [part], [], None, None, lineno=node.lineno) for part in node.nodes
        ]
        return node


class _Formatter(SandboxedFormatter):
    """What `text.format(…)` does, with values that a file can hold."""

    def convert_field(self, value: Any, conversion: Any) -> Any:
        return super().convert_field(written(value), conversion)


class _Held(dict[str, Any]):
    """A mapping that `%` takes values out of by their names."""

    def __getitem__(self, key: str) -> Any:
        return written(super().__getitem__(key))

    def __str__(self) -> str:
        raise no_text(dict(self))

    __repr__ = __str__


def _data_of(kind: type[Any]) -> frozenset[str]:
    """The names of what our own values hold: nothing that Jinja has to look at each time."""
    if not dataclasses.is_dataclass(kind):
        return frozenset()
    shown = (name for name in dir(kind) if not name.startswith("_"))
    return frozenset(name for name in shown if not callable(getattr(kind, name)))


def written(value: Any) -> Any:
    """The value as a file can hold it. Raises CertainError for what only Python would print."""
    match value:
        case None:
            raise TemplateRuntimeError(
                "the value is None, which is no text: ask with `if` whether it is there, or give "
                "a default (port and replicas are None while they are not set)"
            )
        case True | False:
            return "true" if value else "false"
        case Undefined():
            return value
        case _ if isinstance(value, _TEXTS):
            return value
        case _:
            raise no_text(value)


def no_text(value: Any) -> TemplateRuntimeError:
    """Why a value can't be written, and what can be instead."""
    match value:
        case Undefined():
            try:
                str(value)
            except TemplateRuntimeError as lack:
                return lack
        case Mapping():
            return CertainError("a mapping is no text: write one of its values, or use quoted")
        case tuple() | list():
            peer = next((each for each in value if dataclasses.is_dataclass(each)), None)
            hint = "" if peer is None else f", as in {_joined(peer)}"
            return CertainError(f"a list is no text: use `for`, or the filter join{hint}")
        case _ if dataclasses.is_dataclass(value):
            having = ", ".join(sorted(public(value)))
            return CertainError(f"{called(value)} is no text: write one of its {having}")
        case Callable() | Iterator():
            return CertainError("it is no text yet: call it, or give it to the filter join")
    return CertainError(f"{called(value)} is no text")


def _joined(peer: Any) -> str:
    return f'join(",", attribute="{"host" if "host" in public(peer) else "name"}")'


def _of_text(made: Callable[..., Any]) -> Callable[..., Any]:
    """A filter of Jinja that sees only what can be written."""
    is_told_more = hasattr(made, "jinja_pass_arg")

    @functools.wraps(made)
    def of_text(*args: Any, **kwargs: Any) -> Any:
        first, value = (args[:1], args[1]) if is_told_more else ((), args[0])
        text = made(*first, written(value), *args[len(first) + 1 :], **kwargs)
        return str(text) if isinstance(text, str) else text

    return of_text


@pass_environment
def _join(
    environment: Environment, value: Iterable[Any], d: Any = "", attribute: Any = None
) -> str:
    """Jinja's join, of what can be written."""
    if attribute is not None:
        value = map(make_attrgetter(environment, attribute), value)
    return str(written(d)).join(str(_element(each)) for each in value)


def _element(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        raise CertainError(f"{called(value)} is no text: use {_joined(value)}")
    return written(value)


def _format(value: Any, *args: Any, **kwargs: Any) -> str:
    """Jinja's format, which is `value % args`."""
    if args and kwargs:
        raise CertainError("format takes values by their place or by their name, not both")
    return str(str(written(value)) % _to_put_in(kwargs or args))


def _to_put_in(values: Any) -> Any:
    """What `%` puts into a text: one value, several, or those that it takes by their names."""
    match values:
        case Mapping():
            return _Held(values)
        case tuple():
            return tuple(written(each) for each in values)
        case _:
            return written(values)
