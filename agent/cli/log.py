"""Events on stderr: one line each, for people (console) or for programs (json)."""

import contextlib
import io
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog

from agent.settings import Settings


class _Nowhere(io.TextIOBase):
    """What is logged where the parent closed stderr: nothing is kept."""

    def write(self, text: str) -> int:
        return len(text)


_NOWHERE = _Nowhere()
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class EventLog:
    """Tells events through structlog; what the loop calls `Events`."""

    def __init__(self, settings: Settings, *, no_color: bool = False) -> None:
        stderr = sys.stderr or cast(TextIO, _NOWHERE)
        form = settings.log.format or ("console" if stderr.isatty() else "json")
        has_colors = stderr.isatty() and not no_color
        processors: list[Any] = [
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=form == "json"),
        ]
        if form == "json":
            processors.append(structlog.processors.JSONRenderer(ensure_ascii=False))
        else:
            processors += [
                _without_fields,
                structlog.dev.ConsoleRenderer(pad_event_to=0, colors=has_colors),
            ]
        self._log = structlog.wrap_logger(
            structlog.PrintLogger(stderr),
            processors=processors,
            wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.log.level]),
        )

    def __call__(self, level: str, sentence: str, /, *, kind: str, **more: Any) -> None:
        """Tells one event. Where nobody reads them any more, keeping the file true goes on."""
        with contextlib.suppress(OSError, ValueError):
            self._log.log(_LEVELS[level], "%s", sentence, kind=kind, **more)


def _without_fields(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The sentence says it all to a person; the fields are for programs."""
    return {key: event[key] for key in ("timestamp", "level", "event")}
