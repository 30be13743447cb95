from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from agent.lab.cluster import Port
from tests.cases.net import Net, of
from tests.e2e.conftest import Start
from tests.e2e.program import Ended, Setting, fqdn, rollcall
from tests.e2e.test_by_role import MOUNT, WITH_RESOLV_CONF, can_have_another_resolv_conf
from tests.peer_finder.finder import FLAGS, IN_THE_POD, finder, noting
from tests.peer_finder.script import calls

# Questions: in that time it has told of any change.
LONG = 12
TWO = f"{fqdn('db-0')}\n{fqdn('db-1')}\n"
OLD = "search prod.svc.old.local svc.old.local"
NO_POD = {"ROLLCALL_NAMESERVER": "127.0.0.1:9", "ROLLCALL_LOG_FORMAT": "json"}


def ended(*arguments: str) -> Ended:
    """It, where it should end by itself before it asks anybody."""
    given = Setting(environment={**IN_THE_POD, **NO_POD})
    return rollcall("peer-finder", *arguments, setting=given)


@pytest.mark.parametrize("dash", ["-", "--"])
@pytest.mark.parametrize("equals", [True, False], ids=["=", "space"])
def test_flags_have_one_dash_or_two_and_their_values_an_equals_sign_or_a_space(
    dash: str, equals: bool, net: Net, start: Start, tmp_path: Path
) -> None:
    net.scale(2)
    (hook,) = noting(tmp_path, "on-start")
    flags = {"ns": "prod", "service": "db", "domain": "cluster.local"}
    words = []
    for name, value in {**flags, "on-start": hook.partition("=")[2]}.items():
        words += [f"{dash}{name}={value}"] if equals else [f"{dash}{name}", value]
    environment = {**IN_THE_POD, "POD_NAMESPACE": "", "ROLLCALL_NAMESERVER": str(net.nameserver)}
    program = start("peer-finder", *words, setting=Setting(environment=environment))
    assert program.end().code == 0, program.err
    assert calls(tmp_path) == [("on-start", TWO)]


def test_the_namespace_that_is_told_is_the_one_that_is_asked_for(
    net: Net, start: Start, tmp_path: Path
) -> None:
    """The original asks for the bare name, so in the namespace that resolv.conf searches."""
    net.scale(2)
    given = noting(tmp_path, "on-start")
    program = finder(start, net, "-ns=prod", *given, more={"POD_NAMESPACE": "elsewhere"})
    assert program.end().code == 0, program.err
    assert calls(tmp_path) == [("on-start", TWO)]


@pytest.mark.parametrize(
    ("protocol", "asked"), [("tcp", "_mysql._tcp."), (" UDP ", "_mysql._udp."), ("", "")]
)
def test_a_protocol_asks_for_the_port_that_is_called_mysql(
    protocol: str, asked: str, net: Net, start: Start, tmp_path: Path
) -> None:
    kind = protocol.strip().upper() or "TCP"
    net.show(replace(of(2), ports=(Port("mysql", 3306, kind),)))
    program = finder(start, net, f"-protocol={protocol}", *noting(tmp_path, "on-start"))
    assert program.end().code == 0, program.err
    assert calls(tmp_path) == [("on-start", TWO)]
    labels = [*filter(None, asked.split(".")), "db", "prod"]
    wire = b"".join(bytes([len(label)]) + label.encode() for label in labels)
    assert wire in net.proxy.asked[-1].wire


def test_a_service_without_that_port_is_waited_for_and_that_is_said(
    net: Net, start: Start, tmp_path: Path
) -> None:
    """Its pods may be other databases: no address stands for the port."""
    net.scale(2)
    program = finder(start, net, "-protocol=tcp", *noting(tmp_path, "on-start"))
    assert program.says("kept")[0]["event"] == (
        "no peers known yet: no pod of db.prod.svc.cluster.local has a port named mysql/tcp: call "
        "one so, or leave -protocol out"
    )
    net.polls(LONG)
    assert not calls(tmp_path)
    program.must_run()


def test_a_variable_that_kubernetes_did_not_fill_in_is_no_protocol(
    net: Net, start: Start, tmp_path: Path
) -> None:
    net.scale(2)
    given = ("-protocol=$(PEER_LIST_SRV_PROTOCOL)", *noting(tmp_path, "on-start"))
    assert finder(start, net, *given).end().code == 0


def test_an_observer_waits_for_others_only_and_is_not_among_them(
    net: Net, start: Start, tmp_path: Path
) -> None:
    net.scale(2)
    more = {"ROLLCALL_POD_NAME": "proxy", "ROLLCALL_MEMBER": "false"}
    program = finder(start, net, *noting(tmp_path, "on-start"), more=more)
    assert program.end().code == 0, program.err
    assert calls(tmp_path) == [("on-start", TWO)]


def test_a_service_that_does_not_govern_its_pods_is_waited_for_and_that_is_said(
    net: Net, start: Start
) -> None:
    net.show(replace(of(2), own_hostnames=False))
    program = finder(start, net, "-on-start=:", more={"ROLLCALL_WAIT_TIMEOUT": "1s"})
    ended = program.end()
    assert ended.code == 3
    assert "set ROLLCALL_WORKLOAD deployment" in ended.err  # or the serviceName is another


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "there is too little to go by: give -service, and -on-start or -on-change"),
        (("-service=db",), "give -service, and -on-start or -on-change"),
        (("-on-start=true",), "give -service, and -on-start or -on-change"),
        (("-service=db", "-on-start=", "-on-change="), "give -service, and -on-start or"),
        (("-service=db", "-on-start=true", "-protocol=sctp"), "is tcp or udp, not 'sctp'"),
        (("-service=db", "-on-start=true", "-ns=a.b"), "from -ns can't be used: 'a.b' is not"),
        (("-service=db", "-on-start=true", "-domain=_ _"), "from -domain can't be used: '_ _'"),
        ((*FLAGS, "-argv", "-on-start='"), "can't be split into words"),
        ((*FLAGS, "-argv", "-on-start= "), "' ' names no command"),
    ],
)
def test_what_is_missing_or_wrong_ends_with_1_and_a_sentence(
    words: tuple[str, ...], sentence: str
) -> None:
    said = ended(*words)
    assert (said.code, said.out) == (1, "")
    assert sentence in said.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("-nosuch=1",), "there is no flag -nosuch"),
        (("-service=db", "-v", "2"), "there is no flag -v"),
        (("--hosts-file=/x",), "--hosts-file needs the Kubernetes API, which is never asked here"),
        (("-ns", "-x", "-selector", "a=b"), "-selector needs the Kubernetes API"),
        (("-service",), "Option '-service' requires an argument"),
        (("-on-start=true", "-service=db", "lost", "-ns=x"), "unexpected extra argument"),
    ],
)
def test_a_wrong_use_ends_with_2_as_any_program_of_go_does(
    words: tuple[str, ...], sentence: str
) -> None:
    said = ended(*words)
    assert (said.code, said.out) == (2, "")
    assert sentence in said.err
    assert said.err.endswith("See `rollcall peer-finder --help`.\n")


@pytest.mark.parametrize("word", ["-h", "-help", "--help"])
def test_help_is_asked_for_as_of_any_program_of_go(word: str) -> None:
    said = ended(word)
    assert (said.code, said.err) == (0, "")
    assert "-on-change" in said.out


def test_a_variable_that_does_nothing_here_is_told_of(start: Start) -> None:
    more = {
        "ROLLCALL_OUTPUT": "list:/peers/list",
        "ROLLCALL_BOOTSTRAP_PORT": "3306",
        "ROLLCALL_NOTIFY": "exec:/hook",
        "ROLLCALL_STATUS_LISTEN": ":9797",
    }
    given = Setting(environment={**IN_THE_POD, **NO_POD, **more})
    program = start("peer-finder", *FLAGS, "-on-start=:", setting=given)
    program.says("kept")
    assert [event["event"] for event in program.events("remark")] == [
        f"{name} does nothing here: only `rollcall run` heeds it" for name in more
    ]


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [("nosuch", "does not exist, and .rollcall-db-1"), ("/proc", "-state can't be used: /proc")],
)
def test_a_folder_for_the_state_that_can_t_be_used_ends_with_2(
    folder: str, sentence: str, tmp_path: Path
) -> None:
    """Else on-start would be run again beside a live database, and only a warning had said so."""
    said = ended(*FLAGS, "-on-start=:", "-on-change=:", f"-state={tmp_path / folder}")
    assert (said.code, said.out) == (2, "")
    assert sentence in said.err


def test_in_docker_compose_no_protocol_can_be_asked_for() -> None:
    given = Setting(environment={**IN_THE_POD, **NO_POD, "POD_NAMESPACE": ""})
    words = ("-service=db", "-ns=-", "-on-start=:", "-protocol=tcp")
    said = rollcall("peer-finder", *words, setting=given)
    assert said.code == 2
    assert "rollcall: -protocol can't be used where names have no namespace" in said.err


def test_what_only_a_variable_can_mend_is_said_so() -> None:
    given = Setting(environment={**IN_THE_POD, **NO_POD, "ROLLCALL_POD_NAME": "db"})
    said = rollcall("peer-finder", "-service=db", "-on-start=true", setting=given)
    assert said.code == 1
    assert "set ROLLCALL_POD_NAME (or, if it is a Deployment's, ROLLCALL_WORKLOAD" in said.err


def test_a_misspelt_variable_is_named_and_ends_with_2() -> None:
    given = Setting(environment={**IN_THE_POD, **NO_POD, "ROLLCALL_FORGET_AFTERR": "1s"})
    said = rollcall("peer-finder", "-service=db", "-on-start=true", setting=given)
    assert said.code == 2
    assert "did you mean ROLLCALL_FORGET_AFTER?" in said.err


HOST = ("unshare", "--map-root-user", "--uts", "sh", "-ec", 'hostname "$1"; shift; exec "$@"', "sh")


def can_have_another_hostname() -> bool:
    """Whether this machine lets a test have one of its own; many containers do not."""
    if shutil.which("unshare") is None:
        return False
    command = [*HOST, "db-1", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


# No skip, which would be a failure in a strict run: there is no package that mends it.
if can_have_another_hostname():

    @pytest.mark.parametrize(
        ("more", "name"),
        [({"POD_NAME": "release"}, "db-1"), ({"ROLLCALL_POD_NAME": "db-7"}, "db-7")],
        ids=["POD_NAME", "ROLLCALL_POD_NAME"],
    )
    def test_the_pod_is_called_as_its_host_unless_rollcall_is_told(
        more: dict[str, str], name: str, start: Start
    ) -> None:
        """POD_NAME is often the hooks' own, and the name of a release."""
        environment = {**IN_THE_POD, **NO_POD, "ROLLCALL_POD_NAME": "", **more}
        given = Setting(environment=environment, through=(*HOST, "db-1"))
        program = start("peer-finder", *FLAGS, "-on-start=:", setting=given)
        (event,) = program.says("started")
        assert event["fqdn"] == fqdn(name)


# No skip, which would be a failure in a strict run: there is no package that mends it.
if can_have_another_resolv_conf():

    @pytest.mark.parametrize(
        ("search", "domain"),
        [
            ("search prod.svc.iron-cluster svc.iron-cluster iron-cluster", "iron-cluster"),
            (f"# {OLD}\nsearch prod.svc.cluster.local svc.cluster.local\n; {OLD}", "cluster.local"),
            ("search prod.svc.cluster.local cluster.local web.svc.old.local", "cluster.local"),
        ],
        ids=["a dash", "comments", "another domain"],
    )
    def test_the_domain_is_that_of_the_search_list_and_no_part_of_it(
        search: str, domain: str, start: Start, tmp_path: Path
    ) -> None:
        """The original's pattern takes `iron`, and what is in a comment."""
        file = tmp_path / "resolv.conf"
        file.write_text(f"{search}\n")
        through = (*WITH_RESOLV_CONF, MOUNT, "sh", str(file))
        given = Setting(environment={**IN_THE_POD, **NO_POD}, through=through)
        program = start("peer-finder", "-service=db", "-on-start=:", setting=given)
        (event,) = program.says("started")
        assert event["fqdn"] == f"db-1.db.prod.svc.{domain}"
