from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.database import Databases, databases
from tests.kubernetes.killing import kill_container
from tests.kubernetes.patience import START, in_time, said
from tests.kubernetes.workload import AGENT, HOSTS, JSON, NAMES, Place, Wish


@pytest.fixture(scope="module")
def db(cluster: Cluster, place: Place) -> Iterator[Databases]:
    """Three databases that run; each test leaves it so."""
    # However long a pod waits for room on a node, nobody is dropped meanwhile.
    with databases(cluster, place, Wish(flags=("--forget-after=10m",))) as made:
        made.rolls_out()
        made.become(3)
        yield made


def test_doctor_finds_nothing_wrong_in_a_pod_that_is_as_readme_says(db: Databases) -> None:
    printed = db.kubectl("exec", "db-1", f"--container={AGENT}", "--", "rollcall", "doctor")
    assert "all is well" in printed


@pytest.mark.parametrize("how", [(), ("--grace-period=0", "--force")], ids=["delete", "force"])
def test_a_pod_that_is_deleted_is_followed_to_its_new_address_and_files_with_names_stay(
    how: tuple[str, ...], db: Databases
) -> None:
    before, address = db.files("db-0", "db-2"), db.addresses()["db-1"]
    db.delete_pod("db-1", *how)
    db.moved("db-1", address)
    db.rolls_out()
    db.become(3)
    for pod, files in db.files("db-0", "db-2").items():
        assert files[NAMES] == before[pod][NAMES]
        assert address not in files[JSON].content + files[HOSTS].content
    db.are_untouched()


def test_a_rolling_update_ends_and_no_file_ever_lacks_a_member(db: Databases) -> None:
    before = db.databases()
    seen: set[str] = set()
    db.apply(flags=(*db.wish.flags, "--log-level=debug"))
    with ThreadPoolExecutor() as pool:
        rolling = pool.submit(db.rolls_out)

        def is_over() -> bool:
            over = rolling.done()  # before the last look, so that it sees the end
            seen.update(files[NAMES].content for files in db.files().values())
            return over

        in_time(is_over, 4 * START, "the update is over")
    rolling.result()
    db.become(3)
    assert [len(names.splitlines()) for names in seen] == [3]
    assert not {*before.values()} & {*db.databases().values()}
    db.are_untouched()


def test_an_agent_that_is_killed_on_its_node_comes_back_and_its_database_goes_on(
    db: Databases, cluster: Cluster, place: Place
) -> None:
    files, containers = db.files(), db.databases()
    agent = db.container("db-1", AGENT)
    node = db.pods()["db-1"]["spec"]["nodeName"]
    kill_container(cluster, place.images.programs, node, agent)
    again = in_time(lambda: restarted(db), START, "the agent of db-1 runs and is ready again")
    assert again["containerID"] != agent["containerID"]
    ended = again["lastState"]["terminated"]
    assert ended["exitCode"] == 128 + signal.SIGKILL
    said(
        f"it ended at {ended['finishedAt']}, and began at {again['state']['running']['startedAt']}"
    )
    db.become(3)
    assert db.files() == files
    assert db.databases() == containers
    db.are_untouched(restarts_of_agents=1)
    address = db.addresses()["db-0"]
    db.delete_pod("db-0")
    db.moved("db-0", address)
    db.rolls_out()
    db.become(3)  # by the new agent, too


def restarted(db: Databases) -> dict[str, Any]:
    """The agent's container once it is another."""
    now: dict[str, Any] = db.container("db-1", AGENT)
    return now if now["restartCount"] == 1 and now["ready"] else {}
