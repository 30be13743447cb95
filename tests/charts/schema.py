"""The schema of the library's values, with that of Rollcall's settings in it.

`python -m tests.charts.schema` writes the file anew after a change of the settings.
"""

from __future__ import annotations

import json
from typing import Any

from agent import formats
from agent.settings.json_schema import json_schema
from tests.charts.helm import LIBRARY

FILE = LIBRARY / "values.schema.json"


# A chart's settings are those of all pods.
OF_ONE_POD = ("pod_name", "pod_ip")


def settings() -> dict[str, Any]:
    """What `rollcall schema` prints, without what each pod knows of itself."""
    whole = json_schema(formats.names())
    keys = {key: each for key, each in whole["properties"].items() if key not in OF_ONE_POD}
    return {**whole, "properties": keys}


def with_settings(schema: dict[str, Any]) -> dict[str, Any]:
    """The same with the settings as they are now."""
    return {**schema, "properties": {**schema["properties"], "settings": settings()}}


def written(schema: dict[str, Any]) -> str:
    """As it is in the file."""
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    made = with_settings(json.loads(FILE.read_text(encoding="utf-8")))
    FILE.write_text(written(made), encoding="utf-8")
