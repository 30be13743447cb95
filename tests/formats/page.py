"""Makes docs/formats.md out of the headers of the formats and their golden files.

`python -m tests.formats.page` writes it; a test holds that it is up to date.
"""

import textwrap
from collections.abc import Iterator
from pathlib import Path

from agent import formats
from tests.formats.goldens import GOLDEN

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"
_INTRO = """
<!-- Made by `python -m tests.formats.page` out of agent/formats/*.j2: change these. -->

A format is one template; `rollcall formats show NAME` prints it, `rollcall formats explain NAME`
says what is below. What can be said at an output (whom the file names, a base file, a check), and
how to write a template of your own, is in [outputs.md](outputs.md).

{volume}

Each file was read back in the tests. **run**: by the program that it is for, which ran on it.
**loaded**: by that program's own loader; no node ran. **parsed**: by a parser of its syntax, not by
that program.
"""
_EXAMPLE = "3 of 3 pods, db-2"
_LANGUAGES = {".yaml": "yaml", ".json": "json", ".cnf": "ini", ".xml": "xml", ".env": "sh"}
_LONGEST_EXAMPLE = 60


def page() -> str:
    """The whole page."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    every = [formats.load(name) for name in formats.names()]
    yield "# Formats"
    yield _INTRO.replace("{volume}", _filled(formats.VOLUME))
    yield "| format | for | file | checked |"
    yield "|---|---|---|---|"
    for form in every:
        head = form.header
        checked = f"{head.checked}, {head.checked_by}".removesuffix(", ")
        yield f"| [`{form.name}`](#{form.name}) | {head.title} | `{head.file}` | {checked} |"
    for form in every:
        yield from _section(form)


def _section(form: formats.Format) -> Iterator[str]:
    head = form.header
    yield f"\n## {form.name}\n"
    yield _filled(f"{head.title}. {_said('Names', formats.selected(form))}".strip())
    yield ""
    yield _filled(f"**Wiring.** {formats.wiring(form)}")
    if head.reload:
        yield ""
        yield _filled(f"**Reload.** {head.reload}")
    if head.once:
        yield ""
        yield _filled(f"**Written once.** {formats.WRITTEN_ONCE}")
    if base := formats.takes_base(form):
        yield ""
        yield _filled(f"**Base.** {base}")
    if head.variables:
        yield "\n| variable | default | meaning |\n|---|---|---|"
        for key, entry in head.variables.items():
            yield f"| `{key}` | {_default(entry)} | {entry.meaning} |"
    if head.hazards:
        yield "\n**Beware.**\n"
        for hazard in head.hazards:
            yield _filled(f"- {hazard.what} ({_linked(hazard.source)})", "  ")
    yield from _example(form)


def _example(form: formats.Format) -> Iterator[str]:
    """What the last of three pods writes, as its golden file has it."""
    golden = (GOLDEN / f"{form.name}.txt").read_text()
    text = golden.partition(f"==== {_EXAMPLE}\n")[2].partition("==== ")[0]
    lines = text.splitlines()
    yield f"\n```{_LANGUAGES.get(Path(form.header.file).suffix, '')}".rstrip()
    yield "\n".join(lines[:_LONGEST_EXAMPLE])
    if len(lines) > _LONGEST_EXAMPLE:
        yield "…"
    yield "```"


def _said(head: str, text: str) -> str:
    return f"{head} {text}" if text else ""


def _default(variable: formats.Variable) -> str:
    if variable.example:
        return f"has to be given, as `{variable.example}`"
    return f"`{variable.default}`" if variable.default != "" else "none"


def _linked(source: str) -> str:
    return f"<{source}>" if source.startswith("https://") else source


def _filled(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, 100, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


if __name__ == "__main__":
    PAGE.write_text(page())
