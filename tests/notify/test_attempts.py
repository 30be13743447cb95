from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from agent.core.delivery import Lost
from agent.notify.attempts import going_on
from tests.notify.world import World

ROOT = Path(__file__).parents[2]


def test_a_mistake_in_a_try_is_an_outcome_that_says_so() -> None:
    world = World()

    def work() -> Lost:
        raise KeyError("x")

    attempt = going_on("exec x", work, lambda: None, world.around())
    assert world.outcome(attempt) == Lost("failed by a mistake in Rollcall: KeyError('x')")


# A thread too many: the stack that is asked for here is more than there is room for.
NO_THREAD = """
import os, threading
from agent.core.delivery import Lost
from agent.notify.exec import Exec
from agent.notify.http import Http
from agent.notify.attempts import going_on
from agent.exchange import Request
from tests.notify.world import NEWS, World
threading.stack_size(1 << 62)
world = World()
def descriptors():
    return len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
before = descriptors()
class Notifier:
    def start(self, news):
        return going_on("mistaken", lambda: 1 // 0, lambda: None, world.around())
for each in (
    Exec("x", ("sleep", "600"), 60.0, "json", world.around()),
    Http("y", Request("POST", "http://127.0.0.1:9/"), 60.0, world.around()),
    Http("z", Request("POST", "http://localhost:9/"), 60.0, world.around()),  # that needs two
    Notifier(),
):
    attempt = each.start(NEWS)
    assert attempt.outcome() == Lost("could not be started: can't start new thread"), attempt
    attempt.end()
assert len(world.woken) == 4
assert descriptors() == before
try:
    print(os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print("no child")
"""


def test_where_no_thread_can_be_started_that_is_an_outcome_and_nothing_is_left() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", NO_THREAD], cwd=ROOT, capture_output=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"no child\n", b"")
