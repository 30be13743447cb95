"""What a sidecar has loaded, and when: what it never uses, every pod would hold for ever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.kube import Kube
from tests.e2e.program import ROOT, SERVICE, SOON
from tests.status.client import Client
from tests.support.until import until

# `rollcall` that says what it has loaded, a line for each that it is given.
LISTED = """\
import gc, sys, threading

def tell():
    for _ in sys.stdin.buffer:
        names = [name for name, module in sys.modules.items() if module]
        names += ["frozen"] if gc.get_freeze_count() and gc.isenabled() else []
        sys.stdout.write(" ".join(names) + "\\n")
        sys.stdout.flush()

threading.Thread(target=tell, daemon=True).start()
from agent.__main__ import main
main()
"""
# For who answers a client.
ANSWERS = frozenset("agent.status.house agent.status.routes h11".split())
# For who is scraped.
METRICS = frozenset("agent.status.families agent.status.metrics agent.status.process".split())
KINDS = ("exec", "http", "signal")
# For who tells of changes, by a command, by a URL and by a signal.
TELLS = frozenset(
    ("agent.cli.telling", "agent.exchange", *(f"agent.notify.{kind}" for kind in KINDS))
)
# For who checks files, lays them over others, and asks at peers' ports.
ASKS = frozenset(
    "agent.answering agent.bootstrap agent.check agent.formats.merge_ini agent.formats.merge_yaml"
    " agent.hearing".split()
)
# For other commands, and for nobody.
OTHERS = frozenset(
    "_hashlib _ssl agent.cli.doctor agent.cli.lab agent.cli.peer_finder agent.core.diagnosis"
    " agent.lab agent.manifest dns.asyncquery dns.query dns.resolver doctest ensurepip http.client"
    " http.server multiprocessing pip pkg_resources prometheus_client pydoc setuptools sqlite3"
    " unittest xml.etree".split()
)


class Loaded:
    """A `rollcall run` that says what it has loaded."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log

    def now(self) -> set[str]:
        """The modules, by name."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return set(self._process.stdout.readline().split())

    def get(self, path: str) -> int:
        """Asks it, and gives the status."""
        events = map(json.loads, self._log.read_text().splitlines())
        where = next(event["at"] for event in events if event["kind"] == "listening")
        with Client(where) as client:
            return client.ask(path, more="Connection: close\r\n").answer().status


@contextmanager
def running(kube: Kube, folder: Path, *flags: str) -> Iterator[Loaded]:
    """One of a pod that has written its first file, a plain list."""
    kube.scale(3)
    file, log = folder / "peers", folder / "log"
    own = {name: v for name, v in os.environ.items() if not name.startswith("ROLLCALL_")}
    given = ("--pod-name=db-1", kube.flag, f"--output=list:{file}", "--status-listen=127.0.0.1:0")
    with log.open("w") as err:
        process = subprocess.Popen(
            [sys.executable, "-c", LISTED, "run", *SERVICE, *given, "--log-format=json", *flags],
            cwd=ROOT,
            env=own,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
        )
    with process:
        try:
            until(file.exists, SOON, "the first file is there")
            yield Loaded(process, log)
        finally:
            process.kill()


def test_with_its_first_file_it_has_loaded_nothing_that_it_did_not_need(
    kube: Kube, tmp_path: Path
) -> None:
    with running(kube, tmp_path) as rollcall:
        loaded = rollcall.now()
    assert {"agent.loop", "agent.status.server", "jinja2", "structlog"} <= loaded
    assert not loaded & (ANSWERS | METRICS | TELLS | ASKS | OTHERS)


def test_what_was_loaded_by_then_is_not_looked_through_for_garbage(
    kube: Kube, tmp_path: Path
) -> None:
    with running(kube, tmp_path) as rollcall:
        assert "frozen" in rollcall.now()


def test_the_first_client_has_loaded_what_answers_it_and_the_first_scrape_the_metrics(
    kube: Kube, tmp_path: Path
) -> None:
    with running(kube, tmp_path) as rollcall:
        until(lambda: rollcall.get("/readyz") == 200, SOON, "the gate is open")
        loaded = rollcall.now()
        assert loaded >= ANSWERS
        assert not loaded & METRICS
        assert rollcall.get("/metrics") == 200
        loaded = rollcall.now()
    assert loaded >= METRICS
    assert not loaded & (TELLS | ASKS | OTHERS)


@pytest.mark.parametrize(
    ("notifier", "needed"),
    [
        ("exec:true", {"agent.notify.exec"}),
        ("signal:HUP:nobody", {"agent.notify.signal"}),
        (
            "http://127.0.0.1:9/",
            {"agent.notify.http", "agent.exchange"},
        ),
    ],
)
def test_a_notifier_loads_its_own_kind_only(
    kube: Kube, tmp_path: Path, notifier: str, needed: set[str]
) -> None:
    with running(kube, tmp_path, f"--notify={notifier}") as rollcall:
        loaded = rollcall.now()
    assert loaded & TELLS == needed | {"agent.cli.telling"}
