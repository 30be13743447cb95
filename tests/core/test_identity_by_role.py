"""Who an observer is, a Deployment's pod, and a container in docker-compose."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.identity import Identity, IdentityError, Role, identify, told_among
from agent.core.names import Family
from agent.core.roll import Peer, Service
from agent.core.surroundings import Surroundings, Told, container_addresses
from tests.core.test_identity import DUAL_STACK, HOSTS, NAMELESS_HOSTS, RESOLV_CONF, told

DB = Service("db", "prod", "cluster.local")
OBSERVER = Role(is_member=False)
DEPLOYMENT = Role(has_ordinals=False)
NO_ENV: Mapping[str, str] = {}
DOCKER = "nameserver 127.0.0.11\noptions ndots:0\n"
DOCKER_HOSTS = "127.0.0.1\tlocalhost\n172.18.0.3\t3f2a9c5d7e10\n"


def who(around: Surroundings, role: Role | None = None) -> Identity:
    return identify(around, role)


def refusal(around: Surroundings, role: Role) -> list[str]:
    with pytest.raises(IdentityError) as refused:
        identify(around, role)
    return str(refused.value).splitlines()


# An observer.


def observer(
    hosts: str = NAMELESS_HOSTS, hostname: str = "proxy-6c5b9d-x2x9z", **values: str
) -> Identity:
    around = Surroundings(told(**{"service": "db", **values}), NO_ENV, hosts, hostname, RESOLV_CONF)
    return who(around, OBSERVER)


def test_an_observer_needs_no_ordinal_and_has_no_place_among_the_peers() -> None:
    me = observer()
    assert (me.is_member, me.set_name, me.ordinal) == (False, "", None)
    assert (me.service, me.addresses, me.peer) == (DB, (), None)
    assert (me.fqdn, me.label) == ("proxy-6c5b9d-x2x9z", "proxy-6c5b9d-x2x9z")
    assert me.sources["ordinal"] == me.sources["addresses"] == "none: this pod is an observer"


def test_an_observer_is_of_no_set_even_if_its_name_is_a_statefulset_pods() -> None:
    me = observer(hostname="proxy-5")
    assert (me.set_name, me.ordinal, me.peer) == ("", None, None)


def test_an_observer_has_to_be_told_whom_to_follow_whatever_its_own_service_is() -> None:
    hosts = "10.0.0.9\tproxy-5.proxy.apps.svc.cluster.local\tproxy-5\n"
    around = Surroundings({}, NO_ENV, hosts, "proxy-5", RESOLV_CONF)
    (line,) = refusal(around, OBSERVER)
    assert line == (
        "the service is not known: looked at --service; set --service to the headless service "
        "that is to be followed"
    )


def test_that_an_observer_is_of_another_service_and_namespace_is_no_contradiction() -> None:
    hosts = "10.0.0.9\tproxy-5.proxy.apps.svc.cluster.local\tproxy-5\n"
    me = observer(hosts, "proxy-5", namespace="prod")
    assert me.service == DB
    assert me.remarks == ()


def test_an_observer_looks_in_its_own_namespace_unless_told_otherwise() -> None:
    hosts = "10.0.0.9\tproxy-5.proxy.apps.svc.cluster.local\tproxy-5\n"
    me = observer(hosts, "proxy-5")
    assert (me.service.namespace, me.sources["namespace"]) == ("apps", "/etc/hosts")


def test_another_cluster_domain_than_in_etc_hosts_is_odd_for_an_observer_too() -> None:
    hosts = "10.0.0.9\tproxy-5.proxy.apps.svc.cluster.local\tproxy-5\n"
    (remark,) = observer(hosts, "proxy-5", cluster_domain="example.org").remarks
    assert remark.startswith("the cluster domain is example.org by --cluster-domain, but")


def test_the_address_of_an_observer_is_of_no_interest_even_a_wrong_one() -> None:
    assert observer(pod_ip="eth0").addresses == ()


# A pod of a Deployment.


def deployed(role: Role = DEPLOYMENT, hosts: str = NAMELESS_HOSTS, **environment: str) -> Identity:
    given_by = told(service="db")
    around = Surroundings(given_by, environment, hosts, "web-7d4b9-x2x9z", RESOLV_CONF)
    return who(around, role)


def test_a_pod_of_a_deployment_is_known_by_its_address() -> None:
    me = deployed(POD_IP="10.0.0.7")
    assert (me.set_name, me.ordinal, me.is_member) == ("", None, True)
    assert (me.fqdn, me.label) == ("10.0.0.7", "10.0.0.7")
    assert me.peer == Peer("10.0.0.7", ("10.0.0.7",))
    assert me.sources["ordinal"] == "none: a Deployment's pods have no ordinals"


def test_of_two_addresses_the_ipv4_one_is_its_name() -> None:
    me = deployed(POD_IPS="fd00::7,10.0.0.7")
    assert me.peer == Peer("10.0.0.7", ("10.0.0.7", "fd00::7"))


def test_a_pod_of_a_deployment_may_be_called_as_a_statefulsets() -> None:
    around = Surroundings(told(service="db"), {"POD_IP": "10.0.0.7"}, "", "web-0", RESOLV_CONF)
    me = who(around, DEPLOYMENT)
    assert (me.set_name, me.ordinal, me.fqdn) == ("", None, "10.0.0.7")


@pytest.mark.parametrize(("family", "kind"), [("any", ""), ("ipv4", "IPv4 "), ("ipv6", "IPv6 ")])
def test_a_pod_of_a_deployment_that_does_not_know_its_address_cannot_be(
    family: Family, kind: str
) -> None:
    other = {"any": "", "ipv4": "fd00::7", "ipv6": "10.0.0.7"}[family]
    environment = {"POD_IP": other} if other else {}
    around = Surroundings(told(service="db"), environment, "", "web-x", RESOLV_CONF)
    (line,) = refusal(around, Role(has_ordinals=False, family=family))
    assert line == (
        f"this pod's {kind}address is not known, and a Deployment's pods have no other name: set "
        "POD_IPS from the downward API (status.podIPs)"
    )


# The address family.


@pytest.mark.parametrize(
    ("family", "addresses"),
    [("any", ("10.0.0.3", "fd00::3")), ("ipv4", ("10.0.0.3",)), ("ipv6", ("fd00::3",))],
)
def test_of_two_families_a_pod_has_the_addresses_that_are_asked_for(
    family: Family, addresses: tuple[str, ...]
) -> None:
    around = Surroundings(hosts=DUAL_STACK, hostname="db-1", resolv_conf=RESOLV_CONF)
    assert who(around, Role(family=family)).addresses == addresses
    by_variable = Surroundings(
        environment={"POD_IPS": "fd00::3,10.0.0.3"}, hosts=HOSTS, hostname="db-1"
    )
    assert who(by_variable, Role(family=family)).addresses == addresses


def test_a_source_that_has_no_address_of_the_family_is_passed_over_for_the_next() -> None:
    """status.podIP is the first family's only; the kubelet writes both into /etc/hosts."""
    around = Surroundings(environment={"POD_IP": "10.0.0.3"}, hosts=DUAL_STACK, hostname="db-1")
    me = who(around, Role(family="ipv6"))
    assert (me.addresses, me.sources["addresses"]) == (("fd00::3",), "/etc/hosts")


def test_a_pod_that_has_no_address_of_the_family_leaves_it_to_dns() -> None:
    around = Surroundings(hosts=HOSTS, hostname="db-1")
    me = who(around, Role(family="ipv6"))
    assert me.addresses == ()
    assert me.sources["addresses"].startswith("DNS, once it lists this pod")


# docker-compose.


def container(
    environment: Mapping[str, str] = NO_ENV,
    hostname: str = "3f2a9c5d7e10",
    resolv_conf: str = DOCKER,
    **values: str,
) -> Identity:
    return who(Surroundings(told(**values), environment, DOCKER_HOSTS, hostname, resolv_conf))


def test_behind_dockers_dns_names_are_bare_and_the_service_is_in_the_pods_name() -> None:
    me = container({"POD_NAME": "my-db-2"})
    assert me.service == Service("my-db", "", "")
    assert (me.fqdn, me.set_name, me.ordinal) == ("my-db-2", "my-db", 2)
    assert me.addresses == ()
    assert dict(me.sources) == {
        "pod name": "POD_NAME",
        "service": "the pod name",
        "namespace": "none: Docker's DNS at 127.0.0.11",
        "cluster domain": "none: Docker's DNS at 127.0.0.11",
        "addresses": "DNS, once it lists this pod (set --pod-ip or POD_IP to know before)",
        "ordinal": "the pod name",
    }


def test_a_container_may_be_told_another_alias() -> None:
    me = container({"POD_NAME": "db-2"}, service="galera")
    assert me.service == Service("galera", "", "")
    assert me.fqdn == "db-2"
    assert container(hostname="db-1", pod_ip="172.18.0.3").addresses == ("172.18.0.3",)


def test_the_operator_may_say_that_names_are_bare_whatever_the_nameserver_is() -> None:
    """As for Podman, whose DNS is at the network's gateway."""
    me = container(hostname="db-1", resolv_conf="nameserver 10.89.0.1\n", namespace="-")
    assert me.service == Service("db", "", "")
    assert me.sources["namespace"] == me.sources["cluster domain"] == "none: --namespace"


@pytest.mark.parametrize(
    ("environment", "hosts", "resolv_conf", "values"),
    [
        ({"POD_NAMESPACE": "prod"}, DOCKER_HOSTS, DOCKER, {"cluster_domain": "cluster.local"}),
        (NO_ENV, DOCKER_HOSTS, DOCKER, {"namespace": "prod", "cluster_domain": "cluster.local"}),
        (NO_ENV, HOSTS, DOCKER, {}),
        (NO_ENV, HOSTS, RESOLV_CONF, {}),
        (NO_ENV, HOSTS, "nameserver 127.0.0.1\nnameserver 10.127.0.11\n", {}),
        (NO_ENV, HOSTS, f"# {DOCKER}nameserver 127.0.0.53\n", {}),
    ],
    ids=[
        "POD_NAMESPACE is set",
        "the namespace is told",
        "a line of the kubelet's",
        "a cluster",
        "nameservers that resemble Docker's",
        "Docker's in a comment",
    ],
)
def test_what_is_not_taken_for_docker_compose(
    environment: Mapping[str, str], hosts: str, resolv_conf: str, values: dict[str, str]
) -> None:
    given_by = told(service="db", **values)
    me = who(Surroundings(given_by, environment, hosts, "db-1", resolv_conf))
    assert me.service == DB


def test_where_only_the_cluster_domain_is_told_the_namespace_is_still_looked_for() -> None:
    values = told(service="db", cluster_domain="cluster.local")
    around = Surroundings(values, NO_ENV, DOCKER_HOSTS, "db-1", DOCKER)
    assert refusal(around, Role())[0].startswith("the namespace is not known")


def test_a_search_list_that_docker_got_from_a_pod_is_still_docker_compose() -> None:
    """As in a build that runs in a cluster and starts containers."""
    inherited = DOCKER + "search ci.svc.cluster.local svc.cluster.local cluster.local\n"
    assert container(hostname="db-1", resolv_conf=inherited).service.is_bare


def test_in_docker_compose_a_pod_name_without_a_number_is_refused_by_what_mends_it() -> None:
    lines = refusal(Surroundings({}, NO_ENV, DOCKER_HOSTS, "3f2a9c5d7e10", DOCKER), Role())
    assert [line.partition(";")[0].partition(":")[0] for line in lines] == [
        "the service is not known",
        "the ordinal is not known",
    ]
    assert "looked at --service, the pod name; set --service" in lines[0]


def test_an_observer_and_a_deployment_in_docker_compose() -> None:
    around = Surroundings(told(service="db"), NO_ENV, DOCKER_HOSTS, "3f2a9c5d7e10", DOCKER)
    me = who(around, OBSERVER)
    assert (me.service, me.peer) == (Service("db", "", ""), None)
    beside = Surroundings(
        told(service="db", pod_name="web"), NO_ENV, DOCKER_HOSTS, "3f2a9c5d7e10", DOCKER
    )
    assert refusal(beside, DEPLOYMENT) == [
        "this pod's address is not known, and a Deployment's pods have no other name: set --pod-ip"
    ]
    assert who(around, DEPLOYMENT).fqdn == "172.18.0.3"  # where the database is in this container
    given_by = {**around.told, "pod_ip": Told("172.18.0.3", "--pod-ip")}
    with_address = Surroundings(given_by, NO_ENV, DOCKER_HOSTS, "3f2a9c5d7e10", DOCKER)
    assert who(with_address, DEPLOYMENT).fqdn == "172.18.0.3"


@pytest.mark.parametrize(
    ("hosts", "hostname", "addresses"),
    [
        (DOCKER_HOSTS, "3f2a9c5d7e10", ("172.18.0.3",)),
        (DOCKER_HOSTS + "172.19.0.2\t3f2a9c5d7e10\n", "3f2a9c5d7e10", ("172.18.0.3", "172.19.0.2")),
        (DOCKER_HOSTS + "fd00::3\tdb-1.example.org db-1\n", "db-1.example.org", ("fd00::3",)),
        ("127.0.1.1\tdb-1\n::1\tdb-1\n", "db-1", ()),
        (DOCKER_HOSTS, "other", ()),
        ("", "db-1", ()),
    ],
)
def test_a_container_is_at_the_addresses_of_its_own_lines(
    hosts: str, hostname: str, addresses: tuple[str, ...]
) -> None:
    assert container_addresses(Surroundings(hosts=hosts, hostname=hostname)) == addresses


# All together.

texts = st.sampled_from(["", HOSTS, DUAL_STACK, NAMELESS_HOSTS, DOCKER_HOSTS])
confs = st.sampled_from(["", RESOLV_CONF, DOCKER, DOCKER + RESOLV_CONF])
names = st.sampled_from(["db-1", "web", "3f2a9c5d7e10", "db-1.db.prod.svc.cluster.local", ""])
options = {
    "service": st.sampled_from(["db", "Db"]),
    "namespace": st.sampled_from(["-", "prod"]),
    "cluster_domain": st.just("cluster.local"),
    "pod_ip": st.sampled_from(["10.0.0.9", "fd00::9", "10.0.0.9,fd00::9", "eth0"]),
}
given_values = st.fixed_dictionaries({}, optional=options)
roles = st.builds(Role, st.booleans(), st.booleans(), st.sampled_from(["any", "ipv4", "ipv6"]))


@given(texts, confs, names, given_values, roles)
def test_whatever_is_read_the_identity_fits_the_role_or_is_refused_by_sentences(
    hosts: str, resolv_conf: str, hostname: str, values: dict[str, str], role: Role
) -> None:
    around = Surroundings(told(**values), NO_ENV, hosts, hostname, resolv_conf)
    try:
        me = who(around, role)
    except IdentityError:
        assert refusal(around, role)
        return
    assert me.is_member is role.is_member
    assert (me.peer is None) is not role.is_member
    assert (me.ordinal is not None) is (role.is_member and role.has_ordinals)
    assert {"pod name", "service", "namespace", "cluster domain"} <= set(me.sources)
    assert {"addresses", "ordinal"} <= set(me.sources)
    assert bool(me.service.namespace) is bool(me.service.cluster_domain)
    if me.peer is not None:
        assert me.peer.fqdn == me.fqdn
        assert role.has_ordinals or me.fqdn in me.addresses


def test_in_compose_a_container_without_a_number_is_told_to_be_called_as_its_database() -> None:
    lines = refusal(Surroundings({}, NO_ENV, DOCKER_HOSTS, "3f2a9c5d7e10", DOCKER), Role())
    assert "set POD_NAME to the database container's name, as in db-0" in "\n".join(lines)
    assert not [line for line in lines if "serviceName" in line or "Deployment" in line]


ME = Identity("db-0", "db", 0, Service("db", "prod", "cluster.local"), ("10.0.0.1",), {})
WHOLE = ME.fqdn


@pytest.mark.parametrize(
    ("told", "called"),
    [
        ([], WHOLE),
        (["db-1.example.com"], WHOLE),
        (["db-0.example.com", "db-1.example.com"], "db-0.example.com"),
        (["db-0", "db-1"], "db-0"),
        (["db-0.db", "db-1.db"], "db-0.db"),
        ([WHOLE, "db-1.db"], WHOLE),
        (["db-0", WHOLE], WHOLE),
        (["db-0.db", "db-0.example.com"], "db-0.db"),
        (["db-0.north.example", "db-0.south.example"], WHOLE),
        (["db-00.example.com", "d.example.com"], WHOLE),
        (["10.0.0.1", "10.0.0.2"], WHOLE),
    ],
)
def test_a_pod_is_called_as_it_is_among_the_peers_that_were_told(
    told: list[str], called: str
) -> None:
    """So all have one list: etcd makes a cluster of its own of each list that differs."""
    assert told_among(ME, told).fqdn == called


def test_in_a_container_a_told_name_counts_as_in_a_pod() -> None:
    bare = replace(ME, service=Service("db", "", ""))
    assert told_among(bare, ["db-0.example.com", "db-1.example.com"]).fqdn == "db-0.example.com"


def test_an_observer_and_a_deployments_pod_are_called_as_before() -> None:
    for me in (replace(ME, is_member=False), replace(ME, ordinal=None)):
        assert told_among(me, ["db-0.example.com"]) == me
