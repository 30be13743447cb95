"""One HTTP exchange: a request and its whole answer, within one deadline, whatever comes.

It follows no redirect, keeps no connection and uses no proxy. It knows nothing of what it asks for,
and its sentences name the host only: the rest of a URL may be a secret.
"""

from agent.exchange.connecting import connected
from agent.exchange.conversation import Conversation
from agent.exchange.request import Reply, Request, place_of
from agent.exchange.waits import Clock, ExchangeError, Waits

__all__ = ["Clock", "ExchangeError", "Reply", "Request", "check", "exchange"]


def exchange(request: Request, timeout: float, clock: Clock, stop: int | None = None) -> Reply:
    """Asks, and gives the answer; whether its status is a good one is the caller's to judge.

    Returns or raises within `timeout` seconds by `clock`. `stop` is a file descriptor: when it can
    be read, the exchange is given up. Raises ExchangeError. What a signal raises in the middle goes
    through, with the connection closed.
    """
    place = place_of(request.url)
    conversation = Conversation(request, place)
    waits = Waits(str(place), timeout, clock, stop)
    with connected(place, waits) as sock:
        return conversation.over(sock, waits)


def check(request: Request) -> None:
    """Raises ExchangeError if there can be no such request; asks nobody."""
    Conversation(request, place_of(request.url))
