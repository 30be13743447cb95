"""The hook that has HAProxy read its files again, against a socket that answers as HAProxy does."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.examples.manifests import EXAMPLES

HOOK = EXAMPLES / "mysql" / "haproxy" / "reload.py"
# Seconds: longer than the hook itself waits.
LONG = 60.0
# Both as the manual of HAProxy 2.7 and later has them (doc/management.txt, reload).
TAKEN = (
    "Success=1\n--\n[NOTICE]   (1) : New worker (20) forked\n[NOTICE]   (1) : Loading success.\n"
)
REFUSED = (
    "Success=0\n--\n[NOTICE]   (1) : path to executable is haproxy\n"
    "[ALERT]    (1) : config : parsing [/peers/backend.cfg:1]: unknown keyword 'Abackend'.\n"
    "[ALERT]    (1) : config : Fatal errors found in configuration.\n"
)


@contextmanager
def master(path: Path, answer: str) -> Iterator[list[bytes]]:
    """Meanwhile a master there answers one command so, and closes: what it was told."""
    told: list[bytes] = []

    def serve() -> None:
        with listening.accept()[0] as client:
            client.settimeout(LONG)
            told.append(client.recv(100))
            client.sendall(answer.encode())

    with socket.socket(socket.AF_UNIX) as listening, ThreadPoolExecutor() as pool:
        listening.settimeout(LONG)
        listening.bind(str(path))
        listening.listen()
        served = pool.submit(serve)
        yield told
        served.result()


def hook(path: Path) -> subprocess.CompletedProcess[str]:
    """How it ended."""
    command = [sys.executable, str(HOOK), str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONG)


def test_haproxy_is_told_to_reload_and_its_words_are_logged(tmp_path: Path) -> None:
    path = tmp_path / "master.sock"
    with master(path, TAKEN) as told:
        ran = hook(path)
    assert told == [b"reload\n"]
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Loading success." in ran.stdout


def test_files_that_haproxy_did_not_take_are_a_failure_in_its_words(tmp_path: Path) -> None:
    path = tmp_path / "master.sock"
    with master(path, REFUSED):
        ran = hook(path)
    assert ran.returncode == 1
    (last,) = ran.stderr.splitlines()
    assert last.startswith("HAProxy did not take its files: [ALERT]")
    assert "unknown keyword 'Abackend'" in last
    assert "NOTICE" not in last


def test_haproxy_before_2_7_says_nothing_and_that_is_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "master.sock"
    with master(path, ""):
        ran = hook(path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_haproxy_that_does_not_listen_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "master.sock"
    ran = hook(path)
    assert ran.returncode == 1
    assert ran.stderr == f"HAProxy can't be told: {path}: No such file or directory\n"
