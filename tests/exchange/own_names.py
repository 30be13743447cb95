"""Played where /etc/hosts and /etc/resolv.conf are this process's own; `test_exchange` starts it.

`python -m tests.exchange.own_names FOLDER`: FOLDER has both files. Ends with 0 if all is as it
should be.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from agent.exchange import ExchangeError, Request, exchange
from tests.support.http_server import PATIENT, reply, serving
from tests.support.machines import LISTENS, REFUSES, SILENT, Machines

SHORT = 0.3
# Nothing answers here, nobody else is here, and nothing leaves the machine.
NAMESERVER = f"127.{100 + os.getpid() // 256 % 100}.{os.getpid() % 256}.53"


def ask(url: str, timeout: float, stop: int | None = None) -> int:
    return exchange(Request("GET", url), timeout, time.monotonic, stop).status


def wrong(url: str, timeout: float = PATIENT, stop: int | None = None) -> str:
    began = time.monotonic()
    with pytest.raises(ExchangeError) as why:
        ask(url, timeout, stop)
    assert time.monotonic() - began < timeout + 1
    return str(why.value)


def try_all_addresses(folder: Path, machines: Machines) -> None:
    """Whichever comes first of them."""
    machines.silent(SILENT)
    port = machines.port
    (folder / "hosts").write_text(
        f"{SILENT} silent four\n"
        f"{REFUSES} none three\n"
        f"{LISTENS} one three four five\n"
        f"{SILENT} five\n"
        f"127.9.0.5 none\n"
    )
    with serving(reply(200), address=LISTENS, port=port) as server:
        assert ask(f"http://one:{port}/", PATIENT) == 200
        assert server.guests[0].header("host") == f"one:{port}"
        assert ask(f"http://three:{port}/", PATIENT) == 200
        assert ask(f"http://four:{port}/", 2.0) == 200
        assert ask(f"http://five:{port}/", 2.0) == 200
    assert wrong(f"http://none:{port}/") == f"none:{port} can't be reached: Connection refused"
    said = wrong(f"http://silent:{port}/", SHORT)
    assert said == f"silent:{port} accepted no connection within {SHORT:g} s"


def without_dns(folder: Path) -> None:
    """A resolver's own patience is not the exchange's."""
    conf = folder / "resolv.conf"
    conf.write_text(f"nameserver {NAMESERVER}\noptions timeout:1 attempts:1\n")
    said = wrong("http://db.example/")
    assert said == "DNS does not say where db.example is"
    with socket.socket(type=socket.SOCK_DGRAM) as nameserver:
        nameserver.bind((NAMESERVER, 53))
        conf.write_text(f"nameserver {NAMESERVER}\noptions timeout:30 attempts:5\n")
        said = wrong("http://db.example/", SHORT)
        assert said == f"db.example:80 was not found in DNS within {SHORT:g} s"
        ours, theirs = os.pipe()
        os.write(theirs, b"x")
        assert wrong("http://db.example/", PATIENT, ours) == "it was given up"


if __name__ == "__main__":
    with ExitStack() as stack:
        try_all_addresses(Path(sys.argv[1]), Machines(stack))
    without_dns(Path(sys.argv[1]))
