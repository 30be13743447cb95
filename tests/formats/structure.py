"""What a reader makes of a file, so as to see that a value in it is a value and nothing more.

`Reading` is a file as pairs of a place and what stands there. A syntax without a parser in Python
is read line by line, and what stands in a line must then be one word, or be quoted as a whole.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

import yaml

HARMLESS = "harmless"
Reading = list[tuple[str, Any]]

_WORD = r"[A-Za-z0-9_.:/@+-]*"
_QUOTED = r'"(?:[^"\\\r\n]|\\[^\r\n])*"' + r"|'[^'\r\n]*'"
_SUBPROCESS_S = 10.0


class NotContained(Exception):  # noqa: N818  # no error, what a reader sees
    """A value that is more than a value to who reads the file."""


def same_but_for(value: str, file: str, content: bytes, harmless: bytes) -> None:
    """Raises NotContained unless two files differ in a value only.

    `content` was rendered with `value`, `harmless` with `HARMLESS`; `file` is their name.
    """
    read = _PARSERS.get(file.rpartition(".")[2])
    if read is None:
        _check_lines(content, harmless)
        return
    try:
        found = read(content)
    except Exception as wrong:
        raise NotContained(f"it can't be read: {wrong}") from wrong
    meant = _put(value, read(harmless))
    if sorted(found, key=repr) != sorted(meant, key=repr):
        odd = [each for each in found if each not in meant] or found
        raise NotContained(f"it is read as {odd!r}"[:300])


def is_words(value: str) -> bool:
    """Whether it holds nothing that could end a word but space, in any syntax."""
    return re.fullmatch(r"[A-Za-z0-9_.:/@+=, -]*", value) is not None


def _put(value: str, tree: Any) -> Any:
    """The same with the value for the harmless one."""
    match tree:
        case str():
            return tree.replace(HARMLESS, value)
        case list() | tuple():
            return type(tree)(_put(value, each) for each in tree)
        case _:
            return tree


def _flat(tree: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Each leaf with its place, and each list and mapping that is empty."""
    match tree:
        case dict() if tree:
            for key, inner in tree.items():
                yield from _flat(inner, f"{place}.{key!r}")
        case list() if tree:
            for number, inner in enumerate(tree):
                yield from _flat(inner, f"{place}[{number}]")
        case _:
            yield place, tree


def _yaml(content: bytes) -> Reading:
    return list(_flat(yaml.safe_load(content)))


def _json(content: bytes) -> Reading:
    return list(_flat(json.loads(content, object_pairs_hook=_each_once)))


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, which must not have a key twice."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError(f"a key is there twice in {pairs}")
    return made


def _xml(content: bytes) -> Reading:
    def inside(element: ElementTree.Element, place: str) -> Iterator[tuple[str, Any]]:
        here = f"{place}/{element.tag}"
        yield here, (element.text or "") if not len(element) else ""
        yield from ((f"{here}@{key}", value) for key, value in element.attrib.items())
        for number, each in enumerate(element):
            yield from inside(each, f"{here}[{number}]")

    return list(inside(ElementTree.fromstring(content), ""))  # noqa: S314  # it is our own


def _shell(content: bytes) -> Reading:
    """The variables of a shell that has read it, and what that or anything in it said."""
    made = subprocess.run(
        ["sh", "-c", "set -eua; . /dev/stdin; env -0"],
        input=content,
        env={"PATH": "/usr/bin:/bin"},
        cwd="/proc",  # where nothing can be made
        capture_output=True,
        timeout=_SUBPROCESS_S,
        check=False,
    )
    variables = made.stdout.decode(errors="replace").split("\0")
    return [("said", made.stderr.decode()), *(("variable", entry) for entry in variables)]


_PARSERS: dict[str, Callable[[bytes], Reading]] = {
    "yaml": _yaml,
    "yml": _yaml,
    "json": _json,
    "xml": _xml,
    "env": _shell,
}


def _check_lines(content: bytes, harmless: bytes) -> None:
    """Each line as it was, with one word or one quoted string for the harmless one."""
    now, before = (_lines(text.decode()) for text in (content, harmless))
    if len(now) != len(before):
        raise NotContained(f"there are {len(now)} lines for {len(before)}")
    for line, like in zip(now, before, strict=True):
        beginning, *behind = like.split(HARMLESS)
        pattern = re.escape(beginning)
        for piece in behind:
            pattern += f"(?:{_inside(beginning)}){re.escape(piece)}"
            beginning += piece
        if not re.fullmatch(pattern, line):
            raise NotContained(f"{line[:200]!r} stands for {like[:200]!r}")


def _lines(text: str) -> list[str]:
    """The lines as any reader may see them: they end at U+2028 too, and at NUL."""
    return text.replace("\0", "\n").splitlines()


def _inside(beginning: str) -> str:
    """The pattern of what may stand behind the beginning of a line."""
    for quote, inner in (('"', r'(?:[^"\\]|\\.)*'), ("'", r"[^'\\]*")):
        if beginning.count(quote) % 2:
            return inner
    return f"{_WORD}|{_QUOTED}"
