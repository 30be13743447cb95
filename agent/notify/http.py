"""Asks a URL, with the news as JSON; an answer with a status of 2xx is what it wants."""

import socket
from dataclasses import replace

from agent.core.delivery import Arrived, Lost, Outcome
from agent.core.notice import Notice, to_json
from agent.core.words import plain, shortened
from agent.edges import Attempt
from agent.exchange import ExchangeError, Reply, Request, exchange
from agent.notify.attempts import Around, ended, going_on

# Of an answer that was not wanted: bytes that are read, and characters that are told.
_KEPT = 4096
_TOLD = 200


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
        return _judged(reply)


def _judged(reply: Reply) -> Outcome:
    if 200 <= reply.status < 300:
        return Arrived()
    answered = f"was answered with {reply.status}"
    if (location := reply.headers.get("location")) and 300 <= reply.status < 400:
        to = _told(location)
        return Lost(f"{answered}, a redirect to {to}, which is not followed: give that URL")
    said = _told(reply.body.decode(errors="replace"))
    return Lost(f"{answered}: {said}" if said else f"{answered}, and nothing else")


def _told(text: str) -> str:
    """The beginning of a text, as a part of a sentence."""
    return shortened(" ".join(plain(text).split()), _TOLD)
