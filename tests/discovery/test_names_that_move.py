"""Pods that took each other's addresses, behind a service without ports: names are by PTR."""

from __future__ import annotations

import time
from collections.abc import Iterable

from agent.core.nameservers import Nameserver
from agent.core.observation import Answered
from agent.core.roll import Peer, Service
from agent.discovery import Inquiry, discoverer
from agent.discovery.naming import ASK_AGAIN
from tests.discovery.conftest import Serve
from tests.support.docker_dns import pointer, points_to
from tests.support.scripted_dns import Question

DB = Service("db", "prod", "cluster.local")
ADDRESSES = tuple(f"10.0.0.{n + 1}" for n in range(4))


def test_names_are_asked_for_again_one_a_poll_and_found_where_they_moved(serve: Serve) -> None:
    """Two pods that were made anew between two polls may have swapped their addresses."""
    ahead, names = 0.0, [DB.pod(f"db-{n}") for n in range(4)]

    def udp(question: Question) -> Iterable[bytes]:
        where = {pointer(a): (f"{name}.",) for a, name in zip(ADDRESSES, names, strict=True)}
        return points_to({f"A {DB.fqdn}": ADDRESSES, **where})(question)

    server = serve(udp)
    here = (Nameserver(server.host, server.port),)
    inquiry = Inquiry(DB, Peer(DB.pod("db-0"), ADDRESSES[:1]), lambda: here, mode="address")
    way = discoverer(inquiry, lambda: time.monotonic() + ahead)

    def located() -> dict[str, tuple[str, ...]]:
        seen = way.observe()
        assert isinstance(seen, Answered), seen
        return {endpoint.fqdn: endpoint.addresses for endpoint in seen.endpoints}

    def asked() -> int:
        return sum(1 for question in server.asked if question.kind == "PTR")

    before = located()
    assert (before[names[1]], before[names[2]]) == (("10.0.0.2",), ("10.0.0.3",))
    names[1], names[2] = names[2], names[1]
    assert (located(), asked()) == (before, 3)
    ahead = ASK_AGAIN
    for poll in range(3):
        located()
        assert asked() == 3 + poll + 1
    now = located()
    assert asked() == 6
    assert (now[names[1]], now[names[2]]) == (("10.0.0.2",), ("10.0.0.3",))
