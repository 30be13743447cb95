"""The shape of the config file as a JSON Schema, for editors and for Helm's values.

Draft 7, the newest that all Helm 3 read, and whole in itself: nothing is fetched, and nothing
refers to another place. It is made of the settings' types, so it lets in what these let in, and no
other key. What depends on two values at once, or on a range, is for the agent to say.
"""

from collections.abc import Iterable, Mapping
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


def json_schema(formats: Iterable[str]) -> Schema:
    """Of the config file, and so of ROLLCALL_SETTINGS; `formats` are the built-in ones."""
    made = _schema_of(inspect.type_info(Settings), "")
    output = made["properties"]["outputs"]["items"]
    output["properties"]["format"] = _or_null({"enum": [*formats]})
    return {"$schema": _DRAFT, "title": "Rollcall's settings", **made}


def _schema_of(kind: inspect.Type, key: str) -> Schema:
    """What may stand at a key; `key` is its dotted path, as in `discovery.interval`."""
    match kind:
        case inspect.StructType():
            return _object(kind, key)
        case inspect.CustomType(cls=cls) if cls is Duration:
            return dict(_DURATION)
        case inspect.UnionType(types=types):
            of_all = [_schema_of(each, key) for each in types if type(each) is not inspect.NoneType]
            return of_all[0] if len(of_all) == 1 else {"anyOf": of_all}
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
}


def _object(kind: inspect.StructType, key: str) -> Schema:
    properties: Schema = {}
    for field in kind.fields:
        path = f"{key}.{field.encode_name}".lstrip(".")
        said = {"description": _TEXTS[path]} if path in _TEXTS else {}
        schema = _schema_of(field.type, path)
        properties[field.encode_name] = {**said, **(schema if field.required else _or_null(schema))}
    required = [field.encode_name for field in kind.fields if field.required]
    made: Schema = {"type": "object", "additionalProperties": False}
    return {**made, **({"required": required} if required else {}), "properties": properties}


def _or_null(schema: Schema) -> Schema:
    """A key with null is one that is left out. Types are a list: a refusal is shorter then."""
    if "anyOf" in schema:
        return {"anyOf": [*schema["anyOf"], {"type": "null"}]}
    if "enum" in schema:
        return {"enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]} if "type" in schema else schema
