from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.identity import Identity, IdentityError, identify
from agent.core.roll import Peer, Service
from agent.core.surroundings import Surroundings, Told

HOSTS = """\
# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
10.0.0.3\tdb-1.db.prod.svc.cluster.local\tdb-1
"""
DUAL_STACK = HOSTS + "fd00::3\tdb-1.db.prod.svc.cluster.local\tdb-1\n"
ALIASES = """
# Entries added by HostAliases.
10.9.9.9\tdb-1.old.elsewhere.svc.example.org\tdb-1
10.9.9.8\tfoo.remote bar.remote
"""
RESOLV_CONF = """\
search prod.svc.cluster.local svc.cluster.local cluster.local corp.example
nameserver 10.96.0.10
options ndots:5
"""
# A pod whose StatefulSet's serviceName is wrong: the kubelet writes no service into /etc/hosts.
NAMELESS_HOSTS = "127.0.0.1\tlocalhost\n10.0.0.3\tdb-1\n"


def told(**values: str) -> Mapping[str, Told]:
    return {key: Told(value, f"--{key.replace('_', '-')}") for key, value in values.items()}


def pod(
    hosts: str = HOSTS,
    hostname: str = "db-1",
    environment: Mapping[str, str] | None = None,
    **values: str,
) -> Identity:
    return identify(Surroundings(told(**values), environment or {}, hosts, hostname, RESOLV_CONF))


def refusal(around: Surroundings) -> list[str]:
    with pytest.raises(IdentityError) as refused:
        identify(around)
    return str(refused.value).splitlines()


def test_a_pod_with_a_right_service_name_knows_itself_from_what_the_kubelet_writes() -> None:
    me = identify(Surroundings(hosts=HOSTS, hostname="db-1", resolv_conf=RESOLV_CONF))
    assert (me.pod, me.set_name, me.ordinal) == ("db-1", "db", 1)
    assert me.service == Service("db", "prod", "cluster.local")
    assert me.addresses == ("10.0.0.3",)
    assert me.peer == Peer("db-1.db.prod.svc.cluster.local", ("10.0.0.3",))
    assert dict(me.sources) == {
        "pod name": "the hostname",
        "service": "/etc/hosts",
        "namespace": "/etc/hosts",
        "cluster domain": "/etc/hosts",
        "addresses": "/etc/hosts",
        "ordinal": "the pod name",
    }


@pytest.mark.parametrize("domain", ["local", "cluster.local", "k8s.eu-1.example.org"])
def test_the_cluster_domain_may_have_any_number_of_labels(domain: str) -> None:
    hosts = f"10.0.0.3 db-1.db.prod.svc.{domain} db-1\n"
    assert pod(hosts).service.cluster_domain == domain
    search = f"search prod.svc.{domain} svc.{domain} {domain}\n"
    alone = Surroundings(told(service="db"), hostname="db-1", resolv_conf=search)
    assert identify(alone).service == Service("db", "prod", domain)


def test_a_namespace_and_a_service_may_be_called_svc() -> None:
    assert pod("10.0.0.3 db-1.svc.svc.svc.cluster.local db-1\n").service == Service(
        "svc", "svc", "cluster.local"
    )


def test_the_ordinal_is_the_last_number_of_a_name_with_more() -> None:
    me = pod("10.0.0.3 my-db-2-10.db.prod.svc.cluster.local my-db-2-10\n", "my-db-2-10")
    assert (me.set_name, me.ordinal) == ("my-db-2", 10)


def test_an_ipv6_pod_knows_its_address() -> None:
    assert pod(HOSTS.replace("10.0.0.3", "FD00:0::3")).addresses == ("fd00::3",)


def test_a_dual_stack_pod_has_an_address_of_each_family_ipv4_first() -> None:
    assert pod(DUAL_STACK).addresses == ("10.0.0.3", "fd00::3")
    lines = DUAL_STACK.splitlines(keepends=True)
    assert pod("".join([lines[-1], *lines[:-1]])).addresses == ("10.0.0.3", "fd00::3")
    told = pod(DUAL_STACK, pod_ip="10.0.0.8,10.0.0.7,fd00::9")
    assert told.addresses == ("10.0.0.8", "fd00::9")


def test_host_aliases_that_resemble_the_pods_own_line_are_not_taken_for_it() -> None:
    me = pod(DUAL_STACK + ALIASES)
    assert me.service == Service("db", "prod", "cluster.local")
    assert me.addresses == ("10.0.0.3", "fd00::3")


@pytest.mark.parametrize(
    "line",
    [
        "# 10.9.9.9 db-1.old.elsewhere.svc.example.org db-1",
        "#10.9.9.9 db-1.old.elsewhere.svc.example.org db-1",
        "10.9.9.9 # db-1.old.elsewhere.svc.example.org db-1",
        "10.9.9.9 db-2.old.elsewhere.svc.example.org db-2",
        "10.9.9.9 db-1.old.elsewhere db-1",
        "10.9.9.9 db-10.old.elsewhere.svc.example.org",
        "10.9.9.9",
        "",
        "   ",
    ],
)
def test_comments_and_other_pods_lines_in_etc_hosts_mean_nothing(line: str) -> None:
    me = pod(f"{line}\n{HOSTS}")
    assert (me.service, me.addresses) == (Service("db", "prod", "cluster.local"), ("10.0.0.3",))


def test_a_comment_behind_the_pods_own_line_is_no_part_of_it() -> None:
    me = pod("10.0.0.3 db-1.db.prod.svc.cluster.local db-1 # written by the kubelet\n")
    assert me.addresses == ("10.0.0.3",)


@pytest.mark.parametrize(
    "hostname", ["db-1.db.prod.svc.cluster.local", "db-1.db.prod.svc.cluster.local."]
)
def test_a_hostname_that_is_the_whole_name_is_as_good_as_a_line_in_etc_hosts(hostname: str) -> None:
    me = identify(Surroundings(hostname=hostname))
    assert me.fqdn == "db-1.db.prod.svc.cluster.local"
    assert me.sources["pod name"] == me.sources["service"] == "the hostname"


def test_with_host_network_or_in_compose_pod_name_tells_what_the_hostname_does_not() -> None:
    me = pod(hostname="3f2a9c5d7e10", environment={"POD_NAME": "db-1"})
    assert me.fqdn == "db-1.db.prod.svc.cluster.local"
    assert me.sources["pod name"] == "POD_NAME"
    assert me.addresses == ("10.0.0.3",)


def test_upper_case_is_made_lower() -> None:
    me = pod(pod_name="DB-1", service="DB", namespace="Prod", cluster_domain="Cluster.LOCAL.")
    assert me.fqdn == "db-1.db.prod.svc.cluster.local"


# What each source says of each field, in the order in which they are asked.
SEARCH = "the search list of /etc/resolv.conf"
ASKED: Mapping[str, Mapping[str, str]] = {
    "pod name": {"--pod-name": "db-2", "POD_NAME": "db-3", "the hostname": "db-4"},
    "service": {"--service": "by-flag", "/etc/hosts": "by-hosts"},
    "namespace": {
        "--namespace": "by-flag",
        "POD_NAMESPACE": "by-variable",
        "/etc/hosts": "by-hosts",
        SEARCH: "by-search",
    },
    "cluster domain": {
        "--cluster-domain": "by-flag",
        "/etc/hosts": "by-hosts",
        SEARCH: "by-search",
    },
    "addresses": {
        "--pod-ip": "10.0.2.2",
        "POD_IPS": "10.0.4.4,fd00::4",
        "POD_IP": "10.0.3.3",
        "/etc/hosts": "10.0.5.5",
    },
}
FLAGS = {field: next(iter(says)) for field, says in ASKED.items()}


def who(field: str, says: Mapping[str, str]) -> Identity:
    """Who a pod is to which these sources say something of one field; flags tell the others."""
    flags = {flag: "others" for of, flag in FLAGS.items() if of not in (field, "pod name")}
    flags |= {"--pod-ip": "10.0.1.1"} if field != "addresses" else {}
    flags |= {flag: value for flag, value in says.items() if flag.startswith("--")}
    return identify(
        Surroundings(
            {flag[2:].replace("-", "_"): Told(value, flag) for flag, value in flags.items()},
            {name: value for name, value in says.items() if name.startswith("POD_")},
            "10.0.5.5 db-4.by-hosts.by-hosts.svc.by-hosts" if "/etc/hosts" in says else "",
            "db-4",
            "search by-search.svc.by-search" if SEARCH in says else "",
        )
    )


@pytest.mark.parametrize(
    ("field", "source"), [(field, source) for field, says in ASKED.items() for source in says]
)
def test_each_source_counts_where_no_earlier_one_says_anything(field: str, source: str) -> None:
    order = list(ASKED[field])
    me = who(field, {name: ASKED[field][name] for name in order[order.index(source) :]})
    found = {
        "pod name": me.pod,
        "service": me.service.name,
        "namespace": me.service.namespace,
        "cluster domain": me.service.cluster_domain,
        "addresses": ",".join(me.addresses),
    }
    assert (me.sources[field], found[field]) == (source, ASKED[field][source])


def test_a_variable_that_is_empty_is_a_variable_that_is_not_set() -> None:
    empty = {"POD_NAME": "", "POD_NAMESPACE": "", "POD_IP": "", "POD_IPS": ""}
    assert pod(environment=empty) == pod()


def test_addresses_in_a_variable_may_have_spaces_and_repeat() -> None:
    me = pod(environment={"POD_IPS": "10.0.0.3, fd00::3,10.0.0.3, FD00::0:3"})
    assert me.addresses == ("10.0.0.3", "fd00::3")


def test_where_nothing_names_an_address_dns_is_to_tell() -> None:
    me = pod(NAMELESS_HOSTS, service="db")
    assert me.addresses == ()
    assert me.sources["addresses"].startswith("DNS, once it lists this pod")


@pytest.mark.parametrize(
    "resolv_conf",
    [
        "# search other.svc.example.org\n" + RESOLV_CONF,
        "#search other.svc.example.org\n" + RESOLV_CONF,
        "; search other.svc.example.org\n" + RESOLV_CONF,
        "search other.svc.example.org\n" + RESOLV_CONF,
        RESOLV_CONF + "# search other.svc.example.org\n",
        "search corp.example prod.svc.cluster.local svc.cluster.local other.svc.example.org\n",
        "search prod.svc.cluster.local. svc.cluster.local. cluster.local.\n",
        "search\tprod.svc.cluster.local\tsvc.cluster.local # other.svc.example.org\n",
        "\n  search prod.svc.cluster.local\n",
        "domain other.svc.example.org\nsearch prod.svc.cluster.local\n",
        "options ndots:5 search other.svc.example.org\nsearch prod.svc.cluster.local\n",
        "search corp.example svc.example a.b.svc.example prod.svc.cluster.local\n",
    ],
)
def test_the_search_list_is_read_word_by_word_from_its_last_line(resolv_conf: str) -> None:
    around = Surroundings(told(service="db"), hostname="db-1", resolv_conf=resolv_conf)
    me = identify(around)
    assert me.service == Service("db", "prod", "cluster.local")
    assert me.sources["namespace"] == "the search list of /etc/resolv.conf"


@pytest.mark.parametrize(
    "last", ["search corp.example\n", "search corp.example # prod.svc.cluster.local\n", "search\n"]
)
def test_a_search_list_whose_last_line_has_no_cluster_in_it_tells_nothing(last: str) -> None:
    text = RESOLV_CONF + last
    lines = refusal(Surroundings(told(service="db"), hostname="db-1", resolv_conf=text))
    assert [line.partition(" is not known")[0] for line in lines] == [
        "the namespace",
        "the cluster domain",
    ]


def test_nothing_known_is_a_line_for_each_field_with_what_was_looked_at_and_the_flag() -> None:
    assert refusal(Surroundings()) == [
        (
            "the pod name is not known: looked at --pod-name, POD_NAME, the hostname; "
            "set --pod-name, or POD_NAME from the downward API"
        ),
        (
            "the service is not known: looked at --service, "
            "/etc/hosts (no line with the pod.SERVICE.NAMESPACE.svc.DOMAIN); "
            "set --service to the StatefulSet's serviceName"
        ),
        (
            "the namespace is not known: looked at --namespace, POD_NAMESPACE, /etc/hosts, "
            "the search list of /etc/resolv.conf (no NAMESPACE.svc.DOMAIN); "
            "set --namespace, or POD_NAMESPACE from the downward API"
        ),
        (
            "the cluster domain is not known: looked at --cluster-domain, /etc/hosts, "
            "the search list of /etc/resolv.conf (no NAMESPACE.svc.DOMAIN); "
            "set --cluster-domain (most clusters: cluster.local)"
        ),
    ]


def test_a_wrong_service_name_is_told_by_the_line_that_etc_hosts_lacks() -> None:
    assert refusal(
        Surroundings(hosts=NAMELESS_HOSTS, hostname="db-1", resolv_conf=RESOLV_CONF)
    ) == [
        (
            "the service is not known: looked at --service, "
            "/etc/hosts (no line with db-1.SERVICE.NAMESPACE.svc.DOMAIN); "
            "set --service to the StatefulSet's serviceName"
        )
    ]


@pytest.mark.parametrize("name", ["web-7d4b9c8f6-x2x9z", "db", "db-01", "10-0-0-3"])
def test_a_pod_of_no_statefulset_is_told_so(name: str) -> None:
    around = Surroundings(told(pod_name=name, service="db"), hosts=HOSTS, resolv_conf=RESOLV_CONF)
    assert refusal(around) == [
        (
            f"the ordinal is not known: '{name}' (from --pod-name) does not end in '-' and a "
            "number as a StatefulSet's pod does; set --pod-name (or, if it is a Deployment's, "
            "--workload deployment)"
        )
    ]


def test_a_value_that_cannot_be_used_is_named_with_its_source_and_the_flag() -> None:
    wrong = {
        "pod_name": Told("db 1", "rollcall.yaml: pod_name"),
        "service": Told("db.prod", "ROLLCALL_SERVICE"),
        "namespace": Told('a"b', "--namespace"),
        "cluster_domain": Told("cluster..local", "--cluster-domain"),
        "pod_ip": Told("10.0.0.3,eth0", "--pod-ip"),
    }
    label = "is not one DNS label (letters, digits and '-', at most 63)"
    assert refusal(Surroundings(wrong)) == [
        (
            f"the pod name from rollcall.yaml: pod_name can't be used: 'db 1' {label}; "
            "set --pod-name, or POD_NAME from the downward API"
        ),
        (
            f"the service from ROLLCALL_SERVICE can't be used: 'db.prod' {label}; "
            "set --service to the StatefulSet's serviceName"
        ),
        (
            f"the namespace from --namespace can't be used: 'a\"b' {label}; "
            "set --namespace, or POD_NAMESPACE from the downward API"
        ),
        (
            "the cluster domain from --cluster-domain can't be used: 'cluster..local' is not a DNS "
            "name; set --cluster-domain (most clusters: cluster.local)"
        ),
        "the address from --pod-ip can't be used: 'eth0' is not an IP address; set --pod-ip",
    ]


def test_a_scoped_address_is_not_taken_for_the_pods() -> None:
    around = Surroundings(environment={"POD_IP": "fe80::1%eth0"}, hosts=HOSTS, hostname="db-1")
    assert refusal(around) == [
        (
            "the address from POD_IP can't be used: 'fe80::1%eth0' has a scope, which means "
            "nothing to another pod; set --pod-ip"
        )
    ]


@pytest.mark.parametrize(
    ("field", "told_value", "in_hosts"),
    [
        ("service", "cache", "db"),
        ("namespace", "staging", "prod"),
        ("cluster_domain", "example.org", "cluster.local"),
    ],
)
def test_what_is_told_against_etc_hosts_counts_and_is_remarked_on(
    field: str, told_value: str, in_hosts: str
) -> None:
    around = Surroundings(told(**{field: told_value}), hosts=DUAL_STACK, hostname="db-1")
    me = identify(around)
    name = field.replace("_", " ")
    flag = f"--{field.replace('_', '-')}"
    assert me.sources[name] == flag
    assert told_value in me.fqdn
    (remark,) = me.remarks
    assert remark == (
        f"the {name} is {told_value} by {flag}, but this pod's own line in /etc/hosts has "
        f"{in_hosts}: one of them is wrong"
    )


def test_a_variable_against_etc_hosts_is_remarked_on_too() -> None:
    me = pod(environment={"POD_NAMESPACE": "staging"})
    (remark,) = me.remarks
    assert remark.startswith("the namespace is staging by POD_NAMESPACE, but ")
    assert me.service.namespace == "staging"


def test_each_contradiction_has_its_remark() -> None:
    me = pod(service="cache", namespace="staging", cluster_domain="cluster.local")
    assert [remark.partition(" is ")[0] for remark in me.remarks] == [
        "the service",
        "the namespace",
    ]


@pytest.mark.parametrize(
    "around",
    [
        Surroundings(told(service="db", namespace="PROD"), {}, HOSTS, "db-1"),
        Surroundings(hosts=HOSTS, hostname="db-1", resolv_conf=RESOLV_CONF),
        Surroundings(hosts=HOSTS.replace("db.prod", "Db.Prod"), hostname="db-1"),
        Surroundings(told(service="db"), {}, NAMELESS_HOSTS, "db-1", RESOLV_CONF),
        Surroundings(told(service="db"), {}, ALIASES + HOSTS.replace("1", "2"), "x-0", RESOLV_CONF),
        Surroundings(
            told(service="x", namespace="y", cluster_domain="z"),
            hostname="db-1.db.prod.svc.cluster.local",
        ),
    ],
    ids=[
        "told the same",
        "told nothing",
        "another case",
        "no line of its own",
        "only other pods' lines",
        "only a hostname",
    ],
)
def test_where_etc_hosts_does_not_contradict_there_is_no_remark(around: Surroundings) -> None:
    assert identify(around).remarks == ()


def test_a_name_that_is_longer_than_dns_allows_is_refused() -> None:
    label = "a" * 60
    domain = f"{label}.{label}.{label}"
    longest = 253 - len(f"db-1..prod.svc.{domain}")
    assert len(pod(service="s" * longest, cluster_domain=domain).fqdn) == 253
    service = "s" * (longest + 1)
    around = Surroundings(told(service=service, cluster_domain=domain), {}, HOSTS, "db-1")
    assert refusal(around) == [
        f"the name db-1.{service}.prod.svc.{domain} is longer than DNS allows (253)"
    ]


@given(st.text(), st.text(), st.text())
def test_whatever_stands_in_the_files_an_identity_is_whole_or_refused_by_sentences(
    hosts: str, hostname: str, resolv_conf: str
) -> None:
    around = Surroundings(told(service="db"), {}, hosts + "\n" + HOSTS, hostname, resolv_conf)
    try:
        me = identify(around)
    except IdentityError:
        assert refusal(around)
    else:
        assert me.pod == f"{me.set_name}-{me.ordinal}"
