from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.database import Databases, databases
from tests.kubernetes.nameserver import Nameserver
from tests.kubernetes.patience import SOON, in_time
from tests.kubernetes.workload import DATABASE, Place, Wish

TWO_MINUTES = 120.0


@pytest.fixture(scope="module")
def db(cluster: Cluster, place: Place, dns: Nameserver) -> Iterator[Databases]:
    """Three databases that run; each test leaves it so."""
    with databases(cluster, place, Wish(nameserver=dns.address)) as made:
        made.rolls_out()
        made.become(3)
        yield made


def test_two_minutes_without_dns_change_no_file_and_then_all_is_true_again_at_once(
    db: Databases, dns: Nameserver
) -> None:
    stay = ("db-0", "db-2")
    files, containers, address = db.files(*stay), db.databases(), db.addresses()["db-1"]
    dns.stop()
    stopped = time.monotonic()
    db.delete_pod("db-1")
    moved = db.moved("db-1", address)

    def is_over() -> bool:
        assert db.files(*stay) == files
        return time.monotonic() - stopped > TWO_MINUTES

    in_time(is_over, TWO_MINUTES + SOON, "no file has changed")
    # Without DNS nothing tells the new pod who is there, and so its database waits.
    assert db.container("db-1", DATABASE)["state"].keys() == {"waiting"}
    assert db.files() == files
    dns.start()
    in_time(lambda: db.files(*stay) != files, SOON, f"files have db-1 at {moved}")
    db.rolls_out()
    db.become(3)
    for pod in stay:
        assert db.databases()[pod] == containers[pod]
        assert not [line for line in db.log(pod) if line["kind"] == "dropped"]
    db.are_untouched()
