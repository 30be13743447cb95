"""Finds the header in a template's first comment, and reads its YAML strictly.

What is wrong with it is told by its line and its key. What the keys mean, it does not know.
"""

import re
from typing import Any, TypeVar

import msgspec
import yaml

from agent.core.words import what_there_is

# The first comment, where nothing but space is before it.
_COMMENT = re.compile(r"\s*\{#[-+]?(?P<yaml>.*?)[-+]?#\}", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.*)`")

# libyaml's reader, where there is one, takes a tenth of the time.
_QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Shape = TypeVar("Shape", bound=msgspec.Struct)


class HeadingError(ValueError):
    """A header that can't be read; the phrase says in which line, and why."""


def read_heading(source: str, shape: type[Shape]) -> Shape | None:
    """What the header says, None where the first comment is none.

    It is one if a line of it begins with one of its keys: a header with a slip in it must not pass
    for a remark, because then what it says would be lost. Raises HeadingError.
    """
    found = _COMMENT.match(source)
    if found is None:
        return None
    text, before = found["yaml"], source.count("\n", 0, found.start("yaml"))
    keys = "|".join(field.encode_name for field in msgspec.structs.fields(shape))
    if not re.search(rf"^\s*(?:{keys})\s*:(?:\s|$)", text, re.MULTILINE):
        return None
    try:
        tree = _read(text)
    except yaml.YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None)
        problem = getattr(wrong, "problem", None) or " ".join(str(wrong).split())
        line = before + (mark.line if mark else 0) + 1
        raise HeadingError(f"line {line} is not YAML: {problem}") from None
    except (ValueError, RecursionError) as wrong:  # a date such as 2024-13-45, or nested too deep
        raise HeadingError(f"line {before + 1} is not YAML: {wrong}") from None
    try:
        return msgspec.convert(tree, shape)
    except msgspec.ValidationError as wrong:
        path, phrase = _told(wrong, tree, shape)
        line = before + _line_of(path, yaml.compose(text, yaml.SafeLoader)) + 1
        at = ".".join(path)
        raise HeadingError(f"line {line}: {at}: {phrase}" if at else phrase) from None


def _read(text: str) -> Any:
    """What the YAML says. Of what is none, PyYAML's own reader says why, in its words."""
    try:
        return yaml.load(text, _QUICK)  # noqa: S506  # it is a SafeLoader
    except yaml.YAMLError:
        return yaml.safe_load(text)


def _told(wrong: msgspec.ValidationError, tree: Any, shape: type) -> tuple[list[str], str]:
    """The path of the key that is wrong, and what is wrong with it."""
    phrase, _, at = str(wrong).partition(" - at ")
    if at and not at.startswith("`$"):  # of a mapping's key it says no path
        return [], str(wrong)
    path = re.findall(r"\.\.\.|[^.$\[\]`]+", at)
    for key in path:
        if key == "...":  # so msgspec calls any key of a mapping
            return _told_of_any(path, tree, shape)
        shape = _shape_of(shape, key)
    if (unknown := _UNKNOWN.fullmatch(phrase)) is not None:
        there = [field.encode_name for field in msgspec.structs.fields(shape)]
        path.append(unknown["key"])
        phrase = f"there is no such key; {what_there_is(unknown['key'], there)}"
    return path, phrase


def _told_of_any(path: list[str], tree: Any, shape: type) -> tuple[list[str], str]:
    """The same of a mapping with keys of any name, one of which has a wrong value."""
    above = path[: path.index("...")]
    for key in above:
        tree, shape = tree[key], _shape_of(shape, key)
    within = _shape_of(shape, "...")
    for key, value in tree.items():
        try:
            msgspec.convert({key: value}, dict[str, within])  # type: ignore[valid-type]  # it is one
        except msgspec.ValidationError as wrong:
            if not isinstance(value, dict):
                return [*above, str(key)], str(wrong).partition(" - at ")[0]
            try:
                msgspec.convert(value, within)
            except msgspec.ValidationError as deeper:
                path, phrase = _told(deeper, value, within)
                return [*above, str(key), *path], phrase
            return [*above, str(key)], str(wrong).partition(" - at ")[0]
    return above, "it is wrong"


def _shape_of(shape: Any, key: str) -> Any:
    """The type of what is at `key` in a value of that type, as far as it is a struct's."""
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        kinds = {field.encode_name: field.type for field in msgspec.structs.fields(shape)}
        shape = kinds.get(key, shape)
        inner = [kind for kind in getattr(shape, "__args__", ()) if isinstance(kind, type)]
        structs = [kind for kind in inner if issubclass(kind, msgspec.Struct)]
        return structs[0] if structs else shape
    return shape


def _line_of(path: list[str], node: yaml.Node | None) -> int:
    """How many lines down the key at the end of `path` is."""
    line = 0 if node is None else node.start_mark.line
    for key in path:
        match node:
            case yaml.MappingNode(value=pairs):
                found = [(name, value) for name, value in pairs if name.value == key]
                for name, value in found:
                    line, node = name.start_mark.line, value
            case yaml.SequenceNode(value=items) if key.isdigit() and int(key) < len(items):
                node = items[int(key)]
                line = node.start_mark.line
    return line
