"""What a pod meets at its start: other domains, neighbours that are not ready, all at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agent.lab.cluster import Cluster
from tests.cases.net import Net, cluster, listed, network, of
from tests.e2e.conftest import Start
from tests.e2e.program import QUICK, SERVICE, SOON, document, located, rollcall
from tests.support.coredns import CoreDns
from tests.support.kubeapi import KubeApi
from tests.support.until import until

IRON = "k8s.iron-cluster.example"


def test_another_cluster_domain_is_as_good_and_a_wrong_one_is_named_and_not_hung_on(
    tmp_path: Path,
) -> None:
    """P6: where it was not cluster.local, peer-finder hung without a word (helm/charts 1399)."""
    file = tmp_path / "peers.json"
    services = Cluster(domain=IRON, services=(of(3),))
    with KubeApi(services) as api, CoreDns(api, domain=IRON) as core:
        asked = (*SERVICE[:2], *QUICK, f"--nameserver={core.host}:{core.port}", "--pod-name=db-1")
        ended = rollcall("once", *asked, f"--cluster-domain={IRON}", f"--output=json:{file}")
        assert ended.code == 0, ended.err
        assert document(file)["peers"][0]["fqdn"] == f"db-0.db.prod.svc.{IRON}"
        wrong = ("--cluster-domain=cluster.local", "--wait-timeout=300ms")
        ended = rollcall("once", *asked, *wrong, f"--output=json:{tmp_path / 'none.json'}")
    assert ended.code == 3
    assert ended.events[-1]["event"].endswith(f"{core.host}:{core.port} answered REFUSED")
    assert not (tmp_path / "none.json").exists()


def test_a_predecessor_that_is_not_ready_is_waited_for_and_the_missing_setting_is_named(
    net: Net, tmp_path: Path, start: Start
) -> None:
    """P8: who is ready only with its peers is never listed to them (kubernetes 62898)."""
    file = tmp_path / "peers.json"
    pods = tuple(replace(pod, ready=False) for pod in of(2).pods)
    unready = replace(of(2), pods=pods, publish_not_ready=False)
    net.show(unready)
    program = start(
        *("once", "--pod-name=db-1", "--pod-ip=10.0.0.2", *SERVICE, *QUICK, net.flag),
        f"--output=json:{file}",
    )
    program.says("kept", "waiting", times=2)
    assert "publishNotReadyAddresses: true" in program.events("kept")[0]["event"]
    net.polls(2)
    program.must_run()
    assert not file.exists()
    net.show(replace(unready, publish_not_ready=True))
    ended = program.end()
    assert ended.code == 0, ended.err
    assert located(file) == listed(of(2))


def test_pods_that_start_all_at_once_see_each_other_before_any_has_a_file_of_itself_alone(
    tmp_path: Path, start: Start
) -> None:
    """P12: each saw itself alone and founded its own cluster (rabbitmq/cluster-operator 662)."""
    files = [tmp_path / str(n) / "peers.json" for n in range(3)]
    with network(cluster(), ttl=30) as net:
        for n, file in enumerate(files):
            file.parent.mkdir()
            start(
                *("run", f"--pod-name=db-{n}", f"--pod-ip=10.0.0.{n + 1}", *SERVICE, *QUICK),
                *(net.flag, f"--output=json:{file}"),
            ).says("waiting")
        net.polls(9)
        net.scale(1)  # DNS lists them one by one
        until(lambda: located(files[1]) == listed(of(2)), SOON, "db-1 has its predecessor")
        net.polls(9)
        assert [file.exists() for file in files] == [False, True, False]
        net.scale(3)
        until(lambda: all(located(file) == listed(of(3)) for file in files), SOON, "all see all")
