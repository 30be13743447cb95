"""A connection under TLS. Whom to trust the system says, or SSL_CERT_FILE."""

import select
import socket
import ssl
from collections.abc import Callable
from typing import Self, TypeVar

from agent.exchange.request import Place
from agent.exchange.waits import ExchangeError, LaterError, Waits

Result = TypeVar("Result")


class Secured:
    """What an exchange needs of a socket, under TLS."""

    def __init__(self, sock: ssl.SSLSocket) -> None:
        self._sock = sock

    def fileno(self) -> int:
        """Its file descriptor, to wait for."""
        return self._sock.fileno()

    def recv(self, most: int) -> bytes:
        """What has come, empty at the end. Raises OSError, and LaterError."""
        return _at_once(lambda: self._sock.recv(most))

    def send(self, data: memoryview) -> int:
        """Sends what it can of it; how much. Raises OSError, and LaterError."""
        return _at_once(lambda: self._sock.send(data))

    def shake_hands(self, waits: Waits) -> None:
        """Comes to terms with the other side. Raises OSError and ExchangeError."""
        while True:
            try:
                _at_once(self._sock.do_handshake)
            except LaterError as later:
                waits.until(self, later.events)
            else:
                return

    def close(self) -> None:
        """Ends it."""
        self._sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def secured(sock: socket.socket, place: Place, waits: Waits) -> Secured:
    """The same connection under TLS. Raises ExchangeError."""
    waits.lacks = "did not end the TLS handshake"
    try:
        context = ssl.create_default_context()
        made = Secured(
            context.wrap_socket(sock, server_hostname=place.host, do_handshake_on_connect=False)
        )
        try:
            made.shake_hands(waits)
        except BaseException:
            made.close()
            raise
    except ssl.SSLCertVerificationError as wrong:
        because = wrong.verify_message
        raise ExchangeError(f"the certificate of {place} is not accepted: {because}") from None
    except (OSError, ValueError) as wrong:
        raise ExchangeError(f"{place} does not speak TLS: {_words_of(wrong)}") from None
    return made


def _at_once(call: Callable[[], Result]) -> Result:
    """What a call gives. Raises LaterError: a write may have to read first."""
    try:
        return call()
    except ssl.SSLWantReadError:
        raise LaterError(select.POLLIN) from None
    except ssl.SSLWantWriteError:
        raise LaterError(select.POLLOUT) from None


def _words_of(wrong: Exception) -> str:
    """What an error says, without its number."""
    match wrong:
        case ssl.SSLError(reason=str(reason)):
            return reason.lower().replace("_", " ")
        case OSError(strerror=str(reason)):
            return reason
    return str(wrong)
