"""A user's own template: what it sees, and what it is told when it is wrong."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agent import formats
from agent.core.identity import Role
from agent.core.roll import Roll
from agent.core.selection import Selection
from agent.core.words import Typed
from agent.formats import FormatError, Recipe
from tests.formats.rolls import ALL_NAMES, NONE, SERVICE, THREE, pod, roll, unhurried

MEMBER, OBSERVER, DEPLOYED = Role(), Role(is_member=False), Role(has_ordinals=False)
NAMES = (
    "me, peers, others, expected, seeds, replicas, bootstrap, service, port, base, vars, "
    "given, roll"
)
OF_A_PEER = "addresses, fqdn, host, name, ordinal"
OF_THE_SERVICE = "cluster_domain, fqdn, is_bare, name, namespace"
A_LIST_OF_PEERS = (
    'a list is no text: use `for`, or the filter join, as in join(",", attribute="host")'
)
NO_JOIN = 'a peer is no text: use join(",", attribute="host")'
NO_PEER = f"a peer is no text: write one of its {OF_A_PEER}"
NO_TEXT_YET = "it is no text yet: call it, or give it to the filter join"


def recipe(source: str, variables: Mapping[str, Any] = NONE) -> Recipe:
    return Recipe(formats.own_format("/t/my.conf.j2", source), variables)


def rendered(source: str, variables: Mapping[str, Any] = NONE, of: Roll = THREE) -> str:
    made = formats.render(recipe(source, variables), of)
    assert isinstance(made, bytes)
    return made.decode()


def refusal(source: str, variables: Mapping[str, Any] = NONE, of: Roll = THREE) -> str:
    with pytest.raises(FormatError) as refused:
        formats.render(recipe(source, variables), of)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def refused_at_start(source: str, role: Role = MEMBER, variables: Mapping[str, Any] = NONE) -> str:
    """Why the template is refused before anything is known of the peers; empty if it is not."""
    try:
        formats.try_out(recipe(source, variables), role)
    except FormatError as wrong:
        return str(wrong)
    return ""


def test_a_template_sees_the_peers_and_what_is_known_of_the_service() -> None:
    source = """\
me {{ me.name }} {{ me.ordinal }} {{ me.fqdn == me.host }} {{ me.addresses | join(" ") }}
peers {{ peers | join(" ", attribute="name") }}
others {{ others | join(" ", attribute="name") }}
expected {{ expected | join(" ", attribute="name") }}
seeds {{ seeds | join(" ", attribute="name") }}
replicas {{ replicas }}, port {{ port is none }}, bootstrap {{ bootstrap | quoted }}
service {{ service.name }} {{ service.namespace }} {{ service.fqdn }} {{ base | length }}
vars {{ vars.a }}, roll {{ roll.self.name }}
"""
    assert rendered(source, {"a": 1}, roll(1, 0, replicas=3)) == (
        "me db-1 1 true 10.0.0.1 fd00::1\n"
        "peers db-0 db-1\n"
        "others db-0\n"
        "expected db-0 db-1 db-2\n"
        "seeds db-0 db-1\n"
        'replicas 3, port true, bootstrap ""\n'
        "service db prod db.prod.svc.cluster.local 0\n"
        "vars 1, roll db-1\n"
    )


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (
            "a\n{{ pees }}",
            f", line 2: there is no name 'pees'; did you mean peers? there are {NAMES}",
        ),
        ("{{ hostname }}", f", line 1: there is no name 'hostname'; there are {NAMES}"),
        (
            "\n{% for p in peers %}\n{{ p.nam }}\n{% endfor %}",
            f", line 3: a peer has no 'nam'; did you mean name? there are {OF_A_PEER}",
        ),
        (
            '{{ peers | join(",", attribute="hst") }}',
            f", line 1: a peer has no 'hst'; did you mean host? there are {OF_A_PEER}",
        ),
        (
            "{{ vars.colour }}",
            (
                ", line 1: there is no variable 'colour': give it, as in --var colour=…; did you "
                "mean color? there are color"
            ),
        ),
        (
            "{{ service.fdn }}",
            (
                ", line 1: the service has no 'fdn'; did you mean fqdn? there are cluster_domain, "
                "fqdn, is_bare, name, namespace"
            ),
        ),
        (
            "{{ self.name }}",
            ", line 1: self is Jinja's own name for the template: this pod is me",
        ),
        ("{{ me }}", f", line 1: a peer is no text: write one of its {OF_A_PEER}"),
        ("{{ peers }}", f", line 1: {A_LIST_OF_PEERS}"),
        ("{{ me.addresses }}", ", line 1: a list is no text: use `for`, or the filter join"),
        ("{{ peers | list }}", f", line 1: {A_LIST_OF_PEERS}"),
        ("{{ roll }}", ", line 1: a mapping is no text: write one of its values, or use quoted"),
        ("{{ service }}", ", line 1: the service is no text: write one of its " + OF_THE_SERVICE),
        ("{{ 'x'.encode() }}", ", line 1: bytes is no text"),
        (
            "{{ peers | map(attribute='host') }}",
            ", line 1: it is no text yet: call it, or give it to the filter join",
        ),
        ("{{ me.host.uper() }}", ", line 1: a text has no 'uper'"),
        ("{% include 'x' %}", ", line 1: a template is one file: it can't include another"),
        ("{% import 'x' as y %}", ", line 1: a template is one file: it can't import another"),
        ("{% from 'x' import y %}", ", line 1: a template is one file: it can't import another"),
        ("{% extends 'x' %}", ", line 1: a template is one file: it can't extend another"),
        ("a\n{% if %}", ", line 2: Expected an expression, got 'end of statement block'"),
        ("{% do 1 %}", ", line 1: Encountered unknown tag 'do'"),
        (
            "\n{% for p in peers %}",
            (
                ", line 2: Unexpected end of template; Jinja was looking for the following tags: "
                "'endfor' or 'else'; The innermost block that needs to be closed is 'for'"
            ),
        ),
        (
            "{{ ''.__class__ }}",
            (
                ", line 1: the sandbox does not allow it: access to attribute '__class__' of 'str' "
                "object is unsafe"
            ),
        ),
        (
            "{% for a in [1] %}" * 30 + "{% endfor %}" * 30,
            ": too many statically nested blocks",
        ),
        ("{{ " + "-" * 5000 + "1 }}", ": it is nested too deep, or calls itself without end"),
    ],
)
def test_what_no_roll_could_mend_is_refused_at_the_start_in_one_sentence(
    source: str, sentence: str
) -> None:
    for role in (MEMBER, DEPLOYED):
        said = refused_at_start(source, role, {"color": "red"})
        assert said == f"the template /t/my.conf.j2{sentence}"
    assert refusal(source, {"color": "red"}) == f"the template /t/my.conf.j2{sentence}"


@pytest.mark.parametrize(
    ("source", "beginning", "has"),
    [
        (
            "{{ me | quotd }}",
            "there is no filter 'quotd'; did you mean quoted? there are abs, ",
            (" host", " shell", " quoted", " xml", " yaml"),
        ),
        ("{% if me is evn %}{% endif %}", "there is no test 'evn'; did you mean even? ", ("odd",)),
        ("{{ peers | random }}", "there is no filter 'random'; there are ", ("join",)),
        ("{{ lipsum() }}", "there is no name 'lipsum'; there are me, ", ()),
    ],
)
def test_what_is_called_that_does_not_exist_is_refused_with_all_that_do(
    source: str, beginning: str, has: tuple[str, ...]
) -> None:
    """Chance is none of it: the same peers have to give the same bytes."""
    said = refused_at_start(source)
    assert said.startswith(f"the template /t/my.conf.j2, line 1: {beginning}")
    assert all(name in said for name in has)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("a\n{{ peers[7].host }}", ", line 2: there is no element 7 in a list of 3"),
        (
            '{{ (peers | selectattr("name", "equalto", "x") | first).host }}',
            ", line 1: No first item, sequence was empty",
        ),
        (
            "{{ vars[me.name] }}",
            (
                ", line 1: there is no variable 'db-1': give it, as in --var db-1=…; did you mean "
                "db-7? there are db-7"
            ),
        ),
        ("{{ 1 / (peers | length - 3) }}", ", line 1: division by zero"),
        ("{{ me.name + 1 }}", ', line 1: can only concatenate str (not "int") to str'),
        (
            "{{ range(10 ** 9) }}",
            ", line 1: Range too big; The sandbox blocks ranges larger than MAX_RANGE (100000)",
        ),
        ("{{ 10 ** 400 * 1.0 }}", ", line 1: int too large to convert to float"),
        (
            "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
            ", line 1: it is nested too deep, or calls itself without end",
        ),
        ("{{ '%(a)s' % {} }}", ", line 1: there is no key 'a'"),
        ("{{ me.host() }}", ", line 1: 'str' object is not callable"),
        (
            "{{ peers | sort | length }}",
            ", line 1: '<' not supported between instances of 'Listed' and 'Listed'",
        ),
        ("{{ '\\ud800' }}", ": it gives U+D800, which is half a character"),
        (
            "{% for a in range(99999) %}{{ 'x' * 9999 }}{% endfor %}",
            ": it gives a file of more than 16777216 characters",
        ),
        (
            "{{ replicas }}",
            (
                ", line 1: the value is None, which is no text: ask with `if` whether it is there, "
                "or give a default (port and replicas are None while they are not set)"
            ),
        ),
        (
            "{{ withhold() }}",
            ', line 1: withhold has to be told why, as in withhold("while …")',
        ),
        ("{% set me.x = 1 %}", ", line 1: cannot assign attribute on non-namespace object"),
        (
            "{% if vars['db-7'] == 2 %}{% set y = 1 %}{% endif %}{{ y }}",
            ", line 1: 'y' is not set at this point",
        ),
    ],
)
def test_what_may_come_of_the_roll_is_refused_only_when_it_is_rendered(
    source: str, sentence: str
) -> None:
    assert refused_at_start(source, variables={"db-7": 1}) == ""
    said = refusal(source, {"db-7": 1}, roll(1, 0, 2))
    assert said == f"the template /t/my.conf.j2{sentence}"


@pytest.mark.parametrize(
    "source",
    [
        "{% if me %}{{ me.host }}{% endif %}",
        "{{ me.host if me }}",
        "{{ me.ordinal if me and me.ordinal is not none }}",
        "{% if peers | length > 2 %}{{ peers[2].host }}{% endif %}",
        "{{ peers[2].host }}",
        "{{ (peers | selectattr('name', 'equalto', 'db-0') | list)[0].host }}",
        "{{ replicas * 2 }}",
        "{{ anything | default('x') }}",
        "{% if anything is defined %}{{ anything }}{% endif %}",
        "{{ vars.get('a', 1) }}{{ vars.a | default(1) }}",
        "{% if me %}{% set a = me.name %}{% endif %}{{ a if me }}",
        "{% macro m(a, b=1) %}{{ a }}{{ b }}{{ varargs | length }}{% endmacro %}{{ m(1, 2) }}",
        "{% set ns = namespace(n=0) %}{% for p in peers %}{% set ns.n = 1 %}{% endfor %}{{ ns.n }}",
        "{% block a %}a{% endblock %}{{ self.a() }}",
        "{# a remark #}{# another: one #}",
        "{# TODO: a remark that happens to be YAML #}a",
        "",
    ],
)
@pytest.mark.parametrize("role", [MEMBER, OBSERVER, DEPLOYED])
def test_a_template_that_may_be_right_is_not_refused_at_the_start(source: str, role: Role) -> None:
    assert refused_at_start(source, role) == ""


@pytest.mark.parametrize("name", ["quoted", "yaml"])
@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("me", NO_PEER),
        ("peers", NO_PEER),
        ("{'a': [me.fqdn.upper]}", NO_TEXT_YET),
        ("me.nam", f"a peer has no 'nam'; did you mean name? there are {OF_A_PEER}"),
        ("[me.nam]", f"a peer has no 'nam'; did you mean name? there are {OF_A_PEER}"),
    ],
)
def test_what_has_no_form_in_json_or_yaml_is_refused_at_the_start(
    name: str, value: str, sentence: str
) -> None:
    source = f"{{{{ {value} | {name} }}}}"
    assert refusal(source) == f"the template /t/my.conf.j2, line 1: {sentence}"
    assert refused_at_start(source) == refusal(source)


@pytest.mark.parametrize(
    "value",
    [
        "a",
        "",
        "1",
        2,
        1.5,
        True,
        "true",
        "a: b",
        "# a",
        " a ",
        "a\nb: c\n",
        "é\u2028\x00",
        "x " * 99,
    ],
)
def test_the_filter_yaml_writes_a_value_that_may_stand_behind_a_key(value: Any) -> None:
    made = rendered("deep:\n    key: {{ vars.x | yaml }}\nother: 1\n", {"x": value})
    assert yaml.safe_load(made) == {"deep": {"key": value}, "other": 1}


@pytest.mark.parametrize("value", [["a", "b"], {"a": [1]}, {"b": 1, "a": {"c": "d"}}, []])
def test_the_filter_yaml_writes_a_list_or_a_mapping_as_a_whole_document(value: Any) -> None:
    assert yaml.safe_load(rendered("{{ vars.x | yaml }}", {"x": value})) == value


# All that Jinja makes a text with, and each thing of which Python alone knows a form.
MADE_TEXT = (
    "{{ X }}",
    "{{ X ~ ':1' }}",
    "{{ 'a' ~ X }}",
    "{{ X | string }}",
    "{{ X | upper }}",
    "{{ X | replace('a', 'b') }}",
    "{{ X | e }}",
    "{{ [X] | map('string') | first }}",
    "{{ '%s' | format(X) }}",
    "{{ '%(a)s' | format(a=X) }}",
    "{{ '%s' % X }}",
    "{{ '%s %s' % (1, X) }}",
    "{{ '%(a)s' % {'a': X} }}",
    "{{ '{}'.format(X) }}",
    "{{ '{a!r}'.format(a=X) }}",
    "{{ '{a}'.format_map({'a': X}) }}",
    "{% set a %}{{ X }}{% endset %}{{ a }}",
    "{% filter upper %}{{ X }}{% endfilter %}",
)


@pytest.mark.parametrize("source", MADE_TEXT)
@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("me", NO_PEER),
        ("me.peer", NO_PEER.replace(" host,", "")),
        ("service", f"the service is no text: write one of its {OF_THE_SERVICE}"),
        ("me.fqdn.upper", NO_TEXT_YET),
        ("(peers | map(attribute='host'))", NO_TEXT_YET),
        ("(peers | list)", A_LIST_OF_PEERS),
        ("[1, 2]", "a list is no text: use `for`, or the filter join"),
        ("vars", "a mapping is no text: write one of its values, or use quoted"),
    ],
)
def test_what_only_python_could_print_gets_into_no_file(
    source: str, value: str, sentence: str
) -> None:
    made = source.replace("X", value)
    expected = f"the template /t/my.conf.j2, line 1: {sentence}"
    assert refusal(made) == expected
    assert refused_at_start(made) == expected


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("{{ peers | join(',') }}", NO_JOIN),
        ("{{ [me.peer] | join(',') }}", NO_JOIN.replace("host", "name")),
        ("{{ peers | map(attribute='addresses') | join }}", A_LIST_OF_PEERS.partition(", as")[0]),
        ("{{ [me.name.upper] | join }}", NO_TEXT_YET),
        ("{{ peers | join(me, 'name') }}", NO_PEER),
        ("{{ '%s' % vars }}", "a mapping is no text: write one of its values, or use quoted"),
    ],
)
def test_what_only_python_could_print_is_joined_to_no_text(source: str, sentence: str) -> None:
    expected = f"the template /t/my.conf.j2, line 1: {sentence}"
    assert refusal(source) == expected
    assert refused_at_start(source) == expected


@pytest.mark.parametrize("source", [each for each in MADE_TEXT if "'{" not in each])
def test_a_value_that_is_none_gets_into_no_file(source: str) -> None:
    assert "the value is None" in refusal(source.replace("X", "replicas"), of=roll(0, 1))


def test_texts_and_numbers_are_put_together_as_jinja_does() -> None:
    made = {
        "{{ me.name ~ ':' ~ 1 ~ '-' ~ 1.5 }}": "db-1:1-1.5",
        "{{ 7 % 4 }}": "3",
        "{{ '%s:%d' % (me.name, 1) }}": "db-1:1",
        "{{ '%(name)s' % roll.self }}": "db-1",
        "{{ '%s' | format(me.name) }}": "db-1",
        "{{ '%(a)s' | format(a=1) }}": "1",
        "{{ '{}{a:>3}'.format(me.name, a=1) }}": "db-1  1",
        "{{ '{a}'.format_map({'a': 1}) }}": "1",
        "{{ ('%' | e) ~ '<' }}": "%<",
        "{{ peers | map(attribute='host') | join(' ') | replace(domain, '') }}": "db-0 db-1 db-2",
        "{{ peers | join(' ', attribute='ordinal') }}": "0 1 2",
        "{{ 'a-b' | upper | center(7) | trim }}": "A-B",
        "{{ true }} {{ false ~ '' }} {{ [true] | join }}": "true false true",
    }
    domain = "{% set domain = '.' ~ service.fqdn %}"
    for source, text in made.items():
        assert rendered(domain + source) == text


def test_an_observer_is_told_that_there_is_no_me() -> None:
    source, of = "{{ me.fqdn }}", Roll(SERVICE, None, (pod(0),))
    assert refusal(source, of=of) == (
        "the template /t/my.conf.j2, line 1: None has no 'fqdn': ask with `if` whether it is there "
        "(in an observer me is None, and an ordinal where there are none)"
    )


def test_a_long_line_of_a_mistake_is_cut_and_has_nothing_that_a_terminal_obeys() -> None:
    said = refusal("{{ {'a\\x1b[31m' * 500: 1}.b }}")
    assert "\x1b" not in said
    assert len(said) < 900


@unhurried
@given(st.text(alphabet="{}%#|.()[]'\"~+-*/ \nabmepr_0123:,=ifsetndo\x00é", max_size=60))
def test_whatever_is_in_a_template_it_gives_a_file_or_a_sentence(source: str) -> None:
    for wrapped in (source, f"{{{{ {source} }}}}", f"{{% {source} %}}"):
        try:
            formats.try_out(recipe(wrapped), MEMBER)
            formats.render(recipe(wrapped), THREE)
        except FormatError as wrong:
            assert "\n" not in str(wrong)  # noqa: PT017  # it may be refused or not
            assert str(wrong).startswith(("the template /t/my.conf.j2", "the header of "))  # noqa: PT017  # as above


# With a header.


def test_a_template_without_a_header_takes_any_variable() -> None:
    assert rendered("{{ vars.colour }} {{ vars.n + 1 }}", {"colour": "red", "n": 1}) == "red 2"


@pytest.mark.parametrize("name", formats.names())
def test_a_format_that_is_shown_is_a_template_that_renders_the_same(
    name: str, tmp_path: Path
) -> None:
    form = formats.load(name)
    own = formats.own_format(str(tmp_path / f"{name}.j2"), form.source)
    assert own.header == form.header
    assert not own.is_open
    for of in (THREE, roll(2, 0, 1)):
        given = form.header.examples
        assert formats.render(Recipe(own, given), of) == formats.render(Recipe(form, given), of)


def test_a_header_names_variables_with_their_defaults_and_refuses_others() -> None:
    source = "{#\nvariables:\n  a: {default: 1, meaning: one}\n#}{{ vars.a }}"
    assert rendered(source) == "1"
    assert rendered(source, {"a": 2}) == "2"
    assert refusal(source, {"b": 2}) == "format my.conf has no variable 'b'; it has: a"
    assert refusal(source, {"a": "x"}) == "format my.conf: a is 'x', it has to be a whole number"


TYPES = """\
{#
variables:
  text: {default: x, meaning: a text}
  number: {default: 1, meaning: a number}
  switch: {default: false, meaning: a switch}
#}
{{ [vars.text, vars.number, vars.switch] | quoted }}"""


@pytest.mark.parametrize(
    "text", ["2024", "true", "", "1.50", "0755", "12:30", "null", "a: b", "[a"]
)
def test_what_is_typed_for_a_text_is_that_text(text: str) -> None:
    assert json.loads(rendered(TYPES, {"text": Typed(text)})) == [text, 1, False]


@pytest.mark.parametrize(
    ("text", "number"), [("016", 16), ("0", 0), ("-3", -3), ("09", 9), ("123", 123)]
)
def test_what_is_typed_for_a_number_is_a_decimal_one(text: str, number: int) -> None:
    assert json.loads(rendered(TYPES, {"number": Typed(text)})) == ["x", number, False]


def test_what_is_typed_for_a_number_or_a_switch_and_is_none_is_refused() -> None:
    assert json.loads(rendered(TYPES, {"switch": Typed("true")})) == ["x", 1, True]
    for text in ("x", "", "1.5", "0x1F", "1_000", "٣", "9" * 5000):
        said = refusal(TYPES, {"number": Typed(text)})
        assert said == f"format my.conf: number is {text!r}, it has to be a whole number"
    said = refusal(TYPES, {"switch": Typed("yes")})
    assert said == "format my.conf: switch is 'yes', it has to be true or false"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-7", -7),
        ("true", True),
        ("[a, 1]", ["a", 1]),
        ("{a: 1}", {"a": 1}),
        *((text, text) for text in ("0755", "1.50", "12:30", "a: b", "", "[a", "{{", "True", "no")),
    ],
)
def test_a_variable_that_no_header_names_is_what_it_looks_like(text: str, value: Any) -> None:
    assert json.loads(rendered("{{ vars.x | quoted }}", {"x": Typed(text)})) == value


def test_a_header_selects_the_seeds() -> None:
    source = "{# selection: {exclude_self: always, limit: 1} #}{{ seeds | join(',', 'name') }}"
    assert rendered(source) == "db-0"
    form = formats.own_format("my.j2", source)
    assert form.selection == Selection(exclude_self="always", limit=1)
    assert isinstance(formats.render(Recipe(form), roll(0)), formats.Withheld)


BY_LIMIT, BY_ADDRESS = Selection(limit=1), Selection(address="ip")


@pytest.mark.parametrize("header", ["", "{# title: mine #}", "{# port: 7000 #}"])
def test_a_template_with_a_header_or_without_one_has_seeds_to_select(header: str) -> None:
    """A header that says nothing of a selection is to take nothing away."""
    form = formats.own_format("my.j2", header + "{{ seeds | join(',', 'host') }}")
    assert form.selection == Selection(allow_empty=True)
    for rule, text in ((BY_LIMIT, ALL_NAMES[0]), (BY_ADDRESS, "10.0.0.0,10.0.0.1,10.0.0.2")):
        of_output = Recipe(form, selection=rule)
        formats.check(of_output)
        assert formats.render(of_output, THREE) == text.encode()
    assert formats.render(Recipe(form), Roll(SERVICE, None, ())) == b""


NO_SEEDS = "has no use for seeds: leave out from, exclude_self and limit, or name seeds in it"
NONE_TO_SELECT = "has no seeds to select: leave out from, exclude_self, limit and address"


@pytest.mark.parametrize(
    ("form", "said", "sentence"),
    [
        ("json", {"port": 7000}, "format json has no use for a port: leave port out"),
        ("env", {"port": 7000}, "format env has no use for a port: leave port out"),
        ("couchdb", {"port": 7000}, "format couchdb has no use for a port: leave port out"),
        ("json", {"selection": BY_LIMIT}, f"format json {NONE_TO_SELECT}"),
        ("redis-sentinel", {"selection": BY_ADDRESS}, f"format redis-sentinel {NONE_TO_SELECT}"),
        ("{{ vars.port }}", {"port": 1}, "the template T has no use for a port: leave port out"),
        ("{{ peers | join('', 'host') }}", {"selection": BY_LIMIT}, f"the template T {NO_SEEDS}"),
        (
            "{{ roll | quoted }}",
            {"selection": BY_ADDRESS},
            "the template T names no peer: leave out address",
        ),
        ("list", {"port": 7000, "selection": BY_LIMIT}, ""),
        ("redis-sentinel", {"port": 7000}, ""),
        ("env", {"port": 7000, "selection": Selection("answering")}, ""),
        ("{{ port }}", {"port": 1}, ""),
        ("{{ me.host }}", {"selection": BY_ADDRESS}, ""),
    ],
)
def test_what_would_change_nothing_in_a_file_is_refused(
    form: str, said: Mapping[str, Any], sentence: str
) -> None:
    is_built_in = form in formats.names()
    made = formats.load(form) if is_built_in else formats.own_format("T", form)
    try:
        formats.check(Recipe(made, **said))
    except FormatError as refused:
        assert str(refused) == sentence  # noqa: PT017  # only some are refused
    else:
        assert sentence == ""


def test_what_is_wrong_with_a_template_is_told_before_that_it_has_no_use_for_a_port() -> None:
    made = Recipe(formats.own_format("/t/my.conf.j2", "{{ 1 +"), port=7000)
    with pytest.raises(FormatError, match="line 1: unexpected 'end of template'"):
        formats.try_out(made, MEMBER)


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (
            "title: x\ntitel: y",
            (
                "line 3: titel: there is no such key; did you mean title? there are title, file, "
                "syntax, needs, port, selection, once, variables, wiring, reload, hazards, "
                "checked, checked_by"
            ),
        ),
        ("title: 1", "line 2: title: Expected `str`, got `int`"),
        ("port: x", "line 2: port: Expected `int | null`, got `str`"),
        ("\nneeds: x", "line 3: needs: Invalid enum value 'x'"),
        ("selection: {from: x}", "line 2: selection.from: Invalid enum value 'x'"),
        (
            "selection:\n  limit: 1\n  frm: x",
            (
                "line 4: selection.frm: there is no such key; did you mean from? there are from, "
                "exclude_self, limit, address, allow_empty"
            ),
        ),
        (
            "variables:\n  a: {default: 1, meaning: one}\n  b: {default: 1}",
            "line 4: variables.b: Object missing required field `meaning`",
        ),
        (
            "variables:\n  b:\n    default: 1\n    meaning: 2",
            "line 5: variables.b.meaning: Expected `str`, got `int`",
        ),
        (
            "variables:\n  p: {default: 7000, meaning: a port, kind: prt}",
            "line 3: variables.p.kind: Invalid enum value 'prt'",
        ),
        (
            "variables:\n  p: {default: 70000, meaning: a port, kind: port}",
            "line 3: variables.p: a variable of the kind port has a default from 1 to 65535",
        ),
        ("title: x\nport: 70000", "port 70000 is none: those are 1 to 65535"),
        (
            'variables:\n  p: {default: x, meaning: m, pattern: "[0-9"}',
            (
                "line 3: variables.p: the pattern [0-9 is none: unterminated character set at "
                "position 0"
            ),
        ),
        (
            'variables:\n  p: {default: abc, meaning: m, pattern: "[0-9]+"}',
            "line 3: variables.p: 'abc' does not match the pattern [0-9]+",
        ),
        (
            'variables:\n  p: {example: "x y", meaning: m, pattern: "[a-z]+"}',
            "line 3: variables.p: 'x y' does not match the pattern [a-z]+",
        ),
        (
            "variables:\n  p: {default: true, meaning: a port, kind: port}",
            "line 3: variables.p: a variable of the kind port has a default from 1 to 65535",
        ),
        ("variables: {a: 3}", "line 2: variables.a: Expected `object`, got `int`"),
        ("variables: 3", "line 2: variables: Expected `object`, got `int`"),
        (
            "hazards:\n- {what: a, source: b}\n- what: 1",
            "line 4: hazards.1.what: Expected `str`, got `int`",
        ),
        ("title: x\n- a", "line 3 is not YAML: expected <block end>, but found '-'"),
        ("title: 2024-13-45", "line 1 is not YAML: month must be in 1..12"),
    ],
)
def test_a_header_that_is_wrong_is_refused_with_its_line_and_its_key(
    header: str, sentence: str
) -> None:
    with pytest.raises(FormatError) as refused:
        formats.own_format("/t/my.j2", f"{{#\n{header}\n#}}\nx")
    assert str(refused.value) == f"the header of /t/my.j2 is wrong, {sentence}"
