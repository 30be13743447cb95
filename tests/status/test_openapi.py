"""The OpenAPI document tells what is so: every path, every answer, and nothing else."""

import json
from typing import Any

import jsonschema
import pytest

from agent.status.routes import OPENAPI, PAGES, Hold, Request, Response, answer
from tests.status.situations import ABOUT, EVERY, MOMENT, ready

DOCUMENT = json.loads(OPENAPI.read_text(encoding="utf-8"))
SCHEMAS = DOCUMENT["components"]["schemas"]
# Each path with a query of each kind.
TARGETS = (
    *PAGES,
    "/v1/peers?after=0",
    "/v1/peers?after=0&timeout=1s",
    "/v1/peers?after=x",
    f"/v1/peers?after={ready().roll.generation + 1}",
)


def closed(schema: Any) -> Any:
    """The same schema, where no object has keys that the schema does not name.

    The document leaves that open: a client must not fail over a key that is new.
    """
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return inner | {"additionalProperties": False} if "properties" in schema else inner


def validate(instance: object, schema: Any) -> None:
    whole = {**closed(schema), "components": {"schemas": closed(SCHEMAS)}}
    jsonschema.Draft202012Validator.check_schema(whole)
    jsonschema.Draft202012Validator(whole).validate(instance)


def operations() -> dict[str, Any]:
    return {path: methods["get"] for path, methods in DOCUMENT["paths"].items()}


def objects(schema: Any) -> list[Any]:
    """Every object's schema within a schema."""
    if isinstance(schema, list):
        return [found for each in schema for found in objects(each)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if "properties" in schema else []
    return own + [found for each in schema.values() for found in objects(each)]


def test_it_has_every_path_and_no_other_and_nothing_but_get_and_head() -> None:
    assert list(DOCUMENT["paths"]) == list(PAGES)
    for methods in DOCUMENT["paths"].values():
        assert list(methods) == ["get", "head"]
        assert methods["get"]["responses"].keys() == methods["head"]["responses"].keys()
        assert methods["get"].get("parameters") == methods["head"].get("parameters")


@pytest.mark.parametrize("situation", EVERY)
@pytest.mark.parametrize("target", TARGETS)
def test_every_answer_is_as_the_document_says(target: str, situation: str) -> None:
    response = answer(Request("GET", target), ABOUT, EVERY[situation], MOMENT)
    if isinstance(response, Hold):
        return
    told = operations()[target.partition("?")[0]]["responses"][str(response.status)]
    media_type = told["content"][response.content_type.partition(";")[0]]
    if response.content_type == "application/json":
        validate(json.loads(response.body), media_type["schema"])
    else:
        validate(response.body.decode(), media_type["schema"])


def test_every_status_that_is_documented_is_one_that_is_answered() -> None:
    answered = set()
    for target in TARGETS:
        for snapshot in EVERY.values():
            for has_body in (False, True):
                request = Request("GET", target, has_body=has_body)
                response = answer(request, ABOUT, snapshot, MOMENT)
                if isinstance(response, Response):
                    answered.add((target.partition("?")[0], str(response.status)))
    told = {(path, status) for path, get in operations().items() for status in get["responses"]}
    assert answered == told


def test_every_parameter_is_one_that_is_taken() -> None:
    told = [each["name"] for each in operations()["/v1/peers"]["parameters"]]
    refused = answer(Request("GET", "/v1/peers?z"), ABOUT, ready(), MOMENT)
    assert isinstance(refused, Response)
    assert refused.body.decode().endswith(f"there are {', '.join(told)}\n")


def test_every_key_is_required_but_for_what_an_observer_lacks() -> None:
    for schema in objects(DOCUMENT):
        lacking = set(schema["properties"]) - set(schema["required"])
        assert lacking <= {"name_in_dns"}


@pytest.mark.parametrize(
    ("name", "path"), [("Status", "/v1/status"), ("Roll", "/v1/peers")], ids=["Status", "Roll"]
)
def test_a_key_more_or_less_is_noticed(name: str, path: str) -> None:
    response = answer(Request("GET", path), ABOUT, ready(), MOMENT)
    assert isinstance(response, Response)
    document = json.loads(response.body)
    schema = {"$ref": f"#/components/schemas/{name}"}
    validate(document, schema)
    for changed in ({**document, "new": 1}, {k: v for k, v in document.items() if k != "version"}):
        with pytest.raises(jsonschema.ValidationError):
            validate(changed, schema)
