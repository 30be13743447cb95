"""Lays the keys of one YAML text over another, deep, and leaves the rest as it is meant.

It works on what YAML calls nodes, before they become values: a scalar is still the text that a
person wrote, with its quotes. So `0755`, `on`, `12:30` and `10000ms` mean to the database what they
meant to it before, whichever YAML it reads. Comments are lost, and flow style is written as block:
in it some scalars would need quotes.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

# Characters. The longest that a key may have on one line (yaml.org/spec/1.2.2, section 7.4.2).
_WORD = 1024
_MERGE = "tag:yaml.org,2002:merge"


class BaseError(ValueError):
    """A base file that no keys can be laid over; the phrase says why."""


class OverlayError(ValueError):
    """A text that has no keys to lay over a base; the phrase says why."""


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Why a text can't be read."""

    phrase: str


def lay_yaml(text: str, base: str) -> str:
    """`base` with the keys of `text`: mappings are merged, all else replaces.

    Raises BaseError, and OverlayError where it is `text` that is no mapping.
    """
    ours, under = _root(text), _base(base)
    if isinstance(ours, _Wrong):
        raise OverlayError(ours.phrase)
    if isinstance(under, _Wrong):
        raise BaseError(under.phrase)
    laid = _laid(ours, under)
    # That this is read again as it is, is held by a test with whatever can be composed.
    made = yaml.serialize(laid, Dumper=yaml.SafeDumper, allow_unicode=True, width=float("inf"))
    return str(made)


def yaml_keys(base: str) -> tuple[str, ...]:
    """The keys at the top of a base, sorted, also those that it inherits. Raises BaseError."""
    under = _base(base)
    if isinstance(under, _Wrong):
        raise BaseError(under.phrase)
    keys: set[str] = set()
    seen: set[int] = set()
    todo: list[Node] = [under]
    while todo:
        node = todo.pop()
        if id(node) in seen or not isinstance(node, MappingNode):
            continue
        seen.add(id(node))
        for key, value in node.value:
            if key.tag == _MERGE:
                todo += value.value if isinstance(value, SequenceNode) else [value]
            elif isinstance(key, ScalarNode):
                keys.add(key.value)
    return tuple(sorted(keys))


@functools.lru_cache(maxsize=4)
def _base(text: str) -> MappingNode | _Wrong:
    """A base's root, which is read once for many rolls: nobody may change it."""
    return _root(text)


def _root(text: str) -> MappingNode | _Wrong:
    """The one mapping that a text is; an empty one if it has nothing but comments."""
    try:
        root = yaml.compose(text, yaml.SafeLoader)
        if root is not None:
            _prepare(root)
    except yaml.composer.ComposerError as wrong:
        line = wrong.problem_mark.line + 1 if wrong.problem_mark else 1
        if "another document" in (wrong.problem or ""):
            return _Wrong(f"line {line} begins a second document, and there may be one only")
        return _Wrong(f"line {line} is not YAML: {wrong.problem}")
    except yaml.MarkedYAMLError as wrong:
        line = wrong.problem_mark.line + 1 if wrong.problem_mark else 1
        return _Wrong(f"line {line} is not YAML: {wrong.problem}")
    except yaml.YAMLError as wrong:
        return _Wrong("it is not YAML: " + " ".join(str(wrong).split()))
    except RecursionError:
        return _Wrong("it is nested too deep")
    match root:
        case MappingNode():
            return root
        case None | ScalarNode(tag="tag:yaml.org,2002:null", value=""):  # comments, or `---`
            return MappingNode("tag:yaml.org,2002:map", [], flow_style=False)
        case SequenceNode():
            return _Wrong("it is a list, and has to have keys")
        case _:
            return _Wrong("it is a text, and has to have keys")


def _prepare(root: Node) -> None:
    """Turns flow style into block, in which every plain scalar can stay plain.

    And gives each mapping keys of its own: of an alias as a key (`*a : b`) readers differ.
    """
    for node in _all(root):
        if isinstance(node, MappingNode | SequenceNode):
            node.flow_style = False
        if isinstance(node, MappingNode):
            node.value = [(_copied(key), value) for key, value in node.value]


def _copied(node: Node) -> Node:
    """A node by itself, where it is no more than a word; else the same, to be an alias."""
    if not isinstance(node, ScalarNode) or len(node.value) > _WORD:
        return node
    return ScalarNode(node.tag, node.value, node.start_mark, node.end_mark, node.style)


def _all(root: Node) -> Iterator[Node]:
    """Each node once, however often it is referred to, and be it by itself."""
    seen: set[int] = set()
    todo = [root]
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        todo += _parts(node)


def _parts(node: Node) -> list[Node]:
    match node:
        case MappingNode(value=pairs):
            return [part for pair in pairs for part in pair]
        case SequenceNode(value=items):
            return list(items)
        case _:
            return []


def _laid(ours: MappingNode, under: MappingNode) -> MappingNode:
    """A new mapping: one that is there may be meant elsewhere too, by an alias."""
    pairs = [(_copied(key), _copied(value)) for key, value in under.value]
    for key, value in ours.value:
        if key.tag == _MERGE:
            raise OverlayError(f"line {key.start_mark.line + 1}: << has no place in it")
        same = [at for at, (other, _) in enumerate(pairs) if _is_key(other, key)]
        if len(same) > 1:
            line = pairs[same[1]][0].start_mark.line + 1
            raise BaseError(f"line {line}: {key.value} is there twice")
        old = pairs[same[0]][1] if same else _inherited(under, key, set())
        if isinstance(old, MappingNode) and isinstance(value, MappingNode) and old.tag == value.tag:
            value = _laid(value, old)  # noqa: PLW2901  # what is laid is what counts
        if same:
            pairs[same[0]] = (pairs[same[0]][0], value)
        else:
            pairs.append((key, value))
    return MappingNode(under.tag, pairs, flow_style=False)


def _is_key(one: Node, other: Node) -> bool:
    return (
        isinstance(one, ScalarNode)
        and isinstance(other, ScalarNode)
        and (one.tag, one.value) == (other.tag, other.value)
    )


def _inherited(mapping: MappingNode, key: Node, seen: set[int]) -> Node | None:
    """What a mapping has at a key through `<<`, of several the first (yaml.org/type/merge.html)."""
    seen.add(id(mapping))
    for name, value in mapping.value:
        if name.tag != _MERGE:
            continue
        for parent in value.value if isinstance(value, SequenceNode) else [value]:
            if not isinstance(parent, MappingNode) or id(parent) in seen:
                continue
            own = [held for other, held in parent.value if _is_key(other, key)]
            found = own[-1] if own else _inherited(parent, key, seen)
            if found is not None:
                return found
    return None
