"""Lays the keys of a rendered text over those of a base file, which is a text of the same syntax.

It knows of no file: what is wrong with a base is a phrase, and who has its path makes a sentence.
"""

from pathlib import PurePosixPath

import msgspec

from agent.formats.header import Format, FormatError, Syntax
from agent.formats.merge_ini import ini_keys, lay_ini
from agent.formats.merge_yaml import BaseError, OverlayError, lay_yaml, yaml_keys

__all__ = ["BaseError", "OverlayError", "keys", "lay", "over"]

_SYNTAX_OF: dict[str, Syntax] = {
    ".yaml": "yaml",
    ".yml": "yaml",
    ".cnf": "ini",
    ".ini": "ini",
    ".conf": "ini",
    ".properties": "ini",
}


def over(form: Format, base: str) -> Format:
    """A user's template as it is laid over the base file at that path, by its own syntax.

    Its header says which, else the ending of the base's name. Raises FormatError.
    """
    if not form.path or form.header.syntax:
        return form
    syntax = _SYNTAX_OF.get(PurePosixPath(base).suffix)
    if syntax is None:
        raise FormatError(
            f"nothing says how the base file {base} is written: give its name one of the endings "
            f"{', '.join(_SYNTAX_OF)}, or the template {form.path} a header with syntax: yaml or "
            "ini"
        )
    header = msgspec.structs.replace(form.header, syntax=syntax)
    return Format(form.name, form.source, header, form.path, form.is_open)


def lay(text: str, base: str, syntax: Syntax) -> str:
    """The base with the keys of `text` in place of its own.

    Raises BaseError, and OverlayError where it is `text` that has no keys to lay.
    """
    return lay_yaml(text, base) if syntax == "yaml" else lay_ini(text, base)


def keys(base: str, syntax: Syntax) -> tuple[str, ...]:
    """What a base says at its top level: keys, and sections of INI. Sorted. Raises BaseError."""
    return yaml_keys(base) if syntax == "yaml" else ini_keys(base)
