"""Asking by the zone's serial: against a real CoreDNS, and servers that do not know their part."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import dns.message
import dns.rcode
import dns.rrset
import pytest

from agent.core.nameservers import Nameserver
from agent.core.observation import Answered, Endpoint, Observation, Quiet, Unknown
from agent.core.roll import Peer
from agent.core.roll import Service as Asked
from agent.core.serial import AGAIN, GAP, LATE, LONGEST_CACHED, MISSES, OFF_FOR
from agent.discovery.auto import automatic
from agent.discovery.by_serial import GIVEN_UP, BySerial
from agent.discovery.inquiry import Inquiry, UseOfSerial
from agent.discovery.transport import RETURN_AFTER, Resolver
from agent.lab.cluster import Cluster, Service
from tests.discovery.clock import Clock, Overtime
from tests.discovery.conftest import Serve
from tests.discovery.world import DB, pods
from tests.support.ask import over_udp
from tests.support.coredns import CoreDns
from tests.support.fault_proxy import FaultProxy
from tests.support.kubeapi import KubeApi
from tests.support.scripted_dns import Question, ScriptedDns, answer
from tests.support.until import until

SOON = 20.0  # seconds
LARGE = 100  # pods, which no packet holds
BARE = Asked("db", "", "cluster.local")
# A cache that keeps answers and a no for so short that a test can wait for it.
CACHE = ("cache {", "success 1000 2 0", "denial 1000 2 0", "}")


@dataclass
class Agent:
    """An agent's discovery, with a clock and a time of day that a test puts forward."""

    nameservers: tuple[Nameserver, ...]
    use: UseOfSerial = "auto"
    service: Asked = DB
    clock: Clock = field(default_factory=Clock)
    unix_time: Callable[[], float] = time.time
    timeout: float = 10.0  # seconds; tests run beside others

    def __post_init__(self) -> None:
        own = Peer(self.service.pod("db-0"))
        inquiry = Inquiry(self.service, own, lambda: self.nameservers, timeout=self.timeout)
        inquiry = replace(inquiry, serial=self.use)
        self.resolver = Resolver(inquiry.nameservers, inquiry.timeout, self.clock)
        way = automatic(self.resolver, inquiry)
        self.discovery = BySerial(
            way, self.resolver, inquiry, lambda: self.unix_time() + self.clock.ahead
        )

    def poll(self, later: float = 1.0) -> Observation | Quiet:
        """A poll at rest, so many seconds after the last."""
        self.clock.ahead += later
        return self.discovery.observe_at_rest()

    def rest(self) -> None:
        """Polls until the serial is enough, and for longer than until the peers are asked again."""
        self.discovery.observe()
        quiet = 0
        for _ in range(int(2 * LONGEST_CACHED)):
            quiet = quiet + 1 if isinstance(self.poll(), Quiet) else 0
            if quiet > AGAIN + 1:
                return
        raise AssertionError("the serial is never enough")


@dataclass
class Net:
    """A CoreDNS, its API, and what was asked."""

    api: KubeApi
    core: CoreDns
    proxy: FaultProxy
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def show(self, count: int) -> None:
        """So many pods; CoreDNS knows them by a new serial, which is no hour's."""
        before = self.serial()
        until(lambda: time.time() >= before + 1, SOON, "the second of the last change is over")
        self.add(count)
        if not self.serial() % 3600:
            self.show(count)

    def add(self, count: int) -> None:
        """The same at once, which may be in the second of the last change."""
        database = Service("db", "prod", pods(count))
        self.api.set(Cluster(services=(database,), namespaces=("prod",)))
        self.core.in_sync()

    def serial(self) -> int:
        """The zone's serial as it is, whatever a cache has."""
        query = dns.message.make_query(f"never-asked-{next(self.numbers)}.cluster.local.", "SOA")
        reply = dns.message.from_wire(over_udp(self.core.port, query.to_wire()))
        serial: int = reply.authority[0][0].serial
        return serial

    def agent(self, use: UseOfSerial = "auto") -> Agent:
        return Agent((Nameserver(self.proxy.host, self.proxy.port),), use)

    def kinds(self) -> list[str]:
        """What was asked for since the last time that this was asked."""
        asked = [dns.message.from_wire(asked.wire).question[0] for asked in self.proxy.asked]
        self.proxy.asked.clear()
        return [dns.rdatatype.to_text(question.rdtype) for question in asked]


@contextmanager
def network(plugins: Iterable[str] = ()) -> Iterator[Net]:
    with (
        KubeApi(Cluster()) as api,
        CoreDns(api, plugins) as core,
        FaultProxy(lambda: core.port) as proxy,
    ):
        yield Net(api, core, proxy)


@pytest.fixture(params=[(), ("loadbalance",), CACHE], ids=["plain", "shuffled", "cached"])
def net(request: pytest.FixtureRequest) -> Iterator[Net]:
    """A CoreDNS as it comes, one that shuffles, and one with a cache."""
    with network(request.param) as found:
        yield found


@pytest.fixture(scope="module")
def plain_net() -> Iterator[Net]:
    with network() as found:
        yield found


def count_of(seen: Observation | Quiet) -> int:
    """How many peers an answer lists."""
    assert isinstance(seen, Answered), seen
    return len(seen.endpoints)


# A CoreDNS.


def test_at_rest_a_poll_of_100_pods_is_one_question_with_a_small_answer(net: Net) -> None:
    net.show(LARGE)
    agent = net.agent()
    agent.rest()
    net.kinds()
    before = agent.resolver.received
    assert isinstance(agent.poll(), Quiet)
    assert net.kinds() == ["SOA"]
    assert 100 < agent.resolver.received - before < 180


def test_a_change_brings_the_peers_in_the_very_same_poll(plain_net: Net) -> None:
    plain_net.show(LARGE)
    agent = plain_net.agent()
    agent.rest()
    plain_net.show(LARGE + 1)
    plain_net.kinds()
    assert count_of(agent.poll()) == LARGE + 1
    assert plain_net.kinds() == ["SOA", "SRV"]


def test_a_change_that_a_cache_hides_arrives_when_what_it_has_expires(net: Net) -> None:
    net.show(LARGE)
    agent = net.agent()
    agent.rest()
    net.show(LARGE - 1)

    def arrives() -> bool:
        seen = agent.poll(0.0)
        return isinstance(seen, Answered) and len(seen.endpoints) == LARGE - 1

    until(arrives, SOON, "the change arrives")
    agent.rest()


def test_two_changes_in_one_second_both_arrive(plain_net: Net) -> None:
    for count in range(LARGE, LARGE + 40, 2):
        agent = plain_net.agent()
        plain_net.show(count)
        agent.rest()
        plain_net.show(count + 1)
        first, seen = plain_net.serial(), agent.poll(0.0)
        plain_net.add(count + 2)
        if plain_net.serial() == first and isinstance(seen, Answered):
            break
    else:
        raise AssertionError("no two changes were made in one second")
    assert count_of(seen) == count + 1
    assert isinstance(agent.poll(0.0), Quiet)
    assert count_of(agent.poll(AGAIN)) == count + 2
    assert isinstance(agent.poll(AGAIN), Quiet)


def test_after_a_minute_or_so_the_peers_are_asked_for_whatever_the_serial_says(
    plain_net: Net,
) -> None:
    plain_net.show(LARGE)
    agent = plain_net.agent()
    agent.rest()
    assert count_of(agent.poll(GAP * (1 + LATE))) == LARGE
    assert isinstance(agent.poll(), Quiet)


def test_a_coredns_that_was_started_again_is_news_once(plain_net: Net) -> None:
    plain_net.show(LARGE)
    agent = plain_net.agent()
    agent.rest()
    before = plain_net.serial()
    until(lambda: time.time() >= before + 1, SOON, "the second of the last change is over")
    with CoreDns(plain_net.api) as other:
        plain_net.proxy.lead_to(lambda: other.port)
        assert count_of(agent.poll()) == LARGE
        agent.rest()
        turns = iter([other.port, plain_net.core.port] * 50)
        plain_net.proxy.lead_to(lambda: next(turns))
        assert all(isinstance(agent.poll(0.1), Quiet) for _ in range(20))
    plain_net.proxy.lead_to(lambda: plain_net.core.port)


def test_a_dns_outage_at_rest_is_doubt_and_the_next_poll_asks_for_the_peers(
    serve: Serve,
) -> None:
    clock = Overtime()
    is_down: list[bool] = []
    answers = peers_and(lambda question: [no(question, of_late())])
    server = serve(clock.udp(lambda question: [] if is_down else answers(question)))
    agent = always(server, clock)
    agent.rest()
    is_down.append(True)
    before = len(server.asked)
    assert isinstance(agent.poll(), Unknown)
    is_down.clear()
    assert count_of(agent.discovery.observe()) == 3  # as the loop does after a doubt
    assert [question.kind for question in server.asked[before:]] == ["SOA", "SRV"]
    assert isinstance(agent.poll(), Quiet)


def test_a_server_that_refuses_everything_is_doubt_and_not_quiet(serve: Serve) -> None:
    is_down: list[bool] = []
    answers = peers_and(lambda question: [no(question, of_late())])
    server = serve(lambda question: refused(question) if is_down else answers(question))
    agent = always(server)
    agent.rest()
    is_down.append(True)
    assert isinstance(agent.poll(), Unknown)


def test_told_never_to_no_serial_is_asked_for(plain_net: Net) -> None:
    plain_net.show(LARGE)
    agent = plain_net.agent("never")
    agent.discovery.observe()
    plain_net.kinds()
    assert [count_of(agent.poll()) for _ in range(5)] == [LARGE] * 5
    assert set(plain_net.kinds()) == {"SRV"}


def test_on_a_node_whose_clock_is_wrong_by_days_the_peers_are_asked_for(plain_net: Net) -> None:
    plain_net.show(LARGE)
    agent = plain_net.agent()
    agent.unix_time = lambda: time.time() - 2 * 86400
    agent.discovery.observe()
    plain_net.kinds()
    assert [count_of(agent.poll()) for _ in range(2 * MISSES)] == [LARGE] * 2 * MISSES
    assert plain_net.kinds().count("SOA") == MISSES


# Other servers.

Soa = Callable[[Question], Iterable[bytes]]


def peers_and(soa: Soa, count: int = 3) -> Callable[[Question], Iterable[bytes]]:
    """Answers with so many peers, and a question for an SOA record as told."""
    names = [f"db-{n}.{DB.fqdn}." for n in range(count)]
    records = [f"{DB.fqdn}. 5 IN SRV 0 33 9042 {name}" for name in names]
    records += [f"{name} 5 IN A 10.0.0.{n + 1}" for n, name in enumerate(names)]

    def answers(question: Question) -> Iterable[bytes]:
        return soa(question) if question.kind == "SOA" else [answer(question, *records)]

    return answers


def no(question: Question, serial: int, zone: str = "cluster.local") -> bytes:
    """A "no" with the SOA record of a zone."""
    reply = dns.message.make_response(question.message)
    reply.set_rcode(dns.rcode.NXDOMAIN)
    text = f"ns.dns.{zone}. hostmaster.{zone}. {serial} 7200 1800 86400 5"
    reply.authority.append(dns.rrset.from_text(f"{zone}.", 5, "IN", "SOA", text))
    return reply.to_wire()


def of_late() -> int:
    """A serial that is credible, and the same for an hour."""
    return int(time.time()) // 3600 * 3600 - 1


def always(server: ScriptedDns, clock: Clock | None = None) -> Agent:
    """An agent that asks this server for the serial whenever it may, after its first answer."""
    agent = Agent((Nameserver(server.host, server.port),), "always", clock=clock or Clock())
    assert count_of(agent.discovery.observe()) == 3
    return agent


def times(server: ScriptedDns, kind: str = "SOA") -> int:
    """How often it was asked for that."""
    return sum(question.kind == kind for question in server.asked)


def refused(question: Question) -> Iterable[bytes]:
    return [answer(question, rcode=dns.rcode.REFUSED)]


def forwarded(question: Question) -> Iterable[bytes]:
    return [no(question, of_late(), "root-servers.net")]


def of_the_hour(question: Question) -> Iterable[bytes]:
    return [no(question, int(time.time()) // 3600 * 3600)]


def counted(question: Question) -> Iterable[bytes]:
    return [no(question, 1 + question.number)]


def without_soa(question: Question) -> Iterable[bytes]:
    return [answer(question, rcode=dns.rcode.NXDOMAIN)]


def with_two(question: Question) -> Iterable[bytes]:
    reply = dns.message.from_wire(no(question, of_late()))
    reply.authority.append(reply.authority[0])
    return [reply.to_wire()]


def cut(question: Question) -> Iterable[bytes]:
    return [answer(question, cut=True)]


def in_the_answer(question: Question) -> Iterable[bytes]:
    data = f"ns.dns. hostmaster.dns. {of_late()} 7200 1800 86400 5"
    return [answer(question, f"{question.name}. 5 IN SOA {data}")]


@pytest.mark.parametrize(
    "soa",
    [refused, forwarded, of_the_hour, counted, without_soa, with_two, cut, in_the_answer],
    ids=lambda soa: soa.__name__,
)
def test_a_server_without_a_serial_that_can_be_used_is_asked_for_the_peers_and_then_no_more_for_it(
    serve: Serve, soa: Soa
) -> None:
    server = serve(peers_and(soa))
    agent = always(server)
    assert [count_of(agent.poll()) for _ in range(3 * MISSES)] == [3] * 3 * MISSES
    assert times(server) == MISSES
    assert [count_of(agent.poll(later)) for later in (OFF_FOR, 1.0)] == [3, 3]
    assert times(server) == MISSES + 1


def test_a_server_that_is_silent_to_it_costs_some_polls_and_then_none(serve: Serve) -> None:
    clock = Overtime()
    server = serve(clock.udp(peers_and(lambda _: [])))
    agent = always(server, clock)
    for _ in range(MISSES):
        assert isinstance(agent.poll(), Unknown)
        assert count_of(agent.discovery.observe()) == 3  # as after any doubt
    assert [count_of(agent.poll()) for _ in range(5)] == [3] * 5


def test_a_serial_that_never_moves_hides_a_change_for_a_minute_and_is_then_not_trusted(
    serve: Serve,
) -> None:
    grown: list[str] = []
    still = of_late()

    def answers(question: Question) -> Iterable[bytes]:
        if question.kind == "SOA":
            return [no(question, still)]
        names = [f"db-{n}.{DB.fqdn}." for n in range(3)] + grown
        srv = [f"{DB.fqdn}. 5 IN SRV 0 33 9042 {name}" for name in names]
        return [answer(question, *srv, *(f"{name} 5 IN A 10.0.0.9" for name in names))]

    server = serve(answers)
    agent = always(server)
    agent.rest()
    grown.append(f"db-3.{DB.fqdn}.")
    began = agent.clock()
    while isinstance(seen := agent.poll(), Quiet):
        pass
    assert count_of(seen) == 4
    assert agent.clock() - began <= GAP * (1 + LATE) + 1
    assert count_of(agent.discovery.observe()) == 4  # as the loop does while that settles
    assert [count_of(agent.poll()) for _ in range(10)] == [4] * 10


@pytest.fixture
def two(serve: Serve) -> tuple[Agent, list[bool]]:
    """An agent with two nameservers that differ, at rest; the first refuses while one is listed."""
    is_down: list[bool] = []
    whole = peers_and(lambda question: [no(question, of_late())])
    less = peers_and(lambda question: [no(question, of_late() - 60)], 2)
    first = serve(lambda question: refused(question) if is_down else whole(question))
    at = tuple(Nameserver(server.host, server.port) for server in (first, serve(less)))
    agent = Agent(at, "always")
    assert count_of(agent.discovery.observe()) == 3
    agent.rest()
    is_down.append(True)
    assert count_of(agent.poll()) == 2
    agent.rest()
    return agent, is_down


def test_a_serial_from_another_nameserver_has_it_asked_for_the_peers_though_it_was_seen_before(
    two: tuple[Agent, list[bool]],
) -> None:
    agent, is_down = two
    is_down.clear()
    assert count_of(agent.poll(RETURN_AFTER)) == 3
    agent.rest()
    is_down.append(True)
    assert count_of(agent.poll()) == 2
    agent.rest()


def test_that_two_nameservers_differ_does_not_end_the_trust_in_their_serials(
    two: tuple[Agent, list[bool]],
) -> None:
    agent, is_down = two
    is_down.clear()
    assert count_of(agent.poll(GAP * (1 + LATE))) == 3  # due, whatever a serial says
    agent.rest()


def test_a_list_that_only_once_came_from_another_nameserver_does_not_end_it_either(
    two: tuple[Agent, list[bool]],
) -> None:
    agent, is_down = two
    is_down.clear()
    assert count_of(agent.poll(RETURN_AFTER)) == 3
    agent.rest()
    is_down.append(True)
    assert count_of(agent.poll(GAP * (1 + LATE))) == 2  # due, whatever a serial says
    is_down.clear()
    agent.clock.ahead += RETURN_AFTER
    assert count_of(agent.discovery.observe()) == 3  # as the loop does while that settles
    agent.rest()


def test_that_the_serial_was_given_up_is_remarked_until_it_is_tried_again(serve: Serve) -> None:
    """The same value at each poll where the answer is the same, as it is without a remark."""
    agent = always(serve(peers_and(without_soa)))
    *before, last = (agent.poll() for _ in range(MISSES))
    assert [seen.remarks for seen in before if isinstance(seen, Answered)] == [()] * (MISSES - 1)
    assert isinstance(last, Answered)
    assert last.remarks == (GIVEN_UP,)
    assert agent.poll() is last
    assert agent.discovery.observe() is last
    tried = agent.poll(OFF_FOR)
    assert isinstance(tried, Answered)
    assert tried.remarks == ()


def test_where_no_serial_is_wanted_none_was_given_up(serve: Serve) -> None:
    server = serve(peers_and(without_soa))
    uses: tuple[UseOfSerial, ...] = ("auto", "never")
    for use in uses:
        agent = Agent((Nameserver(server.host, server.port),), use)
        agent.discovery.observe()
        for _ in range(2 * MISSES):
            seen = agent.poll()
            assert isinstance(seen, Answered)
            assert seen.remarks == ()


def test_a_small_set_is_asked_for_in_full_unless_told_otherwise(serve: Serve) -> None:
    server = serve(peers_and(lambda question: [no(question, of_late())]))
    at = (Nameserver(server.host, server.port),)
    agent = Agent(at)
    agent.discovery.observe()
    assert [count_of(agent.poll()) for _ in range(5)] == [3] * 5
    assert times(server) == 0
    Agent(at, "always").rest()


class Containers:
    """A way of asking that finds the same containers each time."""

    def observe(self, _: float) -> Answered:
        return Answered((Endpoint("db-0", ("172.18.0.2",)), Endpoint("db-1", ("172.18.0.3",))), 600)


def test_bare_names_are_of_no_zone_and_no_serial_is_asked_for(serve: Serve) -> None:
    server = serve(peers_and(lambda question: [no(question, of_late())]))
    uses: tuple[UseOfSerial, ...] = ("auto", "always")
    for use in uses:
        inquiry = Inquiry(BARE, None, lambda: (Nameserver(server.host, server.port),), serial=use)
        resolver = Resolver(inquiry.nameservers, inquiry.timeout, time.monotonic)
        bare = BySerial(Containers(), resolver, inquiry, time.time)
        assert [count_of(bare.observe_at_rest()) for _ in range(5)] == [2] * 5
    assert times(server) == 0


def test_all_agents_ask_for_one_name_in_one_second_so_that_a_cache_has_few_of_them(
    serve: Serve,
) -> None:
    server = serve(peers_and(lambda question: [no(question, of_late())]))
    for _ in range(3):
        agent = always(server)
        agent.unix_time = lambda: 1_790_000_123.4
        agent.poll(0.0)
    asked = {question.name for question in server.asked if question.kind == "SOA"}
    assert asked == {"rollcall-1790000123.cluster.local"}
