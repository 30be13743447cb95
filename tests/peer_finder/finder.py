"""`rollcall peer-finder` in a pod db-1, as a test runs it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.cases.net import Net
from tests.e2e.conftest import Start
from tests.e2e.program import Program, Setting
from tests.peer_finder.script import POD, hook

BOTH = ("on-start", "on-change")
IN_THE_POD = {
    "ROLLCALL_POD_NAME": POD,
    "POD_NAMESPACE": "prod",
    "POD_IP": "10.0.0.2",
    "ROLLCALL_LOG_FORMAT": "json",
    "ROLLCALL_INTERVAL": "100ms",
    "ROLLCALL_SETTLE": "400ms",
    "ROLLCALL_FORGET_AFTER": "200ms",
}
FLAGS = ("-service=db", "-domain=cluster.local")


def finder(start: Start, net: Net, *arguments: str, more: Mapping[str, str] = {}) -> Program:
    """It, with these flags and variables besides."""
    environment = {**IN_THE_POD, "ROLLCALL_NAMESERVER": str(net.nameserver), **more}
    return start("peer-finder", *FLAGS, *arguments, setting=Setting(environment=environment))


def noting(folder: Path, *hooks: str) -> list[str]:
    """Flags for hooks that note their calls."""
    return [f"-{name}={hook(name, folder)}" for name in hooks]
