"""What is asked, where, and what is answered. It asks nobody."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from agent.exchange.waits import ExchangeError

# Bytes of an answer's body, unless a request wants another number.
LARGEST_BODY = 16 * 1024 * 1024
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask. Its headers are added to those that every request needs, or replace them.

    `keeps`: so many bytes of the answer's body are read.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    keeps: int = LARGEST_BODY


@dataclass(frozen=True, slots=True)
class Reply:
    """A final answer, no 1xx. Names of headers are in lower case.

    `is_cut`: there is more of the body than what the request keeps.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where to ask; `host` is a name or an address, `target` what stands in the request's line."""

    scheme: str
    host: str
    port: int
    target: str

    def __str__(self) -> str:
        return f"{self._host}:{self.port}"

    @property
    def header(self) -> str:
        """The value of the header Host: a port that goes without saying is left out."""
        return self._host if self.port == _PORTS[self.scheme] else str(self)

    @property
    def _host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


def place_of(url: str) -> Place:
    """The parts of a URL. Raises ExchangeError."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ExchangeError("the URL has a character in it that has to be written as %XX")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as wrong:
        raise ExchangeError(f"the URL is none: {wrong}") from None
    if parts.scheme not in _PORTS:
        raise ExchangeError("the URL does not begin with http:// or https://")
    if not parts.hostname or port == 0:
        raise ExchangeError(f"the URL names no {'port' if parts.hostname else 'host'}")
    if "@" in parts.netloc:
        raise ExchangeError("the URL has a user in it: give the header Authorization instead")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], target)
