"""`rollcall doctor` on every wrong setup: what it finds, what mends it, and how it ends.

Where a process adds nothing to what is seen, there is none (`tests.e2e.doctor`).
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import dns.rcode
import pytest
import yaml

from agent.core.diagnosis import STEPS, State
from agent.core.surroundings import Surroundings
from agent.lab.cluster import Cluster, Pod, Service
from agent.lab.server import DnsServer
from agent.lab.world import Nameserver
from tests.e2e.doctor import POD, doctor, doctor_of, downward, env
from tests.e2e.kube import DB, Kube, pods
from tests.e2e.program import ROOT, SERVICE, Ended, Setting, fqdn, rollcall
from tests.support.ask import over_udp
from tests.support.need import need_program
from tests.support.scripted_dns import ScriptedDns, answer

NAMES = (
    "settings identity nameservers namespace service record "
    "ports peers tcp freshness outputs programs memory bootstrap"
).split()
READY = replace(DB, pods=pods(range(3)))


def read(ended: Ended) -> dict[str, dict[str, str]]:
    """What a process says in JSON: each check by its name."""
    assert ended.err == ""
    said = json.loads(ended.out)
    assert [check["name"] for check in said["checks"]] == NAMES
    assert said["ok"] is (ended.code == 0)
    return {check["name"]: check for check in said["checks"]}


@pytest.fixture
def output(tmp_path: Path) -> str:
    return f"--output=list:{tmp_path / 'peers.list'}"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong setup: what is not well, and what is said of the first of these, and mends it."""

    services: tuple[Service, ...]
    troubles: dict[str, str]
    says: str
    mends: list[Any]
    given: tuple[str, ...] = field(default=())


EXTERNAL = replace(DB, external_name="db.example.org")
DASHED = replace(READY, own_hostnames=False)
GOVERNING = replace(READY, name="db-pods")
UNREADY = (*pods([0]), replace(pods([1])[0], ready=False))
MANY = tuple(Pod(f"db-{n}", (f"10.0.{n // 200}.{n % 200 + 1}",)) for n in range(1000))
WRONG = {
    "a service with a virtual address": Wrong(
        (replace(READY, headless=False),),
        {"service": "fail"},
        "is not a headless service",
        [{"spec": {"clusterIP": "None"}}],
    ),
    "a virtual service without ports": Wrong(
        (replace(READY, headless=False, ports=()),),
        {"service": "fail"},
        "is not a headless service",
        [{"spec": {"clusterIP": "None"}}],
    ),
    "an ExternalName": Wrong(
        (EXTERNAL,),
        {"service": "fail"},
        "is an ExternalName service",
        [env("ROLLCALL_SERVICE", "HEADLESS-SERVICE")],
    ),
    "a service without ports": Wrong(
        (replace(READY, ports=()),),
        {"ports": "warn"},
        "no SRV records (no ports?)",
        [{"spec": {"ports": [{"name": "db", "port": "PORT"}]}}],
    ),
    "a service without ports where only SRV is asked for": Wrong(
        (replace(READY, ports=()),),
        {"service": "fail"},
        "has no SRV records: the service has no ports",
        [{"spec": {"ports": [{"name": "db", "port": "PORT"}]}}],
        ("--discovery=srv",),
    ),
    "pods whose serviceName is another service": Wrong(
        (DASHED, GOVERNING),
        {"service": "fail"},
        "DNS knows this pod as db-1.db-pods.prod.svc.cluster.local",
        [env("ROLLCALL_SERVICE", "db-pods")],
    ),
    "pods whose serviceName is no service": Wrong(
        (DASHED,),
        {"service": "fail"},
        "serviceName is not db",
        [{"spec": {"serviceName": "db"}}],
    ),
    "a namespace that is not there": Wrong(
        (READY,),
        {"namespace": "fail"},
        "DNS has no namespace staging in the cluster domain cluster.local, which has others",
        [downward("POD_NAMESPACE", "metadata.namespace")],
        ("--namespace=staging",),
    ),
    "a cluster domain that is not there": Wrong(
        (READY,),
        {"namespace": "fail"},
        "no namespace prod in the cluster domain dev.cluster.local, and no other there",
        [env("ROLLCALL_CLUSTER_DOMAIN", "cluster.local"), {"dnsPolicy": "ClusterFirst"}],
        ("--cluster-domain=dev.cluster.local",),
    ),
    "a cluster domain that is another cluster's": Wrong(
        (READY,),
        {"nameservers": "fail"},
        "answered REFUSED: it does not serve the cluster domain prod.example",
        [env("ROLLCALL_CLUSTER_DOMAIN", "cluster.local"), {"dnsPolicy": "ClusterFirst"}],
        ("--cluster-domain=prod.example",),
    ),
    "a service that does not exist": Wrong(
        (),
        {"service": "fail"},
        "DNS has no db.prod.svc.cluster.local (NXDOMAIN)",
        [
            {
                "spec": {
                    "clusterIP": "None",
                    "publishNotReadyAddresses": True,
                    "selector": {"app": "LABEL"},
                }
            }
        ],
    ),
    "a pod that is not ready and not published": Wrong(
        (replace(DB, pods=UNREADY, publish_not_ready=False),),
        {"record": "fail"},
        "db-1 is not listed, so its peers don't know of it",
        [{"spec": {"publishNotReadyAddresses": True}}],
    ),
    "no pod that is ready": Wrong(
        (replace(DB, pods=UNREADY[1:], publish_not_ready=False),),
        {"service": "fail"},
        "only with publishNotReadyAddresses: true",
        [
            {
                "spec": {
                    "clusterIP": "None",
                    "publishNotReadyAddresses": True,
                    "selector": {"app": "LABEL"},
                }
            }
        ],
    ),
    "an old record of this pod": Wrong(
        (replace(DB, pods=(*pods([0]), Pod("db-1", ("10.0.9.9",)))),),
        {"record": "warn"},
        "db-1 is listed at 10.0.9.9, and is at 10.0.0.2: an old record",
        [downward("POD_IP", "status.podIP")],
    ),
    "pods of another set": Wrong(
        (replace(DB, pods=(Pod("cache-0", ("10.0.1.1",)),)),),
        {"service": "fail"},
        "they are pods of cache, and none of db",
        [{"spec": {"selector": {"app": "LABEL"}}}],
    ),
    "two sets behind one service": Wrong(
        (replace(DB, pods=(*pods([0, 1]), Pod("cache-0", ("10.0.1.1",)))),),
        {"peers": "warn"},
        "pods of cache, db are behind one service",
        [{"spec": {"selector": {"app": "LABEL"}}}],
    ),
    "a predecessor that is not there": Wrong(
        (replace(DB, pods=pods([1, 2])),),
        {"peers": "fail"},
        "the gate is not open: db-0 is not in DNS under db.prod.svc.cluster.local",
        [{"spec": {"publishNotReadyAddresses": True}}],
    ),
    "replicas that are not there": Wrong(
        (READY,),
        {"peers": "warn"},
        "replicas is 5, and db-3, db-4 are not listed",
        [{"spec": {"publishNotReadyAddresses": True}}],
        ("--replicas=5",),
    ),
    "all that are waited for under OrderedReady": Wrong(
        (READY,),
        {"peers": "fail"},
        "the gate is not open: 3 of 4 members are in DNS",
        [
            {"spec": {"publishNotReadyAddresses": True}},
            {"spec": {"podManagementPolicy": "Parallel"}},
        ],
        ("--replicas=4", "--wait-for=all"),
    ),
    "more pods than an answer holds": Wrong(
        (replace(DB, pods=MANY),),
        {"service": "fail", "tcp": "fail"},
        "is cut short over TCP too",
        [env("ROLLCALL_DISCOVERY", "address")],
        ("--discovery=srv",),
    ),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_wrong_setup_is_found_and_told_once_with_the_yaml_that_mends_it(
    kube: Kube, output: str, wrong: Wrong
) -> None:
    kube.show(*wrong.services)
    seen = doctor(kube.flag, output, *wrong.given)
    assert seen.troubles == wrong.troubles, seen.checks
    first = next(iter(wrong.troubles))
    assert wrong.says in seen.finding(first)
    assert seen.mends(first) == wrong.mends
    assert not seen.is_ok


def test_more_pods_than_an_srv_answer_holds_are_well_where_addresses_are_asked_for(
    kube: Kube, output: str
) -> None:
    kube.show(replace(DB, pods=MANY))
    seen = doctor(kube.flag, output, "--timeout=30s")
    assert seen.troubles == {}, seen.checks
    assert seen.finding("ports").startswith("too many pods for SRV records: their addresses are")
    assert seen.finding("tcp").endswith(
        "answers over TCP, as it has to: its answer has 16054 bytes, and UDP carries 1232"
    )


def test_where_all_is_well_it_ends_with_0_and_leaves_nothing(kube: Kube, tmp_path: Path) -> None:
    kube.scale(3)
    output = f"--output=list:{tmp_path / 'peers.list'}"
    ended = rollcall("doctor", "--json", *POD, kube.flag, output, "--replicas=3")
    checks = read(ended)
    assert ended.code == 0, checks
    assert checks.pop("bootstrap")["state"] == "skipped"
    assert checks.pop("programs")["state"] == "skipped"
    assert {check["state"] for check in checks.values()} == {"ok"}
    assert {check["mend"] for check in checks.values()} == {""}
    assert list(tmp_path.iterdir()) == []


def test_it_never_asks_for_the_name_of_this_pod(kube: Kube, output: str) -> None:
    """A question that comes too early keeps it from resolving for 30 s: kubernetes issue 92559."""
    for services in ((READY,), (DASHED, GOVERNING), (replace(DB, pods=pods([0])),), ()):
        kube.show(*services)
        doctor(kube.flag, output)
    names = {question.name for question in kube.questions()}
    assert "db.prod.svc.cluster.local" in names
    assert fqdn("db-1") not in names


# The nameservers, one by one.


def told_by(rcode: dns.rcode.Rcode) -> ScriptedDns:
    """A nameserver that answers everything so."""
    return ScriptedDns(lambda question: [answer(question, rcode=rcode)])


def silent() -> ScriptedDns:
    return ScriptedDns(lambda _: ())


def flag(*servers: ScriptedDns | DnsServer) -> tuple[str, ...]:
    return (
        *(f"--nameserver={server.host}:{server.port}" for server in servers),
        "--timeout=400ms",
    )


def test_a_nameserver_that_is_not_there_is_named_and_nothing_is_told_of_what_lies_behind(
    output: str,
) -> None:
    with silent() as gone:
        pass  # nothing listens there any more
    seen = doctor(*flag(gone), output)
    assert seen.troubles == {"nameservers": "fail"}
    assert seen.finding("nameservers").startswith(f"nothing listens at 127.0.0.1:{gone.port}: no")
    assert seen.finding("service") == "can't be told yet: first mend nameservers"
    assert seen.mends("nameservers") == [env("ROLLCALL_NAMESERVER", "CLUSTER-IP-OF-KUBE-DNS")]


def test_dns_that_is_down_is_named_with_the_network_policy_that_may_be_behind_it(
    output: str,
) -> None:
    with silent() as server:
        seen = doctor(*flag(server), output)
    assert seen.troubles == {"nameservers": "fail"}
    assert f"nothing came from 127.0.0.1:{server.port} in time" in seen.finding("nameservers")
    both = [{"port": server.port, "protocol": protocol} for protocol in ("UDP", "TCP")]
    assert seen.mends("nameservers") == [[{"ports": both}]]


def test_dns_that_has_not_begun_to_serve_is_told_from_one_that_is_not_the_clusters(
    output: str,
) -> None:
    with told_by(dns.rcode.SERVFAIL) as failing, told_by(dns.rcode.REFUSED) as refusing:
        seen = [doctor(*flag(server), output) for server in (failing, refusing)]
    assert [each.troubles for each in seen] == [{"nameservers": "fail"}] * 2
    first, second = (each.finding("nameservers") for each in seen)
    assert "answered SERVFAIL: the cluster's DNS has not begun to serve" in first
    assert "answered REFUSED: it does not serve the cluster domain cluster.local" in second
    domain, policy = seen[1].mends("nameservers")
    assert domain == env("ROLLCALL_CLUSTER_DOMAIN", "CLUSTER-DOMAIN")
    assert policy == {"dnsPolicy": "ClusterFirst"}


def test_one_nameserver_of_two_that_does_not_answer_is_a_warning(kube: Kube, output: str) -> None:
    kube.scale(3)
    with silent() as dead:
        seen = doctor(*flag(dead), kube.flag, output)
    assert seen.troubles == {"nameservers": "warn"}
    place = f"127.0.0.1:{kube.core.port}"
    assert f"127.0.0.1:{dead.port}" in seen.finding("nameservers")
    assert f"{place} answers in" in seen.finding("nameservers")
    assert seen.mends("nameservers") == [env("ROLLCALL_NAMESERVER", place)]


def test_one_nameserver_of_two_that_is_another_clusters_is_a_warning(
    kube: Kube, output: str
) -> None:
    kube.scale(3)
    with told_by(dns.rcode.NXDOMAIN) as other:
        seen = doctor(kube.flag, *flag(other), output)
    assert seen.troubles == {"namespace": "warn"}
    assert f"but 127.0.0.1:{other.port} says that it is not there" in seen.finding("namespace")
    assert seen.mends("namespace") == [env("ROLLCALL_NAMESERVER", f"127.0.0.1:{kube.core.port}")]


def udp_only(kube: Kube) -> ScriptedDns:
    """The cluster's DNS behind a network policy that lets UDP through only."""
    return ScriptedDns(lambda question: [over_udp(kube.core.port, question.wire)])


@pytest.mark.parametrize(
    ("count", "troubles"),
    [(3, {"tcp": "warn"}), (40, {"service": "fail", "tcp": "fail"})],
    ids=["as long as answers are short", "at once where they are long"],
)
def test_a_network_policy_without_tcp_is_found(
    kube: Kube, output: str, count: int, troubles: dict[str, str]
) -> None:
    kube.scale(count)
    with udp_only(kube) as server:
        seen = doctor(*flag(server), output)
    assert seen.troubles == troubles
    assert f"127.0.0.1:{server.port} takes no connection over TCP" in seen.finding("tcp")
    both = [{"port": server.port, "protocol": protocol} for protocol in ("UDP", "TCP")]
    for name in troubles:
        assert seen.mends(name) == [[{"ports": both}]]


def test_the_size_of_the_answer_is_told(kube: Kube, output: str) -> None:
    says = {3: " bytes fit into UDP's 1232", 40: " bytes, and UDP carries 1232"}
    for count, end in says.items():
        kube.scale(count)
        assert doctor(kube.flag, output).finding("tcp").endswith(end)


@pytest.mark.parametrize(
    ("ttl", "says", "troubles"),
    [
        (5, "the records' TTL is 5 s: where a cache answers, a new pod", {}),
        (0, "the records' TTL is 0 s: if that is not set", {"freshness": "warn"}),
    ],
)
def test_for_how_long_a_cache_may_hide_what_is_new_is_told(
    output: str, ttl: int, says: str, troubles: dict[str, str]
) -> None:
    nameserver = Nameserver(Cluster(ttl=ttl, services=(READY,)), 0.0)
    with DnsServer(nameserver.respond) as server:
        seen = doctor(*flag(server), output)
    assert seen.finding("freshness").startswith(says)
    assert seen.troubles == troubles


# What needs no network.


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ROLLCALL_SERVCE", "db", "there is no variable ROLLCALL_SERVCE; did you mean"),
        ("ROLLCALL_CONFIG", "/none", "the config file /none can't be read: No such file"),
    ],
)
def test_a_wrong_variable_is_a_check_that_failed(
    kube: Kube, output: str, name: str, value: str, says: str
) -> None:
    ended = rollcall("doctor", "--json", *POD, kube.flag, output, setting=Setting({name: value}))
    checks = read(ended)
    assert ended.code == 1
    assert [check["state"] for check in checks.values()] == ["fail"] + ["skipped"] * 13
    assert says in checks["settings"]["finding"]
    assert checks["memory"]["finding"] == "can't be told yet: first mend settings"


def test_a_way_of_asking_that_does_not_fit_the_names_is_wrong_where_it_was_said(
    output: str,
) -> None:
    bare = ("doctor", "--json", "--pod-name=db-1", "--namespace=-", "--nameserver=127.0.0.1:9")
    ended = rollcall(*bare, output, setting=Setting({"ROLLCALL_DISCOVERY": "srv"}))
    checks = read(ended)
    assert ended.code == 1
    assert [check["state"] for check in checks.values()] == ["fail"] + ["skipped"] * 13
    assert "srv can't be used where names have no namespace" in checks["settings"]["finding"]
    ended = rollcall(*bare, output, "--discovery=srv")
    assert (ended.code, ended.out) == (2, "")
    assert "--discovery srv can't be used" in ended.err


@pytest.mark.parametrize("wrong", ["--replicas=many", "--config=/none"])
def test_a_wrong_flag_is_a_wrong_use(output: str, wrong: str) -> None:
    ended = rollcall("doctor", "--json", *POD, output, wrong)
    assert (ended.code, ended.out) == (2, "")
    assert wrong.partition("=")[0] in ended.err or "config file" in ended.err


def test_a_flag_that_needs_what_a_variable_says_is_no_wrong_use(kube: Kube, output: str) -> None:
    kube.scale(3)
    given = Setting({"ROLLCALL_REPLICAS": "3"})
    ended = rollcall("doctor", *POD, kube.flag, output, "--wait-for=all", setting=given)
    assert ended.code == 0, ended.out


def test_each_part_that_is_not_known_has_its_line_and_dns_is_asked_as_far_as_it_can_be(
    kube: Kube,
) -> None:
    kube.scale(3)
    known = ("--pod-name=db-1", "--namespace=prod", "--cluster-domain=cluster.local")
    seen = doctor_of(Surroundings(), *known, kube.flag)
    assert seen.troubles == {"identity": "fail", "outputs": "warn"}
    assert seen.finding("identity").startswith("the service is not known: looked at --service")
    assert seen.mends("identity") == [{"spec": {"serviceName": "SERVICE"}}]
    assert seen.checks["namespace"].state is State.OK
    seen = doctor_of(Surroundings(), kube.flag)
    lines, service = seen.mends("identity")
    assert {line["name"] for line in lines} == {
        "POD_NAME",
        "POD_NAMESPACE",
        "ROLLCALL_CLUSTER_DOMAIN",
    }
    assert service == {"spec": {"serviceName": "SERVICE"}}


def test_a_pod_that_does_not_know_its_address_has_a_warning(kube: Kube, output: str) -> None:
    kube.scale(3)
    seen = doctor_of(Surroundings(), "--pod-name=db-1", *SERVICE, kube.flag, output)
    assert seen.troubles == {"identity": "warn"}
    assert seen.mends("identity") == [downward("POD_IP", "status.podIP")]


def test_without_an_output_there_is_a_warning(kube: Kube) -> None:
    kube.scale(3)
    seen = doctor(kube.flag)
    assert seen.troubles == {"outputs": "warn"}
    assert seen.mends("outputs") == [env("ROLLCALL_OUTPUT", "cassandra:/peers/cassandra.yaml")]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with a file, a folder that nobody may write to, and more that is no file."""
    (tmp_path / "file").write_text("old")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "locked").mkdir(mode=0o555)
    os.mkfifo(tmp_path / "pipe")
    yield tmp_path
    (tmp_path / "locked").chmod(stat.S_IRWXU)


@pytest.mark.parametrize(
    ("outputs", "says", "mends"),
    [
        (["{format: lst, path: $/x}"], "there is no format 'lst'; did you mean list?", []),
        (["{format: galera, path: $/x, vars: {prt: 1}}"], "galera has no variable 'prt'", []),
        (
            ["{format: list, path: $/none/x}"],
            "$/none does not exist, and x is to be written there",
            [[{"name": "peers", "mountPath": "$/none"}]],
        ),
        (["{format: list, path: $}"], "$ is a folder: give the path of a file in it", []),
        (["{format: list, path: $/pipe}"], "$/pipe is no regular file", []),
        (["{format: list, path: /dev/null}"], "/dev/null is no regular file", []),
        (["{format: list, path: $/" + "x" * 300 + "}"], "is too long to write a file beside", []),
        (["{format: list, path: $/" + "x" * 250 + "}"], "is too long to write a file beside", []),
        (
            ["{format: list, path: $/file}", "{format: json, path: $/link}"],
            "$/file: two outputs lead to one file",
            [],
        ),
    ],
)
def test_an_output_that_can_not_be_written_is_found(
    kube: Kube, folder: Path, outputs: list[str], says: str, mends: list[Any]
) -> None:
    kube.scale(3)
    before = sorted(folder.rglob("*"))
    config = f"outputs: [{', '.join(outputs)}]".replace("$", str(folder))
    seen = doctor(kube.flag, config=config)
    assert seen.troubles == {"outputs": "fail"}
    assert says in seen.finding("outputs").replace(str(folder), "$")
    assert seen.mends("outputs") == yaml.safe_load(json.dumps(mends).replace("$", str(folder)))
    assert sorted(folder.rglob("*")) == before
    assert (folder / "file").read_text() == "old"


def test_a_folder_that_belongs_to_another_user_is_found(kube: Kube, folder: Path) -> None:
    kube.scale(3)
    output = f"--output=list:{folder / 'locked' / 'x'}"
    ended = rollcall("doctor", "--json", *POD, kube.flag, output, setting=no_root())
    check = read(ended)["outputs"]
    assert f"{folder / 'locked'} is not writable for user" in check["finding"]
    assert yaml.safe_load(check["mend"]) == {"securityContext": {"fsGroup": 65532}}


def no_root() -> Setting:
    """Root may write everywhere by one capability; without it, not."""
    if os.geteuid() != 0:
        return Setting()
    program = need_program("setpriv", "apt-get install util-linux")
    return Setting(through=(program, "--bounding-set=-dac_override"))


@pytest.mark.parametrize("mode", ['"0600"', "null"], ids=["set", "the file's own"])
def test_a_file_that_nobody_else_may_read_is_a_warning(kube: Kube, folder: Path, mode: str) -> None:
    kube.scale(3)
    (folder / "file").chmod(0o600)
    config = f"outputs: [{{format: list, path: {folder / 'file'}, mode: {mode}}}]"
    seen = doctor(kube.flag, config=config)
    assert seen.troubles == {"outputs": "warn"}
    assert f"{folder / 'file'} can be read by no other user" in seen.finding("outputs")
    ((mend,),) = seen.mends("outputs")
    assert (mend["path"], mend["mode"]) == (str(folder / "file"), "0644")
    assert stat.S_IMODE((folder / "file").stat().st_mode) == 0o600


def test_a_file_that_is_withheld_is_told_with_the_reason(kube: Kube, tmp_path: Path) -> None:
    kube.show(replace(DB, pods=pods([1])))
    given = f"--output=cassandra:{tmp_path / 'cassandra.yaml'}"
    seen = doctor(kube.flag, given, "--wait-for=self")
    assert seen.troubles == {"outputs": "fail"}
    assert "would start a cluster of its own" in seen.finding("outputs")


def test_what_an_earlier_run_kept_is_looked_at(kube: Kube, tmp_path: Path, output: str) -> None:
    kube.scale(3)
    assert rollcall("once", *POD, kube.flag, output).code == 0
    seen = doctor(kube.flag, output)
    state = tmp_path / ".rollcall-db-1.state"
    assert seen.troubles == {}
    assert seen.finding("memory") == f"{state} remembers db-0, db-1, db-2"
    state.write_bytes(state.read_bytes().replace(b"db-1.db", b"db-7.db"))
    seen = doctor(kube.flag, output)
    assert seen.troubles == {"memory": "warn"}
    assert seen.finding("memory").endswith(f"it is of {fqdn('db-7')}")
    state.write_bytes(b"{")
    assert doctor(kube.flag, output).finding("memory").endswith("it is damaged")


# For people.


def test_for_people_a_check_is_a_paragraph_and_what_was_skipped_and_what_mends_is_told_once(
    kube: Kube, output: str
) -> None:
    kube.scale(40)
    with udp_only(kube) as server:
        ended = rollcall("doctor", *POD, *flag(server), output)
    assert (ended.code, ended.err) == (1, "")
    lines = ended.out.splitlines()
    heads = [line.split()[:2] for line in lines if not line.startswith(" ")]
    assert [name for state, name in heads[:-1] if state != "skipped"] == [
        *("settings", "identity", "nameservers", "namespace", "service", "tcp"),
        *("outputs", "memory"),
    ]
    assert "skipped  record, ports, peers, freshness: can't be told yet: first mend" in ended.out
    assert "skipped  bootstrap: nobody asks whether to found a cluster" in ended.out
    assert ended.out.count("    - ports: [{port: ") == 1
    assert "    # as for service\n" in ended.out
    text = [
        line
        for line in lines
        if "NetworkPolicy" not in line and output.partition(":")[2] not in line
    ]
    assert max(map(len, text)) <= 100
    assert lines[-1] == "not all is well: of 14 checks 2 failed, 6 skipped; begin with service"


# What docs/doctor.md shows.

PAGE = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def test_the_page_shows_what_is_printed(kube: Kube, tmp_path: Path) -> None:
    kube.show(replace(READY, headless=False))
    environment = {
        "POD_NAME": "db-1",
        "POD_NAMESPACE": "prod",
        "POD_IP": "10.0.0.2",
        "ROLLCALL_SERVICE": "db",
        "ROLLCALL_CLUSTER_DOMAIN": "cluster.local",
        "ROLLCALL_NAMESERVER": f"127.0.0.1:{kube.core.port}",
        "ROLLCALL_OUTPUT": "cassandra:cassandra.yaml",
    }
    setting = Setting(environment, folder=tmp_path)
    out = rollcall("doctor", setting=setting).out
    out = out.replace(environment["ROLLCALL_NAMESERVER"], "10.96.0.10:53")
    out = out.replace("cassandra.yaml can", "/peers/cassandra.yaml can")
    assert re.sub(r"\d+ ms", "1 ms", out) == block("text")
    said = json.loads(rollcall("doctor", "--json", setting=setting).out)
    shown = json.loads(block("json"))
    assert said.keys() == shown.keys()
    assert said["ok"] == shown["ok"]
    assert [check for check in said["checks"] if check["name"] == "service"] == shown["checks"]


def test_the_page_lists_every_check() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert rows == NAMES == [step.name for step in STEPS]
    assert "Here is one check of thirteen" in PAGE
    assert len(NAMES) == 14


def test_the_programs_of_hooks_are_looked_for_where_the_agent_is(
    kube: Kube, tmp_path: Path, output: str
) -> None:
    hook, broken, good = (tmp_path / name for name in ("on-change", "broken", "good"))
    hook.write_text("#!/bin/sh\n")
    broken.write_bytes(b"#!/bin/sh\r\n")
    good.write_text("#!/bin/sh\n")
    for program in (broken, good):
        program.chmod(0o755)
    kube.scale(3)
    hooks = [f"--notify=exec:{name}" for name in (hook, broken, good, "no-such-program")]
    checks = read(rollcall("doctor", "--json", *POD, kube.flag, output, *hooks))
    here = "can't run in this container, which is rollcall's:"
    cut = f"the first line of {broken} ends with a carriage return: save it with LF line ends"
    assert checks["programs"]["finding"].split("; ") == [
        f"{good} can be run",
        f"the hook exec on-change {here} {hook} is not executable for user {os.geteuid()}",
        f"the hook exec broken {here} {cut}",
        f"the hook exec no-such-program {here} there is no program no-such-program",
    ]
