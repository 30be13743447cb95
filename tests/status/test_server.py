"""The server over real sockets: where it listens, what it answers, and who waits for a change."""

import gc
import json
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from agent.core.listen import ListenAddress
from agent.core.snapshot import Snapshot
from agent.status import Clocks, Limits, ListenError, NoServer, Server, serve
from agent.status.listening import listening
from tests.status.client import SOON, Client, closes, get, hold, serving
from tests.status.situations import ABOUT, NOW, OFFSET, failing, ready, waiting
from tests.support.until import until

GENERATION = ready().roll.generation
# Seconds that something takes at most that is to be done at once.
AT_ONCE = 2.0


def changed(snapshot: Snapshot, generation: int) -> Snapshot:
    return snapshot._replace(roll=replace(snapshot.roll, generation=generation))


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(ready()) as server:
        yield server


def test_all_addresses_are_ipv4_and_ipv6() -> None:
    with closing(Server(ListenAddress("", 0), ABOUT)) as server:
        assert get(server, "/v1/openapi.json", "127.0.0.1").status == 200
        assert get(server, "/v1/openapi.json", "::1").status == 200


@pytest.mark.parametrize(("host", "other"), [("127.0.0.1", "::1"), ("::1", "127.0.0.1")])
def test_one_address_is_only_that_one(host: str, other: str) -> None:
    with closing(Server(ListenAddress(host, 0), ABOUT)) as server:
        assert get(server, "/v1/openapi.json", host).status == 200
        with pytest.raises(ConnectionRefusedError):
            Client(server, other)


def test_where_the_kernel_has_no_ipv6_all_addresses_are_ipv4() -> None:
    with listening(ListenAddress("", 0), has_ipv6=lambda: False) as sock:
        assert sock.family == socket.AF_INET
        assert sock.getsockname()[0] == "0.0.0.0"


def test_it_says_which_port_it_has_got() -> None:
    with closing(Server(ListenAddress("::1", 0), ABOUT)) as server:
        head, _, port = server.where.rpartition(":")
        assert head == "[::1]"
        assert int(port) > 0


def test_a_port_that_is_taken_is_an_error_that_says_what_to_do(server: Server) -> None:
    taken = ListenAddress("", int(server.where.rpartition(":")[2]))
    with pytest.raises(ListenError) as refused:
        Server(taken, ABOUT)
    assert str(refused.value) == (
        f"can't listen on {taken}: the port is taken, by another container of this pod (they share "
        "their ports) or by a second rollcall; set --status-listen to another, or to none"
    )


def test_an_address_that_is_not_here_is_an_error_that_says_so() -> None:
    elsewhere = ListenAddress("192.0.2.1", 9797)
    with pytest.raises(ListenError, match=r"on 192\.0\.2\.1:9797: this pod has no such address"):
        Server(elsewhere, ABOUT)


def test_none_is_a_server_that_does_nothing() -> None:
    threads = threading.active_count()
    with closing(serve(None, ABOUT)) as server:
        server.show(ready())
        assert isinstance(server, NoServer)
        assert (server.where, threading.active_count()) == ("", threads)


def test_when_it_is_closed_its_connections_thread_and_port_are_free_again() -> None:
    with serving(ready()) as server, ExitStack() as clients:
        held = clients.enter_context(hold(server, GENERATION))
        idle = clients.enter_context(Client(server))
        half = clients.enter_context(Client(server).send(b"GET /livez HT"))
        get(server, "/livez")
        began = time.monotonic()
        server.close()
        assert time.monotonic() - began < AT_ONCE
        assert "status" not in {thread.name for thread in threading.enumerate()}
        assert held.answer().status == 200  # as if its time were over
        for client in (held, idle, half):
            closes(client)
        server.close()
        server.show(waiting())
        at = ListenAddress("127.0.0.1", int(server.where.rpartition(":")[2]))
        Server(at, ABOUT).close()


def test_clients_that_come_while_it_is_closed_leave_nothing_open() -> None:
    for _ in range(20):
        with serving(ready()) as server, ExitStack() as clients:
            for _ in range(20):
                clients.enter_context(Client(server))
            server.close()
    gc.collect()  # which tells, as an error, of a socket that is still open


def test_its_thread_has_all_signals_blocked_and_the_main_one_none_more(server: Server) -> None:
    (thread,) = (each for each in threading.enumerate() if each.name == "status")
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())
    status = Path(f"/proc/self/task/{thread.native_id}/status")
    if not status.exists():
        pytest.skip("needs Linux, which tells the signals that a thread has blocked")
    blocked = next(line.split()[1] for line in status.read_text().splitlines() if "SigBlk" in line)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGALRM):
        assert int(blocked, 16) >> (number - 1) & 1


def test_neither_showing_nor_closing_waits_for_an_answer_that_takes_long() -> None:
    going_on, is_asked = threading.Event(), threading.Event()

    def clock() -> float:
        is_asked.set()
        going_on.wait(SOON)
        return NOW

    server = Server(ListenAddress("127.0.0.1", 0), ABOUT, Clocks(clock, lambda: OFFSET))
    with closing(server), Client(server).ask("/livez"):
        assert is_asked.wait(SOON)
        began = time.monotonic()
        for generation in range(100):
            server.show(changed(ready(), generation))
        server.close()
        assert time.monotonic() - began < AT_ONCE
        going_on.set()


def test_an_answer_is_whole_and_says_what_it_is(server: Server) -> None:
    answer = get(server, "/v1/status")
    assert json.loads(answer.body)["generation"] == GENERATION
    assert answer.headers == {
        "content-type": "application/json",
        "content-length": str(len(answer.body)),
        "date": "Tue, 14 Nov 2023 22:16:00 GMT",
        "server": "rollcall",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "connection": "close",
    }


def test_a_clock_that_is_set_while_it_runs_sets_its_times_too() -> None:
    wall = [OFFSET + NOW]
    clocks = Clocks(lambda: NOW, lambda: wall[0])
    with closing(Server(ListenAddress("127.0.0.1", 0), ABOUT, clocks)) as server:
        server.show(ready())
        assert get(server, "/livez").headers["date"] == "Tue, 14 Nov 2023 22:16:00 GMT"
        wall[0] += 3600
        server.show(ready())
        answer = get(server, "/metrics")
        assert answer.headers["date"] == "Tue, 14 Nov 2023 23:16:00 GMT"
        assert f"last_answer_timestamp_seconds {OFFSET + NOW + 3599}\n".encode() in answer.body
        assert get(server, "/livez").body == b"a poll is due in 0.5 s\n"


def test_a_snapshot_is_answered_from_as_soon_as_it_is_shown(server: Server) -> None:
    assert get(server, "/readyz").status == 200
    server.show(waiting())
    assert get(server, "/readyz").status == 503


def test_before_the_first_snapshot_it_answers_too() -> None:
    with serving(None) as server:
        assert get(server, "/readyz").body == b"the agent is starting\n"


def test_a_connection_takes_one_request_after_the_other(server: Server) -> None:
    with Client(server) as client:
        for target, status in (("/livez", 200), ("/nothing", 404), ("/v1/peers?x", 400)):
            assert client.ask(target).answer().status == status


def test_head_gets_the_headers_only(server: Server) -> None:
    with Client(server) as client:
        head = client.ask("/v1/peers", "HEAD").answer(to_head=True)
        assert head.headers["content-length"] == str(len(client.ask("/v1/peers").answer().body))


def test_requests_that_come_together_are_answered_in_their_order(server: Server) -> None:
    with Client(server) as client:
        one = b"GET /v1/peers HTTP/1.1\r\nHost: x\r\n\r\nHEAD /livez HTTP/1.1\r\nHost: x\r\n\r\n"
        client.send(one * 400)  # more than is read at a time
        for _ in range(400):
            assert client.answer().headers["content-type"] == "application/json"
            assert client.answer(to_head=True).headers["content-length"] == "23"


def test_a_client_that_sends_no_more_is_answered_all_the_same(server: Server) -> None:
    with Client(server).ask("/livez").ask("/nothing").end() as client:
        assert (client.answer().status, client.answer().status) == (200, 404)
        assert client.rest() == b""


@pytest.mark.parametrize("head", ["GET /livez HTTP/1.0\r\n\r\n", "HEAD /livez HTTP/1.0\r\n\r\n"])
def test_a_client_of_http_1_0_is_answered_and_left(server: Server, head: str) -> None:
    with Client(server).send(head.encode()) as client:
        assert client.answer(to_head=head.startswith("HEAD")).headers["connection"] == "close"
        assert client.rest() == b""


def test_nobody_is_followed_to_another_protocol(server: Server) -> None:
    with Client(server) as client:
        more = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n"
        assert client.ask("/livez", more=more).answer().status == 200
        assert client.ask("db-0:9797", "CONNECT").answer().status == 404
        assert client.ask("/livez").answer().status == 200


def test_a_mistake_in_a_page_is_told_and_does_not_end_the_server() -> None:
    with serving(ready()._replace(patience=None)) as server:  # type: ignore[arg-type]  # a mistake
        wrong = get(server, "/livez")
        assert wrong.status == 500
        assert wrong.body.startswith(b"this is a mistake in rollcall: TypeError(")
        server.show(ready())
        assert get(server, "/livez").status == 200


def test_a_held_request_is_answered_when_the_members_change(server: Server) -> None:
    with ExitStack() as clients:
        held = [clients.enter_context(hold(server, GENERATION)) for _ in range(5)]
        server.show(changed(failing(), GENERATION))
        get(server, "/livez")
        assert not any(client.has_news() for client in held)
        server.show(changed(failing(), GENERATION + 1))
        for client in held:
            assert json.loads(client.answer().body)["generation"] == GENERATION + 1


def test_a_held_request_is_answered_with_the_same_roll_when_its_time_is_over(
    server: Server,
) -> None:
    with Client(server).ask(f"/v1/peers?after={GENERATION}&timeout=50ms") as client:
        began = time.monotonic()
        assert client.answer().body == get(server, "/v1/peers").body
        assert time.monotonic() - began >= 0.04


def test_a_connection_goes_on_after_a_held_request(server: Server) -> None:
    target = f"/v1/peers?after={GENERATION}"
    with Client(server).ask(target).ask("/livez").ask(target) as client:
        server.show(changed(ready(), GENERATION + 1))
        assert json.loads(client.answer().body)["generation"] == GENERATION + 1
        assert client.answer().headers["content-type"].startswith("text/plain")
        assert client.answer().status == 200


def test_a_client_that_is_gone_while_it_is_held_leaves_nothing(server: Server) -> None:
    with hold(server, GENERATION) as client:
        assert client.end().answer().status == 200
        closes(client)


def test_a_change_between_question_and_hold_is_not_missed() -> None:
    """One shows as fast as it can while others follow: who misses a change waits a minute."""
    last = 3_000
    with serving(changed(ready(), 0)) as server:
        seen: list[int] = []

        def follow() -> None:
            generation = 0
            with Client(server) as client:
                while generation < last:
                    target = f"/v1/peers?after={generation}&timeout=60s"
                    generation = json.loads(client.ask(target).answer().body)["generation"]
            seen.append(generation)

        followers = [threading.Thread(target=follow, daemon=True) for _ in range(4)]
        for follower in followers:
            follower.start()
        for generation in range(1, last + 1):
            server.show(changed(ready(), generation))
        until(lambda: seen == [last] * 4, SOON, "all have seen the last change")


def test_who_knows_a_change_already_is_not_answered_because_of_it() -> None:
    """It asks when the change is known, and before the server has told it to those who wait."""
    going_on, is_asked, calls = threading.Event(), threading.Event(), count(1)
    shown: list[Server] = []

    def clock() -> float:
        match next(calls):
            case 1:  # of the first request, until the others are there
                is_asked.set()
                going_on.wait(SOON)
            case 2:  # of the second one
                shown[0].show(changed(ready(), GENERATION + 1))
        return NOW

    server = Server(ListenAddress("127.0.0.1", 0), ABOUT, Clocks(clock, lambda: OFFSET))
    server.show(ready())
    shown.append(server)
    with closing(server), Client(server) as first, Client(server) as second, Client(server) as held:
        first.ask("/livez")
        assert is_asked.wait(SOON)
        second.ask("/livez")
        held.ask(f"/v1/peers?after={GENERATION + 1}&timeout=60s")
        going_on.set()
        assert first.answer().status == second.answer().status == 200
        get(server, "/livez")
        assert not held.has_news()


def test_it_takes_no_more_connections_than_half_of_the_files_that_may_be_open() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        for files, connections in ((200, 100), (256, 128), (1024, 128)):
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
            with closing(serve(ListenAddress("127.0.0.1", 0), ABOUT)) as server:
                assert isinstance(server, Server)
                assert server.limits == Limits(connections=connections)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_limits_are_as_documented() -> None:
    limits = Limits()
    assert (limits.connections, limits.head, limits.idle, limits.unread) == (128, 16384, 10.0, 10.0)
