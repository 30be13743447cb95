"""`make mutations`: breaks each rule in a copy of the tree, and shows which test fails for it.

Ends with 1 if a mutation survives, if its text is not found, or if the copy fails unbroken.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from queue import Queue

from tests.mutations.every import GROUPS
from tests.mutations.mutation import ROOT, Group, Mutation

SEEDS = 40
# And so many where no other test fails.
MANY_SEEDS = 1000
# Seconds. A mutation may make the agent wait for ever.
LONGEST = 120.0
_FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)
_ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(("ROLLCALL_", "PYTEST_"))}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a mutation: the test that failed first, and the promise; empty if none did."""

    mutation: Mutation
    test: str
    promise: str
    problem: str = ""

    @property
    def is_caught(self) -> bool:
        """Whether anything noticed it."""
        return not self.problem and bool(self.test or self.promise)


class Copy:
    """A copy of the tree, in which one mutation after another is tried."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamps = count(1_000_000_000)  # so that no compiled file of another content counts
        ours = shutil.ignore_patterns("__pycache__")
        for name in ("agent", "docs", "tests"):
            shutil.copytree(ROOT / name, folder / name, ignore=ours)
        for name in ("README.md", "pyproject.toml"):
            shutil.copy(ROOT / name, folder)

    def judge(self, group: Group, mutation: Mutation) -> Verdict:
        """Tries a mutation."""
        try:
            broken = mutation.applied(self._folder)
        except LookupError as wrong:
            return Verdict(mutation, "", "", str(wrong))
        with self._with(self._folder / mutation.file, broken):
            test = self.failing(mutation.tests) or self.failing(*group.tests)
            seeds = SEEDS if test else MANY_SEEDS
            return Verdict(mutation, test, self.breach(seeds) if group.is_simulated else "")

    def failing(self, *tests: str) -> str:
        """The first test that fails, by name; empty if none does."""
        options = ("-x", "-q", "--tb=no", "--hypothesis-seed=0", "-p", "no:cacheprovider")
        done = self._python("-m", "pytest", *options, *tests)
        if done is None:
            return f"{tests[0]} (has no end)"
        found = _FAILED.search(done.stdout)
        return found[1] if found else "" if done.returncode == 0 else done.stdout + done.stderr

    def breach(self, seeds: int = SEEDS) -> str:
        """The first promise of the simulation that is broken, and its seed."""
        done = self._python("-m", "tests.mutations.probe", str(seeds))
        return "has no end" if done is None else (done.stdout + done.stderr[-200:]).strip()

    def _python(self, *arguments: str) -> subprocess.CompletedProcess[str] | None:
        command = [sys.executable, *arguments]
        try:
            return subprocess.run(
                command,
                cwd=self._folder,
                env=_ENVIRONMENT,
                capture_output=True,
                text=True,
                timeout=LONGEST,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None

    @contextmanager
    def _with(self, file: Path, text: str) -> Iterator[None]:
        whole = file.read_text(encoding="utf-8")
        try:
            self._write(file, text)
            yield
        finally:
            self._write(file, whole)

    def _write(self, file: Path, text: str) -> None:
        file.write_text(text, encoding="utf-8")
        stamp = next(self._stamps)
        os.utime(file, (stamp, stamp))


class Copies:
    """So many copies of the tree, each for one mutation at a time."""

    def __init__(self, folder: Path, number: int) -> None:
        self._free: Queue[Copy] = Queue()
        for each in range(number):
            self._free.put(Copy(folder / str(each)))

    @contextmanager
    def one(self) -> Iterator[Copy]:
        """A copy that nobody else uses meanwhile."""
        copy = self._free.get()
        try:
            yield copy
        finally:
            self._free.put(copy)

    def judge(self, chosen: tuple[Group, Mutation]) -> Verdict:
        """Tries a mutation."""
        with self.one() as copy:
            return copy.judge(*chosen)

    def control(self, tests: tuple[str, ...]) -> str:
        """What fails although nothing is broken."""
        with self.one() as copy:
            return copy.failing(*tests) or copy.breach()


def main() -> int:
    """Tries the mutations whose names have one of the words that are given, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="only mutations whose names have one of these")
    parser.add_argument(
        "--part", default="1/1", metavar="K/N", help="every N-th of them, from the K-th on"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    first, step = map(int, args.part.split("/"))
    if not 1 <= first <= step:
        parser.error(f"--part {args.part}: K has to be from 1 to N")
    chosen = [
        (group, mutation)
        for group in GROUPS
        for mutation in group.mutations
        if not args.words or any(word in mutation.name for word in args.words)
    ][first - 1 :: step]
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="rollcall-mutations-") as folder,
        ThreadPoolExecutor(args.jobs) as pool,
    ):
        copies = Copies(Path(folder), args.jobs)
        controls = pool.map(copies.control, sorted({group.tests for group, _ in chosen}))
        verdicts: list[Verdict] = []
        for verdict in pool.map(copies.judge, chosen):
            rule = verdict.mutation.rule
            if not verdicts or verdicts[-1].mutation.rule != rule:
                print(f"\n{rule}", flush=True)
            verdicts.append(verdict)
            show(verdict)
        broken = [failed for failed in controls if failed]
    for failed in broken:
        print(f"without any mutation this fails: {failed}")
    caught = sum(verdict.is_caught for verdict in verdicts)
    print(f"{caught} of {len(verdicts)} were caught, in {time.monotonic() - began:.0f} s")
    return 0 if caught == len(verdicts) and not broken else 1


def show(verdict: Verdict) -> None:
    """Prints a row."""
    if not verdict.is_caught:
        print(f"  SURVIVES: {verdict.problem or verdict.mutation.name}", flush=True)
        return
    test = verdict.test.rpartition("::")[2] or "-"
    print(f"  {verdict.mutation.name:66} {verdict.promise or '-':22} {test}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
