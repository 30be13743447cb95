"""Hooks that do what a hook may do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.core.delivery import Arrived, Lost, Outcome
from agent.core.notice import VARIABLES, Notice, Stdin, to_json, to_lines, variables
from agent.notify.attempts import FAREWELL
from agent.notify.exec import Exec
from agent.notify.lines import LONGEST_LINE, MOST_LINES
from agent.process import GRACE
from tests.notify.world import AT_ONCE, NEWS, SOON, World, many, threads
from tests.support.processes import is_there, number_in
from tests.support.until import until

ROOT = Path(__file__).parents[2]
NAME = "exec reload"


def shell(code: str) -> tuple[str, ...]:
    return ("/bin/sh", "-c", code, "sh")


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", f"import os, signal, sys, time\n{code}")


def hook(
    world: World, words: tuple[str, ...], timeout: float = 60.0, stdin: Stdin = "json"
) -> Exec:
    return Exec(NAME, words, timeout, stdin, world.around())


def came_of(world: World, words: tuple[str, ...], news: Notice = NEWS) -> Outcome:
    return world.outcome(hook(world, words).start(news))


# What it is given.


@pytest.mark.parametrize(
    ("stdin", "given"), [("json", to_json(NEWS)), ("peers", to_lines(NEWS)), ("none", b"")]
)
def test_the_news_are_on_its_stdin_as_it_wants_them(
    stdin: Stdin, given: bytes, tmp_path: Path
) -> None:
    world, seen = World(), tmp_path / "seen"
    attempt = hook(world, shell(f"cat > {seen}"), stdin=stdin).start(NEWS)
    assert world.outcome(attempt) == Arrived()
    assert seen.read_bytes() == given


def test_a_megabyte_of_news_is_read_whole(tmp_path: Path) -> None:
    news, seen = many(), tmp_path / "seen"
    assert came_of(World(), shell(f"cat > {seen}"), news) == Arrived()
    assert len(seen.read_bytes()) > 1_000_000
    assert seen.read_bytes() == to_json(news)


@pytest.mark.parametrize("code", ["exit 0", "exec 0<&-", "head -c 5 >/dev/null"])
def test_one_that_does_not_read_the_news_is_told_them_all_the_same(code: str) -> None:
    assert came_of(World(), shell(code), many()) == Arrived()


def test_its_environment_is_the_agents_with_the_news_of_now(tmp_path: Path) -> None:
    world, seen = World(), tmp_path / "seen"
    own = {"PATH": os.environ["PATH"], "ROLLCALL_SERVICE": "db", "SECRET": "käse"}
    old = dict.fromkeys(VARIABLES, "old")
    words = python(f"import json; json.dump(dict(os.environ), open({str(seen)!r}, 'w'))")
    news = many()  # too many names for a variable: what was inherited does not take its place
    attempt = Exec(NAME, words, 60.0, "json", world.around({**own, **old})).start(news)
    assert world.outcome(attempt) == Arrived()
    given = json.loads(seen.read_bytes())
    assert {name: given[name] for name in own} == own
    assert {name: given[name] for name in VARIABLES if name in given} == variables(news)
    assert "ROLLCALL_PEERS" not in given


def test_it_begins_at_the_root_with_its_words_as_they_are(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    words = (*shell(f'pwd > {seen}; printf "%s\\n" "$@" >> {seen}'), "$HOME", "a b", "{path}", "*")
    assert came_of(World(), words) == Arrived()
    assert seen.read_text().splitlines() == ["/", "$HOME", "a b", "{path}", "*"]


# How it ends.


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (shell("exit 3"), "failed with 3, and said nothing"),
        (shell("echo a; echo no good >&2; exit 1"), "failed with 1: a; no good"),
        (shell("kill -SEGV $$"), "was killed by SIGSEGV, and said nothing"),
        (("/none/hook",), "could not be started: there is no program /none/hook, or nothing to"),
        (("/dev/null",), "could not be started: /dev/null is not executable for user"),
    ],
)
def test_why_it_failed_is_one_sentence(words: tuple[str, ...], reason: str) -> None:
    outcome = came_of(World(), words)
    assert isinstance(outcome, Lost)
    assert outcome.reason.startswith(reason)


def test_an_environment_too_large_is_an_outcome_too() -> None:
    world = World()
    around = world.around({f"V{n}": "x" * 100_000 for n in range(100)})
    outcome = world.outcome(Exec(NAME, ("/bin/true",), 60.0, "json", around).start(NEWS))
    assert outcome == Lost("could not be started: Argument list too long")


def test_one_that_fails_five_times_and_then_works_has_arrived_at_the_sixth(tmp_path: Path) -> None:
    count, world = tmp_path / "count", World()
    reload = hook(world, shell(f"echo >> {count}; test $(wc -l < {count}) -ge 6"))
    outcomes = [world.outcome(reload.start(NEWS)) for _ in range(7)]
    failed = Lost("failed with 1, and said nothing")
    assert outcomes == [failed] * 5 + [Arrived()] * 2


def test_one_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    world, there = World(), tmp_path / "there"
    words = shell(f"trap '' TERM; (sleep 600) & echo $! > {there}; wait; wait")
    attempt = hook(world, words, timeout=0.3).start(NEWS)
    assert world.outcome(attempt) == Lost("took longer than 0.3 s, and was ended")
    child = number_in(there)()
    until(lambda: not is_there(child), SOON, "what it started is ended")


def test_one_that_takes_too_long_may_clean_up(tmp_path: Path) -> None:
    world, clean = World(), tmp_path / "clean"
    words = shell(f"trap 'sleep 0.2; echo 1 > {clean}; exit 0' TERM; while :; do sleep 0.05; done")
    attempt = hook(world, words, timeout=0.3).start(NEWS)
    assert world.outcome(attempt) == Lost("took longer than 0.3 s, and was ended")
    assert clean.exists()


@pytest.mark.parametrize("holds", ["", ">/dev/null 2>&1"])
def test_a_daemon_with_a_session_of_its_own_stays_and_holds_nobody_up(
    holds: str, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    words = shell(
        f"setsid sh -c 'echo $$ > {there}; exec sleep 600' {holds} & "
        f"until test -s {there}; do sleep 0.01; done; echo started"
    )
    world = World()
    began = time.monotonic()
    assert came_of(world, words) == Arrived()
    assert time.monotonic() - began < SOON
    assert world.lines == [f"{NAME}: started"]
    daemon = number_in(there)()
    try:
        assert is_there(daemon)
    finally:
        os.kill(daemon, signal.SIGKILL)


@pytest.mark.parametrize("holds", ["", ">/dev/null 2>&1"])
def test_a_daemon_in_its_process_group_ends_with_it(holds: str, tmp_path: Path) -> None:
    there = tmp_path / "there"
    words = shell(
        f"(sh -c 'echo $$ > {there}; exec sleep 600' {holds} &) ; "
        f"until test -s {there}; do sleep 0.01; done"
    )
    assert came_of(World(), words) == Arrived()
    daemon = until(number_in(there), SOON, "it was there")
    until(lambda: not is_there(daemon), SOON, "it is ended")


# What it says.


def test_its_lines_are_told_as_they_come(tmp_path: Path) -> None:
    world, go = World(), tmp_path / "go"
    words = shell(f"echo one; echo two >&2; until test -e {go}; do sleep 0.05; done; echo three")
    attempt = hook(world, words).start(NEWS)
    until(lambda: len(world.told) == 2, SOON, "two lines are told")
    assert attempt.outcome() is None
    go.touch()
    assert world.outcome(attempt) == Arrived()
    assert world.told == [
        ("info", f"{NAME}: {line}", {"kind": "hook", "notifier": NAME})
        for line in ("one", "two", "three")
    ]


@pytest.mark.parametrize(
    "code",
    [
        "[os.write(1, b'x' * 1_000_000) for _ in range(100)]",
        "[os.write(n % 2 + 1, b'y' * 999_999 + b'\\n') for n in range(100)]",
        "[os.write(1, (b'z' * 99 + b'\\n') * 10_000) for n in range(100)]",
    ],
)
def test_one_that_says_a_hundred_megabytes_costs_no_memory_and_ends(code: str) -> None:
    world = World()
    tracemalloc.start()
    try:
        outcome = world.outcome(hook(world, python(code)).start(NEWS), 60.0)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert outcome == Arrived()
    assert most < 2_000_000
    assert len(world.lines) <= MOST_LINES + 1
    assert all(len(line) <= LONGEST_LINE + 20 for line in world.lines)
    if len(world.lines) > MOST_LINES:
        assert world.lines[-1].endswith(" bytes more are left out)")


def test_a_log_that_takes_its_time_holds_the_hook_up_and_not_the_loop() -> None:
    world, goes_on = World(), threading.Event()

    def tell(level: str, sentence: str, /, *, kind: str, **more: Any) -> None:
        goes_on.wait(SOON)
        world.tell(level, sentence, kind=kind, **more)

    words = shell("echo one; echo two")
    attempt = Exec(NAME, words, 60.0, "json", replace(world.around(), tell=tell)).start(NEWS)
    assert attempt.outcome() is None
    goes_on.set()
    assert world.outcome(attempt) == Arrived()
    assert world.lines == [f"{NAME}: one", f"{NAME}: two"]


# How the agent ends it.


@pytest.mark.parametrize("trap", ["", "trap '' TERM; "])
def test_it_is_ended_in_less_than_a_second_with_all_that_it_started(
    trap: str, tmp_path: Path
) -> None:
    world, there = World(), tmp_path / "there"
    words = shell(f"{trap}(sleep 600) & echo $! > {there}; wait; wait")
    attempt = hook(world, words).start(many())
    child = until(number_in(there), SOON, "it runs")
    began = time.monotonic()
    attempt.end()
    took = time.monotonic() - began
    attempt.end()
    assert took < AT_ONCE
    assert GRACE + FAREWELL <= AT_ONCE / 5  # which is all that there is to wait for
    until(lambda: not is_there(child) and not threads(), SOON, "nothing is left of it")
    assert isinstance(attempt.outcome(), Lost)


def test_a_program_that_ends_leaves_no_hook(tmp_path: Path) -> None:
    there = tmp_path / "there"
    code = f"""
from pathlib import Path
from agent.notify.exec import Exec
from tests.notify.world import NEWS, SOON, World
from tests.support.processes import number_in
from tests.support.until import until
words = ("/bin/sh", "-c", "echo $$ > {there}; exec sleep 600")
attempt = Exec("x", words, 60.0, "none", World().around()).start(NEWS)
until(number_in(Path({str(there)!r})), SOON, "it runs")
attempt.end()
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=True)
    assert not is_there(number_in(there)())
