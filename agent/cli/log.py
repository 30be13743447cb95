"""Events on stderr: one line each, for people (console) or for programs (json)."""

import atexit
import io
import json
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable, MutableMapping
from typing import Any, TextIO, cast

import structlog

from agent.background import in_background
from agent.settings import Settings

# Characters of lines that wait to be read, before new ones are lost.
_MOST = 2**20
# Seconds that the program's end waits for whoever reads its log.
_FAREWELL = 0.1
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class _Nowhere(io.TextIOBase):
    """What is logged where the parent closed stderr: nothing is kept."""

    def write(self, text: str) -> int:
        return len(text)


class Unhurried(io.TextIOBase):
    """Passes lines on to a file descriptor in a thread of its own, so that who writes never waits.

    While nobody reads them they are kept, up to a limit; then new ones are lost, and once somebody
    reads again the line of `lost` says how many. A pipe that is full would stop the agent else.
    """

    def __init__(self, out: int, lost: Callable[[int], str]) -> None:
        self._out = out  # no stream: at the program's end its lock must not be held by a thread
        self._lost_line = lost
        self._lines: deque[str] = deque()
        self._size = self._lost = 0
        self._is_over = False
        self._changed = threading.Condition()
        self._thread = in_background(self._run, "log")

    def write(self, text: str) -> int:
        """Keeps it for the thread, or counts it."""
        with self._changed:
            if self._size + len(text) > _MOST:
                self._lost += 1
            else:
                self._lines.append(text)
                self._size += len(text)
                self._changed.notify()
        return len(text)

    def finish(self) -> None:
        """Waits a moment until all is passed on."""
        with self._changed:
            self._is_over = True
            self._changed.notify()
        self._thread.join(_FAREWELL)

    def _run(self) -> None:
        while text := self._next():
            _pass_on(self._out, text.encode(errors="backslashreplace"))

    def _next(self) -> str:
        """What is to be passed on now, empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._is_over)
            text = "".join(self._lines)
            if self._lost:
                text += f"{self._lost_line(self._lost)}\n"
            self._lines.clear()
            self._size = self._lost = 0
        return text


def _pass_on(out: int, data: bytes) -> None:
    """Writes all of it, however long that takes; nothing, if nobody reads it any more."""
    try:
        while data:
            select.select([], [out], [])  # one that does not block is another program's, too
            data = data[os.write(out, data[: select.PIPE_BUF]) :]
    except OSError:
        return


class EventLog:
    """Tells events through structlog; what the loop calls `Events`. Any thread may, and none waits.

    What was told is on stderr soon, and at the program's end.
    """

    def __init__(self, settings: Settings, *, no_color: bool = False) -> None:
        is_terminal = sys.stderr is not None and sys.stderr.isatty()
        form = settings.log.format or ("console" if is_terminal else "json")
        has_colors = is_terminal and not no_color
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
        lines: io.TextIOBase = _Nowhere()
        if sys.stderr is not None:
            lines = unhurried = Unhurried(
                sys.stderr.fileno(), _lost_json if form == "json" else _lost
            )
            atexit.register(unhurried.finish)
        self._log = structlog.wrap_logger(
            structlog.PrintLogger(cast(TextIO, lines)),
            processors=processors,
            wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.log.level]),
        )

    def __call__(self, level: str, sentence: str, /, *, kind: str, **more: Any) -> None:
        """Tells one event."""
        self._log.log(_LEVELS[level], "%s", sentence, kind=kind, **more)


def _lost(count: int) -> str:
    return f"{count} lines of this log are lost: nobody read it"


def _lost_json(count: int) -> str:
    return json.dumps({"kind": "log", "event": _lost(count), "level": "warning"})


def _without_fields(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The sentence says it all to a person; the fields are for programs."""
    return {key: event[key] for key in ("timestamp", "level", "event")}
