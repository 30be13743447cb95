"""Where things are measured: a network of its own, and in it a pod's namespaces per program.

A pod here is what a container of Kubernetes has of the kind: its own network with one interface,
hostname and /etc/resolv.conf. Its other end of the line counts what is on the wire. This module
must not know what runs there, nor what DNS says.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
_NEEDED = ("unshare", "nsenter", "ip", "mount", "hostname")
_OWN = ("unshare", "--map-root-user", "--net", "--mount", "--uts", "sh", "-ec")
_WITHIN = "ROLLCALL_BENCH_WITHIN"
_TRY = "ip link set lo up; ip link add pod0 type veth peer name pod1; hostname pod"
# It keeps the namespaces until its stdin is closed, which the end of this process does too.
_HOLD = 'ip link set lo up; hostname "$1"; mount --bind "$2" /etc/resolv.conf; echo; exec cat'


class NoPlaceError(Exception):
    """There is no network of its own to be had; says what mends it."""


def why_not() -> str:
    """Why there can be no network of its own here, and what mends it; empty if there can be."""
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if missing:
        return (
            f"there is no program {missing[0]}, which makes the network that is measured in: "
            "install it (on Debian the packages are util-linux, iproute2, mount and hostname)"
        )
    tried = subprocess.run([*_OWN, _TRY], capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        return ""
    return (
        f"this system gives nobody a network of their own ({tried.stderr.strip()}): run it as "
        "root, or where users may make namespaces (sysctl user.max_user_namespaces)"
    )


def enter(module: str, arguments: Sequence[str]) -> None:
    """Returns in a network of its own: there this process becomes the same module again.

    From then on SIGTERM is an exception, so that all ends that was started. Raises NoPlaceError.
    """
    if _WITHIN in os.environ:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        return
    if why := why_not():
        raise NoPlaceError(why)
    command = [sys.executable, "-m", module, *arguments]
    os.chdir(ROOT)
    os.environ[_WITHIN] = "1"
    inside = 'ip link set lo up; exec "$@"'
    os.execvp(_OWN[0], [*_OWN, inside, "sh", *command])  # noqa: S606  # no shell is wanted


class Pod:
    """The namespaces of a pod, from its making to `close`, and its line to this network.

    `dns` is this network's end of the line, where the pod's /etc/resolv.conf has its nameserver;
    `address` is the pod's. `number` is no other pod's, from 0 to 254.
    """

    def __init__(self, number: int, hostname: str, namespace: str, folder: Path) -> None:
        self.namespace, self.hostname = namespace, hostname
        self.dns, self.address = f"10.99.{number}.1", f"10.99.{number}.2"
        self._line = f"pod{number}"
        folder.mkdir(parents=True)
        self.folder = folder
        conf = folder / "resolv.conf"
        search = " ".join(f"{part}cluster.local" for part in (f"{namespace}.svc.", "svc.", ""))
        conf.write_text(f"nameserver {self.dns}\nsearch {search}\noptions ndots:5\n")
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--uts", "sh", "-ec", _HOLD, "sh", hostname, conf],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        if not self._holder.stdout.readline():
            self.close()
            raise NoPlaceError("a pod's namespaces could not be made")
        self._lay()

    def _lay(self) -> None:
        pid, line = str(self._holder.pid), self._line
        _ip("link", "add", line, "type", "veth", "peer", "name", "eth0", "netns", pid)
        _ip("address", "add", f"{self.dns}/24", "dev", line)
        _ip("link", "set", line, "up")
        _ip("address", "add", f"{self.address}/24", "dev", "eth0", within=self)
        _ip("link", "set", "eth0", "up", within=self)

    def inside(self, *command: str | Path) -> list[str]:
        """The command that runs this one in the pod, as the same process."""
        pid = f"--target={self._holder.pid}"
        return ["nsenter", pid, "--net", "--mount", "--uts", *map(str, command)]

    def received(self) -> int:
        """Bytes on the wire to the pod so far, with their Ethernet, IP, UDP and TCP headers."""
        return received(Path("/proc/net/dev").read_text(), self._line)

    def close(self) -> None:
        """Gives the namespaces up. The line would go with them, but only some time later."""
        subprocess.run(["ip", "link", "delete", self._line], capture_output=True, check=False)
        assert self._holder.stdin is not None
        assert self._holder.stdout is not None
        self._holder.stdin.close()
        self._holder.stdout.close()
        self._holder.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def received(net_dev: str, line: str) -> int:
    """Bytes that the other end of this line got, as proc(5) has them: this end's sent ones."""
    for row in net_dev.splitlines():
        name, _, counters = row.partition(":")
        if name.strip() == line:
            return int(counters.split()[8])
    raise KeyError(line)


def _ip(*words: str, within: Pod | None = None) -> None:
    command = ["ip", *words]
    subprocess.run(within.inside(*command) if within else command, check=True)
