"""What a base file has is read again as it was, whatever that is."""

from __future__ import annotations

from collections.abc import Iterator

import yaml
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from agent.formats.merge_yaml import BaseError, lay_yaml

# What YAML is made of, and what its writers are known to get wrong.
PARTS = [
    *("a", "b: c", "- x", "#c", ":", ": ", "? ", "? ? ", "- - ", "~", "null", "0x1", "1:30", "y"),
    *(" ", "  ", "\n", "\n\n", "\t", "\r", "\x85", "\u2028", "\u2029",
      "\ufeff", "\x7f", "\xa0", "é", "😀"),
    *("|\n", ">\n", "|-\n", "|+\n", ">+\n", "|2\n", "|1\n  ", ">1\n  ", "|+\n\n", ">-\n\n  a"),
    *("k: |\n  a\n   b\n\n  c\n", "k: >\n  a\n   b\n\n  c\n",
      'k: "a\\\n   b"\n', "? |\n  k\n: v\n"),
    *('"', "'", '""', "''", '"\\n"', '"\\x85"', '"\\0"', '"\\ud800"', '"\\uFFFE"',
      '"\\_"', '"a \\n"', '"\\ a"'),
    *("&a ", "&b ", "*a", "<<: *a", "! ", "!x ", "!!str ", "!!int ",
      "!!binary ", "!<tag:a%20b> ", "!!set "),
    *("[", "]", "{", "}", ",", "%", "@", "`", "\\", "x" * 140, "x" * 1100,
      "%TAG ! tag:e:\n---\n", "...\n"),
]  # fmt: skip


def told(node: Node) -> Iterator[tuple[str, ...]]:
    """A tree as a reader sees it, part by part; an alias is what it stands for, once."""
    seen: set[int] = set()
    todo = [node]
    while todo:
        node = todo.pop()
        match node:
            case ScalarNode():
                yield (node.tag, node.value, "plain" if node.style is None else "quoted")
            case _ if id(node) in seen:
                yield ("again",)
            case SequenceNode():
                yield (node.tag, "list", str(len(node.value)))
                todo += node.value
            case MappingNode():
                yield (node.tag, "map", str(len(node.value)))
                todo += [part for pair in node.value for part in pair]
        seen.add(id(node))


@settings(max_examples=400, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    st.sampled_from(["", "a: ", "a:\n  ", "? ", "a: &a {b: c}\nd: "]),
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=8),
)
def test_whatever_can_be_read_is_read_again_as_it_was(begin: str, parts: list[str]) -> None:
    base = begin + "".join(parts)
    try:
        laid = lay_yaml("", base)
        twice = lay_yaml("", laid)
    except BaseError:
        reject()
    before, after = (yaml.compose(text, yaml.SafeLoader) for text in (base, laid))
    assert isinstance(after, MappingNode)
    if not isinstance(before, MappingNode):
        assert after.value == []  # nothing but comments, or `---`
        return
    for one, other in zip(told(before), told(after), strict=True):
        assert one[:2] == other[:2]
        # What was quoted stays so: another reader may take more plain texts for numbers.
        assert one[2:] != ("quoted",) or other[2:] == ("quoted",)
    assert twice == laid
