"""A CoreDNS whose cache plugin answers with what was so, here for a second or two instead of 30."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import dns.message
import dns.rcode

from agent.lab.cluster import Pod
from tests.cases.net import Net, caching, cluster, follow, listed, network, of
from tests.e2e.conftest import Start
from tests.e2e.kube import DB, pods
from tests.e2e.program import QUICK, SERVICE, SOON, Reader, document, located, stamp
from tests.support.until import until

NXDOMAIN = dns.rcode.NXDOMAIN
MOVED = replace(DB, pods=(*pods([0]), Pod("db-1", ("10.0.0.77",))))


def addresses(answer: dns.message.Message) -> set[str]:
    """The addresses beside an SRV answer."""
    return {str(rdata) for rrset in answer.additional for rdata in rrset}


def test_a_cached_no_that_hides_the_pods_removes_nobody_and_is_outlived(
    tmp_path: Path, start: Start
) -> None:
    """D10: CoreDNS looks into its cache of refusals first (coredns 3586, 7956)."""
    file = tmp_path / "peers.json"
    with network(cluster(of(3)), caching(1, 2), ttl=2) as net:
        program = follow(start, net, file)
        before = stamp(file)
        net.show()
        program.says("kept")
        net.is_cached_for(2, NXDOMAIN)
        net.scale(4)
        assert net.answer().rcode() == NXDOMAIN
        net.polls(5)
        assert stamp(file) == before
        until(lambda: located(file) == listed(of(4)), SOON, "there are 4")
        assert not program.events("missing", "dropped")


def test_a_pod_waits_for_a_cached_no_to_expire_and_then_starts(
    tmp_path: Path, start: Start
) -> None:
    """D11: who asks too early has the no cached, and everybody gets it (kubernetes 92559)."""
    file = tmp_path / "peers.json"
    with network(cluster(), caching(1, 2), ttl=2) as net:
        program = start(
            *("once", "--pod-name=db-1", "--pod-ip=10.0.0.2", *SERVICE, *QUICK, net.flag),
            f"--output=json:{file}",
        )
        program.says("waiting")
        net.is_cached_for(2, NXDOMAIN)
        net.scale(2)
        assert net.answer().rcode() == NXDOMAIN
        net.polls(2)
        program.must_run()
        ended = program.end()
    assert ended.code == 0, ended.err
    assert located(file) == listed(of(2))


def test_the_address_of_a_pod_that_was_made_anew_is_replaced_once_a_cache_lets_go_of_the_old_one(
    tmp_path: Path, start: Start
) -> None:
    """D12: a peer's new address went unnoticed (bitnami/charts 10067, redis); it is never both."""
    file = tmp_path / "peers.json"
    with network(cluster(of(2)), caching(2, 1), ttl=2) as net:
        follow(start, net, file)
        with Reader(file) as reader:
            net.is_cached_for(2)
            net.show(MOVED)
            assert "10.0.0.2" in addresses(net.answer())
            until(lambda: located(file) == listed(MOVED), SOON, "db-1 has moved")
            net.polls(8)
    assert len(reader.seen) == 2


def test_a_pod_has_its_own_address_although_dns_has_its_old_one(
    net: Net, tmp_path: Path, start: Start
) -> None:
    """D12, P10: a pod's name may still have the address of its predecessor (kubernetes 54798)."""
    file = tmp_path / "peers.json"
    net.scale(2)
    follow(start, net, file, "--pod-ip=10.0.0.77", pod="db-1")
    assert located(file) == listed(MOVED)
    assert document(file)["self"]["addresses"] == ["10.0.0.77"]
    before = stamp(file)
    net.show(MOVED)
    net.polls(8)
    assert stamp(file) == before


def test_a_server_that_wants_nothing_cached_is_followed_up_and_down(
    tmp_path: Path, start: Start
) -> None:
    """D11: with `ttl 0` every answer says 0 seconds, and none of them is old."""
    file = tmp_path / "peers.json"
    with network(cluster(of(3)), ttl=0) as net:
        assert net.answer().answer[0].ttl == 0
        follow(start, net, file)
        net.scale(4)
        until(lambda: located(file) == listed(of(4)), SOON, "there are 4")
        net.scale(2)
        until(lambda: located(file) == listed(of(2)), SOON, "there are 2")
