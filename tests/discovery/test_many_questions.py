"""Many short questions at once: what is taken of what comes, and what is left to ask one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import dns.message
import dns.rcode
import pytest

from agent.discovery.attempt import IN_FLIGHT, PATIENCE, Reply
from agent.discovery.reading import pointer_of, read_names
from agent.discovery.transport import Resolver
from tests.discovery.clock import Clock, Overtime
from tests.discovery.conftest import Serve
from tests.discovery.world import at
from tests.support.scripted_dns import Question, ScriptedDns, UdpScript, answer

NAMES = tuple(pointer_of(f"10.0.0.{n}") for n in range(1, 201))


def name_of(pointer: str) -> str:
    return f"db-{pointer.partition('.')[0]}.db.prod.svc.cluster.local"


def right(question: Question) -> list[bytes]:
    return [answer(question, f"{question.name}. 5 IN PTR {name_of(question.name)}.")]


def ask(
    *servers: ScriptedDns,
    names: Iterable[str] = NAMES,
    clock: Callable[[], float] = time.monotonic,
    timeout: float = 20.0,
) -> dict[str, Reply]:
    resolver = Resolver(lambda: tuple(map(at, servers)), timeout, clock)
    return resolver.ask_many(names, "PTR", resolver.deadline())


def said(replies: dict[str, Reply]) -> dict[str, tuple[str, ...]]:
    """The names that came, each for what was asked."""
    read = {pointer: read_names(reply) for pointer, reply in replies.items()}
    assert all(isinstance(names, tuple) for names in read.values())
    return {pointer: names for pointer, names in read.items() if isinstance(names, tuple)}


ALL = {pointer: (name_of(pointer),) for pointer in NAMES}


def test_all_are_answered_each_by_its_own_and_each_is_asked_once(serve: Serve) -> None:
    server, began = serve(right), time.monotonic()
    assert said(ask(server)) == ALL
    assert {question.name for question in server.asked} == set(NAMES)
    if time.monotonic() - began < PATIENCE:  # else some may have been taken for lost
        assert len(server.asked) == len(NAMES)
    assert len({question.wire[:2] for question in server.asked}) > len(NAMES) / 2


def test_no_more_are_on_their_way_than_a_server_can_keep(serve: Serve) -> None:
    """Nothing is answered until no more come; then all of them are."""
    held: list[bytes] = []
    counts: list[int] = []

    def hold(question: Question) -> Iterable[bytes]:
        held.extend(right(question))
        if len(held) < min(IN_FLIGHT, len(NAMES) - sum(counts)):
            return []
        counts.append(len(held))
        released, held[:] = [*held], []
        return released

    assert said(ask(serve(hold))) == ALL
    assert max(counts) == IN_FLIGHT


def test_what_is_lost_is_asked_for_again_from_another_port(serve: Serve) -> None:
    lost: set[str] = set()

    def lossy(question: Question) -> Iterable[bytes]:
        if question.number % 10 == 0 and question.name not in lost:
            lost.add(question.name)
            return []
        return right(question)

    server = serve(lossy)
    assert said(ask(server)) == ALL
    again = [question for question in server.asked if question.name in lost]
    assert len(again) == 2 * len(lost)
    assert {question.source_port for question in again[: len(lost)]}.isdisjoint(
        question.source_port for question in again[len(lost) :]
    )


def test_a_server_that_says_nothing_is_asked_a_few_times_for_a_few_of_them(serve: Serve) -> None:
    dead = serve(lambda _: ())
    assert ask(dead) == {}
    assert len(dead.asked) == 3 * IN_FLIGHT
    assert {question.name for question in dead.asked} == set(NAMES[:IN_FLIGHT])


def test_a_server_that_is_slow_for_once_is_waited_for(serve: Serve) -> None:
    """All that was sent at first is lost on it, as on one that has just been started."""
    server = serve(lambda question: right(question) if question.number >= IN_FLIGHT else ())
    assert said(ask(server)) == ALL


def test_behind_a_dead_server_the_next_one_answers(serve: Serve) -> None:
    dead, alive = serve(lambda _: ()), serve(right)
    assert said(ask(dead, alive)) == ALL


def test_where_nothing_listens_nothing_is_waited_for() -> None:
    with ScriptedDns(right) as server:
        pass
    assert ask(server, timeout=600.0) == {}


def odd(how: Callable[[bytes], bytes]) -> UdpScript:
    """Something odd comes before each answer."""

    def udp(question: Question) -> Iterable[bytes]:
        (reply,) = right(question)
        return [how(reply), reply]

    return udp


def of_another(reply: bytes) -> bytes:
    """The right number, with another question's answer."""
    message = dns.message.from_wire(reply)
    other = dns.message.make_query("99.9.9.10.in-addr.arpa.", "PTR", id=message.id)
    asked = Question(other.to_wire(), "udp", 0, 0)
    return answer(asked, "99.9.9.10.in-addr.arpa. 5 IN PTR db-0.evil.example.")


@pytest.mark.parametrize(
    "how",
    [
        lambda reply: bytes([reply[0], reply[1] ^ 1, *reply[2:]]),
        of_another,
        lambda reply: reply[:20],
        lambda reply: b"",
    ],
    ids=["another number", "another question", "half of it", "nothing"],
)
def test_a_packet_that_answers_none_of_them_is_passed_over(
    serve: Serve, how: Callable[[bytes], bytes]
) -> None:
    assert said(ask(serve(odd(how)))) == ALL


def test_a_no_is_an_answer_and_a_failure_or_half_an_answer_is_left_to_be_asked_for_by_itself(
    serve: Serve,
) -> None:
    def udp(question: Question) -> Iterable[bytes]:
        match int(question.name.partition(".")[0]):
            case 1:
                return [answer(question, rcode=dns.rcode.NXDOMAIN)]
            case 2:
                return [answer(question)]
            case 3:
                return [answer(question, cut=True)]
            case 4:
                return [answer(question, rcode=dns.rcode.SERVFAIL)]
            case 5:
                return [answer(question, rcode=dns.rcode.FORMERR)]
            case _:
                return right(question)

    server = serve(udp)
    replies = said(ask(server))
    left = NAMES[2:5]
    expected = ALL | {NAMES[0]: (), NAMES[1]: ()}
    assert replies == {name: expected[name] for name in NAMES if name not in left}
    assert len(server.asked) == len(NAMES)


def test_nothing_is_asked_once_time_is_over(serve: Serve) -> None:
    """Of those on their way one is not answered, and for all of them time is up."""
    clock = Overtime()

    def udp(question: Question) -> Iterable[bytes]:
        return right(question) if question.number < 10 else ()

    server = serve(clock.udp(udp))
    replies = ask(server, clock=clock)
    assert len(replies) <= 10
    assert len(server.asked) <= IN_FLIGHT + 10
    late = Clock()
    late.ahead = 1.0
    assert Resolver(lambda: (at(server),), 0.0, late).ask_many(NAMES, "PTR", 0.0) == {}
