"""Verdicts on facts; the whole way from a wrong setup to its mend is tests/e2e/test_doctor.py."""

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
    Kept,
    Mistake,
    OverTcp,
    Program,
    Reaction,
    Records,
    State,
    WrongSetting,
    diagnose,
    is_well,
    sum_up,
)
from agent.core.diagnosis.manifests import Kubernetes
from agent.core.diagnosis.mends import in_yaml, service_name, unready
from agent.core.finding import No, Yes
from agent.core.gate import GateRules
from agent.core.identity import Identity, IdentityError, identify
from agent.core.nameservers import Nameserver
from agent.core.observation import Absent, Answered, Endpoint, Observation, Unknown, Why
from agent.core.roll import Service
from agent.core.surroundings import Surroundings
from tests.core.test_identity import HOSTS, NAMELESS_HOSTS, RESOLV_CONF, told

DB = Service("db", "prod", "cluster.local")
SERVER, OTHER = Nameserver("10.96.0.10"), Nameserver("10.96.0.11")
IN_A_POD = Surroundings(hosts=HOSTS, hostname="db-1", resolv_conf=RESOLV_CONF)


# What speaks for no other cluster, in the pod db-1.
FOUNDING = Founding(
    7000,
    "/data",
    "/keep/marker",
    bootstrap.Evidence(
        lowest=No("db-1 has not the lowest ordinal"),
        marker=No("there is no /keep/marker"),
        data=No("/data is empty"),
        listing=Yes("DNS lists db-1 where it is"),
        peers=(No("db-0 does not answer"), No("db-2 does not answer")),
    ),
)


def listed(*names: str) -> Answered:
    """db-0 at 10.0.0.2, db-1 at 10.0.0.3, … ."""
    pods = [(name, int(name.rpartition("-")[2]) + 2) for name in names]
    return Answered(tuple(Endpoint(DB.pod(name), (f"10.0.0.{n}",)) for name, n in pods), 30.0)


def who(around: Surroundings) -> Identity | IdentityError:
    try:
        return identify(around)
    except IdentityError as wrong:
        return wrong


def evidence(around: Surroundings = IN_A_POD, **dns: Any) -> Evidence:
    """Of a good setup, but for what is given of DNS."""
    good = Dns(
        asked=(Asked(SERVER, Reaction.THERE, 0.001),),
        seen=listed("db-0", "db-1", "db-2"),
        records=Records((9042,), addresses=("10.0.0.2", "10.0.0.3", "10.0.0.4"), ttls=(30.0,)),
        over_tcp=OverTcp(SERVER, 1232, 300),
    )
    return Evidence(
        around=around,
        who=who(around),
        nameservers=(SERVER,),
        nameservers_by="/etc/resolv.conf",
        dns=replace(good, **dns),
        outputs=("/peers/x",),
    )


def checks(facts: Evidence | WrongSetting) -> dict[str, Check]:
    return {check.name: check for check in diagnose(facts)}


def troubles(facts: Evidence | WrongSetting) -> dict[str, State]:
    """The states of all that is not well."""
    return {n: c.state for n, c in checks(facts).items() if c.state in (State.WARN, State.FAIL)}


def mends(check: Check) -> list[Any]:
    return [document for document in yaml.safe_load_all(check.mend) if document is not None]


def env(name: str, value: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value}]


HOOK = Program("/hooks/on-change", "the hook exec on-change")


def test_of_a_good_setup_every_check_is_well_and_says_what_it_saw() -> None:
    found = diagnose(replace(evidence(), founding=FOUNDING, programs=(HOOK,)))
    assert [check.state for check in found] == [State.OK] * len(STEPS)
    assert all(check.finding and not check.mend for check in found)
    assert is_well(found)
    assert sum_up(found) == f"all is well: {len(STEPS)} checks"


def test_what_there_is_nothing_to_look_at_for_is_well_and_keeps_nothing_from_being_looked_at() -> (
    None
):
    found = diagnose(evidence())
    assert [check.name for check in found if check.state is State.SKIPPED] == [
        "programs",
        "bootstrap",
    ]
    assert is_well(found)
    assert sum_up(found) == f"all is well: {len(STEPS) - 2} checks, 2 skipped"


def test_a_check_needs_only_what_was_checked_before_it() -> None:
    names = [step.name for step in STEPS]
    assert len(set(names)) == len(names)
    for at, step in enumerate(STEPS):
        assert set(step.needs) <= set(names[:at])


def test_a_wrong_setting_is_the_only_failure_and_all_else_waits_for_it() -> None:
    facts = WrongSetting("there is no variable ROLLCALL_SERVCE")
    assert troubles(facts) == {"settings": State.FAIL}
    found = diagnose(facts)
    assert {check.state for check in found[1:]} == {State.SKIPPED}
    assert {check.finding for check in found[1:]} == {"can't be told yet: first mend settings"}
    assert not is_well(found)
    assert sum_up(found) == (
        f"not all is well: of {len(STEPS)} checks 1 failed, {len(STEPS) - 1} skipped; begin with "
        "settings"
    )


def test_a_check_that_nobody_wants_waits_for_no_other() -> None:
    unlisted = evidence(seen=listed("db-0", "db-2"))
    assert troubles(unlisted) == {"record": State.FAIL}
    assert checks(unlisted)["bootstrap"].finding.startswith("nobody asks whether to found")
    wanted = checks(replace(unlisted, founding=FOUNDING))["bootstrap"]
    assert wanted.finding == "can't be told yet: first mend record"


def test_a_warning_is_not_well_and_skips_nothing() -> None:
    facts = replace(evidence(records=Records((0,), ttls=(30.0,))), founding=FOUNDING)
    facts = replace(facts, programs=(HOOK,))
    found = diagnose(facts)
    assert {check.state for check in found} == {State.OK, State.WARN}
    assert not is_well(found)
    assert sum_up(found).endswith("1 with a warning; begin with ports")


# Who this pod is.


def test_where_nothing_is_known_each_part_has_its_line() -> None:
    found = checks(evidence(Surroundings(hostname="vm"), asked=()))
    assert found["identity"].state is State.FAIL
    assert len(found["identity"].finding.splitlines()) == 4
    lines, serving = mends(found["identity"])
    assert [line["name"] for line in lines] == [
        "POD_NAME",
        "POD_NAMESPACE",
        "ROLLCALL_CLUSTER_DOMAIN",
    ]
    assert serving == {"spec": {"serviceName": "SERVICE"}}
    assert found["nameservers"].state is State.SKIPPED
    assert found["memory"].state is State.SKIPPED


def test_a_pod_without_a_service_name_in_etc_hosts_needs_only_that() -> None:
    around = Surroundings(hosts=NAMELESS_HOSTS, hostname="db-1", resolv_conf=RESOLV_CONF)
    found = checks(evidence(around, seen=UNASKED, over_tcp=None))
    assert mends(found["identity"]) == [{"spec": {"serviceName": "SERVICE"}}]
    assert found["namespace"].finding.startswith("DNS has the namespace prod")
    assert found["tcp"].finding == found["service"].finding
    assert found["service"].finding == "can't be told yet: first mend identity"


@pytest.mark.parametrize(
    ("key", "value", "variable"),
    [
        ("service", "db", "ROLLCALL_SERVICE"),
        ("namespace", "prod", "ROLLCALL_NAMESPACE"),
        ("cluster_domain", "cluster.local", "ROLLCALL_CLUSTER_DOMAIN"),
    ],
)
def test_what_etc_hosts_contradicts_is_a_warning_with_what_it_says_as_the_mend(
    key: str, value: str, variable: str
) -> None:
    around = replace(IN_A_POD, told=told(**{key: "other"}))
    found = checks(evidence(around))["identity"]
    assert found.state is State.WARN
    assert f"this pod's own line in /etc/hosts has {value}: one of them is wrong" in found.finding
    assert mends(found) == [env(variable, value)]


def test_an_address_that_etc_hosts_contradicts_is_a_warning() -> None:
    found = checks(evidence(replace(IN_A_POD, told=told(pod_ip="10.9.9.9"))))
    assert "the address is 10.9.9.9 by --pod-ip, but this pod's own line" in (
        found["identity"].finding
    )
    assert found["identity"].state is State.WARN
    same_of_another_family = replace(IN_A_POD, told=told(pod_ip="fd00::3,10.0.0.3"))
    assert checks(evidence(same_of_another_family))["identity"].state is State.OK


def test_where_each_part_comes_from_is_told_once_for_each_source() -> None:
    assert checks(evidence())["identity"].finding == (
        "db-1 in db.prod.svc.cluster.local at 10.0.0.3 (pod name by the hostname; service, "
        "namespace, cluster domain, addresses by /etc/hosts)"
    )


# Nameservers.


def test_without_a_nameserver_the_pods_dns_policy_is_the_mend() -> None:
    found = checks(replace(evidence(asked=()), nameservers=()))["nameservers"]
    assert (found.state, found.finding) == (State.FAIL, "/etc/resolv.conf names no nameserver")
    assert mends(found) == [{"dnsPolicy": "ClusterFirst"}]


@pytest.mark.parametrize(
    ("lines", "used"),
    [("nameserver dns.example\nnameserver 10.96.0.10\n", 1), ("nameserver 10.0.0.1\n" * 4, 3)],
)
def test_nameserver_lines_that_are_passed_over_are_told(lines: str, used: int) -> None:
    resolv_conf = RESOLV_CONF.replace("nameserver 10.96.0.10", lines)
    facts = evidence(replace(IN_A_POD, resolv_conf=resolv_conf))
    found = checks(replace(facts, nameservers=(SERVER,) * used))["nameservers"]
    assert found.state is State.WARN
    assert f"lines {used} are used" in found.finding
    as_told = replace(facts, nameservers=(SERVER,) * used, nameservers_by="the settings")
    assert checks(as_told)["nameservers"].state is State.OK


@pytest.mark.parametrize(
    ("reaction", "says", "mend"),
    [
        (Reaction.SILENT, "a NetworkPolicy", [{"protocol": "UDP", "port": 53}]),
        (Reaction.UNREACHABLE, "no DNS server runs there", "ClusterFirst"),
        (Reaction.REFUSED, "does not serve the cluster domain cluster.local", "ClusterFirst"),
        (Reaction.FAILED, "has not begun to serve", None),
    ],
)
def test_each_way_of_not_answering_has_its_cause_and_its_mend(
    reaction: Reaction, says: str, mend: Any
) -> None:
    asked = (Asked(SERVER, reaction, 1.0, "10.96.0.10:53 did not"),)
    found = checks(evidence(asked=asked, seen=UNASKED))["nameservers"]
    assert found.state is State.FAIL
    assert found.finding.startswith("10.96.0.10:53 did not: ")
    assert says in found.finding
    match mend, mends(found):
        case None, []:
            pass
        case str(), [*_, policy]:
            assert policy["dnsPolicy"] == mend
        case [first], [[rule]]:
            assert rule["ports"][0] == first
        case _, other:
            pytest.fail(f"{other}")


def test_milliseconds_are_told_for_each_that_answers() -> None:
    asked = (Asked(SERVER, Reaction.THERE, 0.0123), Asked(OTHER, Reaction.THERE, 0.0001))
    found = checks(evidence(asked=asked))["nameservers"]
    assert found.finding == (
        "10.96.0.10:53 answers in 12 ms; 10.96.0.11:53 answers in 1 ms (by /etc/resolv.conf)"
    )


def test_a_wrong_domain_is_mended_by_the_search_list_and_else_by_the_usual_one() -> None:
    for search, used, right in (
        (RESOLV_CONF, "other.local", "cluster.local"),
        (RESOLV_CONF.replace("cluster.local", "k8s.example"), "other.local", "k8s.example"),
        ("", "other.local", "cluster.local"),
        ("", "cluster.local", "CLUSTER-DOMAIN"),
    ):
        around = Surroundings(
            told(service="db", namespace="prod", cluster_domain=used), {}, "", "db-1", search
        )
        asked = (Asked(SERVER, Reaction.MISSING),)
        found = checks(evidence(around, asked=asked, has_zone=False))["namespace"]
        assert found.finding.endswith("the cluster domain is wrong")
        assert mends(found) == [
            env("ROLLCALL_CLUSTER_DOMAIN", right),
            {"dnsPolicy": "ClusterFirst"},
        ]


def test_a_wrong_namespace_is_mended_by_the_search_list_and_else_by_the_downward_api() -> None:
    asked = (Asked(SERVER, Reaction.MISSING),)
    for search, mend in ((RESOLV_CONF, env("ROLLCALL_NAMESPACE", "prod")), ("", None)):
        around = Surroundings(
            told(service="db", namespace="prot", cluster_domain="cluster.local"),
            {},
            "",
            "db-1",
            search,
        )
        found = checks(evidence(around, asked=asked, has_zone=True))["namespace"]
        assert found.finding.endswith("the namespace is wrong")
        if mend:
            assert mends(found) == [mend]
        else:
            assert mends(found)[0][0]["name"] == "POD_NAMESPACE"


# The service and who is behind it.


@pytest.mark.parametrize("why", [why for why in Why if why is not Why.NO_NAMESPACE])
def test_every_kind_of_nobody_fails_the_service_with_its_own_sentence_and_a_mend(why: Why) -> None:
    facts = evidence(seen=Absent("nobody, because", why))
    assert troubles(facts) == {"service": State.FAIL}
    found = checks(facts)
    assert found["service"].finding == "nobody, because"
    assert mends(found["service"])
    assert found["record"].finding == "can't be told yet: first mend service"


@pytest.mark.parametrize(
    ("seen", "over_tcp", "mend"),
    [
        (Unknown("no answer"), OverTcp(SERVER, 1232, 300), []),
        (
            Unknown("cut short"),
            OverTcp(SERVER, 1232, problem="cut short", is_cut_short=True),
            [env("ROLLCALL_DISCOVERY", "address")],
        ),
        (
            Unknown("no answer over TCP"),
            OverTcp(SERVER, 1232, problem="no TCP"),
            [[{"ports": [{"port": 53, "protocol": p} for p in ("UDP", "TCP")]}]],
        ),
    ],
)
def test_what_is_unknown_is_mended_by_what_keeps_it_from_being_known(
    seen: Observation, over_tcp: OverTcp, mend: list[Any]
) -> None:
    found = checks(evidence(seen=seen, over_tcp=over_tcp))
    assert found["service"].state is State.FAIL
    assert mends(found["service"]) == mend
    assert mends(found["tcp"]) == mend
    assert found["tcp"].state is (State.FAIL if mend else State.OK)


def test_an_odd_answer_is_a_warning_in_its_own_words() -> None:
    odd = replace(listed("db-0", "db-1"), remarks=("passed over 2 names",))
    found = checks(evidence(seen=odd))["service"]
    assert found.state is State.WARN
    assert found.finding.splitlines()[1] == "passed over 2 names"


def test_the_name_that_dns_has_for_this_pod_counts_only_if_it_is_this_pods() -> None:
    nobody = Absent("no names", Why.NO_NAMES)
    for name, mend in (
        ("db-1.db-pods.prod.svc.cluster.local", env("ROLLCALL_SERVICE", "db-pods")),
        ("db-7.db-pods.prod.svc.cluster.local", {"spec": {"serviceName": "db"}}),
        ("db-1.db-pods.test.svc.cluster.local", {"spec": {"serviceName": "db"}}),
        ("db-1.db.prod.svc.cluster.local", {"spec": {"serviceName": "db"}}),
        ("localhost", {"spec": {"serviceName": "db"}}),
    ):
        found = checks(evidence(seen=nobody, own_names=(name,)))["service"]
        assert mends(found) == [mend]


def test_a_pod_that_is_listed_by_its_address_only_is_told_so() -> None:
    nameless = Endpoint("10.0.0.3", ("10.0.0.3",))
    seen = Answered((*listed("db-0").endpoints, nameless))
    found = checks(evidence(seen=seen))["record"]
    assert found.state is State.FAIL
    assert "listed, but by its address and not as db-1" in found.finding
    assert mends(found) == [{"spec": {"serviceName": "db"}}]


def test_a_pod_that_has_two_families_is_well_listed_with_one() -> None:
    six = replace(IN_A_POD, told=told(pod_ip="10.0.0.3,fd00::3"))
    assert checks(evidence(six))["record"].state is State.OK


def test_a_pod_that_is_named_and_not_located_is_listed() -> None:
    seen = Answered((*listed("db-0").endpoints, Endpoint(DB.pod("db-1"))))
    found = checks(evidence(seen=seen))
    assert found["record"].finding == "db-1 is listed, without an address"
    assert "DNS names db-1 without an address" in found["peers"].finding
    assert mends(found["peers"]) == [env("ROLLCALL_DISCOVERY", "address")]


def test_a_pod_without_the_named_port_is_a_failure() -> None:
    facts = evidence(records=Records((9042,), without_port=("10.0.0.9",), ttls=(5.0,)))
    assert troubles(facts) == {"ports": State.FAIL}
    assert "10.0.0.9 is listed without a port" in checks(facts)["ports"].finding


@pytest.mark.parametrize(
    ("replicas", "start", "names", "missing"),
    [
        (3, 0, ("db-0", "db-1", "db-2"), ""),
        (4, 0, ("db-0", "db-1", "db-2"), "db-3 is not listed"),
        (20, 0, ("db-0", "db-1"), "db-2, db-3, db-4, db-5, db-6 and 13 more are not listed"),
        (2, 1, ("db-1", "db-2"), ""),
        (None, 0, ("db-0", "db-1"), ""),
    ],
)
def test_the_ordinals_of_replicas_that_are_missing_are_named(
    replicas: int | None, start: int, names: tuple[str, ...], missing: str
) -> None:
    facts = evidence(seen=listed(*names))
    found = checks(replace(facts, gate=GateRules(replicas=replicas, start_ordinal=start)))["peers"]
    assert found.state is (State.WARN if missing else State.OK)
    assert missing in found.finding


def test_whom_the_gate_waits_for_is_a_failure_in_the_gates_own_words() -> None:
    found = checks(evidence(seen=listed("db-1", "db-2")))["peers"]
    assert found.state is State.FAIL
    assert "the gate is not open: db-0 is not in DNS under db.prod.svc" in found.finding


@pytest.mark.parametrize(
    ("ttls", "says", "state"),
    [
        ((30.0, 30.0), "is 30 s: where a cache answers", State.OK),
        ((30.0, 17.0), "is 17 to 30 s, so a cache answers: a new pod", State.OK),
        ((0.0, 0.0), "is 0 s", State.WARN),
        ((30.0, 0.0), "is 0 s", State.WARN),
        ((), "nothing has said", State.OK),
    ],
)
def test_a_time_to_live_tells_of_caches(ttls: tuple[float, ...], says: str, state: State) -> None:
    found = checks(evidence(records=Records((9042,), ttls=ttls)))["freshness"]
    assert found.state is state
    assert says in found.finding


# Files.


@pytest.mark.parametrize("mistake", Mistake)
def test_every_mistake_with_an_output_is_told_in_its_own_words(mistake: Mistake) -> None:
    flaw = Flaw("/peers/x", mistake, "it can't be, because")
    facts = replace(evidence(), outputs=("/peers/x", "/peers/y"), flaws=(flaw,))
    found = checks(facts)["outputs"]
    assert found.state is (State.WARN if mistake is Mistake.PRIVATE else State.FAIL)
    assert found.finding.splitlines() == ["/peers/y can be written", "it can't be, because"]
    assert isinstance(mends(found), list)


@pytest.mark.parametrize(
    ("content", "says"), [(None, "can't be read"), (b"", "it is damaged"), (b"{}", "it is damaged")]
)
def test_a_state_file_that_is_of_no_use_is_a_warning(content: bytes | None, says: str) -> None:
    found = checks(replace(evidence(), kept=Kept("/peers/.state", content)))["memory"]
    assert found.state is State.WARN
    assert says in found.finding


# YAML.


def test_lines_for_one_place_are_one_list_and_other_places_are_documents_of_their_own() -> None:
    kubernetes = Kubernetes()
    several = in_yaml(
        [
            kubernetes.variable("ROLLCALL_SERVICE", "db"),
            unready(DB),
            kubernetes.own("POD_IP"),
            unready(DB),
            service_name("db"),
            kubernetes.variable("ROLLCALL_SERVICE", "db"),
        ]
    )
    assert list(yaml.safe_load_all(several)) == [
        [
            {"name": "ROLLCALL_SERVICE", "value": "db"},
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        ],
        {"spec": {"publishNotReadyAddresses": True}},
        {"spec": {"serviceName": "db"}},
    ]


observations = st.one_of(
    st.builds(Absent, st.just("nobody"), st.sampled_from(Why)),
    st.builds(Unknown, st.just("no answer")),
    st.sets(st.sampled_from([f"db-{n}" for n in range(4)] + ["cache-0"])).map(
        lambda names: listed(*sorted(names))
    ),
)


@given(
    around=st.sampled_from([IN_A_POD, Surroundings(), replace(IN_A_POD, told=told(service="x"))]),
    asked=st.lists(st.builds(Asked, st.just(SERVER), st.sampled_from(Reaction)), max_size=2),
    seen=observations,
    flaws=st.lists(
        st.builds(Flaw, st.text(min_size=1), st.sampled_from(Mistake), st.just("it can't be"))
    ),
)
def test_whatever_is_found_each_check_is_there_in_its_order_and_each_mend_is_yaml(
    around: Surroundings, asked: list[Asked], seen: Observation, flaws: list[Flaw]
) -> None:
    facts = replace(evidence(around, asked=tuple(asked), seen=seen), flaws=tuple(flaws))
    found = diagnose(facts)
    assert [check.name for check in found] == [step.name for step in STEPS]
    for check in found:
        assert check.finding
        assert not (check.mend and check.state in (State.OK, State.SKIPPED))
        assert [d for d in yaml.safe_load_all(check.mend) if d is not None] or not check.mend
    assert is_well(found) == (sum_up(found).startswith("all is well"))


def test_a_program_that_is_not_in_this_container_is_said_with_whose_it_is() -> None:
    lost = Program("my-check", "the check of /peers/x", "there is no program my-check")
    found = checks(replace(evidence(), programs=(HOOK, lost)))["programs"]
    assert found.state is State.FAIL
    assert found.finding.splitlines() == [
        "/hooks/on-change can be run",
        (
            "the check of /peers/x can't run in this container, which is rollcall's: there is no "
            "program my-check"
        ),
    ]
