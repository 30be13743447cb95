"""Whatever an answer says, only names of the service's pods and addresses come out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import dns.rcode
import pytest

from agent.core.nameservers import Nameserver
from agent.core.observation import Absent, Answered, Endpoint, Observation, Unknown, Why
from agent.core.roll import Peer
from agent.discovery import Inquiry, Mode, discoverer
from agent.discovery.naming import ASK_AGAIN
from tests.discovery.clock import Clock
from tests.discovery.world import DB, OWN, at, observe
from tests.support.scripted_dns import Question, ScriptedDns, UdpScript, answer

ZONE = DB.fqdn
LONG = "a" * 63
HOSTILE = {
    "a quote": f'db-1\\".{ZONE}.',
    "an apostrophe": f"db-1'.{ZONE}.",
    "a space": f"db-1\\032x.{ZONE}.",
    "a newline": f"db-1\\010wsrep_cluster_address=.{ZONE}.",
    "a line end and a carriage return": f"db-1\\013\\010x.{ZONE}.",
    "a zero byte": f"db-1\\000.{ZONE}.",
    "a dollar and a bracket": f"$\\(reboot\\).{ZONE}.",
    "a backtick": f"`reboot`.{ZONE}.",
    "a brace": f"{{{{x}}}}.{ZONE}.",
    "a slash": f"..%2f.{ZONE}.".replace("..", "\\.\\."),
    "a backslash": f"db\\\\1.{ZONE}.",
    "a colon": f"db-1:80.{ZONE}.",
    "a comma": f"db-1,db-2.{ZONE}.",
    "a percent sign": f"db%s.{ZONE}.",
    "a star": f"*.{ZONE}.",
    "a letter that is not ASCII": f"db\\255.{ZONE}.",
    "a dash at its end": f"db-.{ZONE}.",
    "a dash at its start": f"-db.{ZONE}.",
    "a dot inside a label": f"x\\.db-1.{ZONE}.",
    "another zone": "db-1.db.prod.svc.example.org.",
    "another namespace": "db-1.db.staging.svc.cluster.local.",
    "another service": "db-1.cache.prod.svc.cluster.local.",
    "a service whose name ends alike": "db-1.mydb.prod.svc.cluster.local.",
    "a level too deep": f"x.db-1.{ZONE}.",
    "the zone in the middle": f"db-1.{ZONE}.example.org.",
    "the root": ".",
    "one label": "db-1.",
    "an address": "192.0.2.66.",
    "a name as long as they get": f"{LONG}.{LONG}.{LONG}.{LONG[:61]}.",
}
hostile = pytest.mark.parametrize("target", HOSTILE.values(), ids=HOSTILE.keys())


def srv(target: str) -> str:
    return f"{ZONE}. 5 IN SRV 0 50 9042 {target}"


def seen_in(
    records: Callable[[Question], Iterable[str]] | Iterable[str], mode: Mode = "srv"
) -> Observation:
    """What a poll makes of these records."""
    with ScriptedDns(telling(records)) as server:
        return observe(Nameserver(server.host, server.port), mode, timeout=1.5)


def telling(records: Callable[[Question], Iterable[str]] | Iterable[str]) -> UdpScript:
    """A server with these records."""

    def udp(question: Question) -> Iterable[bytes]:
        told = list(records(question) if callable(records) else records)
        yield answer(question, *told, rcode=dns.rcode.NOERROR if told else dns.rcode.NXDOMAIN)

    return udp


@hostile
def test_a_hostile_name_never_becomes_an_endpoint(target: str) -> None:
    pod = DB.pod("db-0")
    records = [srv(target), srv(f"{pod}."), f"{pod}. 5 IN A 10.0.0.1", f"{target} 5 IN A 192.0.2.6"]
    seen = seen_in(records)
    assert isinstance(seen, Answered)
    assert seen.endpoints == (Endpoint(pod, ("10.0.0.1",)),)
    (remark,) = seen.remarks
    assert remark.startswith("passed over 1 ")
    assert ZONE in remark


@hostile
def test_an_answer_of_nothing_but_a_hostile_name_is_doubt(target: str) -> None:
    seen = seen_in([srv(target), f"{target} 5 IN A 192.0.2.66"])
    assert isinstance(seen, Unknown)
    assert seen.reason.isprintable()
    assert "127.0.0.1:" in seen.reason


@hostile
def test_an_address_with_a_hostile_name_is_named_by_itself_once_that_was_said_twice(
    target: str,
) -> None:
    def records(question: Question) -> Iterable[str]:
        if question.kind == "A":
            yield f"{ZONE}. 5 IN A 10.0.0.1"
            yield f"{ZONE}. 5 IN A 10.0.0.9"
        if question.kind == "PTR":
            good = f"{DB.pod('db-9')}."
            name = good if question.name.startswith("9.") else target
            yield f"{question.name}. 5 IN PTR {name}"

    named, clock = Endpoint(DB.pod("db-9"), ("10.0.0.9",)), Clock()
    with ScriptedDns(telling(records)) as server:
        inquiry = Inquiry(DB, Peer(OWN), lambda: (at(server),), "address")
        following = discoverer(inquiry, clock)
        first = following.observe()
        clock.ahead = ASK_AGAIN
        second = following.observe()
    assert isinstance(first, Answered)
    assert (first.endpoints, first.is_whole) == ((named,), False)
    assert isinstance(second, Answered)
    assert second.endpoints == (Endpoint("10.0.0.1", ("10.0.0.1",)), named)
    assert second.is_whole


def test_what_is_said_of_other_names_than_the_one_asked_about_is_passed_over() -> None:
    other = "cache.prod.svc.cluster.local"
    seen = seen_in(
        [
            srv(f"{DB.pod('db-0')}."),
            f"{other}. 5 IN SRV 0 50 9042 {DB.pod('db-9')}.",
            f"{DB.pod('db-0')}. 5 IN A 10.0.0.1",
            f"{DB.pod('db-9')}. 5 IN A 10.0.0.9",
        ]
    )
    assert isinstance(seen, Answered)
    assert seen.endpoints == (Endpoint(DB.pod("db-0"), ("10.0.0.1",)),)


def test_addresses_of_another_name_are_nobodys() -> None:
    def records(question: Question) -> Iterable[str]:
        if question.kind == "A":
            yield "cache.prod.svc.cluster.local. 5 IN A 10.0.0.9"

    assert isinstance(seen_in(records, "address"), Absent)


def test_names_in_any_case_are_the_same_names_in_lower_case() -> None:
    seen = seen_in(
        [
            f"DB.Prod.svc.CLUSTER.local. 5 IN SRV 0 50 9042 Db-0.{ZONE.upper()}.",
            srv(f"DB-1.{ZONE}."),
            f"dB-0.{ZONE.title()}. 5 IN A 10.0.0.1",
            f"db-1.{ZONE.upper()}. 5 IN A 10.0.0.2",
        ]
    )
    assert isinstance(seen, Answered)
    assert seen.endpoints == (
        Endpoint(DB.pod("db-0"), ("10.0.0.1",)),
        Endpoint(DB.pod("db-1"), ("10.0.0.2",)),
    )
    assert seen.remarks == ()


@pytest.mark.parametrize("owner", [ZONE, ZONE.upper()], ids=["in lower case", "in upper case"])
def test_a_service_that_answers_with_its_own_name_is_not_headless(owner: str) -> None:
    seen = seen_in([srv(f"{owner}."), f"{owner}. 5 IN A 10.96.0.50"])
    assert isinstance(seen, Absent)
    assert seen.why is Why.NOT_HEADLESS


def test_weights_priorities_and_ports_do_not_matter() -> None:
    pod = DB.pod("db-0")
    address = f"{pod}. 5 IN A 10.0.0.1"
    plain = seen_in([srv(f"{pod}."), address])
    odd = seen_in([f"{ZONE}. 5 IN SRV 7 65535 0 {pod}.", address])
    assert isinstance(plain, Answered)
    assert odd == plain


def test_the_time_to_live_is_the_lowest_of_the_answer() -> None:
    def records(question: Question) -> Iterable[str]:
        if question.kind == "PTR":
            yield f"{question.name}. 300 IN PTR {DB.pod('db-0')}."
        elif question.kind == "A":
            yield f"{ZONE}. 30 IN A 10.0.0.1"
        else:
            yield f"{ZONE}. 7 IN {question.kind} fd00::1"

    seen = seen_in(records, "address")
    assert isinstance(seen, Answered)
    assert seen.ttl == 7


def test_a_pod_whose_addresses_are_left_out_is_an_endpoint_without_any() -> None:
    seen = seen_in([srv(f"{DB.pod('db-0')}.")])
    assert isinstance(seen, Answered)
    assert seen.endpoints == (Endpoint(DB.pod("db-0"), ()),)


@pytest.mark.parametrize("mode", ["auto", "srv", "address"])
@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED], ids=dns.rcode.to_text)
def test_a_nameserver_that_fails_leaves_doubt_and_is_named(
    mode: Mode, rcode: dns.rcode.Rcode
) -> None:
    with ScriptedDns(lambda question: [answer(question, rcode=rcode)]) as server:
        seen = observe(Nameserver(server.host, server.port), mode)
        assert isinstance(seen, Unknown)
        assert seen.reason == f"127.0.0.1:{server.port} answered {dns.rcode.to_text(rcode)}"


@pytest.mark.parametrize("failing", ["A", "AAAA", "PTR"])
def test_one_failed_question_of_several_leaves_doubt_about_all(failing: str) -> None:
    def udp(question: Question) -> Iterable[bytes]:
        told = {
            "A": f"{ZONE}. 5 IN A 10.0.0.1",
            "AAAA": f"{ZONE}. 5 IN AAAA fd00::1",
            "PTR": f"{question.name}. 5 IN PTR {DB.pod('db-0')}.",
        }
        if question.kind == failing:
            yield answer(question, rcode=dns.rcode.SERVFAIL)
        else:
            yield answer(question, told[question.kind])

    with ScriptedDns(udp) as server:
        seen = observe(Nameserver(server.host, server.port), "address")
    assert isinstance(seen, Unknown)
    assert "SERVFAIL" in seen.reason


@pytest.mark.parametrize("mode", ["auto", "srv", "address"])
def test_a_poll_ends_within_its_timeout_where_nobody_answers(mode: Mode) -> None:
    with ScriptedDns(lambda _: ()) as server:
        seen = observe(Nameserver(server.host, server.port), mode, timeout=0.2)
    assert isinstance(seen, Unknown)
    assert "nothing came from 127.0.0.1:" in seen.reason
