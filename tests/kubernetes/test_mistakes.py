from __future__ import annotations

import pytest

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.database import Databases, databases
from tests.kubernetes.patience import START, in_time
from tests.kubernetes.workload import AGENT, DATABASE, Place, Wish

PUBLISH = "publishNotReadyAddresses: true"


def waits(db: Databases, pod: str, saying: str) -> None:
    """Waits until an agent has said why it waits; meanwhile its database is not started."""

    def has_said() -> bool:
        status = db.container(pod, AGENT)
        runs = status is not None and "running" in status["state"]
        return runs and any(saying in line["event"] for line in db.log(pod))

    in_time(has_said, START, f"the agent of {pod} says {saying!r}")
    assert db.container(pod, DATABASE)["state"].keys() == {"waiting"}


@pytest.mark.parametrize("policy", ["OrderedReady", "Parallel"])
def test_a_service_that_lists_only_ready_pods_lets_them_start_one_after_another(
    policy: str, cluster: Cluster, place: Place
) -> None:
    wish = Wish(f"unpublished-{policy.lower()}", policy=policy, is_published=False)
    with databases(cluster, place, wish) as db:
        db.rolls_out()
        db.become(3)
        began = [
            db.container(db.pod(n), DATABASE)["state"]["running"]["startedAt"] for n in range(3)
        ]
        assert began == sorted(began)
        db.are_untouched()


def test_who_waits_for_pods_that_only_a_ready_one_would_list_says_what_mends_it_and_that_does(
    cluster: Cluster, place: Place
) -> None:
    flags = ("--wait-for=all", "--replicas=3")
    with databases(cluster, place, Wish("deadlock", flags=flags, is_published=False)) as db:
        for ordinal in range(3):
            waits(db, db.pod(ordinal), PUBLISH)
        db.apply(is_published=True)
        db.rolls_out()
        db.become(3)
        db.are_untouched()


def test_a_wrong_service_name_is_named_in_the_log_and_by_doctor_and_no_second_database_starts(
    cluster: Cluster, place: Place
) -> None:
    with databases(cluster, place, Wish("right", service_name="wrong")) as db:
        finding = f"DNS has no wrong.{place.namespace}.svc.{place.domain} (NXDOMAIN)"
        waits(db, "right-1", finding)
        command = ["exec", "right-1", f"--container={AGENT}", "--", "rollcall", "doctor"]
        said = " ".join(db.kubectl(*command, succeeds=False).split())
        assert f"fail service {finding}" in said
