"""One question to DNS, over networks and name servers that misbehave."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from agent.core.nameservers import Nameserver
from agent.discovery.attempt import EDNS_PAYLOAD, Failure, Reply
from agent.discovery.transport import LEAST_TRIES, Resolver
from agent.discovery.wire import Kind
from tests.discovery.conftest import Serve
from tests.support.scripted_dns import (
    Question,
    ScriptedDns,
    Stream,
    TcpScript,
    UdpScript,
    answer,
    framed,
)

NAME = "db.prod.svc.cluster.local"
ADDRESS = f"{NAME}. 5 IN A 10.0.0.1"
# Seconds. A deadline that is far off, and a limit for what does not wait for half of it.
LONG = 60.0
AT_ONCE = 20.0
# Seconds that a busy machine may add to what is promised. What breaks that takes longer.
GRACE = 8.0


def ask(*servers: ScriptedDns | Nameserver, timeout: float = 2.0, kind: Kind = "A") -> Asked:
    places = tuple(s if isinstance(s, Nameserver) else Nameserver(s.host, s.port) for s in servers)
    began = time.monotonic()
    result = Resolver(lambda: places, timeout, time.monotonic).ask(NAME, kind, began + timeout)
    return Asked(result, time.monotonic() - began)


class Asked:
    """What came of a question, and after how many seconds."""

    def __init__(self, result: Reply | Failure, took: float) -> None:
        self.result = result
        self.took = took

    @property
    def reply(self) -> Reply:
        assert isinstance(self.result, Reply), self.result
        return self.result

    @property
    def failure(self) -> Failure:
        assert isinstance(self.result, Failure), self.result
        return self.result

    @property
    def records(self) -> list[str]:
        """The records of the answer, as text."""
        return [str(rdata) for rrset in self.reply.message.answer for rdata in rrset]


def right(question: Question) -> Iterable[bytes]:
    yield answer(question, ADDRESS)


def silent(_: Question) -> Iterable[bytes]:
    return ()


def says(rcode: dns.rcode.Rcode) -> UdpScript:
    return lambda question: [answer(question, rcode=rcode)]


def truncated(question: Question) -> Iterable[bytes]:
    yield answer(question, ADDRESS, cut=True)


def unserved() -> Nameserver:
    """A place where nothing listens."""
    with ScriptedDns(silent) as server:
        return Nameserver(server.host, server.port)


def test_a_question_is_one_packet_with_recursion_and_room_for_1232_bytes(serve: Serve) -> None:
    server = serve(right)
    assert ask(server).records == ["10.0.0.1"]
    (question,) = server.asked
    assert question.name == NAME
    assert question.message.edns == 0
    assert question.message.payload == EDNS_PAYLOAD == 1232
    assert question.message.flags & dns.flags.RD


@pytest.mark.parametrize("kind", ["SRV", "A", "AAAA", "PTR"])
def test_the_question_has_the_kind_that_was_wanted(serve: Serve, kind: Kind) -> None:
    server = serve(says(dns.rcode.NXDOMAIN))
    assert ask(server, kind=kind).reply.message.rcode() == dns.rcode.NXDOMAIN
    assert [question.kind for question in server.asked] == [kind]


def test_a_lost_packet_is_sent_again_from_another_port_within_two_seconds(serve: Serve) -> None:
    server = serve(lambda question: right(question) if question.number else ())
    asked = ask(server)
    assert asked.records == ["10.0.0.1"]
    assert asked.took < 2
    first, second = server.asked
    assert first.source_port != second.source_port
    assert first.message.id != second.message.id


def test_each_question_has_a_port_and_an_id_of_its_own(serve: Serve) -> None:
    server = serve(right)
    for _ in range(20):
        assert ask(server).records == ["10.0.0.1"]
    assert len({question.source_port for question in server.asked}) > 10
    assert len({question.message.id for question in server.asked}) > 10


def wrong_id(question: Question) -> bytes:
    wire = bytearray(answer(question, f"{NAME}. 5 IN A 192.0.2.66"))
    wire[0] ^= 0xFF
    return bytes(wire)


def another_question(question: Question) -> bytes:
    other = dns.message.make_query("db.other.svc.cluster.local.", "A", id=question.message.id)
    asked = Question(other.to_wire(), "udp", 0, 0)
    return answer(asked, "db.other.svc.cluster.local. 5 IN A 192.0.2.66")


def another_kind(question: Question) -> bytes:
    other = dns.message.make_query(f"{NAME}.", "AAAA", id=question.message.id)
    return answer(Question(other.to_wire(), "udp", 0, 0), f"{NAME}. 5 IN AAAA 2001:db8::66")


def no_question(question: Question) -> bytes:
    reply = dns.message.make_response(question.message)
    reply.question = []
    return reply.to_wire()


NO_ANSWERS: dict[str, Callable[[Question], bytes]] = {
    "the wrong ID": wrong_id,
    "the answer to another question": another_question,
    "the answer to another kind": another_kind,
    "no question": no_question,
    "the question itself": lambda question: question.wire,
    "no bytes": lambda _: b"",
    "garbage": lambda _: b"\xff" * 40,
    "garbage under the right ID": lambda question: question.wire[:2] + b"\x84\x00" + b"\xc0" * 30,
    "the first half of it": lambda question: answer(question, ADDRESS)[:40],
    "it, with more behind": lambda question: answer(question, f"{NAME}. 5 IN A 192.0.2.66") + b"!",
    "a name that points to itself": lambda question: (
        question.wire[:2] + b"\x84\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01"
    ),
    "a record that ends too soon": lambda question: (
        answer(question, ADDRESS)[:-15] + answer(question, ADDRESS)[-12:]
    ),
}


@pytest.mark.parametrize("wrong", NO_ANSWERS.values(), ids=NO_ANSWERS.keys())
def test_a_packet_that_is_no_answer_is_passed_over_and_the_wait_goes_on(
    serve: Serve, wrong: Callable[[Question], bytes]
) -> None:
    server = serve(lambda question: [wrong(question), wrong(question), *right(question)])
    asked = ask(server, timeout=LONG)
    assert asked.records == ["10.0.0.1"]
    assert len(server.asked) == 1
    assert asked.took < AT_ONCE


@pytest.mark.parametrize("wrong", NO_ANSWERS.values(), ids=NO_ANSWERS.keys())
def test_only_packets_that_are_no_answer_are_a_failure_that_says_so(
    serve: Serve, wrong: Callable[[Question], bytes]
) -> None:
    asked = ask(serve(lambda question: [wrong(question)]), timeout=0.1)
    assert asked.failure.is_timeout
    assert "1 packets that do not answer the question" in asked.failure.reason
    assert asked.took < 0.1 + GRACE


def test_an_answer_from_another_place_is_never_taken(serve: Serve) -> None:
    def udp(question: Question) -> Iterable[bytes]:
        forged = answer(question, f"{NAME}. 5 IN A 192.0.2.66")
        server.send_as_stranger(forged, question.source_port)
        yield from right(question)

    server = serve(udp)
    assert ask(server).records == ["10.0.0.1"]
    assert len(server.asked) == 1


NOT_FOR_ME = [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTIMP, dns.rcode.FORMERR]
by_name = pytest.mark.parametrize("rcode", NOT_FOR_ME, ids=dns.rcode.to_text)


@by_name
def test_where_one_nameserver_fails_the_next_is_asked(serve: Serve, rcode: dns.rcode.Rcode) -> None:
    failing, working = serve(says(rcode)), serve(right)
    asked = ask(failing, working, timeout=LONG)
    assert asked.records == ["10.0.0.1"]
    assert asked.reply.server.port == working.port
    assert failing.asked
    assert asked.took < AT_ONCE


@by_name
def test_where_all_nameservers_fail_it_ends_at_once_with_what_was_said(
    serve: Serve, rcode: dns.rcode.Rcode
) -> None:
    servers = serve(says(rcode)), serve(says(rcode))
    asked = ask(*servers, timeout=LONG)
    assert asked.reply.message.rcode() == rcode
    assert asked.reply.server.port == servers[1].port
    assert asked.took < AT_ONCE
    assert all(len(server.asked) <= 2 for server in servers)


def test_a_no_is_an_answer_and_nobody_else_is_asked(serve: Serve) -> None:
    first, second = serve(says(dns.rcode.NXDOMAIN)), serve(right)
    assert ask(first, second).reply.message.rcode() == dns.rcode.NXDOMAIN
    assert not second.asked


def test_where_nothing_listens_it_ends_at_once_and_says_where() -> None:
    nowhere = unserved()
    asked = ask(nowhere, unserved(), timeout=LONG)
    assert asked.took < AT_ONCE
    assert "nothing listens at 127.0.0.1:" in asked.failure.reason


def test_where_nothing_listens_the_next_nameserver_is_asked(serve: Serve) -> None:
    assert ask(unserved(), serve(right)).records == ["10.0.0.1"]


def test_behind_a_silent_nameserver_the_next_answers_within_two_seconds(serve: Serve) -> None:
    asked = ask(serve(silent), serve(right))
    assert asked.records == ["10.0.0.1"]
    assert asked.took < 2


def test_without_a_nameserver_it_says_so() -> None:
    assert ask().failure.reason == "there is no nameserver to ask"


def test_a_nameserver_that_does_not_know_edns_is_asked_without_it(serve: Serve) -> None:
    def udp(question: Question) -> Iterable[bytes]:
        if question.message.edns >= 0:
            return says(dns.rcode.FORMERR)(question)
        return right(question)

    server = serve(udp)
    assert ask(server).records == ["10.0.0.1"]
    assert [question.message.edns for question in server.asked] == [0, -1]


def test_a_formerr_that_is_a_bare_header_is_understood_too(serve: Serve) -> None:
    def udp(question: Question) -> Iterable[bytes]:
        if question.message.edns >= 0:  # as servers from before EDNS do: no question in it
            yield question.wire[:2] + b"\x80\x01" + bytes(8)
        else:
            yield from right(question)

    server = serve(udp)
    asked = ask(server, timeout=LONG)
    assert asked.records == ["10.0.0.1"]
    assert asked.took < AT_ONCE


def test_a_truncated_answer_is_asked_for_over_tcp_and_only_that_counts(serve: Serve) -> None:
    def tcp(question: Question, stream: Stream) -> None:
        records = [f"{NAME}. 5 IN A 10.0.{n}.1" for n in range(200)]
        stream.send(framed(answer(question, *records)))

    server = serve(truncated, tcp)
    asked = ask(server)
    assert len(asked.records) == 200
    assert [question.transport for question in server.asked] == ["udp", "tcp"]


def test_an_answer_that_is_cut_in_mid_record_is_asked_for_over_tcp(serve: Serve) -> None:
    def udp(question: Question) -> Iterable[bytes]:
        yield answer(question, ADDRESS, cut=True)[:-3]

    def tcp(question: Question, stream: Stream) -> None:
        stream.send(framed(answer(question, ADDRESS)))

    server = serve(udp, tcp)
    assert ask(server).records == ["10.0.0.1"]
    assert [question.transport for question in server.asked] == ["udp", "tcp"]


def test_a_truncated_answer_without_edns_is_asked_for_over_tcp_without_it(serve: Serve) -> None:
    def udp(question: Question) -> Iterable[bytes]:
        if question.message.edns >= 0:
            return says(dns.rcode.FORMERR)(question)
        return truncated(question)

    def tcp(question: Question, stream: Stream) -> None:
        stream.send(framed(answer(question, ADDRESS)))

    server = serve(udp, tcp)
    assert ask(server).records == ["10.0.0.1"]
    assert [(q.transport, q.message.edns) for q in server.asked] == [
        ("udp", 0),
        ("udp", -1),
        ("tcp", -1),
    ]


def test_an_answer_that_is_truncated_over_tcp_too_is_a_failure(serve: Serve) -> None:
    def tcp(question: Question, stream: Stream) -> None:
        stream.send(framed(answer(question, ADDRESS, cut=True)))

    asked = ask(serve(truncated, tcp), timeout=LONG)
    assert "cut short over TCP too" in asked.failure.reason
    assert asked.took < AT_ONCE


def test_a_truncated_answer_whose_tcp_is_refused_is_a_failure(serve: Serve) -> None:
    server = serve(truncated)
    asked = ask(server, timeout=LONG)
    assert f"127.0.0.1:{server.port}" in asked.failure.reason
    assert asked.took < AT_ONCE


def test_where_tcp_is_refused_the_next_nameserver_is_asked(serve: Serve) -> None:
    assert ask(serve(truncated), serve(right)).records == ["10.0.0.1"]


def test_a_tcp_answer_may_come_in_the_smallest_pieces(serve: Serve) -> None:
    def tcp(question: Question, stream: Stream) -> None:
        stream.send_apart(framed(answer(question, ADDRESS)))

    assert ask(serve(truncated, tcp), timeout=10).records == ["10.0.0.1"]


def close_at_once(_: Question, __: Stream) -> None:
    pass


def close_in_the_length(_: Question, stream: Stream) -> None:
    stream.send(b"\0")


def close_in_the_message(question: Question, stream: Stream) -> None:
    stream.send(framed(answer(question, ADDRESS))[:30])


def say_nothing_long(_: Question, stream: Stream) -> None:
    stream.send(b"\0\0")


def say_garbage(_: Question, stream: Stream) -> None:
    stream.send(framed(b"\xff" * 40))


def say_another_answer(question: Question, stream: Stream) -> None:
    stream.send(framed(another_question(question)))


BROKEN = [
    close_at_once,
    close_in_the_length,
    close_in_the_message,
    say_nothing_long,
    say_garbage,
    say_another_answer,
]
broken_tcp = pytest.mark.parametrize("tcp", BROKEN, ids=lambda script: script.__name__)


@broken_tcp
def test_a_tcp_answer_that_is_none_is_a_failure_with_a_sentence(
    serve: Serve, tcp: TcpScript
) -> None:
    asked = ask(serve(truncated, tcp), timeout=LONG)
    assert "127.0.0.1" in asked.failure.reason
    assert asked.took < AT_ONCE


@broken_tcp
def test_behind_a_tcp_answer_that_is_none_the_next_nameserver_is_asked(
    serve: Serve, tcp: TcpScript
) -> None:
    assert ask(serve(truncated, tcp), serve(right)).records == ["10.0.0.1"]


def hold(_: Question, stream: Stream) -> None:
    stream.hold()


def hold_in_mid_answer(question: Question, stream: Stream) -> None:
    stream.send(framed(answer(question, ADDRESS))[:30])
    stream.hold()


def drip(question: Question, stream: Stream) -> None:
    stream.send_apart(framed(bytes(60000)))


@pytest.mark.parametrize("tcp", [hold, hold_in_mid_answer, drip], ids=lambda s: s.__name__)
def test_the_deadline_holds_over_tcp(serve: Serve, tcp: TcpScript) -> None:
    asked = ask(serve(truncated, tcp), timeout=0.3)
    assert asked.failure.is_timeout
    assert asked.took < 0.3 + GRACE


@pytest.mark.parametrize(("count", "timeout"), [(1, 0.3), (3, 0.3), (1, 1.2)])
def test_the_deadline_holds_where_nobody_answers(serve: Serve, count: int, timeout: float) -> None:
    servers = [serve(silent) for _ in range(count)]
    asked = ask(*servers, timeout=timeout)
    assert asked.failure.is_timeout
    assert "nothing came from 127.0.0.1:" in asked.failure.reason
    assert timeout - 0.05 < asked.took < timeout + GRACE
    # Each try takes its part of the time.
    assert sum(len(server.asked) for server in servers) <= max(LEAST_TRIES, count)


def test_the_deadline_holds_under_a_flood_of_strange_packets(serve: Serve) -> None:
    is_over = threading.Event()

    def flood(question: Question) -> Iterable[bytes]:
        end = time.monotonic() + 2 * GRACE
        while time.monotonic() < end and not is_over.is_set():
            yield wrong_id(question)

    asked = ask(serve(flood), timeout=0.3)
    is_over.set()
    assert asked.failure.is_timeout
    assert asked.took < 0.3 + GRACE


def test_a_deadline_that_is_past_asks_nobody(serve: Serve) -> None:
    server = serve(right)
    assert isinstance(ask(server, timeout=-1).result, Failure)
    assert not server.asked


def has_ipv6_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6_loopback(), reason="needs ::1 on this machine")


@needs_ipv6
def test_a_nameserver_with_an_ipv6_address_is_asked_over_both_transports(serve: Serve) -> None:
    def tcp(question: Question, stream: Stream) -> None:
        stream.send(framed(answer(question, ADDRESS)))

    assert ask(serve(right, host="::1")).records == ["10.0.0.1"]
    server = serve(truncated, tcp, host="::1")
    assert ask(server).records == ["10.0.0.1"]
    assert server.count("tcp") == 1


@needs_ipv6
def test_a_nameserver_with_a_scope_that_does_not_exist_is_a_failure_with_a_sentence() -> None:
    asked = ask(Nameserver("fe80::1%nosuch0"), timeout=LONG)
    assert "fe80::1%nosuch0" in asked.failure.reason
    assert asked.took < AT_ONCE
