"""Sets that no SRV answer holds, on a real CoreDNS: all of them, by name, at the first poll."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from agent.core.nameservers import Nameserver
from agent.core.observation import Answered, Doubt, Endpoint, Observation, Unknown
from agent.core.roll import Peer
from agent.discovery import Discoverer, Inquiry, Mode, discoverer
from agent.discovery.attempt import LEAST, cut_short
from agent.discovery.auto import TOO_MANY as BY_ADDRESS
from agent.discovery.naming import ASK_AGAIN
from agent.discovery.reading import pointer_of
from agent.discovery.wire import section
from agent.lab.cluster import Pod, Service
from tests.discovery.clock import TOO_LONG, Clock
from tests.discovery.conftest import Serve
from tests.discovery.test_observe import answered
from tests.discovery.world import DB, OWN, CoreDnsWorld, at, inquire
from tests.support import faults
from tests.support.fault_proxy import FaultProxy
from tests.support.faults import Exchange, Fault, Sent
from tests.support.scripted_dns import Question, Stream, answer, framed

PROD = Service("db", "prod")


def ipv4(ordinal: int) -> str:
    return f"10.1.{ordinal // 250}.{ordinal % 250 + 1}"


def ipv6(ordinal: int) -> str:
    return f"fd00::1:{ordinal:x}"


def many(count: int, *families: Callable[[int], str]) -> tuple[Pod, ...]:
    each = families or (ipv4,)
    return tuple(Pod(f"db-{n}", tuple(of(n) for of in each)) for n in range(count))


def listed(those: tuple[Pod, ...]) -> set[Endpoint]:
    return {Endpoint(DB.pod(pod.name), pod.addresses) for pod in those}


def seen(observation: Observation) -> set[Endpoint]:
    """Whom a whole answer lists."""
    assert isinstance(observation, Answered), observation
    assert observation.is_whole
    return set(observation.endpoints)


class Net:
    """A CoreDNS, and the network before it."""

    def __init__(self, world: CoreDnsWorld, proxy: FaultProxy) -> None:
        self.proxy = proxy
        self.clock = Clock()
        self._world = world

    def show(self, those: tuple[Pod, ...]) -> None:
        self._world.show(replace(PROD, pods=those))

    def asking(self, **changes: Any) -> Discoverer:
        """A discoverer for the pod db-0, or for whom these changes to its inquiry say."""
        here = (Nameserver(self.proxy.host, self.proxy.port),)
        inquiry = Inquiry(DB, Peer(OWN), lambda: here, timeout=20.0)
        return discoverer(replace(inquiry, **changes), self.clock)

    def questions(self, following: Discoverer) -> Counter[str]:
        """How many questions of each kind a poll asks."""
        before = len(self.proxy.asked)
        following.observe()
        return Counter(kind_of(asked.wire) for asked in self.proxy.asked[before:])


@pytest.fixture
def net(coredns_world: CoreDnsWorld) -> Iterator[Net]:
    with FaultProxy(lambda: coredns_world.core.port) as proxy:
        yield Net(coredns_world, proxy)


def kind_of(wire: bytes) -> str:
    return dns.rdatatype.to_text(dns.message.from_wire(wire).question[0].rdtype)


def for_names(fault: Fault) -> Fault:
    """The fault for questions for a name, and none for others."""
    return lambda exchange: (fault if kind_of(exchange.question) == "PTR" else faults.passed)(
        exchange
    )


@pytest.mark.parametrize("count", [900, 1000, 1500])
def test_a_set_is_whole_at_the_first_poll(coredns_world: CoreDnsWorld, count: int) -> None:
    nameserver = coredns_world.show(replace(PROD, pods=many(count)))
    assert seen(inquire(nameserver, timeout=20).observe()) == listed(many(count))


@pytest.mark.parametrize("families", [(ipv6,), (ipv4, ipv6)], ids=["IPv6 only", "both"])
def test_a_thousand_of_other_families_are_whole_at_the_first_poll(
    coredns_world: CoreDnsWorld, families: tuple[Callable[[int], str], ...]
) -> None:
    those = many(1000, *families)
    nameserver = coredns_world.show(replace(PROD, pods=those))
    assert seen(inquire(nameserver, timeout=20).observe()) == listed(those)


@pytest.mark.parametrize("family", [ipv4, ipv6])
def test_a_thousand_at_rest_cost_one_question_a_poll_and_a_second_half_a_minute_later(
    net: Net, family: Callable[[int], str]
) -> None:
    """The family that none of them has is asked for again, and the oldest name of all."""
    net.show(many(1000, family))
    kind, other = ("A", "AAAA") if family is ipv4 else ("AAAA", "A")
    following = net.asking()
    first = following.observe()
    assert seen(first) == listed(many(1000, family))
    assert following.observe() is first  # whoever takes it need not compare a thousand names
    assert net.questions(following) == net.questions(following) == {kind: 1}
    net.clock.ahead += ASK_AGAIN
    assert net.questions(following) == {kind: 1, other: 1, "PTR": 1}
    assert net.questions(following) == {kind: 1, "PTR": 1}


def test_the_names_of_a_deployment_s_pods_are_not_asked_for(net: Net) -> None:
    """But for one, which would be the service's own if that had a virtual IP."""
    those = many(1000)
    net.show(those)
    kinds = net.questions(net.asking(own=Peer(ipv4(7), (ipv4(7),)), has_names=False))
    assert kinds["PTR"] == 1
    by_address = {Endpoint(address, (address,)) for pod in those for address in pod.addresses}
    following = net.asking(own=None, has_names=False)
    assert seen(following.observe()) == by_address
    assert net.questions(following) == {"A": 1}


def test_one_of_a_thousand_that_moves_is_followed_by_asking_for_one_name(net: Net) -> None:
    those = many(1000)
    net.show(those)
    following = net.asking()
    following.observe()
    moved = (*those[:500], Pod("db-500", ("10.2.0.1",)), *those[501:])
    net.show(moved)
    before = len(net.proxy.asked)
    assert seen(following.observe()) == listed(moved)
    kinds = [kind_of(asked.wire) for asked in net.proxy.asked[before:]]
    assert kinds == ["A", "AAAA", "PTR"]


def test_pods_that_get_addresses_of_the_other_family_are_noticed_with_the_next_change_or_later(
    net: Net,
) -> None:
    net.show(many(1000))
    following = net.asking()
    following.observe()
    both = many(1000, ipv4, ipv6)
    net.show(both)
    assert seen(following.observe()) == listed(many(1000))
    net.clock.ahead += ASK_AGAIN
    assert seen(following.observe()) == listed(both)
    net.show(many(1000))
    assert seen(following.observe()) == listed(many(1000))
    more = many(1001, ipv4, ipv6)
    net.show(more)
    assert seen(following.observe()) == listed(more)


def test_a_family_that_one_answer_lacks_is_asked_for_again_at_the_next_poll(net: Net) -> None:
    """Else a DNS server that lags behind once would keep its addresses away for half a minute."""
    both = many(3, ipv4, ipv6)
    net.show(both)
    following = net.asking(mode="address")
    assert seen(following.observe()) == listed(both)

    def none(exchange: Exchange) -> list[Sent]:
        is_six = kind_of(exchange.question) == "AAAA"
        return [*(faults.says(dns.rcode.NOERROR) if is_six else faults.passed)(exchange)]

    net.proxy.do(udp=none)
    assert seen(following.observe()) == listed(many(3))
    net.proxy.do()
    assert seen(following.observe()) == listed(both)


def test_a_set_that_shrinks_goes_back_to_srv_and_one_that_grows_again_asks_for_new_names_only(
    net: Net,
) -> None:
    net.show(many(1000))
    following = net.asking()
    assert answered(following.observe()).remarks == (BY_ADDRESS,)
    net.show(many(600))
    assert seen(following.observe()) == listed(many(600))
    assert answered(following.observe()).remarks == ()
    assert net.questions(following) == {"SRV": 1}
    net.show(many(1000))
    kinds = net.questions(following)
    assert kinds["PTR"] == 400
    assert seen(following.observe()) == listed(many(1000))


# The network.


def test_names_that_are_lost_on_the_way_are_asked_for_again_within_the_poll(net: Net) -> None:
    net.show(many(1000))
    net.proxy.do(udp=for_names(faults.by_chance(0.03, faults.lost, seed=9)))
    assert seen(net.asking().observe()) == listed(many(1000))
    assert len({a.source_port for a in net.proxy.asked if kind_of(a.wire) == "PTR"}) > 1


def test_names_that_came_before_time_was_over_are_not_asked_for_again(net: Net) -> None:
    """A poll without all of them is a doubt, and the next one needs the others only."""
    net.show(many(1000))

    def time_is_up(_: Exchange) -> list[Sent]:
        net.clock.ahead = TOO_LONG
        return [Sent(b"")]

    net.proxy.do(udp=faults.first(900, faults.passed, otherwise=time_is_up))
    following = net.asking()
    doubt = following.observe()
    assert isinstance(doubt, Unknown)
    assert "has no name yet" in doubt.reason
    net.proxy.do()
    before = len(net.proxy.asked)
    assert seen(following.observe()) == listed(many(1000))
    kinds = Counter(kind_of(asked.wire) for asked in net.proxy.asked[before:])
    assert 100 <= kinds["PTR"] < 200


def unnamed(*addresses: str) -> Fault:
    """These addresses have no name."""
    pointers = {pointer_of(address) + "." for address in addresses}
    none = faults.says(dns.rcode.NXDOMAIN)

    def say(exchange: Exchange) -> list[Sent]:
        name = str(dns.message.from_wire(exchange.question).question[0].name)
        return [*(none if name in pointers else faults.passed)(exchange)]

    return say


def test_who_has_no_name_yet_is_left_out_of_an_answer_that_is_then_not_a_whole_one(
    net: Net,
) -> None:
    """A cache may remember for 30 s that an address had none, before it was this pod's."""
    net.show(many(1000))
    net.proxy.do(udp=unnamed(ipv4(3), ipv4(700)))
    following = net.asking()
    first = answered(following.observe())
    named = many(1000)
    assert set(first.endpoints) == listed((*named[:3], *named[4:700], *named[701:]))
    assert not first.is_whole
    assert "no name for 2 of the addresses" in first.remarks[0]
    assert "10.1.0.4" in first.remarks[0]
    assert following.observe() == first
    net.clock.ahead += ASK_AGAIN
    net.proxy.do(udp=unnamed(ipv4(3)))
    (nameless,) = seen(following.observe()) - listed(named)
    assert nameless == Endpoint(ipv4(3), (ipv4(3),))
    net.clock.ahead += ASK_AGAIN
    net.proxy.do()
    assert seen(following.observe()) == listed(named)


@pytest.mark.parametrize("mode", ["auto", "address"])
def test_what_even_an_answer_of_addresses_does_not_hold_is_a_doubt_that_names_the_way_out(
    serve: Serve, mode: Mode
) -> None:
    def udp(question: Question) -> list[bytes]:
        return [answer(question, cut=True)]

    def tcp(question: Question, stream: Stream) -> None:
        stream.send(framed(answer(question, cut=True)))

    server = serve(udp, tcp)
    doubt = inquire(at(server), mode=mode).observe()
    assert doubt == Unknown(cut_short(at(server), section(DB.fqdn, "A")), Doubt.CUT_SHORT)
    assert LEAST in doubt.reason


def test_a_server_that_refuses_every_name_is_not_asked_for_each_again(net: Net) -> None:
    net.show(many(1000))
    net.proxy.do(udp=for_names(faults.says(dns.rcode.REFUSED)))
    doubt = net.asking().observe()
    assert isinstance(doubt, Unknown)
    assert doubt.doubt is Doubt.REFUSED
    assert len(net.proxy.asked) < 1010
