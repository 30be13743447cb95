"""What a format says of itself, for people: how its file is read, and what to beware of."""

import textwrap
from collections.abc import Iterator

from agent.formats.header import Format

_WIDTH = 79
_CHECKED = {
    "run": "read back in the tests by the program that it is for",
    "parsed": "read back in the tests by a parser of its syntax",
    "read": "compared with the manual only: no program read it",
}


def explain(form: Format) -> str:
    """All of the header, as paragraphs of plain text that end with a newline."""
    return "\n\n".join(_paragraphs(form)) + "\n"


def _paragraphs(form: Format) -> Iterator[str]:
    head = form.header
    yield f"{form.name}: {head.title}"
    yield f"  rollcall run --output {form.name}:/peers/{head.file}"
    yield _said("Wiring", head.wiring)
    if head.reload:
        yield _said("Reload", head.reload)
    if head.once:
        yield _said("Written", "once: the database rewrites the file, so one that is there stays.")
    if form.selection is not None:
        yield _said("Names", _selection(form))
    if head.variables:
        yield "Variables\n" + "\n".join(
            f"  {key}: {entry.meaning} [{entry.default}]" for key, entry in head.variables.items()
        )
    for hazard in head.hazards:
        yield _said("Beware", f"{hazard.what} ({hazard.source})")
    yield _said(
        "Checked", f"{_CHECKED[head.checked]}{f' ({head.checked_by})' * bool(head.checked_by)}."
    )


def _selection(form: Format) -> str:
    """The format's selection as a sentence; each part can be set at the output."""
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
    filled = textwrap.fill(
        text,
        _WIDTH,
        initial_indent="  ",
        subsequent_indent="  ",
        break_on_hyphens=False,
        break_long_words=False,
    )
    return f"{head}\n{filled}"
