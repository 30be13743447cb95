"""Makes the examples and the table of metrics in docs/status.md out of what is really answered.

`python -m tests.status.page` writes them anew; a test holds that they are up to date.
"""

import json
import re
import shlex
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from agent.cli.overview import rows, table
from agent.status.document import status_document
from agent.status.metrics import SnapshotCollector
from agent.status.routes import Request, Response, answer
from tests.status.situations import ABOUT, MOMENT, NOW, example

PAGE = Path(__file__).parents[2] / "docs" / "status.md"
_CONSOLE = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
_HEAD = "| metric | type | labels | meaning |\n|---|---|---|---|\n"
_METRICS = re.compile(rf"(?<={re.escape(_HEAD)})(?:\|.*\n)+")
# Characters of a line that are shown.
_WIDEST = 100


def refreshed(text: str) -> str:
    """The page with its examples and its table as they have to be."""
    shown = _CONSOLE.sub(lambda block: "".join(_examples(block[0])), text)
    return _METRICS.sub(lambda _: "".join(metrics()), shown)


def metrics() -> Iterator[str]:
    """A row for each metric that an agent exports."""
    for family in SnapshotCollector(example(), ABOUT, MOMENT).collect():
        kind = "gauge" if family.type == "info" else family.type
        labels = ", ".join(f"`{label}`" for label in family.samples[0].labels)
        cells = (f"`{family.samples[0].name}`", kind, labels, family.documentation)
        yield f"| {' | '.join(cells)} |\n".replace("|  |", "| |")


def _examples(block: str) -> Iterator[str]:
    """Each command of a block, and what it prints."""
    for command in re.findall(r"^\$ (.*)$", block, re.MULTILINE):
        yield f"$ {command}\n"
        yield from (f"{_shortened(line)}\n" for line in printed(command).splitlines())


def printed(command: str) -> str:
    """What a command of the page prints."""
    words = shlex.split(command)
    if words == ["rollcall", "status"]:
        return table(rows(status_document(example(), NOW, ABOUT.version)))
    (url,) = (word for word in words if word.startswith("localhost:9797"))
    response = answer(Request("GET", url.removeprefix("localhost:9797")), ABOUT, example(), MOMENT)
    assert isinstance(response, Response)
    text = response.body.decode()
    match words[1 : words.index(url)], words[words.index(url) + 1 :]:
        case [["-i"], []]:
            status = HTTPStatus(response.status)
            return f"HTTP/1.1 {status} {status.phrase}\n…\n\n{text}"
        case [_, ["|", "grep", "^rollcall"]]:
            return "\n".join(line for line in text.splitlines() if line.startswith("rollcall"))
        case [_, ["|", "jq", parts]]:
            found = (_part(json.loads(text), path) for path in parts.split(", "))
            return "\n".join(json.dumps(part, indent=2) for part in found)
    return text


def _part(document: Any, path: str) -> Any:
    """What is in a document at a path such as `.members[2]`."""
    for key, index in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        document = document[key or int(index)]
    return document


def _shortened(line: str) -> str:
    return line if len(line) <= _WIDEST else f"{line[:_WIDEST]}…"


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
