"""What is answered to a request, given a snapshot: all that the server decides, without a socket.

It knows no connection, clock or thread: the time and the newest snapshot are handed in, and a
request that is to wait for a change is a `Hold`, which its caller keeps.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from agent.core.duration import parse_duration
from agent.core.roll import to_document
from agent.core.snapshot import Snapshot
from agent.core.words import shortened, what_there_is
from agent.status.about import About, Moment
from agent.status.document import liveness, status_document
from agent.status.scraping import Scrapes

# Seconds that a request is held where it does not say how long, and at most.
HELD = 30.0
LONGEST_HELD = 60.0

OPENAPI = Path(__file__).with_name("openapi.json")
STARTING = "the agent is starting"
_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"
_METHODS = ("GET", "HEAD")
# Characters of a request that are shown in an answer to it.
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `headers` by their names in lower case. A body is refused, whatever is in it."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    has_body: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; to HEAD without its body, but with the length of that."""

    status: int
    body: bytes
    content_type: str = _TEXT
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """To be answered with `peers` when the generation is not `after`, or in `timeout` seconds."""

    after: int
    timeout: float


@dataclass(frozen=True, slots=True)
class _Asked:
    """All that a page is made of."""

    about: About
    snapshot: Snapshot | None
    moment: Moment
    scrapes: Scrapes
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]


Page = Callable[[_Asked], Response | Hold]


class _QueryError(ValueError):
    """A query that can't be followed; the sentence names the parameter."""


def answer(
    request: Request,
    about: About,
    snapshot: Snapshot | None,
    moment: Moment,
    scrapes: Scrapes | None = None,
) -> Response | Hold:
    """The answer at that moment; `snapshot` None before the first one.

    `scrapes` has the metrics that were answered last.
    """
    path, query = _split(request.target)
    page = PAGES.get(path)
    if page is None:
        return sentence(404, f"there is no {_shown(path)}; there are {', '.join(PAGES)}")
    if request.method not in _METHODS:
        said = f"{_shown(request.method)} is not allowed: nothing can be changed here, use GET"
        return Response(405, _line(said), headers=(("Allow", ", ".join(_METHODS)),))
    if request.has_body:
        return sentence(413, "a request has no body here: send none")
    try:
        asked = _Asked(about, snapshot, moment, scrapes or Scrapes(), query, request.headers)
        return page(asked)
    except _QueryError as wrong:
        return sentence(400, str(wrong))


def sentence(status: int, said: str) -> Response:
    """An answer to people, and to whoever looks at nothing but the status."""
    return Response(status, _line(said))


def peers(snapshot: Snapshot) -> Response:
    """The roll, as `rollcall peers --json` has it: what is answered when a hold is over, too."""
    return _document(to_document(snapshot.roll))


def _livez(asked: _Asked) -> Response:
    snapshot, about, now = asked.snapshot, asked.about, asked.moment.now
    is_live = about.is_live(snapshot, now)
    if snapshot is not None:
        return sentence(200 if is_live else 503, liveness(snapshot, now))
    if is_live:
        return sentence(200, STARTING)
    late = now - about.started
    return sentence(503, f"the loop stands still: its first turn began {late:.0f} s ago")


def _readyz(asked: _Asked) -> Response:
    if asked.snapshot is None:
        return sentence(503, STARTING)
    return sentence(200 if asked.snapshot.is_ready else 503, asked.snapshot.gate)


def _metrics(asked: _Asked) -> Response:
    accept = asked.headers.get("accept", "")
    content_type, body = asked.scrapes.text(asked.snapshot, asked.about, asked.moment, accept)
    return Response(200, body, content_type)


def _status(asked: _Asked) -> Response:
    if asked.snapshot is None:
        return sentence(503, STARTING)
    return _document(status_document(asked.snapshot, asked.moment.now, asked.about.version))


def _peers(asked: _Asked) -> Response | Hold:
    hold = _hold(asked.query)
    if asked.snapshot is None:
        return sentence(503, STARTING)
    if hold is None or hold.after != asked.snapshot.roll.generation:
        return peers(asked.snapshot)
    return hold


def _openapi(_: _Asked) -> Response:
    return Response(200, OPENAPI.read_bytes(), _JSON)


PAGES: Mapping[str, Page] = MappingProxyType(
    {
        "/livez": _livez,
        "/readyz": _readyz,
        "/metrics": _metrics,
        "/v1/status": _status,
        "/v1/peers": _peers,
        "/v1/openapi.json": _openapi,
    }
)


def _split(target: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A path and its query; a target may be a whole URL (RFC 9112 section 3.2.2)."""
    if not target.startswith("/"):
        try:
            whole = urlsplit(target)
        except ValueError:
            return target, ()
        if not whole.netloc:
            return target, ()
        target = f"{whole.path or '/'}?{whole.query}"
    path, _, query = target.partition("?")
    return path, tuple(parse_qsl(query, keep_blank_values=True))


def _hold(query: tuple[tuple[str, str], ...]) -> Hold | None:
    """How long to wait for what; None where it is not to be waited. Raises _QueryError."""
    given: dict[str, str] = {}
    for name, value in query:
        if name not in ("after", "timeout"):
            raise _QueryError(
                f"there is no parameter {_shown(name)}; "
                f"{what_there_is(name[:_SHOWN], ('after', 'timeout'))}"
            )
        if name in given:
            raise _QueryError(f"{name} is there twice: give it once")
        given[name] = value
    if not given:
        return None
    if "after" not in given:
        raise _QueryError("timeout needs after, the generation that you know")
    return Hold(_generation(given["after"]), _timeout(given.get("timeout")))


def _generation(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise _QueryError(f"after is {_shown(text)}, not a generation: give the roll's own")
    return int(text)


def _timeout(text: str | None) -> float:
    if text is None:
        return HELD
    try:
        seconds = parse_duration(text[:_SHOWN])
    except ValueError as wrong:
        raise _QueryError(f"timeout: {wrong}") from None
    if seconds > LONGEST_HELD:
        raise _QueryError(f"timeout is {_shown(text)}: {LONGEST_HELD:.0f}s is the longest")
    return seconds


def _document(document: Mapping[str, Any]) -> Response:
    return Response(200, _line(json.dumps(document)), _JSON)


def _line(said: str) -> bytes:
    return f"{said}\n".encode()


def _shown(text: str) -> str:
    """What somebody sent, short enough for a sentence."""
    return repr(shortened(text, _SHOWN))
