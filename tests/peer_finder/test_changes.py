from __future__ import annotations

from pathlib import Path

from tests.cases.net import Net
from tests.e2e.conftest import Start
from tests.peer_finder.finder import BOTH, finder, noting
from tests.peer_finder.script import CHANGES, Playing, recorded

# Questions: longer than it takes to forget a peer and to settle, and to run a hook.
RESTS = 8


def test_the_changes_are_those_that_the_original_was_recorded_at() -> None:
    assert [what for what, _ in recorded()] == [change.what for change in CHANGES]
    assert len(CHANGES) == 20


def test_the_hooks_are_called_as_by_the_original(start: Start, net: Net, tmp_path: Path) -> None:
    playing = Playing(net, tmp_path, RESTS)
    playing.show(CHANGES[0])
    program = finder(start, net, *noting(tmp_path, *BOTH))
    playing.play([calls for _, calls in recorded()])
    program.must_run()
