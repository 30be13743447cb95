"""Asks a URL, with the news as JSON; an answer with a status of 2xx is what it wants.

A URL and a header may hold a secret: no sentence repeats what the other side repeats of them.
"""

import re
import socket
from dataclasses import replace
from html import escape
from urllib.parse import unquote, unquote_plus, urljoin, urlsplit

from agent.core.delivery import Arrived, Lost, Outcome
from agent.core.notice import Notice, to_json
from agent.core.words import plain, shortened
from agent.edges import Attempt
from agent.exchange import ExchangeError, Reply, Request, exchange
from agent.notify.attempts import Around, ended, going_on

# Of an answer that was not wanted: bytes that are read, and characters that are told.
_KEPT = 4096
_TOLD = 200
# Characters. A word of a URL or header that is shorter is none that nobody could guess.
_SHORTEST_SECRET = 8


class Http:
    """Asks `request`, with the document of the news as its body unless it is a GET.

    `timeout` is in seconds, for all of it. No redirect is followed.
    """

    def __init__(self, name: str, request: Request, timeout: float, around: Around) -> None:
        self._name = name
        headers = {name.lower(): value for name, value in request.headers.items()}
        if request.method != "GET":
            headers = {"content-type": "application/json", **headers}
        self._request = replace(request, headers=headers, keeps=_KEPT)
        self._timeout = timeout
        self._around = around

    def start(self, news: Notice) -> Attempt:
        """Begins a try."""
        body = b"" if self._request.method == "GET" else to_json(news)
        request = replace(self._request, body=body)
        try:
            stop, stopping = socket.socketpair()
        except OSError as wrong:
            return ended(Lost(f"could not be started: {wrong.strerror}"), self._around)

        def work() -> Outcome:
            with stop, stopping:
                return self._ask(request, stop)

        return going_on(self._name, work, stopping.close, self._around)

    def _ask(self, request: Request, stop: socket.socket) -> Outcome:
        try:
            reply = exchange(request, self._timeout, self._around.clock, stop.fileno())
        except ExchangeError as wrong:
            return Lost(f"failed: {wrong}")
        return _judged(reply, request)


def _judged(reply: Reply, request: Request) -> Outcome:
    if 200 <= reply.status < 300:
        return Arrived()
    answered = f"was answered with {reply.status}"
    if (location := reply.headers.get("location")) and 300 <= reply.status < 400:
        to = _told(_whereto(location, request.url), request)
        return Lost(
            f"{answered}, a redirect {to}, which is not followed: give the URL where it leads"
        )
    said = _told(reply.body.decode(errors="replace"), request)
    return Lost(f"{answered}: {said}" if said else f"{answered}, and nothing else")


def _whereto(location: str, url: str) -> str:
    """Where a redirect leads, as far as everybody may know it: a scheme and a host."""
    try:
        here, there = urlsplit(url), urlsplit(urljoin(url, location))
    except ValueError:  # half a bracket
        return "elsewhere"
    if (here.scheme, here.netloc) == (there.scheme, there.netloc):
        return "elsewhere on the same host"
    host = there.netloc.rpartition("@")[2]
    return f"to {there.scheme}://{host}" if host else "elsewhere"


def _told(text: str, request: Request) -> str:
    """The beginning of a text, as a part of a sentence, without what it repeats of the request."""
    for secret in _secrets_of(request):
        text = text.replace(secret, "…")
    return shortened(" ".join(plain(text).split()), _TOLD)


def _secrets_of(request: Request) -> list[str]:
    """What of a request nobody else is to see, in each way of writing it; the longest first."""
    _, _, path, query, _ = urlsplit(request.url)
    headers = [value for name, value in request.headers.items() if name != "content-type"]
    words = re.split(r"[/?&=;,\s]", " ".join((path, query, *headers)))
    secrets = {path, query, f"{path}?{query}", *headers}
    secrets |= {word for word in words if len(word) >= _SHORTEST_SECRET}
    secrets |= {way(secret) for secret in secrets for way in (unquote, unquote_plus)}
    secrets |= {escape(secret) for secret in secrets}
    return sorted(secrets - {"", "/"}, key=len, reverse=True)
