"""`rollcall doctor` for observers, Deployments, docker-compose, and for other ways of asking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.core.surroundings import Surroundings
from agent.lab.cluster import Pod
from tests.e2e.doctor import Seen, doctor, doctor_of, downward, env
from tests.e2e.kube import DB, Kube, pods
from tests.e2e.program import SERVICE
from tests.support.docker_dns import DockerDns, nobody, silence
from tests.support.scripted_dns import Question, ScriptedDns, Stream, UdpScript, framed

READY = replace(DB, pods=pods(range(3)))
NOWHERE = Surroundings()
PUBLISH = {"spec": {"publishNotReadyAddresses": True}}


@pytest.fixture
def output(tmp_path: Path) -> str:
    return f"--output=list:{tmp_path / 'peers.list'}"


# Whoever follows a service that it is no part of.

# What is looked at only where a setting asks for it.
UNUSED = ("programs", "bootstrap")
OBSERVER = ("--member=false", "--pod-name=proxy", *SERVICE)


def test_an_observer_has_neither_a_record_nor_an_address_to_be_wrong(
    kube: Kube, output: str
) -> None:
    kube.scale(3)
    seen = doctor_of(NOWHERE, *OBSERVER, kube.flag, output, "--replicas=3")
    assert seen.troubles == {}
    assert seen.skipped == ["record", "programs", "bootstrap"]
    assert seen.finding("record") == "an observer is none of the pods of db.prod.svc.cluster.local"
    assert seen.finding("identity").startswith("proxy follows db.prod.svc.cluster.local, and is an")
    assert seen.finding("peers") == "3 pods listed: db-0, db-1, db-2"


def test_an_observer_needs_somebody_to_follow_and_misses_who_is_not_there(
    kube: Kube, output: str
) -> None:
    assert doctor_of(NOWHERE, *OBSERVER, kube.flag, output).troubles == {"service": "fail"}
    kube.scale(3)
    seen = doctor_of(NOWHERE, *OBSERVER, kube.flag, output, "--replicas=4", "--wait-for=4")
    assert seen.troubles == {"peers": "fail"}
    assert "the gate is not open: 3 of 4 members are in DNS" in seen.finding("peers")
    assert "replicas is 4, and db-3 is not listed" in seen.finding("peers")


def test_a_format_that_describes_the_pod_itself_is_refused_to_an_observer(
    kube: Kube, tmp_path: Path
) -> None:
    kube.scale(3)
    seen = doctor_of(NOWHERE, *OBSERVER, kube.flag, f"--output=galera:{tmp_path}/peers.cnf")
    assert seen.troubles == {"outputs": "fail"}
    assert "an observer (member: false) is none of the peers: use json" in seen.finding("outputs")


def test_an_observer_may_be_a_pod_of_another_service(kube: Kube, output: str) -> None:
    """Its own line in /etc/hosts says nothing of the service that it follows."""
    kube.scale(3)
    hosts = "10.1.0.1 proxy-0.proxy.edge.svc.cluster.local proxy-0\n"
    around = Surroundings(hosts=hosts, hostname="proxy-0")
    flags = ("--member=false", "--service=db", "--namespace=prod", kube.flag, output)
    assert doctor_of(around, *flags).troubles == {}


# Pods of a Deployment.

WEB = replace(
    DB,
    name="web",
    own_hostnames=False,
    pods=tuple(Pod(f"web-5d4f9-{n}", (f"10.0.0.{n + 1}",)) for n in range(3)),
)
OF_WEB = ("--service=web", "--namespace=prod", "--cluster-domain=cluster.local")
DEPLOYMENT = ("--workload=deployment", "--pod-name=web-5d4f9-x2x8z", *OF_WEB)


def test_the_pods_of_a_deployment_are_known_by_their_addresses(kube: Kube, output: str) -> None:
    kube.show(WEB)
    seen = doctor_of(NOWHERE, *DEPLOYMENT, "--pod-ip=10.0.0.2", kube.flag, output, "--replicas=3")
    assert seen.troubles == {}
    assert seen.finding("record") == "10.0.0.2 is listed"
    assert seen.finding("peers") == "3 pods listed: 10.0.0.1, 10.0.0.2, 10.0.0.3"


def test_a_deployments_pod_has_to_know_its_address_and_to_be_listed_there(
    kube: Kube, output: str
) -> None:
    kube.show(WEB)
    seen = doctor_of(NOWHERE, *DEPLOYMENT, kube.flag, output)
    assert seen.troubles == {"identity": "fail"}
    assert seen.mends("identity") == [downward("POD_IPS", "status.podIPs")]
    given = ("--pod-ip=10.0.9.9", "--replicas=4")
    seen = doctor_of(NOWHERE, *DEPLOYMENT, *given, kube.flag, output)
    assert seen.troubles == {"record": "fail", "peers": "warn"}
    assert seen.finding("record").startswith("10.0.9.9 is not listed, so its peers don't know of")
    assert seen.finding("record").endswith("or POD_IP is wrong")
    assert seen.mends("record") == [PUBLISH]
    assert "replicas is 4, and only 3 are listed" in seen.finding("peers")


def test_a_deployments_pod_is_told_from_a_statefulsets_either_way(kube: Kube, output: str) -> None:
    kube.show(WEB, READY)
    taken_for_a_set = doctor_of(
        NOWHERE, "--pod-name=web-5d4f9-x2x8z", "--pod-ip=10.0.0.2", *OF_WEB, kube.flag, output
    )
    assert taken_for_a_set.troubles == {"identity": "fail"}
    assert taken_for_a_set.mends("identity") == [env("ROLLCALL_WORKLOAD", "deployment")]
    taken_for_a_deployment = doctor(kube.flag, output, "--workload=deployment")
    assert taken_for_a_deployment.troubles == {"service": "warn"}
    assert "(db-0, db-1, db-2), but workload says" in taken_for_a_deployment.finding("service")
    assert taken_for_a_deployment.mends("service") == [env("ROLLCALL_WORKLOAD", "statefulset")]


def test_a_deployments_pods_with_two_addresses_would_count_twice(kube: Kube, output: str) -> None:
    both = tuple(Pod(f"web-{n}", (f"10.0.0.{n + 1}", f"fd00::{n + 1}")) for n in range(2))
    kube.show(replace(WEB, pods=both))
    given = (*DEPLOYMENT, "--pod-ip=10.0.0.2", "--pod-ip=fd00::2", kube.flag, output)
    seen = doctor_of(NOWHERE, *given)
    assert seen.troubles == {"service": "warn"}
    assert "each of its pods is listed twice" in seen.finding("service")
    assert seen.mends("service") == [env("ROLLCALL_ADDRESS_FAMILY", "ipv4")]
    for family in ("ipv4", "ipv6"):
        assert doctor_of(NOWHERE, *given, f"--address-family={family}").troubles == {}


# One port of the service.


def test_a_port_that_there_is_is_told_with_its_number(kube: Kube, output: str) -> None:
    kube.scale(3)
    seen = doctor(kube.flag, output, "--port-name=cql")
    assert seen.troubles == {}
    assert seen.finding("ports") == "cql is port 9042"


@pytest.mark.parametrize(
    ("mode", "troubles"), [("auto", {"ports": "warn"}), ("srv", {"service": "fail"})]
)
def test_a_port_that_there_is_not_is_mended_by_a_name_and_where_to_find_it(
    kube: Kube, output: str, mode: str, troubles: dict[str, str]
) -> None:
    kube.scale(3)
    seen = doctor(kube.flag, output, "--port-name=cqll", f"--discovery={mode}")
    assert seen.troubles == troubles
    (name,) = troubles
    assert "port named cqll" in seen.finding(name)
    assert seen.mends(name) == [env("ROLLCALL_PORT_NAME", "PORT-NAME")]
    assert "kubectl get service db -n prod -o yaml" in seen.checks[name].mend


# One family of addresses.

DUAL = tuple(Pod(f"db-{n}", (f"10.0.0.{n + 1}", f"fd00::{n + 1}")) for n in range(3))
BOTH_FAMILIES = {"spec": {"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv4", "IPv6"]}}
SIX = ("--pod-name=db-1", "--pod-ip=fd00::2", "--address-family=ipv6", *SERVICE)


@pytest.mark.parametrize("mode", ["auto", "address", "ordinals"])
def test_a_service_that_has_addresses_of_the_other_family_only_is_told_so(
    kube: Kube, output: str, mode: str
) -> None:
    kube.scale(3)
    given = (kube.flag, output, f"--discovery={mode}", "--replicas=3")
    seen = doctor_of(NOWHERE, *SIX, *given)
    assert seen.troubles == {"service": "fail"}
    assert "address_family is ipv6, and db-0, " in seen.finding("service")
    assert "have no such address, only 10.0.0.1, " in seen.finding("service")
    assert seen.mends("service") == [BOTH_FAMILIES]


def test_a_pod_that_lacks_the_family_is_named_and_one_that_has_both_is_well(
    kube: Kube, output: str
) -> None:
    kube.show(replace(DB, pods=DUAL))
    assert doctor_of(NOWHERE, *SIX, kube.flag, output).troubles == {}
    kube.show(replace(DB, pods=(*DUAL[:2], replace(DUAL[2], addresses=("10.0.0.3",)))))
    seen = doctor_of(NOWHERE, *SIX, kube.flag, output)
    assert seen.troubles == {"peers": "warn"}
    assert "address_family is ipv6, and db-2 has no such address" in seen.finding("peers")
    assert seen.mends("peers") == [BOTH_FAMILIES]


def test_a_pod_that_knows_no_address_of_the_family_is_told_which_variable_has_all(
    kube: Kube, output: str
) -> None:
    kube.show(replace(DB, pods=DUAL))
    seen = doctor(kube.flag, output, "--address-family=ipv6")
    assert seen.troubles == {"identity": "warn"}
    assert "--pod-ip has 10.0.0.2, and address_family is ipv6" in seen.finding("identity")
    assert seen.mends("identity") == [downward("POD_IPS", "status.podIPs")]


# Pods asked for by their names, and peers that are told.


def test_where_each_pod_is_asked_for_by_its_name_the_service_says_whether_this_one_is_listed(
    kube: Kube, output: str
) -> None:
    given = (kube.flag, output, "--discovery=ordinals", "--replicas=3")
    kube.scale(3)
    seen = doctor(*given)
    assert seen.troubles == {}
    assert seen.skipped == ["ports", "tcp", "programs", "bootstrap"]
    assert seen.finding("service") == "asked for by their names, 3 of 3 pods are there"
    kube.show(replace(DB, pods=pods([0, 2])))
    seen = doctor(*given)
    assert seen.troubles == {"record": "fail"}


def test_peers_that_are_told_need_no_nameserver(output: str) -> None:
    told = tuple(f"--peer=db-{n}.db.prod.svc.cluster.local" for n in range(3))
    seen = doctor(*told, output, "--replicas=3", "--nameserver=127.0.0.1:9")
    assert seen.troubles == {}
    assert seen.skipped == ["nameservers", "namespace", "ports", "tcp", "freshness", *UNUSED]
    assert {seen.finding(name) for name in seen.skipped[:-2]} == {
        "discovery.peers names the peers, and DNS is not asked"
    }
    assert seen.finding("peers") == "3 pods told: db-0, db-1, db-2"
    seen = doctor_of(NOWHERE, *told, output)
    assert seen.troubles == {"identity": "fail"}
    assert seen.finding("nameservers") == "discovery.peers names the peers, and DNS is not asked"
    assert seen.finding("service") == "can't be told yet: first mend identity"


def test_two_peers_that_are_told_and_may_both_be_this_pod_are_a_warning(output: str) -> None:
    told = ("--peer=db-0.db.prod.svc.cluster.local", "--peer=db-1.example", output)
    assert doctor(*told).troubles == {}
    seen = doctor(*told, "--peer=db-1.other")
    assert seen.troubles == {"record": "warn"}
    assert "db-1.example, db-1.other, which is called as this pod is" in seen.finding("record")


def test_a_pod_that_there_is_to_be_and_that_is_not_told_is_missing(output: str) -> None:
    seen = doctor("--peer=db-2.db.prod.svc.cluster.local", output, "--replicas=3")
    assert seen.troubles == {"peers": "warn"}
    assert "replicas is 3, and discovery.peers lacks db-0" in seen.finding("peers")
    assert seen.mends("peers") == []


# docker-compose.

RESOLV_CONF = "nameserver 127.0.0.11\noptions ndots:0\n"
HERE = "172.18.0.9"
SET = ("db-0", "db-1", "db-2")
Run = Callable[..., Seen]


def containers(*names: str, **more: Any) -> DockerDns:
    """Docker's DNS on a network with these databases and the agent of db-1."""
    known = {name: (f"172.18.0.{SET.index(name) + 2}",) for name in names}
    return DockerDns({**known, "shop-agent-1": (HERE,)}, **more)


def no_stranger(question: Question) -> Iterable[bytes]:
    """Behind Docker's, where nothing is to be handed on."""
    pytest.fail(f"{question.kind} {question.name} was handed on")


@pytest.fixture
def compose(output: str) -> Iterator[Run]:
    """What doctor says in the container of db-1's agent."""
    with ExitStack() as servers:

        def run(docker: DockerDns, *flags: str) -> Seen:
            def over_tcp(question: Question, stream: Stream) -> None:
                for reply in docker(question):
                    stream.send(framed(reply))

            server = servers.enter_context(ScriptedDns(docker, over_tcp))
            around = Surroundings(
                environment={"POD_NAME": "db-1"},
                hosts=f"{HERE}\t3f2a9c41d7e0\n",
                hostname="3f2a9c41d7e0",
                resolv_conf=RESOLV_CONF,
            )
            asking = (f"--nameserver={server.host}:{server.port}", "--timeout=1s")
            return doctor_of(around, *asking, output, *flags)

        yield run


def test_in_docker_compose_there_is_no_namespace_no_port_and_no_question_for_either(
    compose: Run,
) -> None:
    seen = compose(containers(*SET, upstream=no_stranger), "--replicas=3")
    assert seen.troubles == {}
    assert seen.skipped == ["namespace", "ports", "tcp", "freshness", *UNUSED]
    assert seen.finding("namespace") == (
        "names are bare by Docker's DNS at 127.0.0.11: there are no namespaces"
    )
    assert seen.finding("identity") == (
        "db-1 in db (pod name by POD_NAME; service by the pod name; bare names by Docker's DNS at "
        "127.0.0.11)"
    )
    assert seen.finding("service") == "asked for by their names, 3 of 3 containers are there"
    assert seen.finding("record") == "db-1 is listed at 172.18.0.3"


@pytest.mark.parametrize("upstream", [nobody, silence], ids=["says no", "is silent"])
def test_a_container_that_does_not_run_is_told_from_a_nameserver_that_does_not(
    compose: Run, upstream: UdpScript
) -> None:
    seen = compose(containers("db-0", "db-2", upstream=upstream), "--replicas=3")
    assert seen.troubles == {"record": "fail"}
    assert "its database's container does not run, is called otherwise" in seen.finding("record")
    assert seen.mends("record") == [{"container_name": "db-1"}]


def test_an_address_that_is_told_hides_no_container_that_does_not_run(compose: Run) -> None:
    seen = compose(containers("db-0", "db-2"), "--replicas=3", f"--pod-ip={HERE}")
    assert seen.troubles == {"record": "fail"}
    assert seen.mends("record") == [{"container_name": "db-1"}]


def test_without_any_container_the_name_of_this_one_is_the_mend(compose: Run) -> None:
    seen = compose(containers(), "--replicas=3")
    assert seen.troubles == {"service": "fail"}
    assert seen.finding("service").startswith("none of 3 pods is in DNS")
    assert seen.mends("service") == [{"container_name": "db-1"}]


def test_a_member_that_is_missing_is_named(compose: Run) -> None:
    seen = compose(containers("db-0", "db-1"), "--replicas=3")
    assert seen.troubles == {"peers": "warn"}
    assert "db-2 is not listed (no container of that name runs on" in seen.finding("peers")
    assert seen.mends("peers") == [{"container_name": "db-2"}]


def test_containers_with_names_of_their_own_are_asked_for_by_alias_with_replicas(
    compose: Run,
) -> None:
    """As docker-compose calls them where there is no `container_name`."""
    called = {f"shop-db-{n}-1": (f"172.18.0.{n + 2}",) for n in range(2)}
    docker = containers(aliases={"db": tuple(called)}, upstream=no_stranger)
    docker.containers |= called
    seen = compose(docker)
    assert seen.troubles == {"service": "fail"}
    assert "Docker calls a container of db shop-db-0-1, and none as db-1" in seen.finding("service")
    assert seen.mends("service") == [["ROLLCALL_REPLICAS=COUNT"]]


def test_a_container_without_a_pods_name_is_told_the_variable(output: str) -> None:
    around = Surroundings(hostname="3f2a9c41d7e0", resolv_conf=RESOLV_CONF)
    with ScriptedDns(containers()) as server:
        seen = doctor_of(around, f"--nameserver={server.host}:{server.port}", output)
    assert seen.troubles == {"identity": "fail"}
    assert seen.mends("identity") == [["POD_NAME=NAME-0"]]


def test_addresses_of_the_wanted_family_are_the_networks_to_give(compose: Run) -> None:
    seen = compose(containers(*SET), "--replicas=3", "--address-family=ipv6")
    assert seen.troubles == {"service": "fail"}
    assert seen.mends("service") == [{"enable_ipv6": True}]


def test_a_folder_that_is_not_there_is_a_volume_in_docker_compose(compose: Run) -> None:
    seen = compose(containers(*SET), "--replicas=3", "--output=list:/none/x")
    assert seen.mends("outputs") == [["PEERS:/none"]]
