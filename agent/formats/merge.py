"""Lays the keys of a rendered text over those of a base file, which is a text of the same syntax.

It knows of no file: what is wrong with a base is a phrase, and who has its path makes a sentence.
"""

from agent.formats.header import Syntax
from agent.formats.merge_ini import ini_keys, lay_ini
from agent.formats.merge_yaml import BaseError, OverlayError, lay_yaml, yaml_keys

__all__ = ["BaseError", "OverlayError", "keys", "lay"]


def lay(text: str, base: str, syntax: Syntax) -> str:
    """The base with the keys of `text` in place of its own.

    Raises BaseError, and OverlayError where it is `text` that has no keys to lay.
    """
    return lay_yaml(text, base) if syntax == "yaml" else lay_ini(text, base)


def keys(base: str, syntax: Syntax) -> tuple[str, ...]:
    """What a base says at its top level: keys, and sections of INI. Sorted. Raises BaseError."""
    return yaml_keys(base) if syntax == "yaml" else ini_keys(base)
