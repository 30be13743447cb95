from __future__ import annotations

import time

import pytest

from agent.core.nameservers import Nameserver
from agent.core.observation import Answered, Unknown
from agent.core.roll import Peer, Service
from agent.discovery import Discoverer, Inquiry, discoverer
from tests.support.scripted_dns import Question, ScriptedDns, answer

# What Docker says of two members and of the container that asks.
ZONE = {
    "db-0": "db-0. 600 IN A 10.0.0.1",
    "db-1": "db-1. 600 IN A 10.0.0.2",
    "1.0.0.10.in-addr.arpa": "1.0.0.10.in-addr.arpa. 600 IN PTR x-db-0-1.x_default.",
    "2.0.0.10.in-addr.arpa": "2.0.0.10.in-addr.arpa. 600 IN PTR x-db-1-1.x_default.",
    "9.0.0.10.in-addr.arpa": "9.0.0.10.in-addr.arpa. 600 IN PTR x-agent-1.x_default.",
}


class Docker:
    """A stand-in for Docker's DNS, which answers for those names only that are in `answered`."""

    def __init__(self) -> None:
        self.answered = set(ZONE)

    def __call__(self, question: Question) -> list[bytes]:
        if question.name not in self.answered:
            return []
        record = ZONE[question.name]
        return [answer(question, *([record] if question.kind in record.split() else []))]


def asking(server: ScriptedDns) -> Discoverer:
    inquiry = Inquiry(
        Service("db", "", ""),
        Peer("db-0"),
        lambda: (Nameserver(server.host, server.port),),
        mode="ordinals",
        pods=("db-0", "db-1"),
        timeout=0.4,
        here=("10.0.0.9",),
    )
    return discoverer(inquiry, time.monotonic)


@pytest.mark.parametrize("answered", [set(), {"db-0"}], ids=["nothing", "one name"])
def test_a_docker_that_falls_silent_makes_no_container_missing(answered: set[str]) -> None:
    docker = Docker()
    with ScriptedDns(docker) as server:
        way = asking(server)
        before = way.observe()
        assert isinstance(before, Answered)
        assert {endpoint.fqdn for endpoint in before.endpoints} == {"db-0", "db-1"}
        docker.answered = answered
        match way.observe():
            case Answered(endpoints, is_whole=False):
                assert {endpoint.fqdn for endpoint in endpoints} == answered
            case Unknown():
                assert not answered
            case seen:
                pytest.fail(f"who is not answered for counts as missing: {seen}")


def test_a_docker_that_is_silent_from_the_start_does_not_say_that_nobody_is_there() -> None:
    docker = Docker()
    docker.answered = set()
    with ScriptedDns(docker) as server:
        assert isinstance(asking(server).observe(), Unknown)
