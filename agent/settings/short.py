"""Short forms: what the text of a flag or a variable stands for in the config file."""

import shlex
from typing import Any

from agent.core.words import Typed

PREFIX = "ROLLCALL_"


class SettingsError(ValueError):
    """A setting that is unknown or wrong; the sentence names it, where it is, and the mend."""


def outputs(texts: tuple[str, ...], source: str) -> list[dict[str, str]]:
    """FORMAT:PATH, each an output. Raises SettingsError, as all here; `source` said it."""
    found = []
    for text in texts:
        form, _, path = text.partition(":")
        if not form or not path:
            raise SettingsError(
                f"{source}: {text!r} is not FORMAT:PATH, as in cassandra:/peers/cassandra.yaml"
            )
        found.append({"format": form, "path": path})
    return found


def notifiers(texts: tuple[str, ...], source: str) -> list[dict[str, Any]]:
    """KIND:WHAT, each a notifier: a command's words, a URL, or a signal and whom it is for."""
    return [_notifier(text, source) for text in texts]


def _notifier(text: str, source: str) -> dict[str, Any]:
    kind, _, what = text.partition(":")
    match kind:
        case "http" | "https":
            return {"http": {"url": text}}
        case "exec" if what.strip():
            try:
                return {"exec": shlex.split(what)}
            except ValueError:
                raise SettingsError(f"{source}: {text!r} has a quote that is not closed") from None
        case "signal":
            name, _, whom = what.partition(":")
            if name and whom:
                return {"signal": {"signal": name, "pidfile" if "/" in whom else "process": whom}}
    hint = "; what has commas in it needs a flag, or the config file" if _is_cut(source) else ""
    raise SettingsError(
        f"{source}: {text!r} is none of exec:/hooks/on-change, http://127.0.0.1:8080/reload and "
        f"signal:HUP:nginx{hint}"
    )


def pairs(texts: tuple[str, ...], source: str) -> dict[str, Any]:
    """KEY=VALUE, each a variable; a value is kept as it was typed."""
    return dict(pair(text, source) for text in texts)


def pair(text: str, source: str) -> tuple[str, Typed]:
    """A key and a value out of KEY=VALUE."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        mend = "; a value with commas needs a flag, or vars in the config file"
        hint = mend if _is_cut(source) else ""
        raise SettingsError(f"{source} {text!r} is not KEY=VALUE{hint}")
    return key, Typed(value)


def _is_cut(source: str) -> bool:
    """Whether it is a variable, in which commas separate."""
    return source.startswith(PREFIX)
