"""Which metrics and labels an expression speaks of. Whether it is one is for promtool to say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"\"")
_LABELS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_WORDS = frozenset("and or unless bool offset atan2 inf nan".split())
_NAME = re.compile(r"\b[a-zA-Z_]\w*\b(?!\s*\()")


def metrics(expression: str) -> frozenset[str]:
    """The names of the metrics: what is no function, no word of the language, no label."""
    bare = re.sub(r"\[[^\]]*\]", "", _LABELS.sub("", _bare(expression)))
    return frozenset(_NAME.findall(re.sub(r"\{[^}]*\}", "", bare))) - _WORDS


def labels(expression: str) -> frozenset[str]:
    """The names of the labels that are matched or grouped by."""
    bare = _bare(expression)
    grouped = {word for group in _LABELS.findall(bare) for word in re.findall(r"\w+", group)}
    return frozenset(grouped | {label for _, label in _matched(bare)})


def wrong(
    expression: str, exported: Mapping[str, frozenset[str]], also: frozenset[str]
) -> set[str]:
    """Each metric that is not exported, each label that its metric has not. `also`: a target's."""
    used = metrics(expression)
    known = also.union(*(exported.get(name, frozenset()) for name in used))
    unmatched = {
        f"{name}{{{label}}}"
        for name, label in _matched(_bare(expression))
        if name in exported and label not in exported[name] | also
    }
    return {*(used - exported.keys()), *(labels(expression) - known), *unmatched}


def _bare(expression: str) -> str:
    return _TEXT.sub('""', expression)


def _matched(bare: str) -> Iterator[tuple[str, str]]:
    for name, matchers in re.findall(r"(\w+)\s*\{([^}]*)\}", bare):
        for label in _MATCHER.findall(matchers):
            yield name, label
