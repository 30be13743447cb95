"""What a format says of itself, for people: how its file is read, and what to beware of."""

import re
import textwrap
from collections.abc import Iterator

from agent.formats.header import Format, Variable

VOLUME = (
    "Rollcall and the database share one volume, mounted as a folder at /peers in both containers "
    "(an emptyDir, a named volume): never a single file or a subPath, because the file is replaced."
)
WRITTEN_ONCE = "The database rewrites this file, so one that is there is left as it is."
_WIDTH = 79
_CHECKED = {
    "run": "read back in the tests by the program that it is for, which ran on it",
    "loaded": "read back in the tests by its program's own loader; no node ran",
    "parsed": "read back in the tests by a parser of its syntax",
    "read": "compared with the manual only: no program read it",
}


def explain(form: Format) -> str:
    """All of the header, as paragraphs of plain text that end with a newline."""
    return "\n\n".join(_paragraphs(form)) + "\n"


def _paragraphs(form: Format) -> Iterator[str]:
    head = form.header
    yield textwrap.fill(f"{form.name}: {head.title}", _WIDTH, subsequent_indent="  ")
    needed = "".join(f" \\\n    --var {key}={example}" for key, example in head.examples.items())
    yield f"  rollcall run --output {form.name}:/peers/{head.file}{needed}"
    yield _said("Volume", VOLUME)
    yield _said("Wiring", wiring(form))
    if head.reload:
        yield _said("Reload", head.reload)
    if head.once:
        yield _said("Written once", WRITTEN_ONCE)
    if whom := selected(form):
        yield _said("Names", whom)
    if base := takes_base(form):
        yield _said("Base", base)
    if head.variables:
        listed = (
            _filled(f"{key}: {entry.meaning} [{default_of(entry)}]", "    ")
            for key, entry in head.variables.items()
        )
        yield "\n".join(("Variables", *listed))
    for hazard in head.hazards:
        yield _said("Beware", f"{hazard.what} ({hazard.source})")
    by = f" ({head.checked_by})" if head.checked_by else ""
    yield _said("Checked", f"{_CHECKED[head.checked]}{by}.")


def default_of(variable: Variable) -> str:
    """A variable's default, in words where it has none."""
    return "has to be given" if variable.example else str(variable.default)


def wiring(form: Format, path: str = "") -> str:
    """How its database comes to read the file, at its usual path where no other is given."""
    path = path or f"/peers/{form.header.file}"
    return re.sub(r"\bPATH\b", lambda _: path, form.header.wiring)  # not within ES_PATH_CONF


def takes_base(form: Format) -> str:
    """In what a base file of a format is written, as a sentence; empty where it takes none."""
    if not form.header.syntax:
        return ""
    return (
        f"It can be laid over a file in {form.header.syntax.upper()} that an output names as base."
    )


def selected(form: Format) -> str:
    """Whom a format names, as the rest of a sentence; empty where it writes the whole roll."""
    rule, port = form.selection, form.header.port
    if rule is None:
        return ""
    whom = {
        "discovered": "the peers that DNS lists",
        "expected": "the pods that `replicas` says there will be, and all that DNS lists",
        "answering": f"the peers that answer on port {port}",
    }[rule.source]
    own = {
        "never": "",
        "always": ", without this pod",
        "unless_first": ", without this pod, unless it is the first and nobody else is there",
    }[rule.exclude_self]
    most = f", {rule.limit} at most" if rule.limit else ""
    return f"{whom}{own}{most}."


def _said(head: str, text: str) -> str:
    return f"{head}\n{_filled(text, '  ')}"


def _filled(text: str, indent: str) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent="  ",
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )
