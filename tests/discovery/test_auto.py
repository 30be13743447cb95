"""The `auto` mode: which way of asking is chosen when, and how long it stays."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

import dns.rcode
import pytest

from agent.core.nameservers import Nameserver
from agent.core.observation import Absent, Doubt, Unknown, Why
from agent.core.roll import Peer, pod_names
from agent.discovery import Discoverer, Inquiry, Mode, discoverer
from agent.discovery.auto import NO_SRV, TOO_MANY, TRY_AGAIN
from agent.discovery.naming import ASK_AGAIN
from agent.lab.cluster import Port, Service
from tests.discovery.clock import Clock, Overtime
from tests.discovery.conftest import Serve
from tests.discovery.test_observe import answered, listed
from tests.discovery.world import DB, OWN, CoreDnsWorld, at, inquire, pods
from tests.support.scripted_dns import (
    Question,
    ScriptedDns,
    Stream,
    TcpScript,
    UdpScript,
    answer,
    framed,
    relay,
)

PROD = Service("db", "prod")


class Zone:
    """A service of so many pods, whose SRV answer is cut short above `most`, over TCP too."""

    def __init__(self, count: int, most: int) -> None:
        self.count = count
        self.most = most

    def udp(self, question: Question) -> Iterable[bytes]:
        yield self._answer(question)

    def tcp(self, question: Question, stream: Stream) -> None:
        stream.send(framed(self._answer(question)))

    def _answer(self, question: Question) -> bytes:
        name = question.name
        addresses = [f"{DB.pod(f'db-{n}')}. 5 IN A 10.0.0.{n + 1}" for n in range(self.count)]
        match question.kind:
            case "SRV" if self.count > self.most:
                return answer(question, cut=True)
            case "SRV":
                targets = (DB.pod(f"db-{n}") for n in range(self.count))
                records = [f"{name}. 5 IN SRV 0 10 9042 {target}." for target in targets]
                return answer(question, *records, *addresses)
            case "A":
                of_name = [f"{name}. 5 IN A 10.0.0.{n + 1}" for n in range(self.count)]
                return answer(question, *of_name)
            case "PTR":
                pod = f"db-{int(name.partition('.')[0]) - 1}"
                return answer(question, f"{name}. 5 IN PTR {DB.pod(pod)}.")
            case _:
                return answer(question)


def kinds_of(server: ScriptedDns, following: Discoverer) -> list[str]:
    """The kinds of question that one poll asks, over UDP."""
    before = len(server.asked)
    following.observe()
    return [question.kind for question in server.asked[before:] if question.transport == "udp"]


def test_an_answer_that_is_cut_short_over_tcp_too_is_had_by_addresses_and_it_is_said(
    serve: Serve,
) -> None:
    zone = Zone(8, most=6)
    server = serve(zone.udp, zone.tcp)
    following = inquire(at(server))
    seen = answered(following.observe())
    assert (seen.endpoints, seen.remarks) == (listed(8), (TOO_MANY,))
    assert server.count("tcp") == 1
    assert kinds_of(server, following) == ["A"]


def test_srv_is_asked_for_again_once_a_quarter_of_them_has_gone(serve: Serve) -> None:
    zone = Zone(8, most=5)
    server = serve(zone.udp, zone.tcp)
    following = inquire(at(server))
    following.observe()
    zone.count = 6
    assert answered(following.observe()).remarks == (TOO_MANY,)
    assert kinds_of(server, following) == ["A"]
    zone.count = 5
    assert kinds_of(server, following) == ["A", "AAAA"]
    assert kinds_of(server, following) == ["SRV"]
    seen = answered(following.observe())
    assert (seen.endpoints, seen.remarks) == (listed(5), ())


def test_a_quarter_of_the_most_that_there_were_counts_and_a_try_in_vain_is_not_repeated(
    serve: Serve,
) -> None:
    zone = Zone(8, most=3)
    server = serve(zone.udp, zone.tcp)
    following = inquire(at(server))
    following.observe()
    zone.count = 14
    following.observe()
    zone.count = 11
    following.observe()
    assert kinds_of(server, following) == ["A"]
    zone.count = 10
    following.observe()
    assert kinds_of(server, following) == ["SRV", "A"]
    assert kinds_of(server, following) == ["A"]


def test_srv_is_asked_for_again_after_a_while_and_a_try_in_vain_is_not_repeated_at_once(
    serve: Serve,
) -> None:
    """One answer that was cut short for once is no reason to stay away from SRV for good."""
    zone, clock = Zone(8, most=6), Clock()
    server = serve(zone.udp, zone.tcp)
    following = discoverer(Inquiry(DB, Peer(OWN), lambda: (at(server),)), clock)
    following.observe()
    clock.ahead = TRY_AGAIN - ASK_AGAIN
    assert "SRV" not in kinds_of(server, following)
    clock.ahead = TRY_AGAIN
    seen = answered(following.observe())
    assert (seen.endpoints, seen.remarks) == (listed(8), (TOO_MANY,))
    assert server.count("tcp") == 2
    zone.most = 8
    assert "SRV" not in kinds_of(server, following)
    clock.ahead = 2 * TRY_AGAIN
    assert kinds_of(server, following) == ["SRV"]
    seen = answered(following.observe())
    assert (seen.endpoints, seen.remarks) == (listed(8), ())


@pytest.mark.parametrize("fails", ["says nothing", "SERVFAIL"])
def test_where_that_try_fails_there_is_time_left_for_addresses(serve: Serve, fails: str) -> None:
    zone, clock, is_failing = Zone(8, most=6), Clock(), False

    def udp(question: Question) -> Iterable[bytes]:
        if is_failing and question.kind == "SRV":
            if fails == "SERVFAIL":
                return [answer(question, rcode=dns.rcode.SERVFAIL)]
            clock.ahead += 15.0  # half of a poll's time and no more
            return [question.wire]
        return zone.udp(question)

    server = serve(udp, zone.tcp)
    inquiry = Inquiry(DB, Peer(OWN), lambda: (at(server),), timeout=30.0)
    following = discoverer(inquiry, clock)
    following.observe()
    is_failing = True
    clock.ahead += TRY_AGAIN
    assert kinds_of(server, following)[:2] == ["SRV", "A"]
    assert answered(following.observe()).remarks == (TOO_MANY,)
    is_failing = False
    assert "SRV" not in kinds_of(server, following)


@pytest.mark.parametrize("rcode", [dns.rcode.NOERROR, dns.rcode.NXDOMAIN])
def test_where_that_try_says_that_there_are_none_it_is_as_at_the_start(
    serve: Serve, rcode: dns.rcode.Rcode
) -> None:
    zone, clock, has_none = Zone(8, most=6), Clock(), False

    def udp(question: Question) -> Iterable[bytes]:
        if has_none and question.kind == "SRV":
            return [answer(question, rcode=rcode)]
        return zone.udp(question)

    server = serve(udp, zone.tcp)
    following = discoverer(Inquiry(DB, Peer(OWN), lambda: (at(server),)), clock)
    following.observe()
    has_none = True
    clock.ahead = TRY_AGAIN
    seen = answered(following.observe())
    is_for_good = rcode == dns.rcode.NOERROR
    assert (seen.endpoints, seen.remarks) == (listed(8), (NO_SRV,) if is_for_good else ())
    assert ("SRV" in kinds_of(server, following)) is not is_for_good


def test_names_that_srv_has_just_said_are_not_asked_for_once_it_can_t_say_all(
    serve: Serve,
) -> None:
    """A set that grows past what fits would else ask for all its names in each of its pods."""
    zone, clock = Zone(8, most=8), Clock()
    server = serve(zone.udp, zone.tcp)
    inquiry = Inquiry(DB, Peer(OWN), lambda: (at(server),))
    following = discoverer(inquiry, clock)
    assert answered(following.observe()).endpoints == listed(8)
    zone.count = 10
    assert kinds_of(server, following).count("PTR") == 2
    assert answered(following.observe()).endpoints == listed(10)
    zone.count, zone.most = 7, 7
    following.observe()
    assert answered(following.observe()).remarks == ()
    clock.ahead = ASK_AGAIN
    zone.count = 8
    assert kinds_of(server, following).count("PTR") == 8


def test_the_srv_mode_stays_with_a_doubt_that_names_the_way_out(serve: Serve) -> None:
    zone = Zone(8, most=6)
    seen = inquire(at(serve(zone.udp, zone.tcp)), mode="srv").observe()
    assert isinstance(seen, Unknown)
    assert seen.doubt is Doubt.CUT_SHORT
    assert "discovery mode address asks for less" in seen.reason


def test_900_pods_are_seen_on_coredns_which_no_srv_answer_of_its_holds(
    coredns_world: CoreDnsWorld,
) -> None:
    two_ports = replace(PROD, ports=(Port("cql", 9042), Port("gossip", 7000)))
    nameserver = coredns_world.show(replace(two_ports, pods=pods(900)))
    following = inquire(nameserver, timeout=20)
    seen = answered(following.observe())
    assert (len(seen.endpoints), seen.remarks) == (900, (TOO_MANY,))
    assert set(seen.endpoints) == set(listed(900))
    coredns_world.show(replace(two_ports, pods=pods(300)))
    following.observe()
    seen = answered(following.observe())
    assert (seen.endpoints, seen.remarks) == (listed(300), ())


@pytest.mark.parametrize("dead_first", [True, False])
def test_beside_a_dead_nameserver_there_is_time_left_to_ask_for_addresses(
    serve: Serve, dead_first: bool
) -> None:
    zone = Zone(8, most=6)
    alive, dead = serve(zone.udp, zone.tcp), serve(lambda _: ())
    places = (at(dead), at(alive)) if dead_first else (at(alive), at(dead))
    inquiry = Inquiry(DB, Peer(OWN), lambda: places, timeout=0.8)
    following = discoverer(inquiry, time.monotonic)
    assert answered(following.observe()).remarks == (TOO_MANY,)
    assert following.observe() == following.observe()
    assert len(dead.asked) == 1


def test_no_ports_no_srv_and_ports_again_are_noticed(serve: Serve) -> None:
    """By what is answered: there is no other sign of it than that addresses go."""
    has_ports, is_gone = False, False
    zone = Zone(2, most=6)

    def udp(question: Question) -> Iterable[bytes]:
        if is_gone:
            return [answer(question, rcode=dns.rcode.NXDOMAIN)]
        if question.kind == "SRV" and not has_ports:
            return [answer(question)]
        return zone.udp(question)

    server = serve(udp)
    following = inquire(at(server))
    assert answered(following.observe()).remarks == (NO_SRV,)
    has_ports = True
    assert kinds_of(server, following) == ["A"]
    is_gone = True
    following.observe()
    is_gone = False
    assert kinds_of(server, following) == ["SRV"]


@pytest.mark.parametrize("remark", [NO_SRV, TOO_MANY])
def test_a_doubt_on_the_addresses_does_not_bring_srv_back(serve: Serve, remark: str) -> None:
    zone, is_failing = Zone(8, most=6), False

    def udp(question: Question) -> Iterable[bytes]:
        if is_failing:
            return [answer(question, rcode=dns.rcode.SERVFAIL)]
        if question.kind == "SRV" and remark == NO_SRV:
            return [answer(question)]
        return zone.udp(question)

    server = serve(udp, zone.tcp)
    following = inquire(at(server))
    assert answered(following.observe()).remarks == (remark,)
    is_failing = True
    assert isinstance(following.observe(), Unknown)
    assert kinds_of(server, following)[0] == "A"
    is_failing = False
    assert answered(following.observe()).remarks == (remark,)


# The one deadline of a poll.


def slow_srv(question: Question) -> Iterable[bytes]:
    """SRV has no data, and then nobody answers."""
    return [answer(question)] if question.kind == "SRV" else ()


def no_srv(question: Question) -> Iterable[bytes]:
    """SRV is NXDOMAIN, and then nobody answers."""
    return [answer(question, rcode=dns.rcode.NXDOMAIN)] if question.kind == "SRV" else ()


def slow_names(question: Question) -> Iterable[bytes]:
    """An address, and no answer on its name."""
    if question.kind == "PTR":
        return ()
    records = [f"{question.name}. 5 IN A 10.0.0.1"]
    return [answer(question, *(records if question.kind == "A" else []))]


def slow_ipv6(question: Question) -> Iterable[bytes]:
    """As some home routers: no answer for AAAA."""
    return () if question.kind == "AAAA" else slow_names(question)


def silent(_: Question) -> Iterable[bytes]:
    return ()


def cut(question: Question) -> Iterable[bytes]:
    yield answer(question, cut=True)


@pytest.mark.parametrize(
    ("mode", "udp"),
    [
        ("auto", silent),
        ("auto", slow_srv),
        ("auto", no_srv),
        ("auto", cut),
        ("srv", silent),
        ("srv", no_srv),
        ("srv", cut),
        ("address", silent),
        ("address", slow_names),
        ("address", slow_ipv6),
        ("ordinals", silent),
        ("ordinals", slow_ipv6),
        ("ordinals", cut),
    ],
)
def test_in_any_mode_nothing_is_asked_once_the_time_of_a_poll_is_over(
    serve: Serve, mode: Mode, udp: UdpScript
) -> None:
    clock = Overtime()
    server = serve(clock.udp(udp), clock.tcp)
    inquiry = Inquiry(DB, Peer(OWN), lambda: (at(server),), mode, timeout=30.0)
    if mode == "ordinals":
        inquiry = replace(inquiry, pods=pod_names("db", 0, 20))
    seen = discoverer(inquiry, clock).observe()
    assert isinstance(seen, Unknown | Absent)
    assert isinstance(seen, Unknown) or seen.why is Why.NO_SUCH_NAME
    assert clock.silences == server.asked[-1:]


# What kind of doubt it is.


def says(rcode: dns.rcode.Rcode) -> UdpScript:
    return lambda question: [answer(question, rcode=rcode)]


def foreign(question: Question) -> Iterable[bytes]:
    """Pods of another service."""
    yield answer(
        question, f"{question.name}. 5 IN SRV 0 10 9042 db-0.other.prod.svc.cluster.local."
    )


def other_packets(question: Question) -> Iterable[bytes]:
    """No answer to the question."""
    yield question.wire


def cut_over_tcp(question: Question, stream: Stream) -> None:
    stream.send(framed(answer(question, cut=True)))


def hold(_: Question, stream: Stream) -> None:
    stream.hold()


def close(_: Question, __: Stream) -> None:
    pass


@pytest.mark.parametrize(
    ("udp", "tcp", "doubt", "says_so"),
    [
        (silent, None, Doubt.NO_ANSWER, "nothing came from"),
        (says(dns.rcode.SERVFAIL), None, Doubt.SERVFAIL, "answered SERVFAIL"),
        (says(dns.rcode.REFUSED), None, Doubt.REFUSED, "answered REFUSED"),
        (says(dns.rcode.FORMERR), None, Doubt.FORMERR, "answered FORMERR"),
        (says(dns.rcode.NOTIMP), None, Doubt.NOTIMP, "answered NOTIMP"),
        (says(dns.rcode.YXDOMAIN), None, Doubt.OTHER, "answered YXDOMAIN"),
        (cut, cut_over_tcp, Doubt.CUT_SHORT, "cut short over TCP too"),
        (cut, None, Doubt.UNREACHABLE, "refuses TCP, which an answer of this size"),
        (cut, hold, Doubt.NO_ANSWER, "over TCP in time"),
        (cut, close, Doubt.OTHER, "over TCP can't be used: the connection was closed"),
        (foreign, None, Doubt.FOREIGN, "names that are not of db.prod.svc.cluster.local"),
        (other_packets, None, Doubt.FOREIGN, "packets that do not answer the question"),
    ],
)
def test_each_doubt_by_its_cause(
    serve: Serve, udp: UdpScript, tcp: TcpScript | None, doubt: Doubt, says_so: str
) -> None:
    seen = inquire(at(serve(udp, tcp)), mode="srv", timeout=0.1).observe()
    assert isinstance(seen, Unknown)
    assert (seen.doubt, says_so in seen.reason) == (doubt, True), seen


def test_where_nothing_listens_or_nobody_is_known_the_server_is_unreachable() -> None:
    with ScriptedDns(silent) as server:
        nowhere = at(server)
    none = Inquiry(DB, Peer(OWN), lambda: ())
    for following in (inquire(nowhere), discoverer(none, time.monotonic)):
        seen = following.observe()
        assert isinstance(seen, Unknown)
        assert seen.doubt is Doubt.UNREACHABLE


def test_a_name_that_is_too_long_with_the_port_in_it_is_a_doubt_with_a_sentence(
    serve: Serve,
) -> None:
    label = "a" * 60
    long = replace(DB, cluster_domain=f"{label}.{label}.{label}.{'b' * 54}")
    assert len(long.pod("d-0")) == 253
    server = serve(silent)
    seen = inquire(at(server), service=long, own=Peer(long.pod("d-0")), port="cql").observe()
    assert isinstance(seen, Unknown)
    assert seen.reason.endswith("is longer than DNS allows")
    assert not server.asked


def test_in_the_cluster_a_relay_shows_one_question_a_poll(coredns_world: CoreDnsWorld) -> None:
    nameserver: Nameserver = coredns_world.show(replace(PROD, pods=pods(3)))
    with relay(lambda: nameserver.port) as counting:
        following = inquire(at(counting))
        assert kinds_of(counting, following) == kinds_of(counting, following) == ["SRV"]
