"""Verdicts for observers, Deployments and docker-compose that no network is needed to see."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agent.core import bootstrap
from agent.core.diagnosis import (
    STEPS,
    UNASKED,
    Asked,
    Check,
    Dns,
    Evidence,
    Flaw,
    Founding,
    Mistake,
    OverTcp,
    Reaction,
    Records,
    State,
    Way,
    diagnose,
)
from agent.core.finding import CantTell
from agent.core.gate import GateRules
from agent.core.identity import Identity, IdentityError, Role, identify
from agent.core.nameservers import Nameserver
from agent.core.observation import Absent, Answered, Endpoint, Observation, Unknown, Why
from agent.core.surroundings import Surroundings
from tests.core.test_diagnosis import (
    FOUNDING,
    IN_A_POD,
    checks,
    env,
    evidence,
    listed,
    mends,
    troubles,
)
from tests.core.test_identity import RESOLV_CONF, told

COMPOSE = "nameserver 127.0.0.11\noptions ndots:0\n"
IN_A_CONTAINER = Surroundings(environment={"POD_NAME": "db-1"}, resolv_conf=COMPOSE)
DOCKER, OTHER = Nameserver("127.0.0.11"), Nameserver("10.0.0.53")
OBSERVER, DEPLOYMENT = Role(is_member=False), Role(has_ordinals=False)


def as_role(role: Role, around: Surroundings = IN_A_POD, **dns: Any) -> Evidence:
    """Of a good setup for a pod of that role, but for what is given of DNS."""
    who: Identity | IdentityError
    try:
        who = identify(around, role)
    except IdentityError as wrong:
        who = wrong
    return replace(evidence(around, **dns), role=role, who=who)


def in_compose(way: Way = Way.ORDINALS, role: Role | None = None, **dns: Any) -> Evidence:
    """Of a good setup in docker-compose, but for what is given of DNS."""
    pods = tuple(Endpoint(f"db-{n}", (f"172.18.0.{n + 2}",)) for n in range(3))
    good = Dns((Asked(DOCKER, Reaction.THERE),), seen=Answered(pods, 600.0))
    facts = as_role(role or Role(), IN_A_CONTAINER)
    return replace(facts, way=way, nameservers=(DOCKER,), dns=replace(good, **dns))


def lacking(around: Surroundings, role: Role | None = None) -> Check:
    """What is said of an identity that can't be known."""
    found = checks(as_role(role or Role(), around, asked=()))["identity"]
    assert found.state is State.FAIL
    return found


def names(check: Check) -> list[str]:
    """The variables that mend it, in Kubernetes."""
    return [line["name"] for document in mends(check) for line in document]


# Who this pod is.


def test_an_observer_needs_a_service_and_no_ordinal_no_address() -> None:
    around = Surroundings(hostname="proxy-7f9c", resolv_conf=RESOLV_CONF)
    assert names(lacking(around, OBSERVER)) == ["ROLLCALL_SERVICE"]
    known = replace(around, told=told(service="db"))
    assert checks(as_role(OBSERVER, known))["identity"].state is State.OK


@pytest.mark.parametrize(
    ("pod", "variable"),
    [
        ("web-7d4b9c5f6d-x2x8z", "ROLLCALL_WORKLOAD"),  # a ReplicaSet's
        ("3f2a9c41d7e0", "POD_NAME"),
        ("web-frontend-aeiou", "POD_NAME"),
    ],
)
def test_a_name_as_a_deployments_pods_have_is_mended_by_saying_so(pod: str, variable: str) -> None:
    around = Surroundings(hostname=pod, resolv_conf=RESOLV_CONF, told=told(service="web"))
    assert names(lacking(around)) == [variable]


def test_a_deployments_pod_needs_a_service_and_its_address() -> None:
    around = Surroundings(hostname="web-7d4b9c5f6d-x2x8z", resolv_conf=RESOLV_CONF)
    assert names(lacking(around, DEPLOYMENT)) == ["ROLLCALL_SERVICE", "POD_IPS"]
    known = replace(around, told=told(service="web", pod_ip="10.0.0.3"))
    assert checks(as_role(DEPLOYMENT, known))["identity"].state is State.OK
    of_another_family = replace(DEPLOYMENT, family="ipv6")
    assert names(lacking(known, of_another_family)) == ["POD_IPS"]


def test_an_address_that_is_none_is_mended_by_the_downward_api() -> None:
    around = replace(IN_A_POD, told=told(pod_ip="10.0.0.300"))
    assert names(lacking(around)) == ["POD_IPS"]


def test_in_docker_compose_a_container_is_told_its_name_and_an_observer_the_alias() -> None:
    around = Surroundings(hostname="3f2a9c41d7e0", resolv_conf=COMPOSE)
    assert mends(lacking(around)) == [["POD_NAME=NAME-0"]]
    assert mends(lacking(around, OBSERVER)) == [["ROLLCALL_SERVICE=ALIAS"]]


def test_an_observers_namespace_is_not_guessed_from_its_own() -> None:
    around = Surroundings(told(service="db"), {}, "", "proxy", RESOLV_CONF)
    asked = (Asked(DOCKER, Reaction.MISSING),)
    facts = as_role(OBSERVER, replace(around, told=told(service="db", namespace="x")), asked=asked)
    facts = replace(facts, dns=replace(facts.dns, has_zone=True))
    assert mends(checks(facts)["namespace"]) == [
        env("ROLLCALL_NAMESPACE", "NAMESPACE-OF-THE-SERVICE")
    ]


# docker-compose.


def test_of_a_good_setup_in_docker_compose_all_that_does_not_apply_says_why() -> None:
    found = {n: c for n, c in checks(in_compose()).items() if c.state is State.SKIPPED}
    assert {name: check.finding for name, check in found.items()} == {
        "namespace": "names are bare by Docker's DNS at 127.0.0.11: there are no namespaces",
        "programs": "no output has a check, and no hook runs a program",
        "ports": "DNS is asked for each pod's name, which takes no port",
        "tcp": "each question is for one pod's addresses, which UDP always carries",
        "freshness": "Docker answers by what runs now, whatever time to live it says",
        "bootstrap": "nobody asks whether to found a cluster (bootstrap.port is not set)",
    }
    assert troubles(in_compose()) == {}


@pytest.mark.parametrize(
    ("server", "reaction", "says", "mend"),
    [
        (DOCKER, Reaction.SILENT, "Docker itself does not answer", []),
        (DOCKER, Reaction.FAILED, "Docker itself does not answer", []),
        (
            OTHER,
            Reaction.REFUSED,
            "no DNS server that knows the containers",
            [["ROLLCALL_NAMESERVER=127.0.0.11:53"]],
        ),
        (
            OTHER,
            Reaction.UNREACHABLE,
            "no DNS server runs there",
            [["ROLLCALL_NAMESERVER=127.0.0.11:53"]],
        ),
    ],
)
def test_a_nameserver_that_does_not_answer_there_is_mended_by_dockers(
    server: Nameserver, reaction: Reaction, says: str, mend: list[Any]
) -> None:
    asked = (Asked(server, reaction, phrase="it did not"),)
    facts = replace(in_compose(asked=asked, seen=UNASKED), nameservers=(server,))
    found = checks(facts)["nameservers"]
    assert found.state is State.FAIL
    assert says in found.finding
    assert mends(found) == mend


def test_without_a_nameserver_dockers_is_the_mend_where_names_are_bare() -> None:
    around = replace(IN_A_CONTAINER, resolv_conf="", told=told(namespace="-", service="db"))
    facts = replace(as_role(Role(), around, asked=()), nameservers=())
    assert mends(checks(facts)["nameservers"]) == [["ROLLCALL_NAMESERVER=127.0.0.11:53"]]


def test_one_of_two_nameservers_is_left_in_the_rollcall_services_environment() -> None:
    asked = (Asked(OTHER, Reaction.SILENT, phrase="silent"), Asked(DOCKER, Reaction.THERE))
    found = checks(replace(in_compose(asked=asked), nameservers=(OTHER, DOCKER)))["nameservers"]
    assert found.state is State.WARN
    assert mends(found) == [["ROLLCALL_NAMESERVER=127.0.0.11:53"]]


@pytest.mark.parametrize(
    ("why", "mend"),
    [
        (Why.NO_SUCH_NAME, [{"container_name": "db-1"}]),
        (Why.NO_NAMES, [["ROLLCALL_REPLICAS=COUNT"]]),
        (Why.NO_DATA, []),
    ],
)
def test_nobody_is_mended_by_what_docker_compose_has(why: Why, mend: list[Any]) -> None:
    facts = in_compose(seen=Absent("nobody", why))
    assert troubles(facts) == {"service": State.FAIL}
    assert mends(checks(facts)["service"]) == mend


def test_a_predecessor_that_is_missing_is_the_one_to_be_called_so() -> None:
    pods = (Endpoint("db-1", ("172.18.0.3",)), Endpoint("db-2", ("172.18.0.4",)))
    facts = in_compose(Way.ADDRESS, seen=Answered(pods, 600.0))
    assert mends(checks(facts)["peers"]) == [{"container_name": "db-0"}]


def test_a_name_below_the_first_ordinal_is_not_proposed_to_a_container() -> None:
    facts = in_compose(Way.ADDRESS, seen=Answered((Endpoint("db-2", ("172.18.0.4",)),), 600.0))
    around = replace(IN_A_CONTAINER, environment={"POD_NAME": "db-2"})
    facts = replace(facts, around=around, who=identify(around), gate=GateRules(start_ordinal=1))
    assert mends(checks(facts)["peers"]) == [{"container_name": "db-1"}]


def test_an_observer_in_docker_compose_is_not_to_be_called_as_a_member() -> None:
    facts = in_compose(seen=Absent("nobody", Why.NO_SUCH_NAME), role=OBSERVER)
    facts = replace(facts, who=identify(replace(IN_A_CONTAINER, told=told(service="db")), OBSERVER))
    assert mends(checks(facts)["service"]) == [{"container_name": "CONTAINER"}]


@pytest.mark.parametrize(
    ("address", "running", "state", "says"),
    [
        ("172.18.0.3", (0, 1, 2), State.OK, "db-1 is listed at 172.18.0.3"),
        ("172.18.0.9", (0, 1, 2), State.WARN, "POD_IP is another container's"),
        ("172.18.0.9", (0, 2), State.FAIL, "its database's container does not run"),
    ],
)
def test_in_docker_compose_the_own_container_is_asked_for_whatever_address_is_told(
    address: str, running: tuple[int, ...], state: State, says: str
) -> None:
    around = replace(IN_A_CONTAINER, told=told(pod_ip=address))
    pods = tuple(Endpoint(f"db-{n}", (f"172.18.0.{n + 2}",)) for n in running)
    facts = replace(in_compose(seen=Answered(pods, 600.0)), around=around, who=identify(around))
    found = checks(facts)["record"]
    assert found.state is state
    assert says in found.finding


@pytest.mark.parametrize("mistake", [Mistake.NO_FOLDER, Mistake.SINGLE_FILE, Mistake.NOT_WRITABLE])
def test_folders_are_volumes_of_docker_compose(mistake: Mistake) -> None:
    flaw = Flaw("/peers/x", mistake, "it can't be")
    found = checks(replace(in_compose(), outputs=("/peers/x",), flaws=(flaw,)))["outputs"]
    assert mends(found) == [
        {"user": "UID:GID"} if mistake is Mistake.NOT_WRITABLE else ["PEERS:/peers"]
    ]


# Other ways of asking.


def test_a_pod_that_asks_for_names_and_has_no_address_says_nothing_of_its_own_record() -> None:
    around = Surroundings(told(service="db"), {}, "", "db-1", RESOLV_CONF)
    facts = replace(as_role(Role(), around), way=Way.ORDINALS)
    assert checks(facts)["record"].state is State.SKIPPED


def test_only_srv_records_need_ports() -> None:
    facts = replace(evidence(records=Records(ttls=(30.0,))), way=Way.ADDRESS)
    found = checks(facts)["ports"]
    assert found.state is State.SKIPPED
    assert found.finding == "DNS is asked for the service's addresses, which takes no port"


def test_a_pod_without_the_port_that_is_asked_for_is_told_its_name() -> None:
    records = Records((9042,), without_port=("10.0.0.9",), ttls=(5.0,))
    found = checks(replace(evidence(records=records), port_name="cql"))["ports"]
    assert "the pod has no port named cql" in found.finding


def test_a_longer_answer_is_of_more_pods_where_addresses_are_asked_for() -> None:
    over_tcp = OverTcp(DOCKER, 1232, problem="no TCP")
    for way, pods in ((Way.SRV, 15), (Way.ADDRESS, 60)):
        found = checks(replace(evidence(over_tcp=over_tcp), way=way))["tcp"]
        assert f"of some {pods} pods, will not be had" in found.finding


def test_too_many_pods_for_srv_records_is_no_mistake() -> None:
    found = checks(evidence(records=Records(no_srv="too many", is_too_long=True, ttls=(5.0,))))
    assert found["ports"].state is State.OK


def test_a_warning_is_for_what_is_remarked_and_its_mend_only_where_pods_lack_a_name() -> None:
    strange = replace(listed("db-0", "db-1"), remarks=("passed over 2 names",))
    assert mends(checks(evidence(seen=strange))["service"]) == []
    nameless = replace(strange, endpoints=(*strange.endpoints, Endpoint("10.0.0.9", ("10.0.0.9",))))
    assert mends(checks(evidence(seen=nameless))["service"]) == [{"spec": {"serviceName": "db"}}]


WITH_ADDRESS = replace(IN_A_CONTAINER, told=told(pod_ip="10.0.0.3"))
arounds = st.sampled_from(
    [IN_A_POD, IN_A_CONTAINER, WITH_ADDRESS, Surroundings(), Surroundings(hostname="db-1")]
)
roles = st.builds(Role, st.booleans(), st.booleans(), st.sampled_from(["any", "ipv4", "ipv6"]))
endpoints = st.lists(
    st.sampled_from(
        [
            Endpoint("db-0"),
            Endpoint("db-1", ("10.0.0.3",)),
            Endpoint("db-1.db.prod.svc.cluster.local", ("10.0.0.3", "fd00::3")),
            Endpoint("10.0.0.3", ("10.0.0.3",)),
            Endpoint("fd00::9", ("fd00::9",)),
        ]
    ),
    unique=True,
)
observations: st.SearchStrategy[Observation] = st.one_of(
    st.just(UNASKED),
    st.builds(Absent, st.just("nobody"), st.sampled_from(Why)),
    st.builds(Unknown, st.just("no answer")),
    st.builds(Answered, endpoints.map(tuple)),
)


dns = st.builds(
    Dns,
    asked=st.lists(st.builds(Asked, st.just(DOCKER), st.sampled_from(Reaction)), max_size=2).map(
        tuple
    ),
    has_zone=st.booleans(),
    seen=observations,
    over_tcp=st.sampled_from([None, OverTcp(DOCKER, 1232, 99), OverTcp(DOCKER, 1232, problem="-")]),
    unfit=endpoints.map(tuple),
)
gates = st.builds(GateRules, st.sampled_from(["predecessors", "all"]), replicas=st.just(3))
can_not_tell = bootstrap.Evidence(data=CantTell("it can't"), peers=(CantTell("it is silent"),))
foundings = st.sampled_from([None, FOUNDING, Founding(7000, "", "", can_not_tell)])


@given(around=arounds, role=roles, way=st.sampled_from(Way), found=dns, data=st.data())
def test_whatever_a_pod_is_each_check_has_a_finding_and_a_mend_that_is_yaml(
    around: Surroundings, role: Role, way: Way, found: Dns, data: st.DataObject
) -> None:
    facts = replace(as_role(role, around), way=way, dns=found)
    facts = replace(facts, gate=data.draw(gates), founding=data.draw(foundings))
    checked = diagnose(facts)
    assert [check.name for check in checked] == [step.name for step in STEPS]
    for check in checked:
        assert check.finding
        assert "first mend " not in check.finding or check.state is State.SKIPPED
        assert not (check.mend and check.state in (State.OK, State.SKIPPED))
        assert [d for d in yaml.safe_load_all(check.mend) if d is not None] or not check.mend
        if facts.bare_by:
            assert not any(word in check.mend for word in ("spec:", "valueFrom", "mountPath"))
