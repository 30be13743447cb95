"""What msgspec says is wrong, as a sentence for people: where it is, and what to write.

It knows the shape of the settings, and nothing of how they were put together.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_type_hints

import msgspec

from agent.core.words import all_of, nearest
from agent.settings import schema

_INDEX = re.compile(r"\[[^]]*\]")
# Each part of the config file by its place in it; in a list any entry is alike.
_PARTS: Mapping[str, type[msgspec.Struct]] = {
    "": schema.Settings,
    "discovery": schema.DiscoverySettings,
    "membership": schema.MembershipSettings,
    "bootstrap": schema.BootstrapSettings,
    "outputs[]": schema.Output,
    "notify[]": schema.Notify,
    "notify[].http": schema.HttpTarget,
    "notify[].signal": schema.SignalTarget,
    "status": schema.StatusSettings,
    "log": schema.LogSettings,
}

# msgspec's words for types, and a person's.
_KINDS = {
    "`int | null`": "a whole number",
    "`int`": "a whole number",
    "`str | null`": "text",
    "`str`": "text",
    "`array | null`": "a list",
    "`array`": "a list",
    "`object | null`": "keys and values",
    "`object`": "keys and values",
    "`null`": "nothing",
    "`bool`": "true or false",
    "`float`": "a number",
    "`date`": "a date",
    "`datetime`": "a date",
}
# What YAML takes for something else, although text was meant.
_NEEDS_QUOTES = re.compile(r"expected text, got (?:a whole number|a number|a date|true or false)")
# What may stand where something of another kind was found.
_EXAMPLES = {
    "pod_ip": 'a list, as in ["10.0.0.1"]',
    "discovery.peers": 'a list, as in ["db-0.example.com"]',
    "discovery.nameservers": 'a list, as in ["10.96.0.10:53"]',
    "outputs": "a list, as in [{format: json, path: /peers/peers.json}]",
    "outputs[]": "{format: json, path: /peers/peers.json}",
    "outputs[].check": 'a list of words, as in ["my-check", "{path}"]',
    "notify": 'a list, as in [{exec: ["/hooks/on-change"]}]',
    "notify[]": '{exec: ["/hooks/on-change"]}',
    "notify[].exec": 'a list of words, as in ["/hooks/on-change"]',
    "notify[].http": '{url: "http://127.0.0.1:8080/reload"}',
    "notify[].signal": "{process: nginx, signal: HUP}",
    "status.listen": '":9797"',
}


def explain(message: str, file_name: str, sources: Mapping[str, str]) -> str:
    """msgspec's message as a sentence; `sources` has who said each key."""
    what, _, path = message.partition(" - at ")
    if path.startswith("`key`"):
        return f"{file_name}: a key is not text: put it in quotes"
    key = path.strip("`").removeprefix("$").removeprefix(".")
    if key.endswith(".mode") and "got `int`" in what:
        return f'{file_name}: {key}: a mode is text: write it as "0640"'
    if unknown := re.search(r"unknown field `(.*)`", what):
        full = f"{key}.{unknown[1]}" if key else unknown[1]
        return f"{file_name}: there is no key {full}{_meant(key, unknown[1])}"
    if lacking := re.search(r"missing required field `(.*)`", what):
        return f"{file_name}: {key} has no {lacking[1]}"
    said_by = next((sources[key[:n]] for n in range(len(key), 0, -1) if key[:n] in sources), key)
    if said_by.startswith(file_name + ": "):
        said_by = f"{file_name}: {key}"
    if choices := _choices(key):
        return f"{said_by}: that is not one of {choices}"
    for machine, person in _KINDS.items():
        what = what.replace(machine, person)
    return f"{said_by}: {what[0].lower()}{what[1:]}{_mend(key, what.lower())}"


def _mend(key: str, what: str) -> str:
    """What to write at a key, as the rest of the sentence that says what is wrong."""
    if ", got " not in what:  # of the right kind
        return ""
    if example := _EXAMPLES.get(_place(key)):
        return f": write {example}"
    return ": put it in quotes" if _NEEDS_QUOTES.fullmatch(what) else ""


def near(name: str, known: Iterable[str], prefix: str = "") -> str:
    """The rest of a sentence: the known name that is nearest, or that ends with it; else all."""
    known = sorted(known)
    same = [key for key in known if key.rpartition(".")[2] == name]
    flat = [key for key in known if key.replace(".", "_") == name]
    by_rest = {key.removeprefix(prefix): key for key in known}
    rest = nearest(name.removeprefix(prefix), by_rest)
    close = same or flat or ([by_rest[rest]] if rest else [])
    listed = [key for key in known if "." not in key] or known
    return f"; did you mean {close[0]}?" if close else f"; {all_of(listed)}"


def _meant(key: str, unknown: str) -> str:
    """Which key may have been meant by one that is not known in the part at `key`."""
    if not key:
        return near(unknown, _all_keys())
    names = _names(_place(key))
    for name in names:
        if unknown in _names(f"{_place(key)}.{name}"):
            return f"; did you mean {key}.{name}.{unknown}?"
    above = key.rpartition(".")[0]
    if unknown in _names(_place(above)):
        full = f"{above}.{unknown}" if above else unknown
        return f"; did you mean {full}, one level up?"
    close = nearest(unknown, names)
    return f"; did you mean {key}.{close}?" if close else f"; {all_of(names)}"


def _choices(key: str) -> str:
    """The words that may stand at a key, where only certain ones may."""
    branch, _, name = _place(key).rpartition(".")
    if (part := _PARTS.get(branch)) is None:  # below what is no part, as a header's value is
        return ""
    fields = dict(zip(part.__struct_encode_fields__, part.__struct_fields__, strict=True))
    hint = get_type_hints(part).get(fields.get(name, name), str)
    words = _words(hint)
    return ", ".join([*words, *(["a number"] if words and int in get_args(hint) else [])])


def _words(hint: Any) -> list[str]:
    """The words in a type such as `Literal["keep", "accept"] | None`."""
    if isinstance(hint, str):
        return [hint]
    return [word for part in get_args(hint) for word in _words(part)]


def _place(key: str) -> str:
    """The place of `notify[0].http` in any config file: `notify[].http`."""
    return _INDEX.sub("[]", key)


def _names(place: str) -> tuple[str, ...]:
    """The keys of the part of the settings at a place; none where there is no part."""
    part = _PARTS.get(place)
    return part.__struct_encode_fields__ if part else ()


def _all_keys() -> list[str]:
    """Every key of the config file by its whole path, but for those within a list."""
    parts = [place for place in _PARTS if place and "[]" not in place]
    return [*_names(""), *(f"{part}.{name}" for part in parts for name in _names(part))]
