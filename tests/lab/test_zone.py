from __future__ import annotations

import dns.flags
import dns.message
import dns.rcode
import pytest

from agent.lab.cluster import Cluster, Pod, Port, Service, dashed
from agent.lab.zone import answer

PODS = (Pod("db-0", ("10.0.0.1", "fd00::1")), Pod("db-1", ("10.0.0.2",)))
CLUSTER = Cluster(services=(Service("db", pods=PODS),), namespaces=("bare",), ttl=30)
NAME = "db.default.svc.cluster.local."


def asked(name: str, rdtype: str, cluster: Cluster = CLUSTER) -> dns.message.Message:
    return answer(cluster, dns.message.make_query(name, rdtype), serial=1700000000)


def texts(message: dns.message.Message) -> list[str]:
    return [str(rdata) for rrset in message.answer for rdata in rrset]


def outcome(message: dns.message.Message) -> str:
    rcode = dns.rcode.to_text(message.rcode())
    return "NODATA" if rcode == "NOERROR" and not message.answer else rcode


def test_a_headless_service_has_an_address_record_for_each_endpoint() -> None:
    assert texts(asked(NAME, "A")) == ["10.0.0.1", "10.0.0.2"]
    assert texts(asked(NAME, "AAAA")) == ["fd00::1"]


def test_srv_weights_share_a_hundred_among_addresses_and_targets_come_with_them() -> None:
    reply = asked("_cql._tcp." + NAME, "SRV")
    assert texts(reply) == [f"0 33 9042 db-0.{NAME}", f"0 33 9042 db-1.{NAME}"]
    assert sorted(f"{rrset.name} {rdata}" for rrset in reply.additional for rdata in rrset) == [
        f"db-0.{NAME} 10.0.0.1",
        f"db-0.{NAME} fd00::1",
        f"db-1.{NAME} 10.0.0.2",
    ]


def test_the_answer_keeps_the_questions_case_and_the_targets_that_of_its_zone() -> None:
    reply = asked("DB.Default.svc.Cluster.LOCAL.", "SRV")
    assert str(reply.answer[0].name) == "DB.Default.svc.Cluster.LOCAL."
    assert texts(reply)[0] == "0 33 9042 db-0.db.default.svc.Cluster.LOCAL."


@pytest.mark.parametrize(
    ("name", "rdtype", "expected"),
    [
        (NAME, "TXT", "NODATA"),
        ("none.default.svc.cluster.local.", "A", "NXDOMAIN"),
        ("_wrong._tcp." + NAME, "SRV", "NXDOMAIN"),
        ("bare.svc.cluster.local.", "A", "NODATA"),
        ("nowhere.svc.cluster.local.", "A", "NXDOMAIN"),
        ("cluster.local.", "SOA", "NOERROR"),
        ("whatever.cluster.local.", "SOA", "NODATA"),
        ("db.example.org.", "A", "REFUSED"),
        ("cluster.local.", "AXFR", "REFUSED"),
    ],
)
def test_no_and_nothing_are_told_apart(name: str, rdtype: str, expected: str) -> None:
    reply = asked(name, rdtype)
    assert outcome(reply) == expected
    assert bool(reply.flags & dns.flags.AA) is (expected != "REFUSED")
    assert bool(reply.authority) is (expected in ("NODATA", "NXDOMAIN"))


def test_a_service_that_publishes_ready_pods_only_does_not_exist_until_one_is_ready() -> None:
    waiting = Pod("db-0", ("10.0.0.1",), ready=False)
    strict = Service("db", pods=(waiting,), publish_not_ready=False)
    cluster = CLUSTER.with_service(strict)
    assert outcome(asked(NAME, "A", cluster)) == "NXDOMAIN"
    ready = cluster.with_pods("default", "db", (Pod("db-0", ("10.0.0.1",)),))
    assert texts(asked(NAME, "A", ready)) == ["10.0.0.1"]


def test_a_service_without_ports_has_addresses_and_no_srv() -> None:
    cluster = CLUSTER.with_service(Service("db", pods=PODS, ports=()))
    assert texts(asked(NAME, "A", cluster)) == ["10.0.0.1", "10.0.0.2"]
    assert outcome(asked(NAME, "SRV", cluster)) == "NODATA"


def test_a_bare_srv_question_is_answered_for_every_port_named_or_not() -> None:
    ports = (Port("", 1), Port("cql", 2))
    cluster = CLUSTER.with_service(Service("db", pods=PODS[1:], ports=ports))
    assert texts(asked(NAME, "SRV", cluster)) == [f"0 50 1 db-1.{NAME}", f"0 50 2 db-1.{NAME}"]


def test_an_address_has_a_name_in_each_service_that_publishes_it() -> None:
    second = Service("db-clients", pods=PODS, own_hostnames=False)
    reply = asked("1.0.0.10.in-addr.arpa.", "PTR", CLUSTER.with_service(second))
    assert texts(reply) == [f"db-0.{NAME}", "10-0-0-1.db-clients.default.svc.cluster.local."]


@pytest.mark.parametrize(
    ("address", "label"),
    [("10.0.0.1", "10-0-0-1"), ("fd00::1", "fd00--1"), ("fd00::", "fd00--0")],
)
def test_an_endpoint_without_a_hostname_is_called_by_its_address(address: str, label: str) -> None:
    assert dashed(address) == label


def test_a_cluster_is_changed_by_making_another() -> None:
    without = CLUSTER.without_service("default", "db")
    assert without.service("default", "db") is None
    assert without.known_namespaces() == {"default", "bare"}
    assert CLUSTER.service("default", "db") is not None
    with pytest.raises(KeyError, match="no service web in namespace default"):
        CLUSTER.with_pods("default", "web", ())
