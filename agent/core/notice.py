"""What a reader of the files is told: the roll, and what is new in it since it was told last.

docs/hooks.md describes the document, the lines and the variables for people. It knows no hook.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agent.core.roll import Peer, Roll, peer_document, to_document

Stdin = Literal["json", "peers", "none"]

# Linux: no variable may have more than 128 KiB (MAX_ARG_STRLEN, execve(2)), and all of them have to
# share the space with the arguments. Characters.
LONGEST_VARIABLE = 32_768

# Every variable that a hook may get. A `rollcall` that a hook starts passes them over.
VARIABLES = (
    "ROLLCALL_EVENT",
    "ROLLCALL_GENERATION",
    "ROLLCALL_SELF",
    "ROLLCALL_PEERS",
    "ROLLCALL_ADDED",
    "ROLLCALL_REMOVED",
    "ROLLCALL_READDRESSED",
)


@dataclass(frozen=True, slots=True)
class Moved:
    """A peer that has other addresses than when the reader was told last; `was` are those."""

    peer: Peer
    was: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell: who is there, and who came, went and moved since the last that arrived.

    `is_first`: the reader was never told anything; then everybody is added. All three may be empty:
    a file can change for another reason, such as who answers.
    """

    roll: Roll
    is_first: bool = False
    added: tuple[Peer, ...] = ()
    removed: tuple[Peer, ...] = ()
    readdressed: tuple[Moved, ...] = ()


def notice(before: Sequence[Peer] | None, roll: Roll) -> Notice:
    """What to tell a reader that knows the peers `before`; None if it was told of none yet."""
    old = {peer.fqdn: peer for peer in before or ()}
    new = {peer.fqdn for peer in roll.peers}
    return Notice(
        roll=roll,
        is_first=before is None,
        added=tuple(peer for peer in roll.peers if peer.fqdn not in old),
        removed=tuple(peer for fqdn, peer in old.items() if fqdn not in new),
        readdressed=tuple(
            Moved(peer, was.addresses)
            for peer in roll.peers
            if (was := old.get(peer.fqdn, peer)).addresses != peer.addresses
        ),
    )


def to_json(news: Notice) -> bytes:
    """The roll's document with `event`, `added`, `removed` and `readdressed`, as one line."""
    document: dict[str, Any] = {
        **to_document(news.roll),
        "event": _event(news),
        "added": [peer_document(peer) for peer in news.added],
        "removed": [peer_document(peer) for peer in news.removed],
        "readdressed": [
            {**peer_document(moved.peer), "was": list(moved.was)} for moved in news.readdressed
        ],
    }
    return json.dumps(document).encode() + b"\n"


def to_lines(news: Notice) -> bytes:
    """One name a line, sorted by its bytes, this pod's too: what peer-finder gave its scripts."""
    return "".join(f"{fqdn}\n" for fqdn in sorted(peer.fqdn for peer in news.roll.peers)).encode()


def stdin_of(news: Notice, form: Stdin) -> bytes:
    """What is written to a hook's stdin."""
    match form:
        case "json":
            return to_json(news)
        case "peers":
            return to_lines(news)
        case "none":
            return b""


def variables(news: Notice) -> Mapping[str, str]:
    """What a hook gets in its environment: names by spaces, each without a final dot.

    A list that is too long for a variable is left out, not cut: stdin has all of it.
    """
    me = news.roll.me
    given = {
        "ROLLCALL_EVENT": _event(news),
        "ROLLCALL_GENERATION": str(news.roll.generation),
        "ROLLCALL_SELF": me.fqdn if me else "",
        "ROLLCALL_PEERS": _names(news.roll.peers),
        "ROLLCALL_ADDED": _names(news.added),
        "ROLLCALL_REMOVED": _names(news.removed),
        "ROLLCALL_READDRESSED": _names([moved.peer for moved in news.readdressed]),
    }
    return {name: value for name, value in given.items() if len(value) <= LONGEST_VARIABLE}


def _event(news: Notice) -> str:
    return "first" if news.is_first else "changed"


def _names(peers: Sequence[Peer]) -> str:
    return " ".join(peer.fqdn for peer in peers)
