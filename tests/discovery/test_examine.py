"""The facts that are asked for, from the lab's name server, a real CoreDNS and scripted ones."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import dns.rcode
import pytest

from agent.core.diagnosis import UNASKED, Dns, OverTcp, Reaction, Records, Way
from agent.core.nameservers import Nameserver
from agent.core.observation import Absent, Answered, Unknown, Why
from agent.core.roll import Peer
from agent.core.roll import Service as Asked
from agent.discovery import Inquiry
from agent.discovery.attempt import EDNS_PAYLOAD
from agent.discovery.examine import Place, examine, way_of
from agent.lab.cluster import Pod, Port, Service
from tests.discovery.conftest import Serve
from tests.discovery.world import DB, World, pods
from tests.support.docker_dns import DockerDns, nobody, silence
from tests.support.scripted_dns import Question, ScriptedDns, Stream, answer, framed

PROD = Service("db", "prod", pods=pods(3))
NAMESPACE = "prod.svc.cluster.local"
OWN = Peer(DB.pod("db-1"), ("10.0.0.2",))


def examined(*servers: Nameserver, service: Asked = DB, timeout: float = 1.0, **how: Any) -> Dns:
    """All facts of the service, for one of its pods; `how` as in the inquiry."""
    here = how.get("here", ())
    place = Place(service.namespace, service.cluster_domain, servers, timeout, here)
    given = {"own": OWN, "timeout": timeout, **how}
    return examine(place, Inquiry(service, nameservers=lambda: servers, **given), time.monotonic)


def at(*servers: ScriptedDns) -> tuple[Nameserver, ...]:
    return tuple(Nameserver(server.host, server.port) for server in servers)


def test_of_a_good_setup_all_facts_are_good(world: World) -> None:
    found = examined(world.show(PROD))
    assert [asked.reaction for asked in found.asked] == [Reaction.THERE]
    assert isinstance(found.seen, Answered)
    assert len(found.seen.endpoints) == 3
    assert found.seen.remarks == ()
    assert found.records.ports == (9042,)
    assert found.records.without_port == ()
    assert set(found.records.ttls) == {5.0}
    assert found.over_tcp is not None
    assert 100 < found.over_tcp.size < EDNS_PAYLOAD
    assert found.over_tcp.problem == ""


@pytest.mark.parametrize(
    ("namespace", "domain", "has_zone"),
    [("prot", "cluster.local", True), ("prod", "dev.cluster.local", False)],
)
def test_a_wrong_namespace_is_told_from_a_wrong_cluster_domain(
    world: World, namespace: str, domain: str, has_zone: bool
) -> None:
    found = examined(world.show(PROD), service=Asked("db", namespace, domain))
    assert [asked.reaction for asked in found.asked] == [Reaction.MISSING]
    assert found.has_zone is has_zone
    assert found.seen is UNASKED


def test_a_service_without_ports_has_no_ports_and_the_reason(world: World) -> None:
    found = examined(world.show(replace(PROD, ports=())))
    assert isinstance(found.seen, Answered)
    assert found.seen.remarks == ()
    assert found.records.ports == ()
    assert found.records.no_srv.startswith("the service has no SRV records")


def test_the_names_of_this_pod_are_asked_for_where_the_service_lists_it_without_one(
    world: World,
) -> None:
    dashed = replace(PROD, own_hostnames=False)
    nameserver = world.show(dashed, replace(PROD, name="db-pods"))
    found = examined(nameserver)
    assert isinstance(found.seen, Absent)
    assert found.seen.why is Why.NO_NAMES
    assert "db-1.db-pods.prod.svc.cluster.local" in found.own_names
    stranger = Peer(DB.pod("db-9"), ("10.9.9.9",))
    assert examined(nameserver, own=stranger).own_names == ()


def test_an_answer_that_needs_tcp_is_larger_than_what_fits_into_udp(world: World) -> None:
    found = examined(world.show(replace(PROD, pods=pods(60))))
    assert found.over_tcp is not None
    assert found.over_tcp.size > found.over_tcp.fits == EDNS_PAYLOAD


def records(question: Question, *, srv: Iterable[int], a: Iterable[int]) -> list[str]:
    """What a question for the service is answered with: these pods by SRV, and those by address."""
    name = f"{DB.fqdn}."
    match question.kind:
        case "SRV":
            return [
                *(f"{name} 30 IN SRV 0 50 9042 db-{n}.{name}" for n in srv),
                *(f"db-{n}.{name} 30 IN A 10.0.0.{n + 1}" for n in srv),
            ]
        case "A" if question.name == DB.fqdn:
            return [f"{name} 17 IN A 10.0.0.{n + 1}" for n in a]
        case _:
            return []


def test_a_pod_that_no_srv_record_leads_to_is_found_by_its_address(serve: Serve) -> None:
    server = serve(lambda q: [answer(q, *records(q, srv=(0, 1), a=(0, 1, 2)))])
    found = examined(*at(server)).records
    assert found.without_port == ("10.0.0.3",)
    assert set(found.ttls) == {17.0, 30.0}


def test_a_pod_that_comes_between_two_questions_is_no_such_pod(serve: Serve) -> None:
    def udp(question: Question) -> Iterable[bytes]:
        asked_before = [q for q in server.asked if (q.kind, q.name) == ("SRV", DB.fqdn)]
        ordinals = (0, 1, 2) if len(asked_before) > 2 else (0, 1)
        yield answer(question, *records(question, srv=ordinals, a=(0, 1, 2)))

    server = serve(udp)
    assert examined(*at(server)).records.without_port == ()


def test_where_addresses_are_left_out_beside_the_names_nobody_is_said_to_lack_a_port(
    serve: Serve,
) -> None:
    """CoreDNS's `minimal` plugin does that."""

    def udp(question: Question) -> Iterable[bytes]:
        all_of_them = records(question, srv=(0, 1), a=(0, 1))
        own_kind = [record for record in all_of_them if record.split()[3] == question.kind]
        yield answer(question, *own_kind)

    assert examined(*at(serve(udp))).records == Records(
        ports=(9042,),
        names=("db-0", "db-1"),
        addresses=("10.0.0.1", "10.0.0.2"),
        ttls=(30.0, 17.0),
        without_port=(),
    )


def test_neither_this_pods_name_nor_its_address_is_asked_for_where_it_is_not_listed(
    serve: Serve,
) -> None:
    """A question that comes too early keeps a name from resolving: kubernetes issue 92559."""
    own = "2.0.0.10.in-addr.arpa"

    def dashed(question: Question) -> Iterable[bytes]:
        by_name = records(question, srv=(0, 2), a=(0, 2))
        return [
            answer(question, *(r.replace("db-0.", "10-0-0-1.") for r in by_name if "db-2" not in r))
        ]

    for script in (
        lambda q: [answer(q, *records(q, srv=(0, 2), a=(0, 2)))],
        lambda q: [answer(q)],
        dashed,
    ):
        server = serve(script)
        examined(*at(server))
        examined(*at(server), family="ipv6")
        examined(*at(server), mode="ordinals", pods=("db-0", "db-1", "db-2"))
        assert {q.name for q in server.asked if q.name in (OWN.fqdn, own)} == set()
        assert {q.name for q in server.asked} >= {NAMESPACE, DB.fqdn}
    assert server.count("udp") > 3


def test_each_nameserver_is_asked_by_itself(serve: Serve) -> None:
    def says(rcode: dns.rcode.Rcode) -> ScriptedDns:
        return serve(lambda q: [answer(q, rcode=rcode)])

    servers = [
        *(says(r) for r in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.REFUSED)),
        *(says(r) for r in (dns.rcode.SERVFAIL, dns.rcode.NOTIMP)),
        serve(lambda _: ()),
    ]
    with ScriptedDns(lambda _: ()) as gone:
        pass  # nothing listens there any more
    found = examined(*at(*servers, gone), timeout=0.3)
    assert [asked.reaction for asked in found.asked] == [
        Reaction.THERE,
        Reaction.MISSING,
        Reaction.REFUSED,
        Reaction.FAILED,
        Reaction.FAILED,
        Reaction.SILENT,
        Reaction.UNREACHABLE,
    ]
    assert [bool(asked.phrase) for asked in found.asked] == [False, False, *[True] * 5]
    assert found.asked[5].seconds >= 0.3


def test_where_nobody_answers_no_more_is_asked(serve: Serve) -> None:
    server = serve(lambda q: [answer(q, rcode=dns.rcode.SERVFAIL)])
    found = examined(*at(server))
    assert (found.seen, found.over_tcp, found.has_zone) == (UNASKED, None, None)
    assert {question.name for question in server.asked} == {NAMESPACE}


def test_without_a_service_the_nameservers_and_the_namespace_are_asked_about(serve: Serve) -> None:
    server = serve(lambda q: [answer(q)])
    found = examine(Place("prod", "cluster.local", at(server), 1.0), None, time.monotonic)
    assert [asked.reaction for asked in found.asked] == [Reaction.THERE]
    assert {question.name for question in server.asked} == {NAMESPACE}
    assert examine(Place("", "cluster.local", at(server), 1.0), None, time.monotonic) == Dns()
    assert len(server.asked) == 1


def over_tcp(server: ScriptedDns) -> OverTcp:
    found = examined(*at(server), timeout=0.3).over_tcp
    assert found is not None
    return found


def whole(question: Question) -> Iterable[bytes]:
    return [answer(question, *records(question, srv=(0, 1), a=(0, 1)))]


def test_what_goes_wrong_over_tcp_is_a_phrase(serve: Serve) -> None:
    def cut(question: Question, stream: Stream) -> None:
        stream.send(framed(answer(question, cut=True)))

    def hold(_: Question, stream: Stream) -> None:
        stream.hold()

    def close(_: Question, stream: Stream) -> None:
        stream.send(b"")

    def garbage(_: Question, stream: Stream) -> None:
        stream.send(framed(b"garbage"))

    refused, held, closed, broken = (
        over_tcp(serve(whole, tcp)) for tcp in (None, hold, close, garbage)
    )
    assert refused.problem.endswith("takes no connection over TCP")
    assert held.problem.endswith("does not answer over TCP within 0.3 s")
    assert "does not answer over TCP: " in closed.problem
    assert "does not answer over TCP: " in broken.problem
    short = over_tcp(serve(whole, cut))
    assert short.is_cut_short
    assert "cut short over TCP too" in short.problem


def test_an_answer_that_is_not_whole_over_udp_needs_tcp_to_be_seen(serve: Serve) -> None:
    def udp(question: Question) -> Iterable[bytes]:
        if question.name == NAMESPACE:
            return [answer(question)]
        return [answer(question, cut=True)]

    found = examined(*at(serve(udp)), timeout=0.3)
    assert isinstance(found.seen, Unknown)
    assert found.over_tcp is not None
    assert found.over_tcp.problem


# Other ways of asking.


def test_the_records_of_one_port_are_looked_at_where_that_is_asked_for(world: World) -> None:
    nameserver = world.show(replace(PROD, ports=(Port("cql", 9042), Port("jmx", 7199))))
    assert examined(nameserver).records.ports == (7199, 9042)
    assert examined(nameserver, port="jmx").records.ports == (7199,)
    wrong = examined(nameserver, port="sql")
    assert wrong.records.no_srv.startswith("the service has no port named sql")
    assert not wrong.records.is_too_long
    only_srv = examined(nameserver, port="sql", mode="srv").seen
    assert isinstance(only_srv, Absent)
    assert only_srv.why is Why.NO_SUCH_PORT


def test_pods_without_names_are_no_mistake_where_they_are_a_deployments(world: World) -> None:
    found = examined(world.show(replace(PROD, own_hostnames=False)), has_names=False)
    assert isinstance(found.seen, Answered)
    assert [endpoint.fqdn for endpoint in found.seen.endpoints] == [
        "10.0.0.1",
        "10.0.0.2",
        "10.0.0.3",
    ]
    assert found.own_names == ()


def test_who_has_addresses_of_the_other_family_only_is_unfit(world: World) -> None:
    dual = Pod("db-3", ("10.0.0.4", "fd00::4"))
    nameserver = world.show(replace(PROD, pods=(*pods(2), dual)))
    for mode in ("auto", "address"):
        found = examined(nameserver, mode=mode, family="ipv6")
        assert [Peer(each.fqdn).name for each in found.unfit] == ["db-0", "db-1"]
    assert examined(nameserver, family="ipv4").unfit == ()
    nobody = examined(world.show(PROD), mode="address", family="ipv6")
    assert isinstance(nobody.seen, Absent)
    assert len(nobody.unfit) == 3


def test_the_question_over_tcp_is_the_one_that_the_agent_asks(world: World) -> None:
    nameserver = world.show(replace(PROD, pods=pods(60)))
    by_srv, by_address = examined(nameserver), examined(nameserver, mode="address")
    assert by_srv.over_tcp is not None
    assert by_address.over_tcp is not None
    assert by_srv.over_tcp.size > by_address.over_tcp.size
    by_name = examined(nameserver, mode="ordinals", pods=("db-0", "db-1"))
    assert by_name.over_tcp is None


def test_where_the_peers_are_told_nobody_is_asked(serve: Serve) -> None:
    server = serve(lambda q: [answer(q)])
    found = examined(*at(server), peers=("db-0.example", "10.0.0.7"))
    assert isinstance(found.seen, Answered)
    assert len(found.seen.endpoints) == 3
    assert (found.asked, server.asked) == ((), [])


# docker-compose.

BARE = Asked("db", "", "")
HERE = ("172.18.0.9",)
MEMBERS = {f"db-{n}": (f"172.18.0.{n + 2}",) for n in range(3)}
AGENT = {"proj-agent-1": HERE}
CONTAINER = Peer("db-1")


def no_stranger(question: Question) -> Iterable[bytes]:
    """Behind Docker's, where nothing is to be handed on."""
    pytest.fail(f"{question.kind} {question.name} was handed on")


def in_compose(server: ScriptedDns, **how: Any) -> Dns:
    """All facts in the container of db-1's agent, which has an address that Docker knows."""
    given = {"own": CONTAINER, "here": HERE, "timeout": 1.0, **how}
    return examined(*at(server), service=BARE, **given)


def test_docker_is_asked_for_no_srv_records_and_for_what_it_answers_itself(serve: Serve) -> None:
    docker = DockerDns({**MEMBERS, **AGENT}, {"db": tuple(MEMBERS)}, upstream=no_stranger)

    def tcp(question: Question, stream: Stream) -> None:
        for reply in docker(question):
            stream.send(framed(reply))

    server = serve(docker, tcp)
    by_name = in_compose(server, pods=("db-0", "db-1", "db-2"))
    assert [asked.reaction for asked in by_name.asked] == [Reaction.THERE]
    assert isinstance(by_name.seen, Answered)
    assert [endpoint.fqdn for endpoint in by_name.seen.endpoints] == ["db-0", "db-1", "db-2"]
    assert (by_name.records, by_name.over_tcp) == (Records(), None)
    by_alias = in_compose(server)
    assert isinstance(by_alias.seen, Answered)
    assert by_alias.over_tcp is not None
    assert by_alias.over_tcp.problem == ""
    assert {question.kind for question in server.asked} == {"A", "AAAA", "PTR"}


def test_a_docker_that_does_not_know_a_name_is_told_from_one_that_does_not_answer(
    serve: Serve,
) -> None:
    for upstream in (nobody, silence):
        server = serve(DockerDns(dict(AGENT), upstream=upstream))
        found = in_compose(server, pods=("db-0", "db-1"))
        assert [asked.reaction for asked in found.asked] == [Reaction.THERE]
        assert isinstance(found.seen, Absent)
        assert found.over_tcp is None
    hung = in_compose(serve(lambda _: ()), pods=("db-0",))
    assert [asked.reaction for asked in hung.asked] == [Reaction.SILENT]
    assert hung.seen is UNASKED


def test_a_nameserver_that_is_not_dockers_answers_all_the_same(serve: Serve) -> None:
    """Where the operator says that names are bare."""
    server = serve(lambda q: [answer(q, rcode=dns.rcode.NXDOMAIN)])
    found = in_compose(server, pods=("db-0",), here=())
    assert [asked.reaction for asked in found.asked] == [Reaction.MISSING]
    assert isinstance(found.seen, Absent)
    assert found.has_zone is None


def test_containers_without_the_family_that_is_asked_for_are_unfit(serve: Serve) -> None:
    found = in_compose(serve(DockerDns({**MEMBERS, **AGENT})), pods=("db-0", "db-1"), family="ipv6")
    assert isinstance(found.seen, Absent)
    assert [each.fqdn for each in found.unfit] == ["db-0", "db-1"]


def test_what_is_asked_for_follows_from_the_mode_and_from_where_the_pod_is() -> None:
    def way(service: Asked = DB, **how: Any) -> Way:
        return way_of(Inquiry(service, OWN, tuple, **how))

    assert way() is way(mode="srv") is way(pods=("db-0",)) is Way.SRV
    assert (
        way(mode="address") is way(BARE) is way(BARE, mode="address", pods=("db-0",)) is Way.ADDRESS
    )
    assert way(mode="ordinals") is way(BARE, pods=("db-0",)) is Way.ORDINALS
    assert way(peers=("db-0",)) is way(BARE, peers=("db-0",), mode="static") is Way.STATIC
