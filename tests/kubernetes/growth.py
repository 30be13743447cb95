"""A set that grows and shrinks: the same story for both ways in which Kubernetes starts pods."""

from __future__ import annotations

import time

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.database import databases
from tests.kubernetes.patience import SOON
from tests.kubernetes.workload import Place, Wish

FORGET_AFTER = 30.0  # the default


def from_one_to_five_to_two(cluster: Cluster, place: Place, wish: Wish) -> None:
    """Fails the test unless all files follow, and no database is restarted."""
    with databases(cluster, place, wish) as db:
        db.rolls_out()
        db.become(1)
        for more in (3, 5):
            db.apply(replicas=more)
            db.rolls_out()
            db.become(more)
        first = db.databases()[db.pod(0)]
        asked = time.monotonic()
        db.apply(replicas=2)
        db.rolls_out()
        db.is_gone(4, 3, 2)
        db.become(2, within=FORGET_AFTER + SOON)
        assert time.monotonic() - asked > FORGET_AFTER
        db.are_untouched()
        assert db.databases()[db.pod(0)] == first
