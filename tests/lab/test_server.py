from __future__ import annotations

import re
import socket
from collections.abc import Callable

import dns.flags
import dns.message
import pytest

from agent.lab.cluster import Cluster, Pod, Service
from agent.lab.server import DnsServer
from agent.lab.world import Nameserver
from tests.support.ask import ask, over_tcp, over_udp, read_message
from tests.support.coredns import free_port
from tests.support.until import until


def echo(query: bytes, transport: str, now: float) -> bytes | None:
    """Says nothing to `quiet`, raises on `broken`, and repeats the rest in capitals."""
    if query == b"broken":
        raise LookupError("this answerer is broken")
    return None if query == b"quiet" else query.upper() + b" over " + transport.encode()


def framed(*messages: bytes) -> bytes:
    return b"".join(len(message).to_bytes(2) + message for message in messages)


def test_udp_and_tcp_are_served_on_one_port() -> None:
    with DnsServer(echo) as server:
        assert over_udp(server.port, b"hi") == b"HI over udp"
        assert over_tcp(server.port, b"hi") == [b"HI over tcp"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "localhost", "db.example"])
def test_only_loopback_addresses_are_bound(host: str) -> None:
    with pytest.raises(ValueError, match=f"loopback address.*{re.escape(host)}"):
        DnsServer(echo, host)


def test_another_loopback_address_and_a_given_port_are_taken() -> None:
    port = free_port("127.0.0.9")
    with DnsServer(echo, "127.0.0.9", port):
        assert over_udp(port, b"hi", host="127.0.0.9") == b"HI over udp"
        with pytest.raises(OSError, match="in use"):
            DnsServer(echo, "127.0.0.9", port)
    with DnsServer(echo, "127.0.0.9", port):  # free again, at once
        assert over_tcp(port, b"hi", host="127.0.0.9") == [b"HI over tcp"]


def test_one_connection_takes_many_queries_whole_or_in_pieces() -> None:
    with DnsServer(echo) as server:
        many = [f"query {n}".encode() for n in range(100)]
        answers = over_tcp(server.port, *many, answers=100)
        assert answers == [query.upper() + b" over tcp" for query in many]
        with socket.create_connection((server.host, server.port), timeout=5) as stream:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in framed(b"slow"):
                stream.send(bytes([byte]))
            assert read_message(stream) == b"SLOW over tcp"


def test_long_answers_wait_for_a_slow_reader_and_hold_up_nobody() -> None:
    def long(query: bytes, transport: str, now: float) -> bytes:
        return query * 1000 if transport == "tcp" else query

    with (
        DnsServer(long) as server,
        socket.create_connection((server.host, server.port), timeout=5) as stream,
    ):
        stream.sendall(framed(*[b"a" * 65] * 200))
        assert over_udp(server.port, b"meanwhile") == b"meanwhile"
        for _ in range(200):
            assert len(read_message(stream)) == 65000


def test_silence_is_kept_and_the_next_query_answered() -> None:
    with DnsServer(echo) as server:
        assert over_tcp(server.port, b"quiet", b"hi") == [b"HI over tcp"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(5)
            asking.connect((server.host, server.port))
            for query in (b"quiet", b"hi"):
                asking.send(query)
            assert asking.recv(100) == b"HI over udp"


def test_an_idle_connection_is_closed_after_its_answer() -> None:
    with (
        DnsServer(echo, idle_s=0.1) as server,
        socket.create_connection((server.host, server.port), timeout=5) as stream,
    ):
        stream.sendall(framed(b"hi"))
        assert read_message(stream) == b"HI over tcp"
        with pytest.raises(EOFError):
            read_message(stream)


def test_closing_ends_open_connections_at_once() -> None:
    server = DnsServer(echo)
    with socket.create_connection((server.host, server.port), timeout=5) as stream:
        stream.sendall(framed(b"hi"))
        assert read_message(stream) == b"HI over tcp"
        server.close()
        with pytest.raises(EOFError):
            read_message(stream)
        with pytest.raises(ConnectionRefusedError):
            over_tcp(server.port, b"hi")
    server.close()


def test_an_answerer_that_raises_is_reported_and_the_others_are_served() -> None:
    server = DnsServer(echo)
    assert over_tcp(server.port, b"broken", b"hi") == [b"HI over tcp"]
    with pytest.raises(LookupError, match="this answerer is broken"):
        server.close()


def pods(count: int) -> tuple[Pod, ...]:
    return tuple(Pod(f"db-{n}", (f"10.0.{n // 250}.{n % 250 + 1}",)) for n in range(count))


@pytest.fixture
def served() -> Callable[[int], DnsServer]:
    def serve(count: int) -> DnsServer:
        return DnsServer(
            Nameserver(Cluster(services=(Service("db", pods=pods(count)),)), 0).respond
        )

    return serve


@pytest.mark.parametrize(
    ("count", "transport", "payload", "truncated"),
    [
        (6, "udp", None, False),
        (7, "udp", None, True),
        (16, "udp", 1232, False),
        (17, "udp", 1232, True),
        (16, "tcp", None, False),
        (1000, "tcp", None, True),
    ],
)
def test_tc_is_set_where_coredns_sets_it(
    served: Callable[[int], DnsServer],
    count: int,
    transport: str,
    payload: int | None,
    truncated: bool,
) -> None:
    query = dns.message.make_query("_cql._tcp.db.default.svc.cluster.local.", "SRV")
    query.use_edns(-1 if payload is None else 0, payload=payload or 0)
    with served(count) as server:
        packet = ask(server.port, query.to_wire(), transport)
    assert len(packet) <= (65535 if transport == "tcp" else payload or 512)
    reply = dns.message.from_wire(packet)
    assert bool(reply.flags & dns.flags.TC) is truncated
    assert (reply.edns >= 0) is (payload is not None)
    if not truncated:
        assert len(reply.answer[0]) == len(reply.additional) == count


@pytest.mark.parametrize(
    ("packet", "rcode"),
    [
        (b"\x12\x34\x01\x00\0\0\0\0\0\0\0\0", 1),  # no question
        (b"\x12\x34\x01\x00\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", 1),  # its name points to itself
        (b"\x12\x34\x28\x00\0\1\0\0\0\0\0\0\2db\0\0\6\0\1", 4),  # an UPDATE
    ],
)
def test_a_malformed_packet_with_a_header_is_refused_by_name(
    served: Callable[[int], DnsServer], packet: bytes, rcode: int
) -> None:
    with served(1) as server:
        for transport in ("udp", "tcp"):
            reply = ask(server.port, packet, transport)
            assert (reply[:2], reply[2] & 0x80, reply[3] & 15) == (b"\x12\x34", 0x80, rcode)


def test_addresses_come_in_changing_order_and_srv_records_do_not(
    served: Callable[[int], DnsServer],
) -> None:
    def order(server: DnsServer, rdtype: str) -> tuple[str, ...]:
        query = dns.message.make_query("db.default.svc.cluster.local.", rdtype)
        reply = dns.message.from_wire(ask(server.port, query.to_wire(), "tcp"))
        return tuple(str(rdata) for rdata in reply.answer[0])

    with served(8) as server:
        first = order(server, "A")
        until(lambda: order(server, "A") != first, 5, "another order of addresses")
        assert set(order(server, "A")) == set(first)
        assert {order(server, "SRV") for _ in range(10)} == {order(server, "SRV")}
