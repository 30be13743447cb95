"""Several nameservers, some of them dead or slow: who is asked when, how long, and what is said."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import permutations

import dns.rcode
import pytest

from agent.core.nameservers import Nameserver
from agent.discovery.attempt import Failure, Reply
from agent.discovery.transport import RETURN_AFTER, Resolver
from tests.discovery.conftest import Serve
from tests.discovery.test_transport import NAME, right, says, silent
from tests.support.scripted_dns import Question, ScriptedDns

TIMEOUT = 0.6  # seconds, for a poll


def resolver(*servers: ScriptedDns, timeout: float = TIMEOUT) -> Resolver:
    places = tuple(Nameserver(server.host, server.port) for server in servers)
    return Resolver(lambda: places, timeout, time.monotonic)


def poll(asking: Resolver) -> Reply | Failure:
    return asking.ask(NAME, "A", asking.deadline())


def counts(*servers: ScriptedDns) -> list[int]:
    return [len(server.asked) for server in servers]


@pytest.mark.parametrize("order", sorted(set(permutations(("dead", "dead", "alive")))))
def test_behind_two_dead_nameservers_the_third_answers_and_is_asked_first_from_then_on(
    serve: Serve, order: tuple[str, ...]
) -> None:
    servers = [serve(right if each == "alive" else silent) for each in order]
    alive = order.index("alive")
    asking = resolver(*servers)
    replies = [poll(asking) for _ in range(2)]
    assert isinstance(replies[-1], Reply)
    assert replies[-1].server.port == servers[alive].port
    before = counts(*servers)
    for _ in range(5):
        assert isinstance(poll(asking), Reply)
    assert counts(*servers) == [n + 5 * (place == alive) for place, n in enumerate(before)]


def test_a_nameserver_that_dies_is_asked_in_vain_once_and_then_no_longer_first(
    serve: Serve,
) -> None:
    dead = False

    def udp(question: Question) -> Iterable[bytes]:
        return () if dead else right(question)

    first, second = serve(udp), serve(right)
    asking = resolver(first, second)
    assert isinstance(poll(asking), Reply)
    dead = True
    for _ in range(4):
        assert isinstance(poll(asking), Reply)
    assert counts(first, second) == [2, 4]


def test_the_first_nameserver_is_asked_first_again_after_a_while(serve: Serve) -> None:
    """It may know more than the one that stood in for it, and whose word would else be the last."""
    ahead, is_dead = 0.0, True

    def udp(question: Question) -> Iterable[bytes]:
        return () if is_dead else right(question)

    first, second = serve(udp), serve(right)
    places = tuple(Nameserver(server.host, server.port) for server in (first, second))
    asking = Resolver(lambda: places, TIMEOUT, lambda: time.monotonic() + ahead)
    assert isinstance(poll(asking), Reply)
    is_dead = False
    assert isinstance(poll(asking), Reply)
    assert counts(first, second) == [1, 2]
    ahead = RETURN_AFTER
    for _ in range(3):
        assert isinstance(poll(asking), Reply)
    assert counts(first, second) == [4, 2]


def test_a_nameserver_that_fails_is_not_the_one_that_is_asked_first(serve: Serve) -> None:
    failing, working = serve(says(dns.rcode.SERVFAIL)), serve(right)
    asking = resolver(failing, working)
    for _ in range(4):
        assert isinstance(poll(asking), Reply)
    assert counts(failing, working) == [1, 4]


@pytest.mark.parametrize(("latency", "timeout"), [(0.4, 1.0), (1.1, 2.4)])
def test_an_answer_that_takes_nearly_half_the_timeout_is_waited_for(
    serve: Serve, latency: float, timeout: float
) -> None:
    """Some clusters' DNS takes longer than a second when an upstream is slow."""

    def udp(question: Question) -> Iterable[bytes]:
        server.slowly(latency)
        return right(question)

    server = serve(udp)
    assert isinstance(poll(resolver(server, timeout=timeout)), Reply)
    assert server.count("udp") == 1


def test_a_lost_packet_is_sent_again_after_half_the_timeout(serve: Serve) -> None:
    server = serve(lambda question: right(question) if question.number else ())
    began = time.monotonic()
    assert isinstance(poll(resolver(server)), Reply)
    assert TIMEOUT / 2 - 0.05 < time.monotonic() - began < TIMEOUT
    assert server.count("udp") == 2


def test_what_each_nameserver_did_is_said_where_they_failed_differently(serve: Serve) -> None:
    dead, failing, refusing = (
        serve(silent),
        serve(says(dns.rcode.SERVFAIL)),
        serve(says(dns.rcode.REFUSED)),
    )
    with ScriptedDns(silent) as gone:
        pass  # nothing listens there any more
    failure = poll(resolver(dead, failing, refusing, gone, timeout=0.4))
    assert isinstance(failure, Failure)
    assert failure.is_timeout
    assert failure.reason.split("; ") == [
        f"nothing came from 127.0.0.1:{dead.port} in time",
        f"127.0.0.1:{failing.port} answered SERVFAIL",
        f"127.0.0.1:{refusing.port} answered REFUSED",
        f"nothing listens at 127.0.0.1:{gone.port}",
    ]


def test_a_question_after_the_deadline_says_that_time_was_over_and_asks_nobody(
    serve: Serve,
) -> None:
    server = serve(right)
    asking = resolver(server)
    failure = asking.ask(NAME, "A", time.monotonic())
    assert isinstance(failure, Failure)
    assert failure.reason == "the time for this poll was over before the question"
    assert not server.asked
