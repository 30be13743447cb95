"""The shape of the config file as a JSON Schema, for editors and for Helm's values.

Draft 7, the newest that all Helm 3 read, and whole in itself: nothing is fetched, and nothing
refers to another place. It is made of the settings' types, so it lets in what these let in, and no
other key. What depends on two values at once, or on a range, is for the agent to say.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import inspect

from agent.settings.options import OPTIONS
from agent.settings.schema import Duration, Settings

_DRAFT = "http://json-schema.org/draft-07/schema#"
# As agent.core.duration reads it; a plain 0 needs no unit.
_DURATION: Mapping[str, Any] = {
    "anyOf": [
        {"type": "string", "pattern": r"^(0|([0-9]+(\.[0-9]+)?(ms|s|m|h))+)$"},
        {"const": 0},
    ]
}
_TEXTS = {option.key: option.help for option in OPTIONS}

Schema = dict[str, Any]


def json_schema() -> Schema:
    """Of the config file, and so of what ROLLCALL_SETTINGS holds."""
    return {
        "$schema": _DRAFT,
        "title": "Rollcall's settings",
        **_schema_of(inspect.type_info(Settings), ""),
    }


def _schema_of(kind: inspect.Type, key: str) -> Schema:
    """What may stand at a key; `key` is its dotted path, as in `discovery.interval`."""
    match kind:
        case inspect.StructType():
            return _object(kind, key)
        case inspect.CustomType(cls=cls) if cls is Duration:
            return dict(_DURATION)
        case inspect.UnionType(types=types):
            return _union([_schema_of(each, key) for each in types])
        case inspect.LiteralType(values=values):
            return {"enum": list(values)}
        case inspect.VarTupleType(item_type=item, min_length=least):
            made: Schema = {"type": "array", "items": _schema_of(item, f"{key}[]")}
            return {**made, "minItems": least} if least else made
        case inspect.DictType(value_type=value):
            held = _schema_of(value, "")
            return {"type": "object", **({"additionalProperties": held} if held else {})}
        case inspect.AnyType():
            return {}
    return {"type": _NAMES[type(kind)]}


_NAMES: dict[type[inspect.Type], str] = {
    inspect.StrType: "string",
    inspect.IntType: "integer",
    inspect.BoolType: "boolean",
    inspect.NoneType: "null",
}


def _object(kind: inspect.StructType, key: str) -> Schema:
    properties: Schema = {}
    for field in kind.fields:
        path = f"{key}.{field.encode_name}".lstrip(".")
        said = {"description": _TEXTS[path]} if path in _TEXTS else {}
        properties[field.encode_name] = {**said, **_schema_of(field.type, path)}
    required = [field.encode_name for field in kind.fields if field.required]
    made: Schema = {"type": "object", "additionalProperties": False}
    return {**made, **({"required": required} if required else {}), "properties": properties}


def _union(schemas: list[Schema]) -> Schema:
    """One of these. Where one is null, a list of types: a refusal is shorter then."""
    plain = [schema for schema in schemas if schema != {"type": "null"}]
    if len(plain) == len(schemas):
        return {"anyOf": schemas}
    if len(plain) > 1:
        return {"anyOf": [*plain, {"type": "null"}]}
    (only,) = plain
    if "enum" in only:
        return {"enum": [*only["enum"], None]}
    if "anyOf" in only:
        return {"anyOf": [*only["anyOf"], {"type": "null"}]}
    return {**only, "type": [only["type"], "null"]}
