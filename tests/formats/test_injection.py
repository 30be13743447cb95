"""Whatever a person or a document says, a value in a file is a value, and nothing more.

`tests/formats/test_injection_by_dns.py` has what the network says.
"""

from __future__ import annotations

import copy
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from agent import formats
from agent.core.roll import Peer, Roll, RollError, Service, from_document, to_document
from agent.formats import FormatError
from tests.formats.rolls import HOSTILE, THREE, each_format, render
from tests.formats.structure import HARMLESS, NotContained, is_words, same_but_for

VALUES = (
    *(value for value in HOSTILE if value),
    "a\x00b",
    "a\rb",
    "a\x0bb\x0cc\x1cd\x85e",
    "a\u2028b\u2029c",
    "\ufeffa",
    "\udcff",
    "\ud83e",
    "]]><!-- a --> <evil/>",
    "<!ENTITY a 'b'>",
    "a</value><evil/>",
    "&amp; & &#10;",
    "a' b'",
    "a'; touch evil; '",
    '"; touch evil; "',
    "a} evil {",
    "${PATH} $PATH $$ %{x} %n",
    "!!python/object/apply:os.system [touch evil]",
    "{a: b}",
    "[a, b]",
    "a: b",
    "? a",
    "| a",
    "> a",
    "@a",
    "`a",
    "%TAG ! a",
    "---",
    "...",
    "a\n---\nb",
    "\ta",
    "a\t",
    "\\",
    '\\"',
    "\\u000a",
    "<%= a %>",
    "{% for x in y %}",
    "#}{{ 7 * 7 }}{#",
    "a=b",
    "a b",
    "A",
    "a..b",
    "10.0.0.1 ",
    "FD00:0::1",
    "fe80::1%eth0",
    "fe80::1%\n",
    "::ffff:10.0.0.1",
    "~",
    "yes",
    "0x1f",
    "x" * 30_000,
    "\\" * 3_001,
    '"' * 3_001,
)
TEXTS = [
    (name, key)
    for name in formats.names()
    for key, entry in formats.load(name).header.variables.items()
    if type(entry.default) is str
]
# The variables that are several words by design.
OF_WORDS = {("haproxy", "params"), ("nginx", "params")}
# What there are files that can't hold.
NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
# A template for each filter, by the name of a file of its syntax.
FILTERS = {
    "x.env": "X={{ vars.x | shell }}\n",
    "x.json": '{"a": {{ vars.x | quoted }}, "b": [{{ vars.x | quoted }}]}\n',
    "x.xml": '<a b="{{ vars.x | xml }}"><c>{{ vars.x | xml }}</c></a>\n',
    "x.yaml": "a: {{ vars.x | quoted }}\nb:\n  - {{ vars.x | quoted }}\n",
    "x.yml": "{{ {'a': vars.x, 'b': [vars.x]} | yaml }}",
}


def written(name: str, variable: str, value: str) -> bytes | str:
    """The file, or the sentence with which the value is refused."""
    try:
        return render(name, THREE, {variable: value})
    except FormatError as refused:
        return str(refused)


def is_contained(value: str, file: str, content: bytes, harmless: bytes | str) -> str:
    """Empty, or what is wrong with how the value stands in its file."""
    if isinstance(harmless, str):  # which a word does not fit, so only others of its kind may
        return "" if is_words(value) else "it is taken, where a plain word is not"
    try:
        same_but_for(value, file, content, harmless)
    except NotContained as seen:
        return str(seen)
    return ""


@pytest.mark.parametrize(("name", "variable"), TEXTS)
def test_a_text_is_refused_or_read_as_it_was_given(name: str, variable: str) -> None:
    harmless = written(name, variable, HARMLESS)
    file = formats.load(name).header.file
    for value in VALUES:
        match written(name, variable, value):
            case str(sentence):
                assert f"format {name}" in sentence
                assert sentence.isprintable()
            case _ if (name, variable) in OF_WORDS and is_words(value):
                pass
            case content:
                wrong = is_contained(value, file, content, harmless)
                assert not wrong, f"{value[:40]!r}: {wrong}"


@pytest.mark.parametrize(("file", "template"), FILTERS.items())
def test_what_a_filter_gives_is_refused_or_read_as_it_was_given(file: str, template: str) -> None:
    recipe = formats.Recipe(formats.own_format("x.j2", template))

    def filled(value: str) -> bytes:
        made = formats.render(replace(recipe, given={"x": value}), THREE)
        assert isinstance(made, bytes)
        return made

    for value in VALUES:
        try:
            content = filled(value)
        except FormatError:
            assert NO_TEXT.search(value)
        else:
            same_but_for(value, file, content, filled(HARMLESS))


# Names that DNS and Kubernetes take, and that YAML or a shell may take for something else.
ODD = (
    "0",
    "1e5",
    "0x1f",
    "0o17",
    "2024-10",
    "12-30",
    "null",
    "true",
    "no",
    "y",
    "nan",
    "inf",
    "a--b",
)


@each_format
@pytest.mark.parametrize("named", ODD)
def test_a_name_that_looks_like_something_else_is_a_name(name: str, named: str) -> None:
    def bare(set_name: str) -> bytes:
        peers = tuple(Peer(f"{set_name}-{n}", (f"10.0.0.{n + 1}",)) for n in range(10, 13))
        service = Service(set_name, "", "")
        return render(name, Roll(service, peers[1], peers, 1, replicas=3, start_ordinal=10))

    same_but_for(named, formats.load(name).header.file, bare(named), bare(HARMLESS))


def leaves(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths to all that is no list and no mapping."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in inner:
        if isinstance(value, dict | list):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key)


def with_value(document: Any, path: tuple[Any, ...], value: object) -> Any:
    changed = copy.deepcopy(document)
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return changed


NOT_TEXT: tuple[object, ...] = (None, True, 1.5, -1, 10**30, [], {}, ["a"], {"a\n": "b"})
DOCUMENT = to_document(replace(THREE, answering={4567: {THREE.peers[0].fqdn: True}}))
PATHS = tuple(leaves(DOCUMENT))
each_path = pytest.mark.parametrize("path", PATHS, ids=lambda path: ".".join(map(str, path)))


def names_in(roll: Roll) -> Iterator[str]:
    """All the text in a roll that comes into files."""
    yield roll.service.name
    yield from filter(None, (roll.service.namespace, roll.service.cluster_domain))
    yield roll.bootstrap or "unknown"
    for peer in (*roll.peers, *roll.expected, *filter(None, [roll.me])):
        yield from (peer.fqdn, peer.name, *peer.addresses)


CLEAN = re.compile("[a-z0-9_-]{1,63}", re.ASCII)


def is_clean(roll: Roll) -> bool:
    """Whether every name in it is one, in lower case, and every address is in its one form."""
    for name in names_in(roll):
        try:
            if str(ipaddress.ip_address(name)) != name or "%" in name:
                return False
        except ValueError:
            if not all(CLEAN.fullmatch(label) for label in name.split(".")):
                return False
    return all(type(n) is int for n in (roll.start_ordinal, roll.replicas or 0, roll.generation))


def taken(document: object) -> Roll | str:
    """The roll, or the sentence with which the document is refused."""
    try:
        return from_document(document)
    except RollError as refused:
        return str(refused)


@each_path
def test_a_document_with_a_hostile_value_is_refused_or_the_value_is_not_taken(
    path: tuple[Any, ...],
) -> None:
    for value in (*VALUES, *NOT_TEXT, ""):
        document = with_value(DOCUMENT, path, value)
        match taken(document):
            case str(refused):
                assert refused.isprintable()
            case roll:
                assert is_clean(roll), f"{value!r} is taken"


@each_format
def test_a_document_may_have_names_in_upper_case_and_with_a_final_dot(name: str) -> None:
    loud = copy.deepcopy(DOCUMENT)
    for peer in (loud["self"], *loud["peers"]):
        peer["fqdn"] = f"{peer['fqdn'].upper()}."
    assert render(name, from_document(loud)) == render(name, from_document(DOCUMENT))
