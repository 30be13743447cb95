"""Pods that took each other's addresses, behind a service without ports: names are by PTR."""

from __future__ import annotations

from collections.abc import Iterable

import dns.rcode

from agent.core.nameservers import Nameserver
from agent.core.observation import Answered
from agent.core.roll import Peer, Service
from agent.discovery import Inquiry, discoverer
from agent.discovery.naming import ASK_AGAIN, MOST_AGAIN
from agent.discovery.reading import pointer_of
from tests.discovery.clock import TOO_LONG, Clock
from tests.discovery.conftest import Serve
from tests.support.docker_dns import pointer, points_to
from tests.support.scripted_dns import Question, answer

DB = Service("db", "prod", "cluster.local")


def place(number: int) -> str:
    return f"10.0.{number // 250}.{number % 250 + 1}"


class Set:
    """A set of so many pods without ports, of which each may be given another address.

    `stale` are names that a cache has for addresses still, `broken` addresses whose name the server
    fails to tell, and `late` those at whose name the time of the poll is over.
    """

    def __init__(self, serve: Serve, count: int) -> None:
        self.at = {DB.pod(f"db-{n}"): place(n) for n in range(count)}
        self.stale: dict[str, str] = {}
        self.broken: set[str] = set()
        self.late: set[str] = set()
        self.clock = Clock()
        self._server = serve(self._udp)
        here = (Nameserver(self._server.host, self._server.port),)
        own = Peer(DB.pod("db-0"), (place(0),))
        inquiry = Inquiry(DB, own, lambda: here, mode="address", timeout=20.0)
        self._way = discoverer(inquiry, self.clock)

    def listed(self) -> dict[str, tuple[str, ...]]:
        """What a whole answer lists."""
        seen = self._way.observe()
        assert isinstance(seen, Answered), seen
        assert seen.is_whole
        return {endpoint.fqdn: endpoint.addresses for endpoint in seen.endpoints}

    def is_followed(self) -> bool:
        """Whether a poll lists each where it is."""
        return self.listed() == {name: (address,) for name, address in self.at.items()}

    def asked(self, seconds: float = 0.0) -> list[str]:
        """The names that a poll asks for, so many seconds later."""
        self.clock.ahead += seconds
        before = len(self._server.asked)
        self.listed()
        return [asked.name for asked in self._server.asked[before:] if asked.kind == "PTR"]

    def _udp(self, question: Question) -> Iterable[bytes]:
        called = {address: name for name, address in self.at.items()} | self.stale
        if question.name in map(pointer_of, self.late):
            self.clock.ahead += TOO_LONG
            return [b""]
        if question.name in map(pointer_of, self.broken):
            return [answer(question, rcode=dns.rcode.SERVFAIL)]
        names = {pointer(address): (f"{name}.",) for address, name in called.items()}
        return points_to({f"A {DB.fqdn}": tuple(self.at.values()), **names})(question)


def names(*numbers: int) -> list[str]:
    return [DB.pod(f"db-{n}") for n in numbers]


def test_two_that_swap_are_found_as_soon_as_one_of_them_is_asked_for(serve: Serve) -> None:
    """Two pods that were made anew between two polls may have swapped their addresses."""
    them, (one, two) = Set(serve, 4), names(1, 2)
    assert them.is_followed()
    them.at[one], them.at[two] = place(2), place(1)
    assert not them.is_followed()
    assert them.asked() == []
    assert them.asked(ASK_AGAIN) == [pointer_of(place(1)), pointer_of(place(2))]
    assert them.is_followed()
    assert them.asked() == []


def test_names_are_asked_for_again_one_a_poll(serve: Serve) -> None:
    them = Set(serve, 4)
    assert them.is_followed()
    assert them.asked(ASK_AGAIN) == [pointer_of(place(1))]
    assert them.asked() == [pointer_of(place(2))]
    assert them.asked() == [pointer_of(place(3))]
    assert them.asked() == []


def test_names_are_asked_for_again_one_a_second_up_to_a_bound_for_each_poll(serve: Serve) -> None:
    """At rest the serial is asked for in between; whole fleets ask again in the same second."""
    them = Set(serve, 201)
    assert them.is_followed()
    first = them.asked(ASK_AGAIN)
    second = them.asked(10.0)
    third = them.asked(600.0)
    assert len(first) == 1
    assert 10 <= len(second) < 15
    assert len(third) == MOST_AGAIN
    assert len({*first, *second, *third}) == len(first) + len(second) + MOST_AGAIN


# Somebody has what was another's address, which was not asked for since.


def test_who_has_the_old_address_of_one_that_moved_is_found_in_the_same_poll(serve: Serve) -> None:
    them, (one, two, three) = Set(serve, 6), names(1, 2, 3)
    assert them.is_followed()
    them.at[one], them.at[two], them.at[three] = place(2), place(3), place(99)
    assert them.asked() == [pointer_of(place(n)) for n in (99, 3, 2)]
    assert them.is_followed()
    assert them.asked() == []


def test_who_has_it_is_found_in_the_next_poll_if_time_is_over_before(serve: Serve) -> None:
    them, (one, two) = Set(serve, 4), names(1, 2)
    assert them.is_followed()
    them.at[one], them.at[two] = place(2), place(99)
    them.late = {place(2)}
    assert set(them.listed()[two]) == {place(2), place(99)}  # as before, and no doubt
    them.late = set()
    assert them.is_followed()


def test_who_has_it_is_found_when_its_name_can_be_told(serve: Serve) -> None:
    them, (one, two) = Set(serve, 4), names(1, 2)
    assert them.is_followed()
    them.at[one], them.at[two] = place(2), place(99)
    them.broken = {place(2)}
    for _ in range(3):
        assert one not in them.listed()
        them.clock.ahead += ASK_AGAIN
    them.broken = set()
    assert them.is_followed()


def test_who_has_it_is_found_once_a_cache_lets_go_of_the_old_name(serve: Serve) -> None:
    """In a large set somebody else has just asked for any name."""
    them, (one, two) = Set(serve, 4), names(1, 2)
    assert them.is_followed()
    them.at[one], them.at[two] = place(2), place(99)
    them.stale = {place(2): two}
    assert not them.is_followed()
    them.clock.ahead += 5.0
    assert not them.is_followed()
    them.stale = {}
    assert them.is_followed()


def test_who_has_a_new_address_that_a_cache_calls_by_another_s_name_is_found(serve: Serve) -> None:
    them, (one, two) = Set(serve, 4), names(1, 2)
    assert them.is_followed()
    them.at[one], them.stale = place(99), {place(99): two}
    assert not them.is_followed()
    them.stale = {}
    assert them.is_followed()


def test_two_of_one_name_are_asked_for_again_until_no_cache_can_have_an_old_one(
    serve: Serve,
) -> None:
    """As while a pod that was deleted by force is listed still."""
    them, (one,) = Set(serve, 4), names(1)
    assert them.is_followed()
    them.at["its old self"], them.at[one] = place(1), place(99)
    them.stale = {place(1): one}
    both = {pointer_of(place(1)), pointer_of(place(99))}
    assert set(them.asked()) == set(them.asked()) == both
    assert both <= set(them.asked(ASK_AGAIN))
    assert not both & set(them.asked())
    assert set(them.listed()[one]) == {place(1), place(99)}
