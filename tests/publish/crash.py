"""Stops a writer at each of its system calls, and kills it there; `test_crash` starts it.

`python -m tests.publish.crash SCENE FOLDER` ends with 0 if all is as it should be, and prints how
many deaths left the old files, the new ones, and something beside them.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from agent.publish import Claim, publish, sweep
from tests.publish.kernel import ended, killed, started, stopped

OLD, NEW = b"old\n", b"new\n" * 10_000
# Who has the file before; only root may give files away, all others keep theirs.
OTHER = (65534, 65533) if os.geteuid() == 0 else (os.geteuid(), os.getegid())


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it is; `owner` and group by their numbers."""

    content: bytes
    mode: int
    owner: tuple[int, int]


def seen(path: Path) -> Seen | None:
    if not path.exists():
        return None
    status = path.stat()
    mode = stat.S_IMODE(status.st_mode)
    return Seen(path.read_bytes(), mode, (status.st_uid, status.st_gid))


@dataclass
class Scene:
    """How a target is before, how it is written, and what it may be at any moment."""

    folder: Path
    before: Callable[[Path], None]
    write: Callable[[Path], None]
    names: tuple[str, ...] = ("peers.cnf",)

    def play(self) -> dict[str, int]:
        """Kills the writer again and again; how many deaths left what."""
        paths = [self.folder / name for name in self.names]
        left = {"old": 0, "new": 0, "half": 0, "beside": 0}
        self._begin_anew()
        before = [seen(path) for path in paths]
        self.write(paths[0])
        after = [seen(path) for path in paths]
        self._begin_anew()
        for number in killed(partial(self.write, paths[0])):
            now = [seen(path) for path in paths]
            for was, will_be, is_now in zip(before, after, now, strict=True):
                assert is_now in (was, will_be), (number, is_now)
            left["old" if now == before else "new" if now == after else "half"] += 1
            left["beside"] += bool({*self.folder.iterdir()} - {*paths})
            self._start_again(paths)
            self._begin_anew()
        return left

    def _begin_anew(self) -> None:
        for path in self.folder.iterdir():
            path.unlink()
        self.before(self.folder / self.names[0])

    def _start_again(self, paths: list[Path]) -> None:
        """As the next start of an agent does."""
        with Claim(paths[0], "db-1", paths[1:]):
            there = {path for path in self.folder.iterdir() if path.suffix != ".lock"}
            assert there <= {*paths}, there
        assert {*self.folder.iterdir()} == there


def nothing(_: Path) -> None:
    """There is no file yet."""


def another(path: Path) -> None:
    """The file belongs to another, and only its group may read it."""
    path.write_bytes(OLD)
    os.chown(path, *OTHER)
    path.chmod(0o640)


def plain(path: Path, mode: int | None = None) -> None:
    publish(path, NEW, mode)


def agent(path: Path) -> None:
    """All that an agent writes, as it does: its memory, then the output; and it ends well."""
    memory = path.with_name(".state")
    with Claim(path, "db-1", (memory,)) as claim:
        claim.guarding(partial(publish, memory, mode=None))(NEW)
        claim.guarding(partial(publish, path, mode=0o604))(NEW)


def race(path: Path) -> dict[str, int]:
    """At each moment of one that tries for a claim, its holder gives it up and another takes it.

    How often the one was late; two of them at once are an error.
    """
    for number in count(1):
        child = started(Claim(path, "db-1").take)
        holder, other = Claim(path, "db-0"), Claim(path, "db-2")
        holder.take()
        if not stopped(child, number):
            holder.close()
            return {"late": number - 1}
        holder.close()
        other.take()
        assert ended(child) == 1, number
        other.close()
    raise AssertionError("it never ends")


def main(scene: str, folder: Path) -> None:
    """Plays one of them."""
    sweep(folder / "any")  # so that all is imported and looked up once before a child does it
    if scene == "race":
        print(json.dumps(race(folder / "peers.cnf")))
        return
    scenes = {
        "first": Scene(folder, nothing, plain),
        "kept": Scene(folder, another, plain),
        "set": Scene(folder, another, partial(plain, mode=0o604)),
        "agent": Scene(folder, another, agent, ("peers.cnf", ".state")),
    }
    print(json.dumps(scenes[scene].play()))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
