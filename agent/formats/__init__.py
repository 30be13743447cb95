"""Formats: from a roll to the text of a file.

A format is one Jinja file, with a YAML header in its first comment: the built-in ones are in this
folder, a user's own anywhere. docs/formats.md lists what a template sees. Rendering is a function
of the roll without its generation: the same roll gives the same bytes.
"""

from agent.formats.explain import VOLUME, WRITTEN_ONCE, explain, selected, takes_base, wiring
from agent.formats.header import Format, FormatError, Variable, load, names, over, own_format
from agent.formats.render import Recipe, Withheld, check, render, try_out

__all__ = [
    "VOLUME",
    "WRITTEN_ONCE",
    "Format",
    "FormatError",
    "Recipe",
    "Variable",
    "Withheld",
    "check",
    "explain",
    "load",
    "names",
    "over",
    "own_format",
    "render",
    "selected",
    "takes_base",
    "try_out",
    "wiring",
]
