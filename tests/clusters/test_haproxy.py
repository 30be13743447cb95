"""One address for clients: who gets them while members stop, fall behind and come back."""

from __future__ import annotations

import socket

from tests.clusters.galera import LONG, MEMBERS, UP, Cluster
from tests.support.until import until


def served(cluster: Cluster) -> str:
    """The member that a client of HAProxy gets now, or what it is told instead."""
    return cluster.says("db-2", "SELECT @@report_host", host="haproxy")


def serves(cluster: Cluster, member: str) -> None:
    """Waits until clients get this member."""
    until(lambda: served(cluster) == member, LONG, f"clients get {member}")


def addresses(cluster: Cluster) -> list[str]:
    """The members' addresses as HAProxy's file has them."""
    lines = cluster.file("agent-haproxy", "/peers/backend.cfg")[1].splitlines()
    return [line.split()[2].partition(":")[0] for line in lines if " server " in line]


def test_clients_outside_get_a_member_at_the_published_address(cluster: Cluster) -> None:
    with socket.create_connection(("127.0.0.1", cluster.port), LONG) as client:
        client.settimeout(LONG)
        assert b"MariaDB" in client.recv(1024)


def test_a_member_that_stops_loses_its_clients_to_another_and_has_them_again_when_it_is_back(
    cluster: Cluster,
) -> None:
    serves(cluster, "db-0")
    cluster.project.move("db-0", meanwhile=lambda: serves(cluster, "db-1"))
    serves(cluster, "db-0")
    assert cluster.project.address("db-0") in addresses(cluster)
    cluster.synced(*MEMBERS)


def test_a_member_that_accepts_connections_and_is_not_in_sync_gets_no_clients(
    cluster: Cluster,
) -> None:
    serves(cluster, "db-0")
    cluster.sql("db-0", "SET GLOBAL wsrep_desync=ON")
    serves(cluster, "db-1")
    assert cluster.status("db-0")["wsrep_local_state_comment"] == "Donor/Desynced"
    cluster.sql("db-0", "SET GLOBAL wsrep_desync=OFF")
    serves(cluster, "db-0")


def test_a_member_that_lost_the_majority_gets_no_clients(cluster: Cluster) -> None:
    serves(cluster, "db-0")
    cluster.project.end("db-0", "db-1")
    until(
        lambda: cluster.status("db-2")["wsrep_cluster_status"] == "non-Primary",
        LONG,
        "db-2 lost the majority",
    )
    until(lambda: "Lost connection" in served(cluster), LONG, "no client gets a member")
    assert cluster.says("db-2", "SELECT @@report_host", host="db-2") == "db-2"
    cluster.project.types(UP)
    cluster.synced(*MEMBERS)
    serves(cluster, "db-0")


def test_haproxy_that_can_t_be_told_is_seen_in_the_status_and_is_told_when_it_is_back(
    cluster: Cluster,
) -> None:
    cluster.project.end("haproxy", by_force=False)
    cluster.project.move("db-2", by_force=False)

    def status() -> str:
        return cluster.project.runs("agent-haproxy", "rollcall", "status")[1]

    until(lambda: "HAProxy can't be told" in status(), LONG, "the status says so")
    cluster.project.types(UP)
    until(lambda: "HAProxy can't be told" not in status(), LONG, "HAProxy was told")
    cluster.synced(*MEMBERS)
    serves(cluster, "db-0")
