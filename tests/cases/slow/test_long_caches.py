"""A CoreDNS that caches for 30 s, as kubeadm set it up for years, or serves what is stale."""

from __future__ import annotations

import time
from pathlib import Path

import dns.rcode

from agent.core.observation import Answered
from tests.cases.net import asking, caching, cluster, follow, listed, network, of, seen
from tests.e2e.conftest import Start
from tests.e2e.program import SERVICE, SOON, located, stamp
from tests.support.until import until

# Seconds: what a cache may hide, and what the agent may take by itself.
IN_TIME = 35.0


def test_a_new_pod_is_in_the_file_35_seconds_later_at_most(tmp_path: Path, start: Start) -> None:
    """D11: `cache 30` hides it for that long, and one poll and `settle` come on top."""
    file = tmp_path / "peers.json"
    with network(cluster(of(3)), ["cache 30"], ttl=30) as net:
        program = start(
            *("run", "--pod-name=db-0", *SERVICE, net.flag, f"--output=json:{file}"),
        )
        program.says("ready")
        net.is_cached_for(30)
        net.scale(4)
        began, before = time.monotonic(), stamp(file)
        net.polls(2)
        assert stamp(file) == before
        until(lambda: located(file) == listed(of(4)), IN_TIME, "db-3 is in the file")
        assert time.monotonic() - began > 20  # it was the cache that hid it


def test_a_pod_whose_service_was_asked_for_too_early_starts_35_seconds_later_at_most(
    tmp_path: Path, start: Start
) -> None:
    """D11, P9: a no is cached for as long as an answer (kubernetes 92559)."""
    file = tmp_path / "peers.json"
    with network(cluster(), ["cache 30"], ttl=30) as net:
        for kind in ("SRV", "A", "AAAA"):  # each is cached by itself
            assert net.answer(kind).rcode() == dns.rcode.NXDOMAIN
        net.scale(2)
        began = time.monotonic()
        program = start(
            *("once", "--pod-name=db-1", "--pod-ip=10.0.0.2", *SERVICE, net.flag),
            f"--output=json:{file}",
        )
        program.says("waiting")
        until(lambda: program.process.poll() is not None, IN_TIME, "it has ended")
        ended = program.end()
        assert time.monotonic() - began > 20
    assert ended.code == 0, ended.err
    assert located(file) == listed(of(2))


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
        net.is_cached_for(2, dns.rcode.NXDOMAIN)
        net.scale(4)
        assert net.answer().rcode() == dns.rcode.NXDOMAIN
        net.polls(5)
        assert stamp(file) == before
        until(lambda: located(file) == listed(of(4)), SOON, "there are 4")
        assert not program.events("missing", "dropped")


def test_what_a_cache_serves_past_its_time_is_whole_and_says_0_seconds() -> None:
    """D11: with `serve_stale` the first answer after a pause is an old one."""
    with network(cluster(of(3)), caching(1, 1, "serve_stale 1h immediate"), ttl=1) as net:
        following = asking(net)
        fresh = following.observe()
        assert isinstance(fresh, Answered)
        assert fresh.ttl == 1
        net.scale(4)

        def is_stale() -> bool:
            said = following.observe()
            assert isinstance(said, Answered)
            assert seen(said) == listed(of(3))
            return said.ttl == 0

        until(is_stale, SOON, "the answer has outlived its time")
        until(lambda: seen(following.observe()) == listed(of(4)), SOON, "it is fetched anew")
