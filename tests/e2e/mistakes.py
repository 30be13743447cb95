"""What people get wrong, as values: how each is made, and what has to be said of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.program import SERVICE, Ended, Setting, rollcall

# Nobody is asked before the settings are right; if it were, nobody would be there.
POD = ("--pod-name=db-1", *SERVICE, "--nameserver=127.0.0.1:9", "--wait-timeout=1s")
FILE = "--output=list:{folder}/peers.list"


def one_line(ended: Ended) -> str:
    """The only line that it wrote, as it has to be."""
    assert ended.code == 2, (ended.code, ended.err)
    assert ended.out == ""
    (line,) = ended.err.splitlines()
    assert line.startswith("rollcall: ")
    assert "Traceback" not in line
    return line


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong use, and what has to be said of it. `{folder}` is a folder of the test's own."""

    says: tuple[str, ...]
    arguments: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    config: str | None = None
    stdin: str = ""

    def make(self, folder: Path) -> Ended:
        """Makes the mistake."""
        (folder / "file").write_text("")
        (folder / "link").symlink_to("file")
        (folder / "inner").mkdir()
        os.mkfifo(folder / "pipe")
        arguments = [here(argument, folder) for argument in self.arguments]
        if self.config is not None:
            config = folder / "rollcall.yaml"
            config.write_text(here(self.config, folder))
            arguments.append(f"--config={config}")
        return rollcall(*arguments, setting=Setting(self.environment, self.stdin))


def here(text: str, folder: Path) -> str:
    return text.replace("{folder}", str(folder))


def run(*says: str, given: str = FILE, **more: Any) -> Mistake:
    """A mistake of who runs the sidecar; `given` are its flags."""
    words = (word.replace("\N{BULLET}", " ") for word in given.split())
    return Mistake(says, ("run", *POD, *words), **more)


def lab(argument: str, *says: str) -> Mistake:
    return Mistake(says, ("lab", "--replicas=1", argument))


def render(stdin: object, *says: str, given: str = "--format=list") -> Mistake:
    """A mistake of who renders; `stdin` is text, or what JSON is made of."""
    text = stdin if isinstance(stdin, str) else json.dumps(stdin)
    return Mistake(says, ("render", *given.split()), stdin=text)


def roll(**changes: object) -> dict[str, object]:
    """What `render` reads, with something changed."""
    service = {"name": "db", "namespace": "prod", "cluster_domain": "cluster.local"}
    own = {"fqdn": "db-0.db.prod.svc.cluster.local", "addresses": ["10.0.0.1"]}
    peers = [{"fqdn": "db-1.db.prod.svc.cluster.local"}]
    return {"version": 1, "service": service, "self": own, "peers": peers, **changes}


Made = Callable[[Mistake], Ended]


@contextmanager
def made_at_once(mistakes: Iterable[Mistake], folders: pytest.TempPathFactory) -> Iterator[Made]:
    """What a mistake led to. All of them are begun at once, as many at a time as there are CPUs."""
    of: dict[int, Path] = {}
    futures: dict[int, Future[Ended]] = {}
    pool = ThreadPoolExecutor(os.cpu_count())
    for mistake in mistakes:
        of[id(mistake)] = folders.mktemp("mistake")
        futures[id(mistake)] = pool.submit(mistake.make, of[id(mistake)])

    def wait(mistake: Mistake) -> Ended:
        ended = futures[id(mistake)].result()
        own_name = str(of[id(mistake)])
        return Ended(ended.code, ended.out, ended.err.replace(own_name, "{folder}"))

    yield wait
    pool.shutdown(cancel_futures=True)
