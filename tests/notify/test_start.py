"""From settings to notifiers: what no try could ever do is refused before the first one."""

from __future__ import annotations

import pytest

from agent.cli.ending import Wrong
from agent.cli.telling import notifiers_of
from agent.settings import Notify, Settings
from agent.settings.schema import HttpTarget
from tests.notify.world import World


def start(target: HttpTarget) -> None:
    world = World()
    notifiers_of(Settings(notify=(Notify(name="reload", http=target),)), world.tell, world.wake)


NO_VALUE = (
    "the header 'Authorization' has a value that can't be sent: it has to be ASCII, without blanks "
    "around it"
)


@pytest.mark.parametrize(
    ("target", "why"),
    [
        (
            HttpTarget("http://db/", headers={"Content-Length": "0"}),
            "the header Content-Length is made for each request: leave it out",
        ),
        (HttpTarget("http://db/", headers={"Authorization": "Bearer x "}), NO_VALUE),
        (HttpTarget("http://db:0/"), "the URL names no port"),
    ],
)
def test_a_request_that_can_be_none_is_refused_at_the_start(target: HttpTarget, why: str) -> None:
    with pytest.raises(Wrong) as wrong:
        start(target)
    assert wrong.value.message == f"notify: reload: {why}"


def test_a_request_that_can_be_one_is_not_made_yet() -> None:
    start(HttpTarget("http://db.example/", headers={"Authorization": "Bearer x"}))
