"""What is laid over a base file, read by readers of their own: PyYAML's values, configparser."""

import configparser
import textwrap
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agent import formats
from agent.formats import FormatError, Recipe, merge
from agent.formats.merge_ini import lay_ini
from agent.formats.merge_yaml import BaseError, OverlayError, lay_yaml
from tests.formats.rolls import HOSTILE, THREE, each_hostile, unhurried

# What a person may write so, and a database reads its own way.
SCALARS = """\
0755
0o755
0x1F
on
off
Yes
NO
y
12:30
10000ms
1_000
1e3
.5
+.inf
~
null
1.10
2001-12-14
2001-12-14t21:59:43.10-05:00
256MiB
C:\\dir\\
http://host:9200/?a=b&c
a#b
-1
--flag
'0755'
'it''s'
"0755"
"a\\tb"
"on"
org.apache.cassandra.dht.Murmur3Partitioner
käse 🧀
!foo 'bar'
!!binary 'aGVsbG8='
""".splitlines()


def laid(ours: str, base: str) -> str:
    return lay_yaml(textwrap.dedent(ours), textwrap.dedent(base))


def refused(base: str, ours: str = "a: {b: 1}") -> str:
    with pytest.raises(BaseError) as why:
        lay_yaml(ours, base)
    return str(why.value)


# YAML.


@pytest.mark.parametrize("scalar", SCALARS)
def test_what_we_do_not_say_keeps_its_very_text(scalar: str) -> None:
    base = f"before: {scalar}\nmap:\n  in: {scalar}\nlist:\n- {scalar}\nempty:\nafter: 1\n"
    assert laid("after: 2", base) == base.replace("after: 1", "after: 2")


@pytest.mark.parametrize("scalar", SCALARS)
def test_what_we_say_keeps_its_very_text(scalar: str) -> None:
    assert laid(f"a: {scalar}", "a: {b: c}\nz: 1") == f"a: {scalar}\nz: 1\n"


def test_in_flow_style_a_scalar_that_only_block_can_hold_plain_is_written_as_block() -> None:
    base = "a: [12:30, on, 'x', http://h:1]\nb: {c: 0755, d: , e: []}"
    assert laid("z: 1", base) == (
        "a:\n- 12:30\n- on\n- 'x'\n- http://h:1\nb:\n  c: 0755\n  d:\n  e: []\nz: 1\n"
    )


def test_texts_of_several_lines_keep_their_style_and_their_value() -> None:
    base = 'a: |\n  one\n    two\n\n  three\nb: >-\n  x y\n  z\nc: |+\n  end\n\nd: "x\n  y"\n'
    made = laid("z: 1", base)
    assert yaml.safe_load(made) == yaml.safe_load(base) | {"z": 1}
    assert "a: |\n  one\n    two\n\n  three\n" in made


def test_mappings_are_merged_as_deep_as_they_go_and_lists_are_replaced() -> None:
    base = "a:\n  b: {c: 1, d: 2}\n  l: [1, 2]\nk: [{x: 1}]\n# comment\nm: {n: 1}\n"
    ours = "a: {b: {d: 3, e: 4}, l: [3]}\nk: [{y: 1}]\nm: text\n"
    assert yaml.safe_load(laid(ours, base)) == {
        "a": {"b": {"c": 1, "d": 3, "e": 4}, "l": [3]},
        "k": [{"y": 1}],
        "m": "text",
    }


def test_keys_keep_their_places_and_new_ones_come_last() -> None:
    assert list(yaml.safe_load(laid("d: 1\nb: 1", "a: 0\nb: 0\nc: 0"))) == ["a", "b", "c", "d"]


def test_a_key_is_the_same_in_quotes_and_another_if_it_is_no_text() -> None:
    assert laid('"a": 2', "a: 1") == "a: 2\n"
    assert laid("a: 2", '"a": 1') == '"a": 2\n'
    assert yaml.safe_load(laid("1: x", '"1": y')) == {"1": "y", 1: "x"}


def test_what_an_alias_shares_is_changed_only_where_we_say_so() -> None:
    base = "a: &a {b: {c: 1}, d: 1}\nx: *a\ny: {z: *a}\n"
    made = yaml.safe_load(laid("a: {b: {c: 2}}", base))
    assert made["a"] == {"b": {"c": 2}, "d": 1}
    assert made["x"] == made["y"]["z"] == {"b": {"c": 1}, "d": 1}
    assert yaml.safe_load(laid("x: {d: 2}", base))["a"] == {"b": {"c": 1}, "d": 1}


def test_an_anchor_whose_place_is_taken_lives_on_where_it_is_meant() -> None:
    assert yaml.safe_load(laid("a: 0", "a: &a [1, 2]\nb: *a")) == {"a": 0, "b": [1, 2]}


@pytest.mark.parametrize("merged", ["*d", "[*d]", "[{z: 1}, *d]", "[*d, {p: 9, q: 9}]"])
def test_merge_keys_mean_what_they_meant(merged: str) -> None:
    """Those of yaml.org/type/merge.html, which a later key of the same mapping overrides."""
    base = f"d: &d {{p: {{x: 1, y: 2}}, q: 3}}\ne: {{<<: {merged}, r: 4}}\n"
    before = yaml.safe_load(base)
    made = yaml.safe_load(laid("e: {p: {y: 5}, q: 6}\nd: {q: 7}", base))
    assert made["e"] == {**before["e"], "p": {"x": 1, "y": 5}, "q": 6}
    assert made["d"] == {**before["d"], "q": 7}
    assert "<<:" in laid("e: {r: 5}", base)


def test_a_key_that_is_an_alias_is_written_out() -> None:
    """`*k : v`: some readers take the colon for a part of the name."""
    assert laid("z: 1", "a: &k key\n*k : v") == "a: key\nkey: v\nz: 1\n"


def test_aliases_are_not_unfolded() -> None:
    """Nine times nine times …: as values these would be more than there are atoms in a mountain."""
    base = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for n in range(40):
        base += f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n"
    assert len(laid("a0: {b: 1}\na20: {c: 1}", base)) < 2 * len(base)
    assert laid("a: {b: {c: 1}}", "a: &a {b: *a}")


@pytest.mark.parametrize("base", ["", "\n", "# nothing\n", "---\n", "--- \n...\n", "{}"])
def test_an_empty_base_gives_what_we_say(base: str) -> None:
    assert laid("a: 1", base) == "a: 1\n"


def test_nothing_of_ours_leaves_the_base() -> None:
    assert laid("# nothing", "a: 0755\n") == "a: 0755\n"


@pytest.mark.parametrize(
    ("base", "phrase"),
    [
        ("- a", "it is a list, and has to have keys"),
        ("text", "it is a text, and has to have keys"),
        ("a: 1\n---\nb: 1", "line 2 begins a second document, and there may be one only"),
        ("b: 1\na: [", "line 2 is not YAML: expected the node content, but found '<stream end>'"),
        ("a: *x", "line 1 is not YAML: found undefined alias 'x'"),
        ("a: 1\nb: 1\na: 2", "line 3: a is there twice"),
        ("[" * 9000, "it is nested too deep"),
        ("a: \x01", "it is not YAML: unacceptable character #x0001"),
        ("\ta: 1", "line 1 is not YAML: found character '\\t' that cannot start any token"),
    ],
)
def test_a_base_that_no_key_can_be_laid_over_is_refused(base: str, phrase: str) -> None:
    assert refused(base).startswith(phrase)
    assert refused(base).startswith(phrase), "the second time too"


def test_keys_that_are_there_twice_stay_where_we_say_nothing_of_them() -> None:
    assert laid("z: 1", "a: 1\na: 2\n") == "a: 1\na: 2\nz: 1\n"


@pytest.mark.parametrize("ours", ["- a", "a: [", "a: 1\n---\nb: 2", "x: {<<: {a: 1}}"])
def test_what_has_no_keys_is_not_laid(ours: str) -> None:
    with pytest.raises(OverlayError):
        lay_yaml(ours, "x: {a: 1}")


texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from([*HOSTILE, "0755", "on", "12:30", "10000ms", "~", "<<", "=", "a: b", "- a"]),
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts)
keys = st.one_of(st.sampled_from("abcd"), texts, st.integers(), st.booleans())
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)
mappings = st.dictionaries(keys, values, max_size=5)


def deep_merge(under: Any, over: Any) -> Any:
    if not (isinstance(under, dict) and isinstance(over, dict)):
        return over
    return under | {
        key: deep_merge(under[key], value) if key in under else value for key, value in over.items()
    }


def typed(value: Any) -> Any:
    """With types, because Python has 1 == True == 1.0."""
    match value:
        case dict():
            return {(type(key), key): typed(held) for key, held in value.items()}
        case list():
            return [typed(item) for item in value]
        case _:
            return type(value), value


@unhurried
@given(mappings, mappings, st.sampled_from([True, False, None]), st.booleans())
def test_the_values_are_those_of_a_deep_merge(
    under: dict[Any, Any], over: dict[Any, Any], flow: bool | None, unicode: bool
) -> None:
    base, ours = (
        yaml.safe_dump(each, default_flow_style=flow, allow_unicode=unicode)
        for each in (under, over)
    )
    made = yaml.safe_load(lay_yaml(ours, base))
    assert typed(made) == typed(deep_merge(yaml.safe_load(base), yaml.safe_load(ours)))


@unhurried
@given(mappings, mappings)
def test_the_values_are_those_of_a_deep_merge_where_all_is_shared(
    under: dict[Any, Any], over: dict[Any, Any]
) -> None:
    base = yaml.safe_dump({"a": under, "b": {"c": under, "d": [under]}, "e": under})
    made = yaml.safe_load(lay_yaml(yaml.safe_dump({"b": {"c": over}}), base))
    assert typed(made["b"]["c"]) == typed(deep_merge(under, over))
    assert typed(made["a"]) == typed(made["b"]["d"][0]) == typed(made["e"]) == typed(under)


# INI.

MY_CNF = """\
# The MySQL server's own
[client]
port = 3306

[mysqld]
; names
user            = mysql
wsrep-node-name = old   # a remark
skip-name-resolve
loose-group_replication_group_seeds = "a:1"
plugin_load_add = one
!includedir /etc/mysql/conf.d/

plugin-load-add = two
    datadir = /var/lib/mysql

# of the safe one
[mysqld_safe]
wsrep_node_name = stays
"""


def test_an_option_file_keeps_what_we_do_not_say_byte_by_byte() -> None:
    ours = (
        "# ours\n[mysqld]\nwsrep_node_name = new\nplugin_load_add=three\nplugin_load_add=four\n"
        'group_replication_group_seeds="b:2"\nserver_id = 1\ndatadir=/data\n[galera]\nwsrep_on=ON\n'
    )
    assert (
        lay_ini(ours, MY_CNF)
        == """\
# The MySQL server's own
[client]
port = 3306

[mysqld]
; names
user            = mysql
wsrep_node_name = new
skip-name-resolve
group_replication_group_seeds="b:2"
plugin_load_add=three
plugin_load_add=four
!includedir /etc/mysql/conf.d/

datadir=/data
server_id = 1

# of the safe one
[mysqld_safe]
wsrep_node_name = stays

[galera]
wsrep_on=ON
"""
    )


def test_only_mysql_takes_a_dash_for_an_underscore() -> None:
    assert lay_ini("a_b = 2", "a-b = 1\n") == "a-b = 1\na_b = 2\n"
    assert lay_ini("[couchdb]\na_b = 2", "[couchdb]\na-b = 1") == "[couchdb]\na-b = 1\na_b = 2\n"


def test_properties_without_a_section_are_replaced_with_all_their_lines() -> None:
    base = (
        "# Kafka\nnode.id=1\nlisteners=A://:1,\\\n    node.id://:2\n! a remark\n"
        "log.dirs = /a\\\\\nnode.id.x: 7\n"
    )
    assert lay_ini("listeners=B://:3\nnode.id=4\nlog.dirs=/b\nnew=5\n", base) == (
        "# Kafka\nnode.id=4\nlisteners=B://:3\n! a remark\nlog.dirs=/b\nnode.id.x: 7\nnew=5\n"
    )


def test_a_key_without_a_section_stays_before_the_first_section() -> None:
    assert lay_ini("a = 2", "# x\n\n[s]\na = 1\n") == "# x\n\na = 2\n[s]\na = 1\n"


def test_values_of_several_lines_go_with_their_key() -> None:
    """As configparser, CouchDB and systemd have them."""
    base = "[s]\na = 1\n  b = 2\n\n  c = 3\nd = 4 \\\n5\ne = 6\n"
    assert lay_ini("[s]\na = x\nb = y\nd = z", base) == "[s]\na = x\nd = z\ne = 6\nb = y\n"


def test_a_section_that_is_there_twice_gets_what_is_new_where_it_is_last() -> None:
    base = "[s]\na = 1\n[t]\nb = 1\n[s]\na = 2\nc = 3\n\n[u]\n"
    assert lay_ini("[s]\na = x\nd = y", base) == (
        "[s]\na = x\n[t]\nb = 1\n[s]\nc = 3\nd = y\n\n[u]\n"
    )


def test_lines_end_as_those_of_the_base() -> None:
    base = "\ufeff[mysqld]\r\nport=1\r\nuser=a\r\n"
    assert lay_ini("[mysqld]\nport=2\n[x]\ny=1\n", base) == (
        "\ufeff[mysqld]\r\nport=2\r\nuser=a\r\n\r\n[x]\r\ny=1\r\n"
    )


def test_a_last_line_without_an_end_gets_one() -> None:
    assert lay_ini("[a]\nc=2", "[a]\nb=1") == "[a]\nb=1\nc=2\n"
    assert lay_ini("a=1", "") == "a=1\n"
    assert lay_ini("", "a=1\r\n# b") == "a=1\r\n# b\r\n"


def test_control_characters_end_no_line() -> None:
    base = "[a]\nb = 1\x0b[c]\x0cx\x85y\u2028z\r!\nd = 1\n"
    assert lay_ini("[a]\nd = 2", base) == base.replace("d = 1", "d = 2")


words = st.from_regex(r"[a-z][a-z0-9_.-]{0,5}", fullmatch=True)
plain = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="\\"),
    max_size=8,
)
files = st.dictionaries(words, st.dictionaries(words, plain, max_size=4), max_size=4)


def written(content: dict[str, dict[str, str]], between: str) -> str:
    lines = []
    for section, held in content.items():
        lines.append(f"[{section}]")
        lines += [f"{key}{between}{value}" for key, value in held.items()]
        lines += ["", "; a remark"]
    return "\n".join(lines)


def read(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(delimiters=("=",), default_section="no such")
    parser.optionxform = str  # type: ignore[method-assign, assignment]  # as its manual has it
    parser.read_string(text)
    return {section: dict(parser[section]) for section in parser.sections()}


@unhurried
@given(files, files, st.sampled_from(["=", " = ", "= "]))
def test_configparser_reads_the_keys_of_both(
    under: dict[str, dict[str, str]], over: dict[str, dict[str, str]], between: str
) -> None:
    of_mysql = ("my", "mariadb", "xtrabackup", "galera", "client", "server", "embedded", "sst")
    under, over = (
        {key: held for key, held in each.items() if not key.startswith(of_mysql)}
        for each in (under, over)
    )
    base, ours = written(under, between), written(over, "=")
    made = lay_ini(ours, base)
    full = {section: held for section, held in over.items() if held}
    assert read(made) == deep_merge(read(base), read(written(full, "=")))
    ours_too = {f"{key}{between}" for held in over.values() for key in held}
    kept = [line for line in base.splitlines() if not line.startswith(tuple(ours_too) or "\0")]
    rest = iter(made.splitlines())
    assert all(line in rest for line in kept), "in their order"


# As a format is rendered over a base.


def over(source: str, base: str, name: str = "x.yaml") -> bytes:
    form = formats.over(formats.own_format("/t/my.j2", source), name)
    made = formats.render(Recipe(form, base=name), THREE, base)
    assert isinstance(made, bytes)
    return made


@pytest.mark.parametrize("name", ["/b/x.yaml", "x.yml", "x.cnf", "x.ini", "x.conf", "x.properties"])
def test_the_ending_of_the_bases_name_says_how_a_users_template_is_laid(name: str) -> None:
    source, base = ("a: 1\n", "b: 0755\n") if ".y" in name else ("a=1\n", "b=0755\n")
    assert over(source, base, name).decode() == base + source


def test_a_header_says_it_whatever_the_base_is_called() -> None:
    assert over("{# syntax: ini #}a=1", "b=2", "/b/config") == b"b=2\na=1\n"
    assert over("{# syntax: ini #}a=1", "b=2", "x.yaml") == b"b=2\na=1\n"


def test_a_base_of_a_name_that_says_nothing_is_refused_with_what_mends_it() -> None:
    with pytest.raises(FormatError) as why:
        over("a=1", "b=2", "/b/config")
    assert str(why.value) == (
        "nothing says how the base file /b/config is written: give its name one of the endings "
        ".yaml, .yml, .cnf, .ini, .conf, .properties, or the template /t/my.j2 a header with "
        "syntax: yaml or ini"
    )


def test_a_format_that_is_no_keys_has_no_base() -> None:
    form = formats.over(formats.load("list"), "x.yaml")
    with pytest.raises(FormatError, match="can't be laid over a base file"):
        formats.check(Recipe(form, base="base.yaml"))


@pytest.mark.parametrize(
    ("source", "base", "sentence"),
    [
        ("- a", "a: 1", "can't be laid over a base file: it is a list, and has to have keys"),
        (
            "a: 1",
            "- a",
            "can't be laid over the base file x.yaml: it is a list, and has to have keys",
        ),
    ],
)
def test_what_can_not_be_laid_is_one_sentence(source: str, base: str, sentence: str) -> None:
    with pytest.raises(FormatError) as why:
        over(source, base)
    assert str(why.value) == f"the template /t/my.j2 {sentence}"


@each_hostile
def test_a_hostile_value_stays_in_its_key_over_a_base_too(value: str) -> None:
    form = formats.over(formats.own_format("/t/my.j2", "a: {{ vars.v | quoted }}"), "x.yml")
    made = formats.render(Recipe(form, {"v": value}, base="base.yaml"), THREE, "a: 1\nb: 0755\n")
    assert isinstance(made, bytes)
    assert yaml.safe_load(made) == {"a": value, "b": 0o755}
    assert made.endswith(b"\nb: 0755\n")


# What a base says.


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("", ()),
        ("# a: 1\n", ()),
        ("b: 1\n'a': {c: 2}\nd:\n", ("a", "b", "d")),
        ("x: &x {a: 1, <<: &y {b: 2}}\n<<: *x\n", ("a", "b", "x")),
        ("<<: [{a: 1}, {b: 2}]\n", ("a", "b")),
        ("&x <<: &y {a: 1}\n", ("a",)),
    ],
)
def test_the_keys_of_a_yaml_base_are_those_at_its_top(base: str, said: tuple[str, ...]) -> None:
    assert merge.keys(base, "yaml") == said


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("", ()),
        ("# a=1\n; b=2\n", ()),
        ("\ufeffb = 1\r\na.c: 2\r\n", ("a.c", "b")),
        ("a=1\\\nb=2\n[mysqld]\nc = 3\n[other]\n", ("a", "mysqld", "other")),
    ],
)
def test_the_keys_of_an_ini_base_are_those_above_its_sections(
    base: str, said: tuple[str, ...]
) -> None:
    assert merge.keys(base, "ini") == said


def test_a_template_sees_what_its_base_says() -> None:
    form = formats.own_format("/t.j2", "{# syntax: yaml #}\nz: {{ base | join }}\n")
    recipe = Recipe(form, base="/b.yaml")
    assert formats.render(recipe, THREE, "b: 1\na: 2\n") == b"b: 1\na: 2\nz: ab\n"
    with pytest.raises(FormatError, match=r"/b\.yaml: it is a list"):
        formats.render(recipe, THREE, "- a\n")
