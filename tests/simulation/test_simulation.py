"""The promises, held over many seeds. `SIM_SEEDS=START:END` runs others than the default ones.

All seeds are played once; each test then looks at one promise. A seed that broke one is replayed by
`python -m tests.simulation.replay SEED`.
"""

import os

import pytest

from tests.simulation.many import Breach, Played, play, play_all
from tests.simulation.replay import shortest, timeline
from tests.simulation.run import simulate
from tests.simulation.situations import SITUATIONS

SEEDS = os.environ.get("SIM_SEEDS", "0:3000")
# So many seeds bring about every situation.
ENOUGH = 1000


def seeds() -> range:
    """The seeds to play."""
    start, _, end = SEEDS.partition(":")
    return range(int(start), int(end))


@pytest.fixture(scope="module")
def played() -> Played:
    """What came of the seeds."""
    return play_all(seeds())


@pytest.fixture(scope="module")
def breaches(played: Played) -> dict[str, list[Breach]]:
    """What was broken in which seeds, by promise."""
    return played.breaches


def hold(promise: str, breaches: dict[str, list[Breach]]) -> None:
    """Fails with the first breach of the promise, how often there was one, and how to see it."""
    if not breaches[promise]:
        return
    seed, at, sentence = breaches[promise][0]
    others = " ".join(str(other) for other, _, _ in breaches[promise][1:10])
    pytest.fail(
        f"seed {seed} at {at:.3f} s: {sentence}\n"
        f"see it: python -m tests.simulation.replay {seed} {shortest(seed, promise):g}\n"
        f"broken in {len(breaches[promise])} seeds; others are: {others or 'none'}"
    )


def test_nobody_leaves_a_file_without_the_evidence_for_it(
    breaches: dict[str, list[Breach]],
) -> None:
    hold("evidence", breaches)


def test_once_dns_is_whole_and_still_each_file_is_the_cluster_and_stays_so(
    breaches: dict[str, list[Breach]],
) -> None:
    hold("convergence", breaches)


def test_a_change_that_all_of_dns_has_is_asked_for_in_time_whatever_the_serials_say(
    breaches: dict[str, list[Breach]],
) -> None:
    hold("freshness", breaches)


def test_the_same_set_gives_the_same_bytes_and_nobody_is_invented(
    breaches: dict[str, list[Breach]],
) -> None:
    hold("bytes", breaches)


def test_answers_that_disagree_make_no_file_flap(breaches: dict[str, list[Breach]]) -> None:
    hold("flapping", breaches)


def test_each_write_has_a_cause_of_its_own(breaches: dict[str, list[Breach]]) -> None:
    hold("causes", breaches)


def test_this_pod_is_always_in_the_roll_which_is_sorted(breaches: dict[str, list[Breach]]) -> None:
    hold("order", breaches)


def test_the_generation_grows_by_one_when_the_view_changes_and_only_then(
    breaches: dict[str, list[Breach]],
) -> None:
    hold("generations", breaches)


def test_the_gate_opens_no_sooner_than_it_may_and_once_it_may(
    breaches: dict[str, list[Breach]],
) -> None:
    hold("gate", breaches)


def test_nothing_starts_without_its_files(breaches: dict[str, list[Breach]]) -> None:
    hold("files first", breaches)


def test_every_gate_is_open_in_the_end(breaches: dict[str, list[Breach]]) -> None:
    hold("opening", breaches)


def test_a_restart_changes_no_file_by_itself(breaches: dict[str, list[Breach]]) -> None:
    hold("restarts", breaches)


def test_an_outage_changes_no_file_however_long_it_is(breaches: dict[str, list[Breach]]) -> None:
    hold("outages", breaches)


def test_the_loop_neither_stalls_nor_spins(breaches: dict[str, list[Breach]]) -> None:
    hold("turns", breaches)


def test_the_view_is_what_dns_says_once_it_had_time_to_settle(
    breaches: dict[str, list[Breach]],
) -> None:
    hold("agreement", breaches)


def test_nobody_comes_or_goes_before_the_list_has_settled(
    breaches: dict[str, list[Breach]],
) -> None:
    hold("settling", breaches)


def test_the_database_is_told_of_what_is_in_its_file(breaches: dict[str, list[Breach]]) -> None:
    hold("news", breaches)


def test_the_database_knows_the_last_file_in_the_end(breaches: dict[str, list[Breach]]) -> None:
    hold("last news", breaches)


def test_no_file_makes_a_database_found_a_cluster(breaches: dict[str, list[Breach]]) -> None:
    hold("founding", breaches)


@pytest.mark.skipif(len(seeds()) < ENOUGH, reason="there are too few seeds to have everything")
def test_the_seeds_bring_about_every_situation(played: Played) -> None:
    assert set(SITUATIONS) == set(played.situations)
    rare = {what: seen for what, seen in played.situations.items() if seen < 5}
    assert not rare


def test_other_processes_find_what_this_one_finds() -> None:
    some = range(40, 92)
    assert play_all(some) == play(some)


def test_a_seed_replays_exactly() -> None:
    for seed in (2, 3, 5):
        assert timeline(simulate(seed)) == timeline(simulate(seed))


def test_a_shorter_turmoil_is_the_same_until_it_ends() -> None:
    whole, shorter = timeline(simulate(7)), timeline(simulate(7, 10.0))
    until = next(n for n, line in enumerate(shorter) if "all trouble ends" in line)
    assert until > 10
    assert shorter[:until] == whole[:until]
