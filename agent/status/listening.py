"""The listening socket, and what to say where there can be none."""

import errno
import os
import socket
from collections.abc import Callable

from agent.core.listen import NONE, ListenAddress

# Connections that the kernel keeps until they are accepted.
BACKLOG = 128
# Bytes that the kernel keeps of a connection, each way (Linux doubles them): without a bound, a
# client that reads nothing costs megabytes.
KERNEL_BUFFER = 64 * 1024


class ListenError(Exception):
    """Nobody can be listened for there; the sentence says why, and what to set."""


def listening(
    at: ListenAddress, has_ipv6: Callable[[], bool] = socket.has_dualstack_ipv6
) -> socket.socket:
    """A socket that listens, on all of IPv4 and IPv6 where no host is named. Raises ListenError.

    Where the kernel has no IPv6, all is all of IPv4.
    """
    try:
        sock = _opened(at, is_dual=not at.host and has_ipv6())
    except OSError as wrong:
        raise ListenError(_explain(at, wrong)) from None
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        sock.setsockopt(socket.SOL_SOCKET, option, KERNEL_BUFFER)
    return sock


def _opened(at: ListenAddress, *, is_dual: bool) -> socket.socket:
    family = socket.AF_INET6 if is_dual or ":" in at.host else socket.AF_INET
    where = (at.host, at.port)  # the empty host is all addresses
    return socket.create_server(where, family=family, backlog=BACKLOG, dualstack_ipv6=is_dual)


def _explain(at: ListenAddress, wrong: OSError) -> str:
    mend = f"set --status-listen to another, or to {NONE}"
    match wrong.errno:
        case errno.EADDRINUSE:
            return (
                f"can't listen on {at}: the port is taken, by another container of this pod (they "
                f"share their ports) or by a second rollcall; {mend}"
            )
        case errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT:
            return f"can't listen on {at}: this pod has no such address; {mend}"
        case errno.EACCES:
            return f"can't listen on {at}: that takes a privilege; {mend} (ports from 1024 on)"
        case _:
            return f"can't listen on {at}: {os.strerror(wrong.errno or 0)}; {mend}"
