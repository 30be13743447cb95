from __future__ import annotations

import threading

import dns.flags
import dns.message
import dns.rcode
import pytest

from agent.lab.cluster import Cluster, Pod, Service
from agent.lab.faults import (
    HEALTHY,
    KNOWN,
    Empty,
    Fault,
    FaultError,
    ServFail,
    Stale,
    Timeout,
    Truncate,
    parse,
)
from agent.lab.world import Nameserver

NAME = "db.default.svc.cluster.local."


def cluster(count: int) -> Cluster:
    pods = tuple(Pod(f"db-{n}", (f"10.0.0.{n + 1}",)) for n in range(count))
    return Cluster(services=(Service("db", pods=pods),))


def asked(
    nameserver: Nameserver, now: float, name: str = NAME, rdtype: str = "A", transport: str = "udp"
) -> dns.message.Message | None:
    packet = nameserver.respond(dns.message.make_query(name, rdtype).to_wire(), transport, now)
    return None if packet is None else dns.message.from_wire(packet)


def count(nameserver: Nameserver, now: float) -> int:
    reply = asked(nameserver, now)
    assert reply is not None
    return len(reply.answer[0]) if reply.answer else 0


def ttl(nameserver: Nameserver, now: float, name: str = NAME) -> int:
    reply = asked(nameserver, now, name)
    assert reply is not None
    (rrset,) = reply.answer or reply.authority
    return rrset.ttl


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("servfail", ServFail()),
        ("timeout", Timeout()),
        ("empty", Empty()),
        ("truncate", Truncate()),
        ("stale=30s", Stale(30.0)),
        ("stale=1.5m", Stale(90.0)),
        (" stale=500ms ", Stale(0.5)),
    ],
)
def test_a_fault_is_read_from_its_text(text: str, fault: Fault) -> None:
    assert parse(text) == fault


def test_every_known_fault_can_be_written() -> None:
    for usage in KNOWN:
        assert parse(usage.replace("DURATION", "10s")) != HEALTHY


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("slow", r"unknown fault 'slow'; known are servfail, timeout, .*, stale=DURATION"),
        ("", r"unknown fault ''"),
        ("stale", r"stale needs a time, as in stale=30s"),
        ("stale=0s", r"stale=0s is none: give it more than 0s"),
        ("stale=30", r"'30' is not a length of time: write 30s"),
        ("servfail=1", r"servfail takes no value"),
    ],
)
def test_a_text_that_names_no_fault_gets_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(FaultError, match=sentence):
        parse(text)


def test_servfail_answers_every_question_with_it() -> None:
    nameserver = Nameserver(cluster(3), now=0)
    nameserver.play(ServFail(), now=0)
    reply = asked(nameserver, 1)
    assert reply is not None
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert not reply.answer
    assert not reply.authority


def test_timeout_says_nothing() -> None:
    nameserver = Nameserver(cluster(3), now=0)
    nameserver.play(Timeout(), now=0)
    assert asked(nameserver, 1) is None


def test_empty_denies_the_service_and_not_its_namespace() -> None:
    nameserver = Nameserver(cluster(3), now=0)
    nameserver.play(Empty(), now=0)
    reply = asked(nameserver, 1)
    namespace = asked(nameserver, 1, "default.svc.cluster.local.")
    assert reply is not None
    assert namespace is not None
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert namespace.rcode() == dns.rcode.NOERROR
    assert nameserver.cluster == cluster(3)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_truncate_flags_and_halves_the_answer_on_both_transports(transport: str) -> None:
    nameserver = Nameserver(cluster(5), now=0)
    nameserver.play(Truncate(), now=0)
    reply = asked(nameserver, 1, rdtype="SRV", transport=transport)
    assert reply is not None
    assert reply.flags & dns.flags.TC
    assert len(reply.answer[0]) == 2
    assert not reply.additional


def test_stale_answers_from_the_moment_that_it_was_filled_and_counts_down() -> None:
    nameserver = Nameserver(cluster(3), now=100)
    nameserver.play(Stale(30), now=1000)
    nameserver.set(cluster(4), now=1010)
    nameserver.set(cluster(5), now=1020)
    assert [count(nameserver, now) for now in (1000, 1010, 1029.9, 1030, 1059, 1060)] == [
        *(3, 3, 3),
        *(5, 5, 5),
    ]
    assert [ttl(nameserver, now) for now in (1000, 1000.5, 1010, 1029.9, 1030)] == [
        *(30, 30, 20, 1),
        30,
    ]


def test_stale_keeps_a_denial_too() -> None:
    nameserver = Nameserver(cluster(0), now=0)
    nameserver.play(Stale(10), now=0)
    nameserver.set(cluster(3), now=1)
    assert [count(nameserver, now) for now in (1, 9, 10)] == [0, 0, 3]
    assert ttl(nameserver, 4, "none.default.svc.cluster.local.") == 6


def test_stale_forgets_what_it_cannot_reach_any_more() -> None:
    nameserver = Nameserver(cluster(0), now=0)
    nameserver.play(Stale(10), now=0)
    for second in range(1, 100):
        nameserver.set(cluster(second % 7), now=second)
        assert count(nameserver, second) == (second // 10 * 10) % 7


def test_a_fault_that_is_cleared_leaves_nothing_behind() -> None:
    nameserver = Nameserver(cluster(3), now=0)
    for fault in (Stale(60), ServFail(), Empty()):
        nameserver.play(fault, now=0)
        assert nameserver.fault == fault
    nameserver.set(cluster(4), now=1)
    nameserver.clear()
    assert nameserver.fault == HEALTHY
    assert count(nameserver, 2) == 4


def test_clusters_and_faults_are_swapped_whole_while_others_ask() -> None:
    nameserver = Nameserver(cluster(3), now=0)
    seen: set[int] = set()
    done = threading.Event()

    def change() -> None:
        for turn in range(300):
            nameserver.set(cluster(3 if turn % 2 else 5), now=turn)
            nameserver.play(Stale(1 + turn % 3), now=turn)
            nameserver.clear()
        done.set()

    changing = threading.Thread(target=change)
    changing.start()
    while not done.is_set():
        seen.add(count(nameserver, 400))
    changing.join()
    assert seen <= {3, 5}
