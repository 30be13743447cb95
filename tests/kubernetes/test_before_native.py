from __future__ import annotations

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.database import databases
from tests.kubernetes.workload import AGENT, DATABASE, Place, Wish


def test_without_native_sidecars_a_database_starts_with_its_files_and_they_follow(
    cluster: Cluster, place: Place
) -> None:
    wish = Wish(policy="OrderedReady", replicas=1, is_native=False)
    with databases(cluster, place, wish) as db:
        db.rolls_out()
        db.become(1)
        db.apply(replicas=3)
        db.rolls_out()
        db.become(3)
        for pod in db.pods():
            # The last init container has ended; the agent runs beside the database.
            assert db.container(pod, f"{AGENT}-once")["state"]["terminated"]["exitCode"] == 0
            assert {"running"} == db.container(pod, AGENT)["state"].keys()
            assert {"running"} == db.container(pod, DATABASE)["state"].keys()
        address = db.addresses()["db-1"]
        db.delete_pod("db-1")
        db.moved("db-1", address)
        db.rolls_out()
        db.become(3)
        db.are_untouched()
