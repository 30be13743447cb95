"""The proxy does what its faults say, and nothing else, so that a case is what it claims to be."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Iterator

import dns.flags
import dns.message
import dns.rcode
import pytest

from tests.support import faults
from tests.support.ask import DEADLINE_S, over_tcp, over_udp, read_message
from tests.support.fault_proxy import FaultProxy
from tests.support.scripted_dns import Question, ScriptedDns, Stream, answer, framed

NAME = "db.prod.svc.cluster.local."
QUERY = dns.message.make_query(NAME, "A", use_edns=0, payload=1232, id=7).to_wire()


def said(question: Question) -> bytes:
    return answer(question, f"{question.message.question[0].name} 5 IN A 10.0.0.1")


def over_packets(question: Question) -> Iterable[bytes]:
    yield said(question)


def over_streams(question: Question, stream: Stream) -> None:
    stream.send(framed(said(question)))


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedDns]:
    with ScriptedDns(over_packets, over_streams) as server:
        yield server


@pytest.fixture
def proxy(server: ScriptedDns) -> Iterator[FaultProxy]:
    with FaultProxy(lambda: server.port) as proxy:
        yield proxy


@pytest.fixture
def right(server: ScriptedDns) -> bytes:
    """What the server says by itself."""
    return over_udp(server.port, QUERY)


def two_packets(proxy: FaultProxy) -> list[bytes]:
    """The first two that come back for one question."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(DEADLINE_S)
        asking.connect((proxy.host, proxy.port))
        asking.send(QUERY)
        return [asking.recv(65535) for _ in range(2)]


def nothing_comes(proxy: FaultProxy) -> bool:
    """Whether a question has no answer, for a moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.1)
        asking.connect((proxy.host, proxy.port))
        asking.send(QUERY)
        try:
            return not asking.recv(65535)
        except TimeoutError:
            return True


def counts(fault: faults.Fault, questions: int) -> list[int]:
    """How many packets each of so many questions brings."""
    exchanges = (faults.Exchange(b"?", b"!", number) for number in range(questions))
    return [len(list(fault(exchange))) for exchange in exchanges]


def test_without_a_fault_it_passes_on_what_the_server_says(proxy: FaultProxy, right: bytes) -> None:
    assert over_udp(proxy.port, QUERY) == right
    assert over_tcp(proxy.port, QUERY) == [right]
    assert [asked.transport for asked in proxy.asked] == ["udp", "tcp"]
    assert [asked.wire for asked in proxy.asked] == [QUERY, QUERY]


def test_faults_are_for_the_questions_that_were_counted() -> None:
    twice = faults.then(faults.passed, faults.passed)
    assert counts(faults.first(2, faults.lost), 4) == [0, 0, 1, 1]
    assert counts(faults.every(3, faults.lost), 6) == [0, 1, 1, 0, 1, 1]
    assert counts(faults.in_turn(faults.lost, twice, faults.passed), 4) == [0, 2, 1, 0]
    by_chance = [counts(faults.by_chance(0.25, faults.lost, seed), 200) for seed in (1, 1, 2)]
    assert by_chance[0] == by_chance[1] != by_chance[2]
    assert 25 < by_chance[0].count(0) < 75


def test_packets_are_lost_and_late_and_counted_anew_when_the_faults_change(
    proxy: FaultProxy, right: bytes
) -> None:
    for _ in range(2):
        proxy.do(faults.first(1, faults.lost))
        assert nothing_comes(proxy)
        assert over_udp(proxy.port, QUERY) == right
    proxy.do(faults.delayed(0.1))
    began = time.monotonic()
    assert over_udp(proxy.port, QUERY) == right
    assert time.monotonic() - began >= 0.1


def test_an_answer_is_damaged_as_it_was_told(proxy: FaultProxy, right: bytes) -> None:
    proxy.do(faults.cut(20))
    assert over_udp(proxy.port, QUERY) == right[:20]
    proxy.do(faults.wrong_id)
    assert over_udp(proxy.port, QUERY) == b"\x00\x06" + right[2:]
    proxy.do(faults.another_question)
    other = dns.message.from_wire(over_udp(proxy.port, QUERY))
    assert other.question[0].name.to_text() == "another.prod.svc.cluster.local."
    assert other.answer == dns.message.from_wire(right).answer
    proxy.do(faults.truncated)
    short = dns.message.from_wire(over_udp(proxy.port, QUERY))
    assert (bool(short.flags & dns.flags.TC), short.answer) == (True, [])
    proxy.do(faults.says(dns.rcode.REFUSED))
    assert dns.message.from_wire(over_udp(proxy.port, QUERY)).rcode() == dns.rcode.REFUSED


def test_an_answer_that_was_held_back_comes_to_the_next_asker(
    proxy: FaultProxy, right: bytes
) -> None:
    proxy.do(faults.held_back())
    query = b"\x00\x08" + QUERY[2:]
    later = b"\x00\x08" + right[2:]
    assert over_udp(proxy.port, query) == later
    assert two_packets(proxy) == [later, right]


def test_a_question_is_changed_on_its_way(proxy: FaultProxy, server: ScriptedDns) -> None:
    proxy.do(rewrite=faults.without_edns)
    over_udp(proxy.port, QUERY)
    assert server.asked[-1].message.edns == -1
    proxy.do(rewrite=faults.in_capitals)
    loud = dns.message.from_wire(over_udp(proxy.port, QUERY))
    assert loud.answer[0].name.to_text() == NAME.upper()


def test_a_connection_is_refused_broken_and_dribbled(proxy: FaultProxy, right: bytes) -> None:
    proxy.do(tcp=None)
    with pytest.raises(ConnectionRefusedError):
        over_tcp(proxy.port, QUERY)
    proxy.do(tcp=faults.closed_half_way)
    with pytest.raises(EOFError):
        over_tcp(proxy.port, QUERY)
    proxy.do(tcp=faults.over_tcp(faults.lost))
    with pytest.raises(EOFError):
        over_tcp(proxy.port, QUERY)
    proxy.do(tcp=faults.dribbled(0.001))
    assert over_tcp(proxy.port, QUERY) == [right]
    proxy.do(tcp=faults.kept_waiting)
    with socket.create_connection((proxy.host, proxy.port), timeout=0.1) as stream:
        stream.sendall(framed(QUERY))
        with pytest.raises(TimeoutError):
            read_message(stream)


def test_where_the_server_is_gone_nothing_comes(server: ScriptedDns) -> None:
    with ScriptedDns(lambda _: ()) as gone:
        port = gone.port
    with FaultProxy(lambda: port) as proxy:
        assert nothing_comes(proxy)
        with pytest.raises(EOFError):
            over_tcp(proxy.port, QUERY)


def test_what_a_fault_raises_is_reported(server: ScriptedDns) -> None:
    def broken(_: faults.Exchange) -> Iterable[faults.Sent]:
        raise ZeroDivisionError

    proxy = FaultProxy(lambda: server.port)
    proxy.do(broken)
    assert nothing_comes(proxy)
    with pytest.raises(ZeroDivisionError):
        proxy.close()
