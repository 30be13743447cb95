"""Clients that are slow, many, greedy or wrong: each is refused or dropped, and a probe gets in."""

import errno
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from agent.core.roll import Peer
from agent.core.snapshot import Snapshot
from agent.status import Limits, Server
from tests.status.client import SOON, Client, closes, get, hold, serving
from tests.status.situations import SERVICE, ready
from tests.support.until import until

GENERATION = ready().roll.generation
LIMITS = Limits()


@pytest.fixture(autouse=True)
def many_files() -> Iterator[None]:
    """Clients and server are one process here, with up to 1,300 sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(ready()) as server:
        yield server


def of_many(peers: int) -> Snapshot:
    """A snapshot of so many members: some 150 bytes of answer for each."""
    listed = tuple(Peer(SERVICE.pod(f"db-{n}"), ("10.0.0.1",)) for n in range(peers))
    return ready()._replace(roll=replace(ready().roll, peers=listed))


def head_of(size: int) -> bytes:
    """A request with a line and headers of so many bytes."""
    head = b"GET /livez HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n"
    return head % (b"x" * (size + 2 - len(head)))


def test_a_head_may_be_as_long_as_it_may_be_and_no_byte_longer(server: Server) -> None:
    with Client(server) as client:
        for _ in range(3):
            assert client.send(head_of(LIMITS.head)).answer().status == 200
        refused = client.send(head_of(LIMITS.head + 1)).answer()
        assert refused.body == b"a request's line and headers have 16384 bytes at most\n"
        assert (refused.status, refused.headers["connection"]) == (431, "close")
        closes(client)


def test_a_head_that_comes_in_parts_may_be_no_longer_either(server: Server) -> None:
    for size, status in ((LIMITS.head, 200), (LIMITS.head + 50, 431)):
        head = head_of(size)
        with Client(server).send(head[:100]) as client:
            get(server, "/livez")  # so the first part is read by itself
            assert client.send(head[100:]).answer().status == status


def test_a_client_that_sends_headers_without_end_reads_why_it_is_refused(server: Server) -> None:
    with Client(server).send(b"GET /livez HTTP/1.1\r\n") as client:
        sending = threading.Thread(target=_send_headers, args=(client,), daemon=True)
        sending.start()
        assert client.answer().status == 431
        sending.join(SOON)
        assert not sending.is_alive()  # it was dropped


def _send_headers(client: Client) -> None:
    try:
        while True:
            client.send(b"X: %s\r\n" % (b"x" * 60_000))
    except OSError:
        pass


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET /livez\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 2\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xa5" * 502, 400),
        (b"\0" * 20_000, 400),
        (b"GET /" + b"x" * 20_000, 431),
        (b"GET /livez HTTP/2.0\r\n\r\n", 505),
        (b"GET /livez HTTP/0.9\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 413),
        (b"HEAD /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 413),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n", 413),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 413),
        (
            b"GET /livez HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
            413,
        ),
        (b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 405),
    ],
)
def test_what_is_no_request_or_has_a_body_is_refused_and_the_client_left(
    server: Server, sent: bytes, status: int
) -> None:
    with Client(server).send(sent) as client:
        refused = client.answer(to_head=sent.startswith(b"HEAD"))
        assert (refused.status, refused.headers["connection"]) == (status, "close")
        assert client.end().rest() == b""
    assert get(server, "/livez").status == 200


@pytest.mark.parametrize("line", [b"GET /secret x", b"\x1b[2J" * 999, b"GET / HTTP/1.1\r\nsecret"])
def test_a_refusal_repeats_nothing_of_what_is_no_request(server: Server, line: bytes) -> None:
    with Client(server).send(line + b"\r\n\r\n") as client:
        said = client.answer().body
    assert said.startswith(b"that is no request: ")
    assert len(said) < 90
    assert not any(word in said for word in (b"secret", b"x1b", b"\x1b", b"bytearray"))


def test_who_gives_two_lengths_is_answered_and_left(server: Server) -> None:
    two = b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    with Client(server).send(b"GET /livez HTTP/1.1\r\nHost: x\r\n" + two) as client:
        assert client.ask("/readyz").answer().headers["connection"] == "close"
        assert client.end().rest() == b""


@pytest.mark.parametrize("before", [b"\r\n", b"\n", b"\r\n" * 2_000])
def test_empty_lines_before_a_request_are_passed_over(server: Server, before: bytes) -> None:
    with Client(server) as client:
        for _ in range(2):
            assert client.send(before).ask("/livez").answer().status == 200
        client.ask("/readyz").send(before).ask("/livez").end()
        assert (client.answer().status, client.answer().status) == (200, 200)
        assert client.rest() == b""


def test_empty_lines_that_come_by_themselves_are_passed_over(server: Server) -> None:
    with Client(server) as client:
        for part in (b"\r", b"\n", b"\r\n"):
            client.send(part)
            get(server, "/livez")
        assert client.ask("/livez").answer().status == 200
        closes(client.send(b"\r\n").end())


def test_a_request_that_ends_in_the_middle_is_refused(server: Server) -> None:
    with Client(server).send(b"GET /livez HTTP/1.1\r\nHo").end() as client:
        assert client.answer().status == 400
        closes(client)


def test_a_client_that_sends_a_byte_now_and_then_is_dropped_all_the_same() -> None:
    with serving(ready(), Limits(idle=0.3)) as server, Client(server) as slow:
        head = iter(head_of(LIMITS.head))

        def is_dropped_after_another_byte() -> bool:
            try:
                slow.send(bytes([next(head)]))
            except OSError:
                return True
            return slow.is_closed()

        until(is_dropped_after_another_byte, SOON, "the slow client is dropped")


def test_a_connection_that_is_not_used_again_is_closed() -> None:
    with serving(ready(), Limits(idle=0.1)) as server, Client(server).ask("/livez") as client:
        assert client.answer().status == 200
        closes(client)


def test_a_client_that_does_not_go_is_dropped() -> None:
    limits = Limits(leave=0.1)
    with serving(ready(), limits) as server, Client(server).send(b"x\r\n\r\n") as client:
        assert client.answer().status == 400
        closes(client)

        def is_dropped() -> bool:
            try:
                client.send(b"x" * 1000)
            except OSError:
                return True
            return False

        until(is_dropped, SOON, "what it still sends is refused")


class Slow(Client):
    """A client that asks for much, and does not read it."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.ask("/v1/peers")
        self._was_cut = False

    def is_cut(self) -> bool:
        """Whether the server has given up what was not read."""
        error = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # told only once
        self._was_cut = self._was_cut or error == errno.ECONNRESET
        return self._was_cut


def test_a_client_that_does_not_read_its_answer_is_dropped() -> None:
    limits = Limits(unread=0.3)
    with serving(of_many(6_000), limits) as server, Slow(server) as slow:
        until(slow.is_cut, SOON, "the client is dropped")


def test_a_client_that_reads_slowly_gets_all_of_its_answer_and_of_the_next() -> None:
    with serving(of_many(6_000)) as server, Slow(server) as slow:
        get(server, "/livez")
        size = len(get(server, "/v1/peers").body)
        slow.ask("/livez")
        assert len(slow.answer().body) == size
        assert slow.answer().status == 200


def test_answers_that_nobody_reads_take_no_more_than_a_part_of_the_memory() -> None:
    limits = Limits(unsent=4_000_000)
    with serving(of_many(6_000), limits) as server, ExitStack() as clients:
        size = len(get(server, "/v1/peers").body)
        assert size > 1_300_000  # of which the kernel takes some 300,000
        slow = [clients.enter_context(Slow(server)) for _ in range(9)]
        until(lambda: sum(map(Slow.is_cut, slow)) >= 5, SOON, "the first have to go")
        assert get(server, "/livez").status == 200
        assert not any(map(Slow.is_cut, slow[-2:]))
        assert len(slow[-1].answer().body) == size


def test_a_thousand_that_say_nothing_leave_room_for_a_probe(server: Server) -> None:
    with ExitStack() as clients:
        idle = [clients.enter_context(Client(server)) for _ in range(1_000)]
        assert get(server, "/livez").status == 200
        until(lambda: sum(map(Client.is_closed, idle)) > 1_000 - 128, SOON, "most have to go")
        assert not any(map(Client.is_closed, idle[-100:]))


def test_who_waits_for_a_change_stays_while_others_can_go(server: Server) -> None:
    with ExitStack() as clients:
        held = [clients.enter_context(hold(server, GENERATION)) for _ in range(20)]
        idle = [clients.enter_context(Client(server)) for _ in range(300)]
        closes(idle[0])
        assert get(server, "/livez").status == 200
        assert not any(map(Client.has_news, held))


def test_where_all_wait_for_a_change_the_first_is_answered_and_a_probe_gets_in(
    server: Server,
) -> None:
    with ExitStack() as clients:
        held = [clients.enter_context(hold(server, GENERATION)) for _ in range(127)]
        last = clients.enter_context(Client(server))
        last.ask("/livez").ask(f"/v1/peers?after={GENERATION}&timeout=60s")
        assert last.answer().status == 200  # and then it is held at once
        assert get(server, "/livez").status == 200
        first, *others = held
        assert first.answer().status == 200
        closes(first)
        assert not any(map(Client.has_news, [*others, last]))
        with Client(server) as another:
            assert another.ask("/livez").answer().status == 200
