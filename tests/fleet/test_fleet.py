"""What a fleet promises its DNS servers, in simulated time."""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest

from tests.fleet import scenes, sizes, table
from tests.fleet.dns import PARTS, Dns
from tests.fleet.page import PAGE, PICTURE, drawn, filled
from tests.fleet.scenes import Scene, play, seen, silent, still

# All of these are played.
FLEET = 200
FULL = ("SRV", "A")


def busiest(scene: Scene) -> float:
    """The most questions in a tenth of a second, by those that one a second of each would be."""
    tenths = seen(scene, FLEET, FLEET).tenths
    return max(tenth.questions for tenth in tenths) * PARTS / FLEET


def longest_silence(scene: Scene) -> float:
    """Of one agent, in seconds: no question was begun for so long; to a tenth."""
    tenths = play(scene, FLEET, 1).tenths(scene.since, scene.until)
    asked = [n for n, tenth in enumerate(tenths) if tenth.questions]
    return max(later - earlier for earlier, later in pairwise(asked)) / PARTS


def full(scene: Scene, pods: int = FLEET) -> float:
    """How often each agent asked for all pods, whose answer came by TCP."""
    return play(scene, pods, 20).count(FULL, scene.since, scene.until) / 20


def test_the_page_has_the_figures_of_today() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == filled(page), "write it anew: .venv/bin/python -m tests.fleet"
    assert PICTURE.read_text(encoding="utf-8") == drawn(), "draw it anew, by the same command"


@pytest.mark.parametrize("outage", [10.0, 60.0, 300.0])
def test_an_outage_ends_without_a_herd(outage: float) -> None:
    assert busiest(scenes.after(outage)) < 2.5


def test_a_change_is_no_herd() -> None:
    assert busiest(scenes.CHANGE) < 4


def test_agents_that_start_in_the_same_instant_are_out_of_step_in_two_minutes() -> None:
    assert busiest(Scene(still, 120.0, 180.0, start=lambda _: 0.0)) < 2.2


def test_servers_that_do_not_answer_are_asked_less_often() -> None:
    down = Scene(partial(silent, seconds=120.0), scenes.BEFORE + 20, scenes.BEFORE + 120)
    assert seen(down, FLEET).mean.questions < FLEET / 2


@pytest.mark.parametrize(
    ("scene", "longest"),
    [
        (scenes.REST, 1.0),
        (scenes.RESTART, 1.0),
        (scenes.BUSIER, 1.0),
        (Scene(partial(silent, seconds=300.0), 10.0, 330.0), 5.0),
    ],
    ids=["at rest", "rolling restart", "busy", "outage"],
)
def test_no_agent_is_silent_for_longer(scene: Scene, longest: float) -> None:
    assert longest_silence(scene) <= longest + 1 / PARTS


def test_at_rest_all_pods_are_asked_for_once_a_minute() -> None:
    scene = replace(scenes.REST, until=scenes.REST.since + 600)
    assert 8 <= full(scene) <= 10


def test_a_change_has_all_pods_asked_for_four_times_at_most() -> None:
    assert 1 <= full(replace(scenes.CHANGE, until=scenes.BEFORE + 30)) <= 4


@pytest.mark.parametrize("pods", [10, 100, 700])
@pytest.mark.parametrize(
    "scene", [scenes.REST, scenes.RESTART, scenes.ORDERED, scenes.BUSIER, scenes.NEVER]
)
def test_no_load_that_lasts_is_more_than_peer_finders(scene: Scene, pods: int) -> None:
    """A poll may be a little early, and what is asked for in a minute is more by chance."""
    assert seen(scene, pods).mean.size < 1.1 * table.peer_finder(pods).size + sizes.SERIAL * pods


def test_the_serial_is_that_of_the_last_change_in_the_zone() -> None:
    dns = Dns(scenes.one_more(3).listings, others_change=4.0)
    before, after = dns.serial(9.9), dns.serial(10.0)
    assert after - before == 2
    assert dns.serial(12.1) == after + 2
