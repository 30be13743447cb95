"""Several CoreDNS behind one address, as a Kubernetes service has them, and an API that is gone."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle
from pathlib import Path

from agent.lab.cluster import Pod
from tests.cases.net import cluster, follow, listed, network, of
from tests.e2e.conftest import Start
from tests.e2e.kube import DB, pods
from tests.e2e.program import SOON, Reader, located, names, stamp
from tests.support.fault_proxy import FaultProxy
from tests.support.until import until


def test_a_server_that_is_killed_in_the_middle_of_a_poll_costs_one_retry(
    tmp_path: Path, start: Start
) -> None:
    """D14: a CoreDNS pod is deleted while it has a question, and the next try gets another."""
    file = tmp_path / "peers.json"
    with network(cluster(of(3))) as first, network(cluster(of(3))) as second:
        condemned: list[int] = []  # the port of the first, until a question is on its way there

        def upstream() -> int:
            if not condemned:
                return serving[0]
            first.core.kill()
            serving[0] = second.core.port
            return condemned.pop()

        serving = [first.core.port]
        with FaultProxy(upstream) as proxy:
            net = replace(first, proxy=proxy)
            program = follow(start, net, file, "--timeout=400ms")
            before, asked = stamp(file), len(proxy.asked)
            condemned.append(first.core.port)
            net.polls(5)
            assert serving == [second.core.port]
            ports = [one.source_port for one in proxy.asked[asked:]]
            assert len(set(ports)) == len(ports)
            assert stamp(file) == before
            assert not program.events("kept", "missing")


def test_where_the_api_is_gone_the_last_that_it_said_stays_and_nobody_is_alarmed(
    tmp_path: Path, start: Start
) -> None:
    """D15: CoreDNS goes on answering with what it knew (coredns 3879)."""
    file = tmp_path / "peers.json"
    with network(cluster(of(3))) as net:
        program = follow(start, net, file)
        before, events = stamp(file), program.events()
        net.api.close()
        net.polls(8)  # longer than a missing pod is held
        assert stamp(file) == before
        assert program.events() == events


def test_two_servers_that_disagree_for_a_while_do_not_make_the_file_flap(
    tmp_path: Path, start: Start
) -> None:
    """D15, P2: each answer differed from the last, and each was acted on (percona 1854)."""
    file = tmp_path / "peers.json"
    other = replace(DB, pods=(*pods([0]), Pod("db-1", ("10.0.0.77",)), *pods([3])))
    with network(cluster(of(3))) as slow, network(cluster(of(3))) as quick:
        ports = cycle([slow.core.port, quick.core.port])
        with FaultProxy(lambda: next(ports)) as proxy:
            net = replace(slow, proxy=proxy)
            follow(start, net, file)
            with Reader(file) as reader:
                quick.show(other)
                until(lambda: "db-3" in located(file), SOON, "db-3 is in")
                net.polls(8)  # longer than a missing pod is held
                assert located(file) == {**listed(of(3)), **listed(other)}
                slow.show(other)
                until(lambda: "db-2" not in located(file), SOON, "db-2 has gone")
                net.polls(8)
    assert [len(of_one) for of_one in names(reader.seen)] == [3, 3, 4, 3]
    assert located(file) == listed(other)
