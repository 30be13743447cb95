from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.database import Databases, databases
from tests.kubernetes.nameserver import Nameserver
from tests.kubernetes.patience import SOON, in_time
from tests.kubernetes.workload import Place, Wish

FORGET_AFTER = 5.0
CACHE = 30.0


@pytest.fixture(scope="module")
def db(cluster: Cluster, place: Place, dns: Nameserver) -> Iterator[Databases]:
    """Three databases that run; each test leaves it so."""
    flags = (f"--forget-after={FORGET_AFTER:g}s",)
    with databases(cluster, place, Wish(nameserver=dns.address, flags=flags)) as made:
        made.rolls_out()
        made.become(3)
        yield made


def answered(db: Databases) -> dict[str, int]:
    """How many answers each agent has had."""
    return {pod: db.polls(pod)["answered"] for pod in db.pods()}


def answers_again(db: Databases, before: dict[str, int]) -> bool:
    """Whether each agent has had some more, so that it has also noticed what they lack."""
    return all(count > before[pod] + 3 for pod, count in answered(db).items())


def silent(db: Databases) -> float:
    """For how many seconds at least no agent had an answer."""
    return min(float(db.polls(pod)["last_answer"]) for pod in db.pods())


def moves(db: Databases, within: float) -> None:
    """A pod is deleted, comes back elsewhere, and is followed."""
    address = db.addresses()["db-1"]
    db.delete_pod("db-1")
    db.moved("db-1", address)
    db.rolls_out()
    db.become(3, within)


def test_a_dns_that_is_restarted_changes_no_file_and_is_followed_afterwards(
    db: Databases, dns: Nameserver
) -> None:
    files, containers, before = db.files(), db.databases(), answered(db)
    dns.start()
    in_time(lambda: answers_again(db, before), SOON, "all agents have answers again")
    assert (db.files(), db.databases()) == (files, containers)
    moves(db, SOON)
    db.are_untouched()


def test_a_dns_that_is_silent_for_longer_than_missing_peers_are_held_changes_no_file(
    db: Databases, dns: Nameserver
) -> None:
    files, containers = db.files(), db.databases()
    dns.freeze()
    in_time(
        lambda: silent(db) > 4 * FORGET_AFTER,
        60,
        f"no agent had an answer for {4 * FORGET_AFTER:g} s",
    )
    assert (db.files(), db.databases()) == (files, containers)
    before = answered(db)
    dns.thaw()
    in_time(lambda: answers_again(db, before), SOON, "all agents have answers again")
    assert (db.files(), db.databases()) == (files, containers)
    db.are_untouched()


def test_behind_a_cache_of_30_s_files_are_right_when_that_is_over(
    db: Databases, dns: Nameserver
) -> None:
    dns.start("cache 30", ttl=30)
    moves(db, CACHE + SOON)
    db.apply(replicas=4)
    db.rolls_out()
    db.become(4, CACHE + SOON)
    db.apply(replicas=3)
    db.rolls_out()
    db.become(3, CACHE + FORGET_AFTER + SOON)
    db.are_untouched()
