"""Putting flags, variables and the config file together, and saying what is wrong with them."""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from agent.core.duration import parse_duration
from agent.core.notice import VARIABLES as OF_A_HOOK
from agent.core.surroundings import Told
from agent.settings import schema, short
from agent.settings.explain import explain, near
from agent.settings.options import CONFIG, INLINE, OPTIONS, Option
from agent.settings.problems import problems
from agent.settings.short import PREFIX, SettingsError
from agent.settings.yaml_text import YamlError, read_yaml

# Kubernetes puts the address of every service of the namespace into each container, under the
# service's name; beside a service called `rollcall` or `rollcall-db` these are not meant for us.
_SERVICE_LINK = re.compile(
    r"ROLLCALL_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_\w+)?)", re.ASCII
)
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_SWITCH = {"true": True, "false": False}
_OTHERS = ("vars", "headers")  # whose keys are the formats', and of a request
_IDENTITY = ("pod_name", "namespace", "service", "cluster_domain", "pod_ip")


@dataclass(frozen=True, slots=True)
class Said:
    """What was given: flags and variables by name, and the config file's text, if there is one."""

    flags: Mapping[str, str | tuple[str, ...]]
    environment: Mapping[str, str]
    file_name: str = ""
    file_text: str = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and what of the identity was told, with its source."""

    settings: schema.Settings
    told: Mapping[str, Told]


def load(said: Said) -> Loaded:
    """Puts all together and checks it. Raises SettingsError."""
    name, text = _document(said)
    tree = _tree(name, text)
    sources = {key: f"{name}: {key}" for key in _keys(tree)}
    known = {option.variable: option for option in OPTIONS}
    ours = {CONFIG.variable, INLINE, *(OF_A_HOOK if OF_A_HOOK[0] in said.environment else ())}
    for variable, value in said.environment.items():
        is_ours = variable.startswith(PREFIX) and variable not in ours
        if not is_ours or _is_link(variable, value, known):
            continue
        if variable not in known:
            there = near(variable, {*known, CONFIG.variable, INLINE}, PREFIX)
            raise SettingsError(f"there is no variable {variable}{there}")
        if not value:
            continue  # a manifest's way of leaving it out
        option = known[variable]
        words = tuple(word.strip() for word in value.split(",")) if option.is_list else value
        _put(tree, sources, option, words, variable)
    for option in OPTIONS:
        if option.flag in said.flags:
            _put(tree, sources, option, said.flags[option.flag], option.flag)
    try:
        settings = msgspec.convert(tree, schema.Settings, dec_hook=_decode)
    except msgspec.ValidationError as wrong:
        raise SettingsError(explain(str(wrong), name, sources)) from None
    except UnicodeEncodeError:
        raise SettingsError(
            "a setting holds a character that is no text (a lone surrogate)"
        ) from None
    for key, sentence in problems(settings):
        raise SettingsError(f"{sources.get(key, key)}: {sentence}")
    told = {
        key: Told(value if isinstance(value, str) else ",".join(value), sources[key])
        for key in _IDENTITY
        if (value := getattr(settings, key))
    }
    return Loaded(settings, told)


def _is_link(name: str, value: str, known: Container[str]) -> bool:
    """Whether Kubernetes made this variable; of one with a name of ours the value tells."""
    return bool(_SERVICE_LINK.fullmatch(name)) and (name not in known or "://" in value)


def _document(said: Said) -> tuple[str, str]:
    """The config file's name and text, or what holds them in its place."""
    inline = said.environment.get(INLINE, "")
    if inline and said.file_name:
        raise SettingsError(
            f"{INLINE} stands in the place of a config file, and there is one, {said.file_name}: "
            "leave one of them out"
        )
    return (INLINE, inline) if inline else (said.file_name, said.file_text)


def _tree(name: str, text: str) -> dict[str, Any]:
    try:
        tree = read_yaml(text) if text else {}
    except YamlError as wrong:
        raise SettingsError(f"{name}: {wrong}") from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise SettingsError(f"{name} has to hold keys and values, such as `service: db`")
    return dict(_filled(tree))


def _filled(value: Any) -> Any:
    """Without keys that have no value: they are as left out. Those in `_OTHERS` are not ours."""
    if isinstance(value, list):
        return [_filled(each) for each in value]
    if isinstance(value, dict):
        return {
            key: each if key in _OTHERS else _filled(each)
            for key, each in value.items()
            if each is not None
        }
    return value


def _keys(tree: Mapping[str, Any], above: str = "") -> list[str]:
    """The dotted path of each key; a list is one value."""
    keys: list[str] = []
    for key, value in tree.items():
        keys.append(f"{above}{key}")
        if isinstance(value, dict):
            keys += _keys(value, f"{above}{key}.")
    return keys


def _put(
    tree: dict[str, Any],
    sources: dict[str, str],
    option: Option,
    value: str | tuple[str, ...],
    source: str,
) -> None:
    """Sets what a flag or a variable says, over what the file says."""
    if not all((value,) if isinstance(value, str) else value):
        raise SettingsError(f"{source} is empty: give it a value, or leave it out")
    place, _, key = option.key.rpartition(".")
    branch = tree.setdefault(place, {}) if place else tree
    if not isinstance(branch, dict):
        raise SettingsError(f"{sources[place]}: has to hold keys and values")
    texts = (value,) if isinstance(value, str) else value
    if key == "outputs":
        branch[key] = short.outputs(texts, source)
    elif key == "notify":
        branch[key] = short.notifiers(texts, source)
    elif key == "vars":
        branch[key] = {**_mapping_at(branch, key, sources), **short.pairs(texts, source)}
    elif option.is_switch and isinstance(value, str) and value.lower() in _SWITCH:
        branch[key] = _SWITCH[value.lower()]
    elif option.is_number and isinstance(value, str) and _NUMBER.fullmatch(value):
        branch[key] = int(value)
    else:
        branch[key] = value
    sources[option.key] = source


def _mapping_at(branch: dict[str, Any], key: str, sources: Mapping[str, str]) -> dict[str, Any]:
    """What the file has at a key under which a flag adds something."""
    held = branch.get(key)
    if held is not None and not isinstance(held, dict):
        raise SettingsError(f"{sources[key]}: has to hold keys and values")
    return held or {}


def _decode(kind: type, value: Any) -> Any:
    """Lets msgspec read a Duration."""
    if kind is not schema.Duration:
        raise NotImplementedError(f"no setting is a {kind}")
    is_zero = value in (0, "0") and not isinstance(value, bool)
    return schema.Duration(0 if is_zero else parse_duration(str(value)))
