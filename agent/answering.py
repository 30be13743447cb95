"""Who answers on a port: TCP connects to many peers at once, within one deadline.

It connects to what it is given, sends nothing and closes: the handshake is all that it asks for. It
knows nothing of what its findings are for.

| a connect ends with                                | which means                             |
|----------------------------------------------------|-----------------------------------------|
| success, or ECONNRESET or EPIPE: it was connected, | yes, it answers                         |
| and closed from there                              |                                         |
| ECONNREFUSED                                       | no, nothing listens (or a firewall      |
|                                                    | refuses, which looks the same)          |
| anything else: nothing came in time, no route, no  | can't tell                              |
| socket left; there is no address to connect to     |                                         |
"""

import errno
import itertools
import os
import selectors
import socket
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agent.core.finding import CantTell, Finding, No, Yes
from agent.core.names import address_key
from agent.core.roll import Peer

# Sockets at a time: far below the usual limit of 1024 open files.
MOST_AT_ONCE = 64

Clock = Callable[[], float]
Ask = Callable[[Sequence[Peer], int, float, Clock], Mapping[str, Finding]]

_CONNECTED = {0, errno.ECONNRESET, errno.EPIPE}
# connect(2): one that a signal interrupts goes on by itself.
_UNDER_WAY = {errno.EINPROGRESS, errno.EINTR}


def answering(
    peers: Sequence[Peer], port: int, timeout: float, clock: Clock
) -> Mapping[str, Finding]:
    """Whether each of the peers answers on `port`, by its `fqdn`.

    A peer answers if one of its addresses does, and does not if all of them refuse. Returns within
    `timeout` seconds by `clock`, whatever the network does: where there are more addresses than
    sockets, each connect has its share of that time. What a signal raises in the middle goes
    through, with every socket closed; nothing else is raised.
    """
    doors = {peer.fqdn: [_Door(peer.name, at, port) for at in peer.addresses] for peer in peers}
    knocks = _Knocks(clock, clock() + timeout)
    try:
        knocks.at(deque(dict.fromkeys(itertools.chain.from_iterable(doors.values()))))
    finally:
        knocks.close()
    return {
        peer.fqdn: _together(peer.name, [knocks.found[door] for door in doors[peer.fqdn]])
        for peer in peers
    }


@dataclass(frozen=True, slots=True)
class _Door:
    """One place where a peer may answer; `name` is the peer's."""

    name: str
    address: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.name} at {host}:{self.port}"


@dataclass(frozen=True, slots=True)
class _Knock:
    """A connect that is under way, and when it is given up (clock seconds)."""

    sock: socket.socket
    until: float


class _Knocks:
    """All connects of one round: those under way, and what was found. `deadline`: clock seconds."""

    def __init__(self, clock: Callable[[], float], deadline: float) -> None:
        self.found: dict[_Door, Finding] = {}
        self._clock = clock
        self._deadline = deadline
        self._under_way: dict[_Door, _Knock] = {}
        self._selector = selectors.PollSelector()  # for so few no slower, and no file of its own

    def at(self, waiting: deque[_Door]) -> None:
        """Knocks at all of them, at as many at a time as there are sockets, until time is up."""
        now = self._clock()
        while (waiting or self._under_way) and now < self._deadline:
            if waiting and len(self._under_way) < MOST_AT_ONCE:
                rounds = -(-len(waiting) // MOST_AT_ONCE)
                until = now + (self._deadline - now) / rounds
                self._begin(waiting.popleft(), min(until, self._deadline))
            else:
                self._listen(now)
            now = self._clock()
            self._give_up(now)
        for door in waiting:
            self.found[door] = CantTell(f"there was no time to connect to {door}")

    def close(self) -> None:
        """Ends what is still under way."""
        for knock in self._under_way.values():
            knock.sock.close()
        self._selector.close()

    def _begin(self, door: _Door, until: float) -> None:
        """Begins a connect that ends at `until` (clock seconds) at the latest."""
        family = socket.AF_INET6 if address_key(door.address)[0] == 6 else socket.AF_INET
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as wrong:
            self.found[door] = _of_code(door, wrong.errno or errno.EIO)
            return
        self._under_way[door] = _Knock(sock, until)
        sock.setblocking(False)
        code = sock.connect_ex((door.address, door.port))
        if code in _UNDER_WAY:
            self._selector.register(sock, selectors.EVENT_WRITE, door)
        else:
            self._end(door, _of_code(door, code))

    def _listen(self, now: float) -> None:
        """Waits until something comes of a connect, or one is to be given up."""
        soonest = min(knock.until for knock in self._under_way.values())
        for key, _ in self._selector.select(soonest - now):
            door: _Door = key.data
            sock = self._under_way[door].sock
            self._selector.unregister(sock)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self._end(door, _of_code(door, code))

    def _give_up(self, now: float) -> None:
        for door in [door for door, knock in self._under_way.items() if knock.until <= now]:
            self._selector.unregister(self._under_way[door].sock)
            self._end(door, CantTell(f"nothing came from {door} in time"))

    def _end(self, door: _Door, finding: Finding) -> None:
        self.found[door] = finding
        self._under_way[door].sock.close()
        del self._under_way[door]


def _of_code(door: _Door, code: int) -> Finding:
    """What the end of a connect says, by the number of its error; 0 is none."""
    if code in _CONNECTED:
        return Yes(f"{door} answers")
    if code == errno.ECONNREFUSED:
        return No(f"{door} does not answer")
    return CantTell(f"{door} can't be reached: {os.strerror(code)}")


def _together(name: str, findings: list[Finding]) -> Finding:
    """What a peer's addresses say together: one yes is a yes, and only all noes are a no."""
    if not findings:
        return CantTell(f"{name} has no address to connect to yet")
    for finding in findings:
        if isinstance(finding, Yes):
            return finding
    unsure = [finding.reason for finding in findings if isinstance(finding, CantTell)]
    return CantTell("; ".join(unsure)) if unsure else findings[0]
