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


def with_settings(schema: dict[str, Any]) -> dict[str, Any]:
    """The same with the settings as they are now."""
    return {
        **schema,
        "properties": {**schema["properties"], "settings": json_schema(formats.names())},
    }


def written(schema: dict[str, Any]) -> str:
    """As it is in the file."""
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    made = with_settings(json.loads(FILE.read_text(encoding="utf-8")))
    FILE.write_text(written(made), encoding="utf-8")
