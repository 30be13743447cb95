"""What is true of each format, of those too that are still to come."""

import itertools
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import Phase, find, settings
from hypothesis import strategies as st

from agent import formats
from agent.core.identity import Identity
from agent.core.membership import Membership, Rules, observe
from agent.core.observation import Answered, Endpoint
from agent.formats import FormatError, Variable
from tests.formats.goldens import GOLDEN, text
from tests.formats.rolls import HOSTILE, SERVICE, THREE, each_format, pod, render, roll

# The first that is found, not the simplest: that takes long.
ANY_ONE = settings(phases=(Phase.generate,), database=None, derandomize=True, deadline=None)


@each_format
def test_a_format_writes_what_its_golden_file_shows(name: str) -> None:
    assert text(name) == (GOLDEN / f"{name}.txt").read_text()


def test_every_golden_file_is_that_of_a_format() -> None:
    assert sorted(file.stem for file in GOLDEN.iterdir()) == list(formats.names())


@each_format
def test_a_format_says_what_it_is_for_and_what_each_of_its_variables_means(name: str) -> None:
    form = formats.load(name)
    assert form.name == name
    head = form.header
    assert head.title
    assert head.wiring
    assert Path(head.file).name == head.file
    for variable in head.variables.values():
        assert variable.meaning
    for hazard in head.hazards:
        assert hazard.what
        assert hazard.source
    assert head.checked_by or head.checked == "read"
    defaults = {key: each.default for key, each in head.variables.items()}
    formats.check(formats.Recipe(form, defaults | head.examples))


def another(variable: Variable) -> str | int:
    """A value that a variable may have, and not the one that it has."""
    if isinstance(variable.default, bool):
        return not variable.default
    if isinstance(variable.default, int):
        return variable.default + 1
    if re.fullmatch(variable.pattern or ".*", "OTHER"):
        return "OTHER"
    usual = variable.example or variable.default
    matching = st.from_regex(variable.pattern, fullmatch=True)
    return find(matching, lambda text: text != usual, settings=ANY_ONE)


@each_format
def test_each_variable_of_a_format_changes_its_file(name: str) -> None:
    for key, variable in formats.load(name).header.variables.items():
        assert render(name, THREE, {key: another(variable)}) != render(name, THREE)
        default = variable.example or variable.default
        assert render(name, THREE, {key: default}) == render(name, THREE)


@each_format
def test_the_same_membership_gives_the_same_bytes_in_whatever_order_dns_lists_it(name: str) -> None:
    me = Identity("db-1", "db", 1, SERVICE, pod(1).addresses, {})
    endpoints = [Endpoint(peer.fqdn, peer.addresses) for peer in THREE.peers]
    made = set()
    for order in itertools.permutations(endpoints):
        turned = tuple(replace(each, addresses=each.addresses[::-1]) for each in order)
        state = observe(Membership(me), Answered(turned), 0.0, Rules()).state
        made.add(render(name, state.roll(3, 0)))
    assert made == {render(name, THREE)}


@each_format
def test_the_generation_changes_no_byte(name: str) -> None:
    assert render(name, replace(THREE, generation=77)) == render(name, THREE)


# Whose files name the others, and this pod only by its short name or not at all.
NAME_OTHERS = {"cassandra", "consul", "postgresql"}


@each_format
def test_a_file_names_this_pod_and_has_whole_lines(name: str) -> None:
    text = render(name, THREE).decode()
    assert "db-1.db.prod.svc.cluster.local" in text or name in NAME_OTHERS
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "{#" not in text
    assert "\r" not in text


@each_format
def test_another_membership_gives_other_bytes(name: str) -> None:
    names_all = name != "redis-sentinel"  # which names two pods, and learns the others by itself
    assert (render(name, roll(1, 0, 2, 3, replicas=4)) != render(name, THREE)) == names_all


@each_format
def test_a_variable_that_a_format_does_not_have_is_refused_with_those_that_it_has(
    name: str,
) -> None:
    form = formats.load(name)
    with pytest.raises(FormatError) as refused:
        formats.render(formats.Recipe(form, {"colour": "red"}), THREE)
    known = ", ".join(form.header.variables) or "none"
    assert str(refused.value) == f"format {name} has no variable 'colour'; it has: {known}"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("casandra", "there is no format 'casandra'; did you mean cassandra?"),
        ("x", f"there is no format 'x'; there are {', '.join(formats.names())}"),
        ("", f"there is no format ''; there are {', '.join(formats.names())}"),
    ],
)
def test_a_format_that_does_not_exist_is_refused_with_those_that_do(
    name: str, sentence: str
) -> None:
    with pytest.raises(FormatError) as refused:
        formats.load(name)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("name", ["../cassandra", "cassandra.j2", "./list", "/etc/passwd"])
def test_a_format_is_no_path(name: str) -> None:
    with pytest.raises(FormatError, match="is no format: a template of your own is said as"):
        formats.load(name)


VARIABLES = [
    (name, key, entry.default)
    for name in formats.names()
    for key, entry in formats.load(name).header.variables.items()
]
NUMBERS = [(name, key) for name, key, default in VARIABLES if type(default) is int]
TEXTS = [(name, key) for name, key, default in VARIABLES if type(default) is str]


def refusal(name: str, variable: str, value: object) -> str:
    with pytest.raises(FormatError) as refused:
        render(name, THREE, {variable: value})
    return str(refused.value)


@pytest.mark.parametrize(("name", "variable"), NUMBERS)
def test_what_is_no_number_is_refused_where_a_number_has_to_be(name: str, variable: str) -> None:
    values: tuple[object, ...] = (*HOSTILE, "4567", True, None, 1.5, [], {})
    for value in values:
        sentence = f"format {name}: {variable} is {value!r}, it has to be a whole number"
        assert refusal(name, variable, value) == sentence


@pytest.mark.parametrize(("name", "variable"), TEXTS)
def test_what_is_no_text_is_refused_where_text_has_to_be(name: str, variable: str) -> None:
    values: tuple[object, ...] = (1, True, None, [], {})
    for value in values:
        mend = ": put it in quotes" if value in (1, True) else ""
        sentence = f"format {name}: {variable} is {value!r}, it has to be text{mend}"
        assert refusal(name, variable, value) == sentence


@pytest.mark.parametrize(("name", "variable"), [each for each in NUMBERS if "port" in each[1]])
def test_what_is_no_port_is_refused_where_a_port_has_to_be(name: str, variable: str) -> None:
    for value in (0, -1, 65536, 99999):
        sentence = f"{variable} is {value}, which is no port: those are 1 to 65535"
        assert refusal(name, variable, value) == f"format {name}: {sentence}"
    assert render(name, THREE, {variable: 65535}) != render(name, THREE)
