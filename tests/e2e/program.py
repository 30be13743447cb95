"""Rollcall as a user runs it: a process of its own, with an environment that says nothing to it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.support.until import until

ROOT = Path(__file__).resolve().parents[2]
# Seconds. For what takes far less on an idle machine.
SOON = 15.0
_OF_A_POD = re.compile(r"ROLLCALL_.*|POD_NAME|POD_NAMESPACE|POD_IPS?")

DOMAIN = "cluster.local"
# Formats that ask nobody who answers, and whose files name every peer.
SAMPLE = ("env", "galera", "json", "list", "yaml")
SERVICE = ("--service=db", "--namespace=prod", f"--cluster-domain={DOMAIN}")
QUICK = ("--interval=100ms", "--settle=100ms", "--forget-after=500ms", "--timeout=1s")


def fqdn(pod: str) -> str:
    """A pod's name in DNS."""
    return f"{pod}.db.prod.svc.{DOMAIN}"


@dataclass(frozen=True, slots=True)
class Setting:
    """How a process is started, besides its arguments.

    `umask` is -1 for the test's own. A byte of `stdin` that is no UTF-8 is written as a surrogate.
    `through` is a command that starts another. `stdout` and `stderr` are handles to write to,
    instead of what `Program.out` and `Program.err` read. `folder` is where it is started.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    stdin: str = ""
    umask: int = -1
    through: tuple[str, ...] = ()
    stdout: int | None = None
    stderr: int | None = None
    folder: Path = ROOT


@dataclass(frozen=True, slots=True)
class Ended:
    """What a process left."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """The JSON log, line by line."""
        return [json.loads(line) for line in self.err.splitlines()]


class Program:
    """`rollcall ARGUMENTS…`, running from its making until it ends or `close`."""

    def __init__(self, *arguments: str | Path, setting: Setting | None = None) -> None:
        given = setting or Setting()
        own = {name: v for name, v in os.environ.items() if not _OF_A_POD.fullmatch(name)}
        if arguments[:1] == ("run",):
            own["ROLLCALL_STATUS_LISTEN"] = "none"  # here agents share one network
        self._out, self._err = (
            tempfile.TemporaryFile()  # noqa: SIM115  # close() closes them
            for _ in range(2)
        )
        with tempfile.TemporaryFile() as stdin:
            stdin.write(given.stdin.encode(errors="surrogateescape"))
            stdin.seek(0)
            self.process = subprocess.Popen(
                [*given.through, sys.executable, "-P", "-m", "agent", *map(str, arguments)],
                cwd=given.folder,
                env={**own, "PYTHONPATH": str(ROOT), **given.environment},
                stdin=stdin,
                stdout=self._out if given.stdout is None else given.stdout,
                stderr=self._err if given.stderr is None else given.stderr,
                umask=given.umask,
            )

    @property
    def out(self) -> str:
        """All that it wrote to stdout so far."""
        return _whole(self._out.fileno())

    @property
    def err(self) -> str:
        """All that it wrote to stderr so far."""
        return _whole(self._err.fileno())

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """What it has logged so far (as JSON), of these kinds; of every kind without any."""
        whole = self.err.rpartition("\n")[0]
        found = [json.loads(line) for line in whole.splitlines()]
        return [event for event in found if not kinds or event["kind"] in kinds]

    def says(self, *kinds: str, times: int = 1) -> list[dict[str, Any]]:
        """Waits until it has logged something of these kinds so many times."""

        def said() -> list[dict[str, Any]]:
            found = self.events(*kinds)
            self.must_run(len(found) < times)
            return found if len(found) >= times else []

        return until(said, SOON, f"rollcall says {' or '.join(kinds)}, {times} times")

    def rests(self) -> None:
        """Waits until it does nothing but wait itself, where Linux tells that."""
        status = Path(f"/proc/{self.process.pid}/stat")
        if status.exists():
            until(lambda: _is_asleep(status), SOON, "rollcall rests")

    def must_run(self, expected: bool = True) -> None:
        """Fails the test if the process has ended although it was expected to run."""
        assert not expected or self.process.poll() is None, f"it ended: {self.err}"

    def end(self, number: signal.Signals | None = None) -> Ended:
        """Sends a signal, if one is given, and waits for the end."""
        if number is not None:
            self.process.send_signal(number)
        code = self.process.wait(SOON)
        return Ended(code, self.out, self.err)

    def close(self) -> None:
        """Ends it by force if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(SOON)
        self._out.close()
        self._err.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def rollcall(*arguments: str | Path, setting: Setting | None = None) -> Ended:
    """Runs it to its end."""
    with Program(*arguments, setting=setting) as program:
        return program.end()


def seconds_to_end(program: Program, number: signal.Signals) -> float:
    """Ends a program by a signal, which has to be with exit code 0; in how many seconds."""
    began = time.monotonic()
    ended = program.end(number)
    took = time.monotonic() - began
    assert ended.code == 0, ended.err
    return took


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is another after any replacing or touching of a file."""

    inode: int
    modified: int
    content: bytes


def stamp(path: Path) -> Stamp:
    """The file as it is now."""
    status = path.stat()
    return Stamp(status.st_ino, status.st_mtime_ns, path.read_bytes())


def document(path: Path) -> Any:
    """What a JSON output holds; None while there is none."""
    return json.loads(path.read_bytes()) if path.exists() else None


def located(path: Path) -> dict[str, list[str]]:
    """The pods that a JSON output names, with their addresses."""
    found = document(path)
    return {peer["name"]: peer["addresses"] for peer in found["peers"]} if found else {}


class Reader:
    """Reads a file over and over, as a database might at any moment, and keeps what it saw."""

    def __init__(self, path: Path) -> None:
        self.seen: list[bytes] = []
        self._path = path
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join()

    def _read(self) -> None:
        over = False
        while not over:
            over = self._closing.wait(0.002)  # before the last look, so that it sees the end
            content = self._path.read_bytes()
            if content not in self.seen[-1:]:
                self.seen.append(content)


def _is_asleep(status: Path) -> bool:
    """Whether its main thread waits for a time or a packet; a write to a disk does not count."""
    return status.read_text().rpartition(") ")[2].startswith("S")


def _whole(handle: int) -> str:
    return os.pread(handle, os.fstat(handle).st_size, 0).decode()


def names(documents: Sequence[bytes]) -> list[list[str]]:
    """The pods that each of several JSON outputs names."""
    return [[peer["name"] for peer in json.loads(content)["peers"]] for content in documents]
