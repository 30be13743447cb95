"""A CoreDNS whose cache plugin answers with what was so, here for a second or two instead of 30."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import dns.message

from agent.lab.cluster import Pod
from tests.cases.net import Net, caching, cluster, follow, listed, network, of
from tests.e2e.conftest import Start
from tests.e2e.kube import DB, pods
from tests.e2e.program import SOON, Reader, document, located, stamp
from tests.support.until import until

MOVED = replace(DB, pods=(*pods([0]), Pod("db-1", ("10.0.0.77",))))


def ttl_of(answer: dns.message.Message) -> int:
    """The lowest time to live of an answer, in seconds."""
    return min(rrset.ttl for rrset in answer.answer)


def addresses(answer: dns.message.Message) -> set[str]:
    """The addresses beside an SRV answer."""
    return {str(rdata) for rrset in answer.additional for rdata in rrset}


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
    program = follow(start, net, file, "--pod-ip=10.0.0.77", pod="db-1")
    assert located(file) == listed(MOVED)
    assert document(file)["self"]["addresses"] == ["10.0.0.77"]
    (misplaced,) = program.says("misplaced")
    assert misplaced["level"] == "warning"
    assert misplaced["event"].startswith("DNS has db-1 at 10.0.0.2, but this pod is at 10.0.0.77")
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


def test_a_cache_that_outlives_its_server_adds_and_takes_nobody_away(
    tmp_path: Path, start: Start
) -> None:
    """D20: a cache on the node goes on for an hour with what it has, at 0 seconds to live."""
    file = tmp_path / "peers.json"
    empty, stale = cluster(), caching(1, 1, "serve_stale 1h immediate")
    with network(cluster(of(2))) as server:
        onward = [*stale, f"forward . {server.core.host}:{server.core.port}"]
        with network(empty, onward, kubernetes=["fallthrough"]) as node:
            assert len(node.answer().answer[0]) == 2
            server.scale(3)
            program = follow(start, server, file)
            server.core.kill()
            until(lambda: ttl_of(node.answer()) == 0, SOON, "the node's answer is an old one")
            server.proxy.lead_to(lambda: node.core.port)
            server.polls(10)  # longer than a missing pod is held
            assert located(file) == listed(of(3))
            assert "time to live of 0" in program.says("remark")[0]["event"]
            assert not program.events("missing")
