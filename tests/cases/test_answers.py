"""Answers of a real CoreDNS that are odd and yet right: empty, in capitals, long."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import pytest

from agent.core.names import Family
from agent.core.observation import Absent, Answered, Why
from agent.discovery import discoverer
from agent.lab.cluster import Pod
from tests.cases.net import (
    ASKED,
    Net,
    asking,
    cluster,
    follow,
    inquiry,
    listed,
    many,
    network,
    of,
    seen,
)
from tests.e2e.conftest import Start
from tests.e2e.kube import DB, pods
from tests.e2e.program import (
    QUICK,
    SERVICE,
    SOON,
    Reader,
    document,
    fqdn,
    located,
    names,
    rollcall,
    stamp,
)
from tests.support import faults
from tests.support.ask import ask, over_udp
from tests.support.scripted_dns import Question, ScriptedDns, answer
from tests.support.until import until


@pytest.mark.parametrize("option", [(), ("ignore empty_service",)], ids=["plain", "ignore"])
def test_a_service_whose_last_pod_has_gone_is_no_such_name_whatever_coredns_ignores(
    option: tuple[str, ...],
) -> None:
    """D5: a headless service without endpoints is NXDOMAIN, as one that was never there."""
    with network(cluster(of(3)), kubernetes=option) as net:
        following = asking(net)
        assert seen(following.observe()) == listed(of(3))
        net.show(DB)
        assert net.answer().rcode() == dns.rcode.NXDOMAIN
        said = following.observe()
        assert isinstance(said, Absent)
        assert said.why is Why.NO_SUCH_NAME
        assert "publishNotReadyAddresses" in said.reason
        net.scale(2)
        assert seen(following.observe()) == listed(of(2))


def test_names_that_come_in_capitals_change_no_byte(net: Net, tmp_path: Path, start: Start) -> None:
    """D6: CoreDNS copies the case of the zone from the question, which a resolver may have set."""
    file = tmp_path / "peers.json"
    net.scale(3)
    net.proxy.do(rewrite=faults.in_capitals)
    loud = over_udp(net.proxy.port, net.query().to_wire())
    (srv,) = dns.message.from_wire(loud).answer
    assert {str(rdata.target)[4:] for rdata in srv} == {".db.prod.svc.CLUSTER.LOCAL."}
    follow(start, net, file)
    before = stamp(file)
    assert document(file)["peers"][1]["fqdn"] == fqdn("db-1")
    net.proxy.do()
    net.polls(3)
    net.proxy.do(rewrite=faults.in_capitals)
    net.polls(3)
    assert stamp(file) == before


@pytest.mark.parametrize("count", [8, 61])
def test_where_512_bytes_pass_the_answer_is_had_over_tcp_with_all_addresses(
    net: Net, count: int
) -> None:
    """D8: of 8 pods all SRV records fit, and half of the addresses; 61 fit into no packet."""
    net.scale(count)
    net.proxy.do(rewrite=faults.without_edns)
    by_packet = dns.message.from_wire(over_udp(net.proxy.port, net.query().to_wire()))
    assert by_packet.flags & dns.flags.TC
    if count == 8:  # a reader that looks at the answer section only would miss nothing
        assert (len(by_packet.answer[0]), len(by_packet.additional)) == (8, 4)
    connections = net.proxy.count("tcp")
    assert seen(asking(net).observe()) == listed(of(count))
    assert net.proxy.count("tcp") == connections + 1


def test_800_pods_are_one_write_as_soon_as_they_are_3(
    net: Net, tmp_path: Path, start: Start
) -> None:
    """D9: an answer of nearly 64 KiB, out of eight EndpointSlices, is taken within a poll."""
    file = tmp_path / "peers.json"
    net.scale(3)
    program = follow(start, net, file, "--settle=500ms", "--timeout=2s")
    with Reader(file) as reader:
        net.show(many(800))
        until(lambda: len(located(file)) > 3, SOON, "there are more")
    assert located(file) == listed(many(800))
    assert [len(of_one) for of_one in names(reader.seen)] == [3, 800]
    assert not program.events("kept")


def test_1000_pods_whose_answer_is_cut_short_over_tcp_too_are_found_by_their_addresses(
    net: Net,
) -> None:
    """D9: 64 KiB hold some 800 SRV records with addresses, and no more."""
    net.show(many(1000))
    over_tcp = dns.message.from_wire(ask(net.proxy.port, net.query().to_wire(), "tcp"))
    assert over_tcp.flags & dns.flags.TC
    following = asking(net, timeout=10)
    for _ in range(2):
        assert seen(following.observe()) == listed(many(1000))


def test_pods_that_move_from_one_endpointslice_to_another_are_not_missed(
    net: Net, tmp_path: Path, start: Start
) -> None:
    """D9: above 100 pods CoreDNS reads several slices, each with an event of its own."""
    file = tmp_path / "peers.json"
    net.show(many(205))
    follow(start, net, file, "--timeout=2s", pod="db-1")
    rest = replace(DB, pods=many(205).pods[1:])
    with Reader(file) as reader:
        net.show(rest)  # each slice gets the next one's first pod
        until(lambda: len(located(file)) < 205, SOON, "db-0 has gone")
        net.polls(5)
    assert [len(of_one) for of_one in names(reader.seen)] == [205, 204]
    assert located(file) == listed(rest)


def test_a_port_that_the_service_does_not_have_is_told_from_a_service_without_pods(
    net: Net,
) -> None:
    """D19: CoreDNS says NXDOMAIN of both; another port's pods are found all the same."""
    net.scale(3)
    right, wrong = (replace(inquiry(net), port=port) for port in ("cql", "gossip"))
    assert seen(discoverer(right, time.monotonic).observe()) == listed(of(3))
    said = discoverer(replace(wrong, mode="srv"), time.monotonic).observe()
    assert isinstance(said, Absent)
    assert said.why is Why.NO_SUCH_PORT
    assert said.reason.startswith(f"no pod of {ASKED.fqdn} has a port named gossip")
    found = discoverer(wrong, time.monotonic).observe()
    assert seen(found) == listed(of(3))
    assert isinstance(found, Answered)
    assert "no port named gossip" in found.remarks[0]


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_of_a_dual_stack_service_the_family_that_was_asked_for_counts(
    net: Net, family: Family
) -> None:
    """D1: a database that listens on one family gets no address of the other."""
    both = tuple(Pod(f"db-{n}", (f"10.0.0.{n + 1}", f"fd00::{n + 1}")) for n in range(2))
    for ports in (DB.ports, ()):
        net.show(replace(DB, pods=both, ports=ports))
        found = discoverer(replace(inquiry(net), family=family), time.monotonic).observe()
        place = ("ipv4", "ipv6").index(family)
        assert seen(found) == {pod.name: [pod.addresses[place]] for pod in both}


def test_the_port_0_of_kube_dns_is_as_good_as_any(tmp_path: Path) -> None:
    """D18: kube-dns lists the pods of a service without ports at port 0 (helm/charts 8576)."""
    file = tmp_path / "peers.list"

    def udp(question: Question) -> Iterable[bytes]:
        owner = f"{ASKED.fqdn}."
        of_pods = [f"{fqdn(pod.name)}." for pod in pods(range(3))]
        records = [f"{owner} 30 IN SRV 10 33 0 {name}" for name in of_pods]
        records += [f"{name} 30 IN A 10.0.0.{n}" for n, name in enumerate(of_pods, start=1)]
        yield answer(question, *records)

    with ScriptedDns(udp) as server:
        flag = f"--nameserver={server.host}:{server.port}"
        given = ("once", "--pod-name=db-2", *SERVICE, *QUICK, flag, f"--output=list:{file}")
        ended = rollcall(*given)
    assert ended.code == 0, ended.err
    assert file.read_text().splitlines() == [fqdn(f"db-{n}") for n in range(3)]
    assert not [event for event in ended.events if event["level"] == "warning"]
