"""The programs that are measured: how each is started, and how one sees that it has its list."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.bench.place import Pod
from tests.bench.stage import POD, address
from tests.support.until import until

# Seconds. More than the slowest needs for its first list, and to end.
_PATIENT = 20.0
_HOOK = "#!/bin/sh\nexec date +%s.%N >>'{calls}'\n"


@dataclass(frozen=True, slots=True)
class Kind:
    """A program: its name in tables, what it is (empty: Rollcall) and Rollcall's own flags."""

    name: str
    path: str = ""
    flags: tuple[str, ...] = ()

    @property
    def is_rollcall(self) -> bool:
        return not self.path


class NoListError(Exception):
    """A program did not come to have its list; the last that it said."""


class Running:
    """A program in a pod, from its making to `close`. Times are Unix times."""

    def __init__(self, kind: Kind, pod: Pod) -> None:
        self.kind, self.pod = kind, pod
        self.file, self._calls = pod.folder / "peers" / "hosts", pod.folder / "calls"
        self._clear()
        hook = pod.folder / "hook"
        hook.write_text(_HOOK.format(calls=self._calls))
        hook.chmod(0o755)
        command = self._rollcall(hook) if kind.is_rollcall else self._peer_finder(hook)
        self._log = (pod.folder / "log").open("wb")
        self.began = time.time()
        self._process = subprocess.Popen(
            pod.inside(*command),
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        self.pid = self._process.pid

    def _clear(self) -> None:
        folder = self.file.parent
        folder.mkdir(exist_ok=True)
        for left in (*folder.iterdir(), self._calls):
            left.unlink(missing_ok=True)

    def _rollcall(self, hook: Path) -> Sequence[str | Path]:
        program = Path(sys.executable).with_name("rollcall")
        own = (f"--output=hosts:{self.file}", f"--notify=exec:{hook}")
        return (program, "run", *own, *self.kind.flags)

    def _peer_finder(self, hook: Path) -> Sequence[str | Path]:
        return (self.kind.path, "-service=db", f"-ns={self.pod.namespace}", f"-on-change={hook}")

    def _environment(self) -> dict[str, str]:
        """What a container has: of its image, and of the pod's downward API."""
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "POD_NAME": POD,
            "POD_NAMESPACE": self.pod.namespace,
            "POD_IP": address(1),
            "ROLLCALL_SERVICE": "db",
        }

    def has_list(self) -> bool:
        """Whether it has handed out its first list: Rollcall a file, the other to its hook."""
        if self._process.poll() is not None:
            raise NoListError(f"it ended: {self.said()}")
        return self.file.exists() if self.kind.is_rollcall else bool(self.calls())

    def first_list(self) -> float:
        """Waits for its first list; when that was there. Raises NoListError."""
        try:
            until(self.has_list, _PATIENT, "it has its list")
        except AssertionError:
            raise NoListError(f"no list within {_PATIENT:g} s: {self.said()}") from None
        return self.replaced() if self.kind.is_rollcall else self.calls()[0]

    def replaced(self) -> float:
        """When its file was put in place: a rename sets the time of change (rename(2))."""
        return self.file.stat().st_ctime_ns / 1e9

    def calls(self) -> list[float]:
        """When its hook ran, each time."""
        if not self._calls.exists():
            return []
        return [float(line) for line in self._calls.read_text().splitlines(keepends=True)]

    def said(self) -> str:
        """The last sentence of its log."""
        line = "".join((self.pod.folder / "log").read_text().splitlines()[-1:])
        return str(json.loads(line)["event"]) if line.startswith("{") else line

    def end(self) -> float:
        """Sends SIGTERM; how many seconds it takes to end."""
        handle = os.pidfd_open(self.pid)
        try:
            began = time.perf_counter()
            self._process.terminate()
            ready, _, _ = select.select([handle], [], [], _PATIENT)
            assert ready, f"{self.kind.name} does not end: {self.said()}"
            return time.perf_counter() - began
        finally:
            os.close(handle)
            self.close()

    def close(self) -> None:
        """Ends it by force if it still runs."""
        self._process.kill()
        self._process.wait()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
