"""Formats: from a roll to the text of a file.

A built-in format is one Jinja file in this folder, with a YAML header in its first comment. What a
template sees is listed in `_context`. Rendering is a function of the roll without its generation:
the same membership gives the same bytes.
"""

from agent.formats.render import (
    Format,
    FormatError,
    Variable,
    Withheld,
    check_variables,
    load,
    names,
    render,
    try_out,
)

__all__ = [
    "Format",
    "FormatError",
    "Variable",
    "Withheld",
    "check_variables",
    "load",
    "names",
    "render",
    "try_out",
]
