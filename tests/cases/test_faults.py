"""A network between the agent and a real CoreDNS that loses, delays, damages and forges."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import dns.rcode
import pytest

from agent.core.observation import Absent, Answered, Unknown
from tests.cases.net import Net, asking, follow, listed, of, seen
from tests.e2e.conftest import Start
from tests.e2e.program import SOON, located, stamp
from tests.support import faults
from tests.support.faults import Fault, first, passed, then, truncated, whole
from tests.support.until import until

# Seconds, for a poll of two tries: for a busy machine to answer in, and to wait for nothing in.
TIMEOUT = 0.6
SHORT = 0.2
# Seconds. Much more than it takes to give up, and less than what some answers take.
FAR_TOO_LONG = 8.0


def test_a_first_packet_that_is_lost_is_asked_again_in_time_from_another_port(net: Net) -> None:
    """D13: a race in connection tracking loses a first packet (kubernetes 56903)."""
    net.scale(3)
    net.proxy.do(first(1, faults.lost))
    before = len(net.proxy.asked)
    assert seen(asking(net, timeout=2.0).observe()) == listed(of(3))
    one, other = net.proxy.asked[before:]
    assert one.source_port != other.source_port
    assert one.wire[:2] != other.wire[:2]  # a late answer to one is none to the other


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens to the answers of a poll."""

    udp: Fault = passed
    tcp: Fault | None = whole


OVERCOME = {
    "doubled": Trouble(then(passed, passed)),
    "late, when it is asked again": Trouble(first(1, faults.delayed(TIMEOUT * 0.75))),
    "after the last question's": Trouble(faults.held_back()),
    "after one with a wrong ID": Trouble(then(faults.wrong_id, passed)),
    "after one to another question": Trouble(then(faults.another_question, passed)),
    "after a part of it": Trouble(then(faults.cut(60), passed)),
    "after a header": Trouble(then(faults.cut(12), passed)),
    "after a byte": Trouble(then(faults.cut(1), passed)),
    "cut short, and whole over TCP": Trouble(truncated),
    "cut short, and dribbled over TCP": Trouble(truncated, faults.dribbled(0)),
    "cut short, and whole over TCP the second time": Trouble(
        truncated, first(1, faults.kept_waiting, whole)
    ),
}


@pytest.mark.parametrize("trouble", OVERCOME.values(), ids=OVERCOME)
def test_an_answer_gets_through(net: Net, trouble: Trouble) -> None:
    """P1: a poll is not over with the first bad packet."""
    net.scale(3)
    net.proxy.do(trouble.udp, trouble.tcp)
    following = asking(net, timeout=TIMEOUT)
    for _ in range(2):
        assert seen(following.observe()) == listed(of(3))


DOUBT = {
    "lost": Trouble(faults.lost),
    "too late": Trouble(faults.delayed(SHORT)),
    "with a wrong ID": Trouble(faults.wrong_id),
    "to another question": Trouble(faults.another_question),
    "in part": Trouble(faults.cut(60)),
    "SERVFAIL": Trouble(faults.says(dns.rcode.SERVFAIL)),
    "REFUSED": Trouble(faults.says(dns.rcode.REFUSED)),
    "NOTIMP": Trouble(faults.says(dns.rcode.NOTIMP)),
    "FORMERR": Trouble(faults.says(dns.rcode.FORMERR)),
    "cut short, and TCP refused": Trouble(truncated, None),
    "cut short, and TCP closed": Trouble(truncated, faults.over_tcp(faults.lost)),
    "cut short, and TCP closed half-way": Trouble(truncated, faults.closed_half_way),
    "cut short, and TCP silent": Trouble(truncated, faults.kept_waiting),
    "cut short, and TCP too slow": Trouble(truncated, faults.dribbled(0.05)),
    "cut short, and over TCP too": Trouble(truncated, faults.over_tcp(truncated)),
    "cut short, and over TCP damaged": Trouble(truncated, faults.over_tcp(faults.cut(60))),
}


@pytest.mark.parametrize("trouble", DOUBT.values(), ids=DOUBT)
def test_where_no_whole_answer_comes_it_is_doubt_and_in_time(net: Net, trouble: Trouble) -> None:
    """P1: that nothing was heard is not that nobody is there."""
    net.scale(3)
    net.proxy.do(trouble.udp, trouble.tcp)
    before, began = net.proxy.count("udp"), time.monotonic()
    said = asking(net, timeout=SHORT).observe()
    assert net.proxy.count("udp") - before <= 2  # as many tries as its time has parts for
    assert time.monotonic() - began < FAR_TOO_LONG
    assert isinstance(said, Unknown)
    assert f"{net.nameserver}" in said.reason
    net.proxy.do()
    assert seen(asking(net).observe()) == listed(of(3))


@pytest.mark.parametrize("place", range(12))
def test_a_damaged_header_never_makes_another_set(net: Net, place: int) -> None:
    """P1: a packet may come through with a bit turned over, where nobody checks its sum."""
    net.scale(3)
    for bits in (0x01, 0x03, 0x80, 0xFF):
        damaged = faults.flipped(place, bits)
        net.proxy.do(then(damaged, passed), faults.over_tcp(damaged))
        said = asking(net, timeout=TIMEOUT).observe()
        if isinstance(said, Answered):
            assert seen(said) == listed(of(3))
        else:  # the code itself was another one
            assert isinstance(said, Absent | Unknown)
            assert place in (2, 3)


def test_an_answer_that_needs_tcp_is_doubt_while_tcp_is_refused(
    net: Net, tmp_path: Path, start: Start
) -> None:
    """D9: a network policy that lets UDP through only takes nobody away."""
    file = tmp_path / "peers.json"
    net.scale(61)
    program = follow(start, net, file, "--timeout=400ms")
    before = stamp(file)
    assert located(file) == listed(of(61))
    net.proxy.do(tcp=None)
    (kept,) = program.says("kept")
    assert kept["event"].startswith("keep the list of 61: ")
    assert f"{net.nameserver}" in kept["event"]
    net.polls(3)
    assert stamp(file) == before
    net.show(replace(of(62), pods=of(62).pods[1:]))
    net.proxy.do()
    until(lambda: "db-61" in located(file), SOON, "the new pod is there")
    until(lambda: len(located(file)) == 62, SOON, "this pod is there all the same")
