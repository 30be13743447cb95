"""From a host's name to a connection with it."""

import errno
import os
import select
import socket
from typing import TYPE_CHECKING, Any

from agent import openssl
from agent.background import in_background
from agent.exchange.request import Place
from agent.exchange.waits import ExchangeError, Waits

if TYPE_CHECKING:
    from agent.exchange.securing import Secured

# connect(2): one that a signal interrupts goes on by itself.
_UNDER_WAY = {errno.EINPROGRESS, errno.EINTR}
# An address, not a name: nothing is looked up.
_NUMERIC = socket.AI_NUMERICHOST


def connected(place: Place, waits: Waits) -> "socket.socket | Secured":
    """A connection, which does not block; under TLS for https. Raises ExchangeError."""
    sock = _to_one_of(_addresses(place, waits), waits)
    if place.scheme != "https":
        return sock
    try:
        openssl.take_back()
        from agent.exchange.securing import secured  # noqa: PLC0415  # for who asks under TLS

        return secured(sock, place, waits)
    except BaseException:
        sock.close()
        raise


def _addresses(place: Place, waits: Waits) -> list[Any]:
    """All addresses of the host, as getaddrinfo has them. Raises ExchangeError."""
    host, port = place.host, place.port
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=_NUMERIC)
    except (OSError, UnicodeError):
        pass  # it is a name
    found: list[Any] = []
    try:
        ours, theirs = socket.socketpair()
    except OSError as wrong:
        raise ExchangeError(f"{host} can't be looked up: {_words_of(wrong)}") from None

    def look_up() -> None:
        with theirs:
            try:
                found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError) as wrong:
                found.append(wrong)

    waits.lacks = "was not found in DNS"
    with ours:
        try:
            in_background(look_up, "look-up")  # it takes as long as the system's resolver likes
        except RuntimeError as wrong:
            theirs.close()
            raise ExchangeError(f"{host} can't be looked up: {wrong}") from None
        waits.until(ours, select.POLLIN)
    match found:
        case [socket.gaierror(errno=socket.EAI_AGAIN)]:
            raise ExchangeError(f"DNS does not say where {host} is")
        case [socket.gaierror() | UnicodeError() as why]:
            raise ExchangeError(f"there is no host {host}: {_words_of(why)}")
        case [OSError() as why]:
            raise ExchangeError(f"{host} can't be looked up: {_words_of(why)}")
    return found


def _to_one_of(addresses: list[Any], waits: Waits) -> socket.socket:
    """A connection to the first of the addresses that accepts one; each has its share of time."""
    waits.lacks = "accepted no connection"
    refusals: dict[str, None] = {}
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        share = waits.left() / (len(addresses) - number)
        try:
            sock = socket.socket(family, kind, protocol)
        except OSError as wrong:  # no IPv6 here
            refusals[_words_of(wrong)] = None
            continue
        code = -1
        try:
            code = _connect(sock, address, share, waits)
        finally:
            if code:
                sock.close()
        if not code:
            return sock
        refusals[os.strerror(code)] = None
    raise ExchangeError(f"{waits.place} can't be reached: {', '.join(refusals)}")


def _connect(sock: socket.socket, address: Any, share: float, waits: Waits) -> int:
    """The number of the error that a connect ended with within `share` seconds, 0 for none."""
    sock.setblocking(False)
    code = sock.connect_ex(address)
    if code in _UNDER_WAY:
        if not waits.until(sock, select.POLLOUT, share):
            waits.left()
            return errno.ETIMEDOUT
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return code


def _words_of(wrong: Exception) -> str:
    """What an error says, without its number."""
    return (isinstance(wrong, OSError) and wrong.strerror) or str(wrong)
