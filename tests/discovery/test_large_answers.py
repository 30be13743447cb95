"""Answers that no UDP packet holds, poll after poll, and what comes of an answer's print."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import dns.message
import dns.rcode
import pytest

from agent.core.nameservers import Nameserver
from agent.core.observation import Answered, Unknown
from agent.discovery.attempt import Failure, Reply
from agent.discovery.transport import Resolver
from agent.discovery.wire import Kind, Print, Serial
from tests.discovery.conftest import Serve
from tests.discovery.test_transport import (
    ADDRESS,
    LONG,
    NAME,
    NO_ANSWERS,
    another_question,
    right,
    says,
    truncated,
    wrong_id,
)
from tests.discovery.world import DB, at, inquire
from tests.support.scripted_dns import Question, ScriptedDns, Stream, TcpScript, answer, framed

LARGE = [f"{NAME}. 5 IN A 10.0.{n}.1" for n in range(200)]


def asking(*servers: ScriptedDns) -> Callable[..., Reply | Failure]:
    """Asks these servers; what one question taught is known at the next."""
    places = tuple(Nameserver(server.host, server.port) for server in servers)
    resolver = Resolver(lambda: places, LONG, time.monotonic)

    def ask(name: str = NAME, kind: Kind = "A") -> Reply | Failure:
        return resolver.ask(name, kind, resolver.deadline())

    return ask


def large(question: Question, stream: Stream) -> None:
    stream.send(framed(answer(question, *LARGE)))


def small(question: Question, stream: Stream) -> None:
    stream.send(framed(answer(question, ADDRESS)))


def ways(server: ScriptedDns) -> list[str]:
    """How the questions came since they were looked at last."""
    seen = [question.transport for question in server.asked]
    server.asked.clear()
    return seen


def count(reply: Reply | Failure) -> int:
    """How many addresses came."""
    assert isinstance(reply, Reply), reply
    return sum(len(rrset) for rrset in reply.message.answer)


def test_what_came_whole_over_udp_is_asked_for_over_udp_again(serve: Serve) -> None:
    server = serve(lambda question: [answer(question, *LARGE)])  # and nothing answers TCP there
    ask = asking(server)
    assert [count(ask()) for _ in range(4)] == [200] * 4


def test_what_was_too_large_for_udp_is_asked_for_over_tcp_straight_away_from_then_on(
    serve: Serve,
) -> None:
    server = serve(truncated, large)
    ask = asking(server)
    assert count(ask()) == 200
    assert ways(server) == ["udp", "tcp"]
    for _ in range(3):
        assert count(ask()) == 200
        assert ways(server) == ["tcp"]


def test_only_the_question_whose_answer_was_too_large_goes_straight_to_tcp(serve: Serve) -> None:
    def udp(question: Question) -> Iterable[bytes]:
        whole = f"{question.name}. 5 IN A 10.0.0.1"
        return truncated(question) if question.name == NAME else [answer(question, whole)]

    server = serve(udp, large)
    ask = asking(server)
    ask()
    assert count(ask("cache.prod.svc.cluster.local")) == 1
    assert ways(server) == ["udp", "tcp", "udp"]
    assert count(ask(kind="A")) == 200
    assert ways(server) == ["tcp"]
    ask(kind="AAAA")
    assert ways(server)[0] == "udp"


def test_only_the_nameserver_whose_answer_was_too_large_is_asked_over_tcp(serve: Serve) -> None:
    is_up = True

    def tcp(question: Question, stream: Stream) -> None:
        if is_up:
            large(question, stream)

    first, second = serve(truncated, tcp), serve(right)
    ask = asking(first, second)
    assert count(ask()) == 200
    is_up = False
    assert count(ask()) == 1
    assert ways(first) == ["udp", "tcp", "tcp"]
    assert ways(second) == ["udp"]


def test_an_answer_that_fits_again_is_asked_for_over_udp_again(serve: Serve) -> None:
    is_large = True

    def udp(question: Question) -> Iterable[bytes]:
        return truncated(question) if is_large else right(question)

    def tcp(question: Question, stream: Stream) -> None:
        (large if is_large else small)(question, stream)

    server = serve(udp, tcp)
    ask = asking(server)
    assert [count(ask()) for _ in range(2)] == [200, 200]
    is_large = False
    assert [count(ask()) for _ in range(3)] == [1, 1, 1]
    assert ways(server) == ["udp", "tcp", "tcp", "tcp", "udp", "udp"]


def close(_: Question, __: Stream) -> None:
    pass


def garbage(_: Question, stream: Stream) -> None:
    stream.send(framed(b"\xff" * 40))


def cut(question: Question, stream: Stream) -> None:
    stream.send(framed(answer(question, ADDRESS, cut=True)))


@pytest.mark.parametrize("broken", [close, garbage, cut], ids=lambda script: script.__name__)
def test_where_tcp_fails_udp_is_asked_first_again(serve: Serve, broken: TcpScript) -> None:
    scripts = [large, broken, large]

    def tcp(question: Question, stream: Stream) -> None:
        scripts.pop(0)(question, stream)

    server = serve(truncated, tcp)
    ask = asking(server)
    assert count(ask()) == 200
    assert isinstance(ask(), Failure)
    assert ways(server) == ["udp", "tcp", "tcp"]
    assert count(ask()) == 200
    assert ways(server) == ["udp", "tcp"]


def test_where_tcp_times_out_udp_is_asked_in_the_same_poll(serve: Serve) -> None:
    is_slow = False

    def udp(question: Question) -> Iterable[bytes]:
        return right(question) if is_slow else truncated(question)

    def tcp(question: Question, stream: Stream) -> None:
        stream.hold() if is_slow else large(question, stream)

    server = serve(udp, tcp)
    place = Nameserver(server.host, server.port)
    resolver = Resolver(lambda: (place,), 2.0, time.monotonic)
    assert count(resolver.ask(NAME, "A", resolver.deadline())) == 200
    is_slow = True
    assert count(resolver.ask(NAME, "A", resolver.deadline())) == 1
    assert ways(server) == ["udp", "tcp", "tcp", "udp"]


def test_a_nameserver_without_edns_is_asked_over_tcp_without_it_each_time(serve: Serve) -> None:
    def udp(question: Question) -> Iterable[bytes]:
        has_edns = question.message.edns >= 0
        return (says(dns.rcode.FORMERR) if has_edns else truncated)(question)

    server = serve(udp, large)
    ask = asking(server)
    assert [count(ask()) for _ in range(3)] == [200, 200, 200]
    assert [(question.transport, question.message.edns) for question in server.asked] == [
        ("udp", 0),
        ("udp", -1),
        ("tcp", -1),
        ("tcp", -1),
        ("tcp", -1),
    ]


def test_each_question_over_tcp_has_an_id_of_its_own(serve: Serve) -> None:
    server = serve(truncated, large)
    ask = asking(server)
    for _ in range(10):
        ask()
    assert len({q.message.id for q in server.asked if q.transport == "tcp"}) > 5


# Prints.


def test_an_answer_with_a_print_is_not_parsed_until_its_message_is_asked_for(serve: Serve) -> None:
    reply = asking(serve(right))()
    assert isinstance(reply, Reply)
    assert isinstance(reply.plain, Print)
    assert "message" not in vars(reply)
    assert reply.rcode == dns.rcode.NOERROR
    assert count(reply) == 1


def test_the_no_of_a_zone_has_its_number(serve: Serve) -> None:
    def udp(question: Question) -> Iterable[bytes]:
        no = dns.message.make_response(question.message)
        soa = "ns.dns.cluster.local. hostmaster.cluster.local. 42 7200 1800 86400 5"
        no.authority.append(dns.rrset.from_text("cluster.local.", 5, "IN", "SOA", soa))
        yield no.to_wire()

    reply = asking(serve(udp))("random.cluster.local", "SOA")
    assert isinstance(reply, Reply)
    assert reply.plain == Serial(b"\7cluster\5local\0", 42)


PLAIN_BUT_NOT_IT = {
    name: NO_ANSWERS[name] for name in ("the wrong ID", "the answer to another kind")
}


@pytest.mark.parametrize("wrong", PLAIN_BUT_NOT_IT.values(), ids=PLAIN_BUT_NOT_IT.keys())
def test_a_plain_answer_to_another_question_or_id_is_passed_over(
    serve: Serve, wrong: Callable[[Question], bytes]
) -> None:
    reply = asking(serve(lambda question: [wrong(question), *right(question)]))()
    assert isinstance(reply, Reply)
    assert isinstance(reply.plain, Print)
    assert "10.0.0.1" in str(reply.message.answer)


def test_a_cut_answer_of_another_id_or_question_is_passed_over(serve: Serve) -> None:
    def udp(question: Question) -> Iterable[bytes]:
        for wrong in (wrong_id, another_question):
            packet = bytearray(wrong(question))
            packet[2] |= 0x02
            yield bytes(packet)
        yield from right(question)

    server = serve(udp, large)
    assert count(asking(server)()) == 1
    assert ways(server) == ["udp"]


@pytest.mark.parametrize("wrong", [wrong_id, another_question], ids=lambda script: script.__name__)
def test_a_plain_answer_over_tcp_to_another_question_or_id_is_a_failure(
    serve: Serve, wrong: Callable[[Question], bytes]
) -> None:
    def tcp(question: Question, stream: Stream) -> None:
        stream.send(framed(wrong(question)))

    failure = asking(serve(truncated, tcp))()
    assert isinstance(failure, Failure)
    assert "does not answer the question" in failure.reason


def test_a_plain_answer_from_a_stranger_is_passed_over(serve: Serve) -> None:
    def udp(question: Question) -> Iterable[bytes]:
        forged = answer(question, f"{NAME}. 5 IN A 192.0.2.66")
        server.send_as_stranger(forged, question.source_port)
        yield from right(question)

    server = serve(udp)
    reply = asking(server)()
    assert isinstance(reply, Reply)
    assert "10.0.0.1" in str(reply.message.answer)


def listing(*hosts: int, ttl: int = 5) -> list[str]:
    """The records of the pods with these ordinals, each with an address that is its own."""
    pods = [f"{DB.pod(f'db-{n}')}." for n in hosts]
    srv = [f"{DB.fqdn}. {ttl} IN SRV 0 50 9042 {pod}" for pod in pods]
    return [*srv, *(f"{pod} {ttl} IN A 10.0.0.{n}" for n, pod in zip(hosts, pods, strict=True))]


def test_each_poll_says_what_its_answer_says_whether_or_not_it_is_read_anew(serve: Serve) -> None:
    said = [
        listing(1, 2),
        listing(2, 1),
        listing(1, 2, ttl=3),
        listing(1, 2, 3),
        listing(1, 2),
        [],
        listing(1, 2),
        [*listing(1, 2), f"{DB.pod('db-2')}. 5 IN A 10.0.0.9"],
    ]
    server = serve(lambda question: [answer(question, *said[question.number])])
    polling = inquire(at(server), mode="srv")
    seen = [polling.observe() for _ in said]
    anew = [inquire(at(server), mode="srv") for _ in said]
    server.asked.clear()
    assert seen == [each.observe() for each in anew]
    ttls = [each.ttl for each in seen if isinstance(each, Answered)]
    assert ttls == [5, 5, 3, 5, 5, 5, 5]


def test_a_doubt_between_two_answers_of_one_print_is_told(serve: Serve) -> None:
    def udp(question: Question) -> Iterable[bytes]:
        rcode = dns.rcode.SERVFAIL if question.number == 1 else dns.rcode.NOERROR
        yield answer(question, *listing(1, 2), rcode=rcode)

    polling = inquire(at(serve(udp)), mode="srv")
    before, doubt, after = (polling.observe() for _ in range(3))
    assert isinstance(before, Answered)
    assert isinstance(doubt, Unknown)
    assert after == before
