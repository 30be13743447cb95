"""Pages as their readers have them: what is to be typed or pasted, out of its fences."""

from __future__ import annotations

import re


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
