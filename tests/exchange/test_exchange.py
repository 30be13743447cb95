"""One exchange, with servers on loopback that do what a server may do."""

from __future__ import annotations

import itertools
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from agent.exchange import ExchangeError, Reply, Request, check, exchange
from agent.exchange.connecting import connected
from agent.exchange.conversation import LARGEST_HEAD, Conversation
from agent.exchange.request import place_of
from agent.exchange.waits import Waits
from tests.publish.own_process import own_mounts
from tests.support.http_server import Guest, Script, reply, serving
from tests.support.machines import PATIENT, REFUSES, SILENT, Machines
from tests.support.until import until
from tests.test_answering import is_ipv6_here

# Seconds. For where nothing comes.
SHORT = 0.3
OK = reply(200, b"all well\n", "Content-Type: text/plain", "X-Twice: 1")
ROOT = Path(__file__).parents[2]


def get(url: str, timeout: float = PATIENT) -> Reply:
    return exchange(Request("GET", url), timeout, time.monotonic)


def wrong(url: str, timeout: float = PATIENT, body: bytes = b"") -> str:
    """Why there was no answer, and not later than said."""
    began = time.monotonic()
    with pytest.raises(ExchangeError) as why:
        exchange(Request("POST", url, body=body), timeout, time.monotonic)
    assert time.monotonic() - began < timeout + 2
    return str(why.value)


def says(*parts: bytes) -> Script:
    """Sends this, whatever it is, and closes."""
    return lambda guest: guest.say(*parts)


HEAD = b"HTTP/1.1 200 OK\r\n"


# What is asked, and what is answered.


def test_a_request_arrives_as_it_was_made_and_the_answer_comes_back() -> None:
    with serving(OK) as server:
        request = Request("PUT", f"{server.url}/a/b?c=%20d#e", {"X-Mine": "1"}, b"\x00body\xff")
        answer = exchange(request, PATIENT, time.monotonic)
        (guest,) = server.guests
    assert guest.head.startswith("PUT /a/b?c=%20d HTTP/1.1\r\n")
    assert guest.body == b"\x00body\xff"
    assert guest.header("host") == f"127.0.0.1:{server.port}"
    assert guest.header("x-mine") == "1"
    assert guest.header("connection") == "close"
    assert answer == Reply(
        200,
        {"content-length": "9", "content-type": "text/plain", "x-twice": "1"},
        b"all well\n",
    )


def test_headers_that_are_given_take_the_place_of_ones_own() -> None:
    headers = {"Host": "db.example", "USER-AGENT": "mine"}
    with serving(OK) as server:
        exchange(Request("GET", server.url, headers), PATIENT, time.monotonic)
        (guest,) = server.guests
    assert guest.header("host") == "db.example"
    assert guest.header("user-agent") == "mine"
    assert guest.head.lower().count("\r\nhost:") == 1


@pytest.mark.parametrize("status", [200, 204, 302, 404, 500, 503, 599])
def test_each_status_is_an_answer_and_no_redirect_is_followed(status: int) -> None:
    with serving(reply(status, b"", "Location: /elsewhere")) as server:
        answer = get(server.url)
        assert (answer.status, answer.headers["location"]) == (status, "/elsewhere")
        assert len(server.guests) == 1


def test_the_answer_to_head_has_no_body_whatever_its_headers_say() -> None:
    with serving(says(HEAD + b"Content-Length: 1000\r\n\r\n")) as server:
        answer = exchange(Request("HEAD", server.url), PATIENT, time.monotonic)
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize(
    "said",
    [
        b"Transfer-Encoding: chunked\r\n\r\n4\r\nall \r\n5\r\nwell\n\r\n0\r\n\r\n",
        b"\r\nall well\n",
        b"Content-Length: 9\r\n\r\nall well\nand more, which is not its body",
    ],
)
def test_a_body_ends_where_http_says(said: bytes) -> None:
    with serving(says(HEAD, said)) as server:
        assert get(server.url).body == b"all well\n"


def test_an_answer_may_come_byte_by_byte_and_after_others_that_are_none() -> None:
    whole = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + HEAD
    whole += b"Content-Length: 9\r\n\r\nall well\n"
    with serving(says(*(bytes([byte]) for byte in whole))) as server:
        assert get(server.url).body == b"all well\n"


@pytest.mark.skipif(not is_ipv6_here(), reason="this machine has no IPv6 loopback")
def test_an_ipv6_address_is_asked_as_any() -> None:
    with serving(OK, address="::1") as server:
        assert get(server.url).status == 200
        assert server.guests[0].header("host") == f"[::1]:{server.port}"


@pytest.mark.parametrize("keeps", [0, 1, 9, 10, 100_000])
def test_no_more_of_a_body_is_read_than_is_wanted(keeps: int) -> None:
    with serving(reply(200, b"x" * 10)) as server:
        answer = exchange(Request("GET", server.url, keeps=keeps), PATIENT, time.monotonic)
    assert answer.body == b"x" * min(keeps, 10)
    assert answer.is_cut == (keeps < 10)


def test_a_body_without_end_costs_neither_time_nor_memory() -> None:
    def endless(guest: Guest) -> None:
        guest.say(HEAD, b"\r\n")
        while not guest.is_over.is_set():
            guest.say(b"x" * 1_000_000)

    with serving(endless) as server:
        answer = exchange(Request("GET", server.url, keeps=5_000_000), PATIENT, time.monotonic)
    assert (len(answer.body), answer.is_cut) == (5_000_000, True)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_port_that_goes_without_saying_is_not_said(scheme: str) -> None:
    port = {"http": 80, "https": 443}[scheme]
    assert place_of(f"{scheme}://db.example").header == "db.example"
    assert place_of(f"{scheme}://[::1]:{port}/").header == "[::1]"
    assert place_of(f"{scheme}://[::1]:81/").header == "[::1]:81"
    assert place_of(f"{scheme}://[::1]").port == port


# What is no request.


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (Request("GET", "ftp://h/secret"), "does not begin with http:// or https://"),
        (Request("GET", "127.0.0.1:8080/secret"), "does not begin with http:// or https://"),
        (Request("GET", "http:///secret"), "the URL names no host"),
        (Request("GET", "http://h:0/secret"), "the URL names no port"),
        (Request("GET", "http://h:70000/secret"), "Port out of range"),
        (Request("GET", "http://h:x/secret"), "the URL is none: Port could not be cast"),
        (Request("GET", "http://[::1/secret"), "the URL is none: Invalid IPv6 URL"),
        (Request("GET", "http://me:secret@h/"), "give the header Authorization instead"),
        (Request("GET", "http://h/secret place"), "has to be written as %XX"),
        (Request("GET", "http://h/secret\r\nX: y"), "has to be written as %XX"),
        (Request("GET", "http://h/sécret"), "has to be written as %XX"),
        (Request("GE T", "http://h/secret"), "there is no such request: Illegal method"),
        (Request("GET", "http://h/secret", {"a b": "1"}), "Illegal header name"),
        (Request("GET", "http://h/secret", {"é": "1"}), "there is no such request: 'ascii'"),
        *(
            (Request("GET", "http://h/", {"a": value}), "the header 'a' has a value that can't be")
            for value in ("secret\nb: 2", "sécret", "secret ", "\tsecret", "\0secret")
        ),
        (
            Request("POST", "http://h/", {"Content-Length": "0"}),
            "the header Content-Length is made for each request: leave it out",
        ),
        (
            Request("POST", "http://h/", {"transfer-encoding": "chunked"}),
            "the header transfer-encoding is made for each request: leave it out",
        ),
    ],
)
def test_what_can_be_no_request_is_said_before_anybody_is_asked(
    request_: Request, reason: str
) -> None:
    for refuse in (check, lambda bad: exchange(bad, SHORT, time.monotonic)):
        with pytest.raises(ExchangeError) as why:
            refuse(request_)
        assert reason in str(why.value)
        assert "secret" not in str(why.value)
        assert "\n" not in str(why.value)


def test_what_can_be_a_request_is_not_refused() -> None:
    check(
        Request(
            "POST", "https://[fe80::1%25eth0]:8443/x?y=z", {"Authorization": "Bearer x", "A": ""}
        )
    )


# What goes wrong.


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", "closed the connection and did not answer"),
        (b"HTTP/1.", "closed the connection and did not answer"),
        (HEAD, "closed the connection and did not answer"),
        (HEAD + b"A: b\r\n", "closed the connection and did not answer"),
        (b"HTTP/1.1 100 \r\n\r\n", "closed the connection and did not answer"),
        (
            HEAD + b"Content-Length: 9\r\n\r\nall",
            "closed the connection and did not end its answer",
        ),
        (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nall",
            "closed the connection and did not end its answer",
        ),
        (b"220 mail.example ESMTP\r\n\r\n", "answered with something that is not HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x16", "answered with something that is not HTTP"),
        (HEAD + b"no header\r\n\r\n", "answered with something that is not HTTP"),
        (
            HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "answered with something that is not HTTP",
        ),
        (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
            "answered with something that is not HTTP",
        ),
        (b"HTTP/1.1 101 Switching\r\n\r\n", "answered with something that is not HTTP"),
    ],
)
def test_why_there_is_no_answer_is_one_sentence(said: bytes, reason: str) -> None:
    with serving(says(said)) as server:
        place = server.url.removeprefix("http://")
        assert wrong(f"{server.url}/secret") == f"{place} {reason}"


def test_a_head_that_is_too_long_is_no_answer() -> None:
    lines = b"A: b\r\n" * LARGEST_HEAD
    with serving(says(HEAD + lines + b"\r\n")) as server:
        said = wrong(server.url)
    assert said.endswith(f" answered with a head of more than {LARGEST_HEAD} bytes")


@pytest.mark.parametrize("part", [b"A: b\r\n", b"c"])
def test_a_head_without_end_is_not_read_to_its_end(part: bytes) -> None:
    def script(guest: Guest) -> None:
        guest.say(HEAD + b"A: b")
        floods(part)(guest)

    with serving(script) as server:
        said = wrong(server.url)
    assert said.endswith(f" answered with a head of more than {LARGEST_HEAD} bytes")


def resets(guest: Guest) -> None:
    guest.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    ("said", "lacks"),
    [(b"", "did not answer"), (HEAD + b"\r\nall", "did not end its answer")],
)
def test_a_connection_that_breaks_is_no_end_of_an_answer(said: bytes, lacks: str) -> None:
    def script(guest: Guest) -> None:
        guest.say(said)
        resets(guest)

    with serving(script) as server:
        place = server.url.removeprefix("http://")
        assert wrong(server.url) == (
            f"{place} broke the connection off and {lacks}: Connection reset by peer"
        )


def floods(part: bytes) -> Script:
    """Sends this without pause."""

    def script(guest: Guest) -> None:
        while not guest.is_over.is_set():
            guest.say(part * 1000)

    return script


@pytest.mark.parametrize(
    ("begins", "then", "lacks"),
    [
        (b"", Guest.hang, "did not answer"),
        (HEAD, Guest.hang, "did not answer"),
        (HEAD + b"Content-Length: 9\r\n\r\n", Guest.hang, "did not end its answer"),
        (b"", lambda guest: guest.drip(b"H"), "did not answer"),
        (HEAD, lambda guest: guest.drip(b"A: b\r\n"), "did not answer"),
        (b"", floods(b"HTTP/1.1 100 Continue\r\n\r\n"), "did not answer"),
        (HEAD + b"\r\n", lambda guest: guest.drip(b"x"), "did not end its answer"),
        (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
            lambda guest: guest.drip(b"1\r\nx\r\n"),
            "did not end its answer",
        ),
    ],
)
def test_the_time_is_up_when_it_is_whatever_still_comes(
    begins: bytes, then: Script, lacks: str
) -> None:
    def script(guest: Guest) -> None:
        guest.say(begins)
        then(guest)

    with serving(script) as server:
        place = server.url.removeprefix("http://")
        said = wrong(server.url, SHORT)
    assert said == f"{place} {lacks} within {SHORT:g} s"


def test_a_timeout_may_be_longer_than_a_system_call_can_wait() -> None:
    with serving(OK) as server:
        assert get(server.url, timeout=1000 * 86_400.0).status == 200


def test_a_wait_that_is_too_long_for_one_system_call_goes_on_until_its_time_is_up() -> None:
    times = itertools.chain([0.0] * 20, itertools.repeat(0.001))  # they stand still for a while
    waits = Waits("db", PATIENT, lambda: next(times), None)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert not waits.until(ours, select.POLLIN, 0.001)
        assert next(times) == 0.001


# Where a process may have no thread, or no file, more; the argument says of what there is none.
SHORT_OF = """
import os, resource, sys, threading, time
from agent.exchange import ExchangeError, Request, exchange
held = []
def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
if sys.argv[1] == "threads":
    threading.stack_size(1 << 62)
else:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    try:
        while True:
            held.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        os.close(held.pop())
before = [number for number in range(64) if is_open(number)]
try:
    exchange(Request("GET", "http://localhost:1/"), 30, time.monotonic)
except ExchangeError as wrong:
    print(wrong)
assert before == [number for number in range(64) if is_open(number)]
"""


@pytest.mark.parametrize(
    ("what", "why"), [("threads", "can't start new thread"), ("files", "Too many open files")]
)
def test_where_there_is_no_room_for_an_exchange_that_is_said_and_nothing_stays_open(
    what: str, why: str
) -> None:
    command = [sys.executable, "-c", SHORT_OF, what]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    said = f"localhost can't be looked up: {why}\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, said, "")


def test_who_answers_before_the_request_is_read_is_heard() -> None:
    with serving(reply(413, b"too large"), reads=False) as server:
        request = Request("POST", server.url, body=b"x" * 20_000_000)
        answer = exchange(request, PATIENT, time.monotonic)
    assert (answer.status, answer.body) == (413, b"too large")


def test_who_answers_and_breaks_off_before_anything_was_sent_is_heard() -> None:
    is_connected, is_broken_off = threading.Event(), threading.Event()

    def script(guest: Guest) -> None:
        is_connected.wait(PATIENT)
        reply(413, b"too large")(guest)
        resets(guest)
        guest.sock.close()
        is_broken_off.set()

    with serving(script, reads=False) as server:
        request, place = Request("POST", server.url, body=b"x"), place_of(server.url)
        waits = Waits(str(place), PATIENT, time.monotonic, None)
        with connected(place, waits) as sock:
            is_connected.set()
            assert is_broken_off.wait(PATIENT)
            answer = Conversation(request, place).over(sock, waits)
    assert (answer.status, answer.body) == (413, b"too large")


def test_who_reads_nothing_of_a_large_request_holds_nobody_up() -> None:
    with serving(Guest.ignore, reads=False) as server:
        said = wrong(server.url, SHORT, body=b"x" * 20_000_000)
    assert said.endswith(f"did not answer within {SHORT:g} s")


def test_a_large_request_that_is_read_slowly_is_read_whole() -> None:
    with serving(OK) as server:
        request = Request("POST", server.url, body=b"x" * 20_000_000)
        assert exchange(request, PATIENT, time.monotonic).status == 200
        assert len(server.guests[0].body) == 20_000_000


@pytest.fixture
def machines() -> Iterator[Machines]:
    with ExitStack() as stack:
        yield Machines(stack)


def test_where_nobody_listens_is_said_at_once(machines: Machines) -> None:
    place = f"{REFUSES}:{machines.port}"
    assert wrong(f"http://{place}/") == f"{place} can't be reached: Connection refused"


def test_where_nothing_comes_back_the_time_is_up_when_it_is(machines: Machines) -> None:
    machines.silent(SILENT)
    place = f"{SILENT}:{machines.port}"
    assert wrong(f"http://{place}/", SHORT) == f"{place} accepted no connection within {SHORT:g} s"


def test_a_host_that_can_be_none_is_said_to_be_none() -> None:
    assert wrong("http://db..example/").startswith("there is no host db..example: ")


# /etc/hosts and /etc/resolv.conf as the command after it sees them; the first argument has them.
OWN_NAMES = (
    'mount --bind "$1/hosts" /etc/hosts; mount --bind "$1/resolv.conf" /etc/resolv.conf; '
    'shift; exec "$@"'
)


def test_a_name_is_looked_up_and_each_of_its_addresses_is_tried(tmp_path: Path) -> None:
    (tmp_path / "hosts").touch()
    (tmp_path / "resolv.conf").touch()
    scene = (sys.executable, "-m", "tests.exchange.own_names", str(tmp_path))
    ended = subprocess.run(
        [*own_mounts(), "sh", "-ec", OWN_NAMES, "sh", str(tmp_path), *scene],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


# Being told to stop.


@contextmanager
def told_to_stop(begins: Callable[[], object]) -> Iterator[int]:
    """A file descriptor that can be read as soon as `begins` is true."""
    ours, theirs = os.pipe()

    def tell() -> None:
        until(begins, PATIENT, "the exchange has begun")
        os.write(theirs, b"x")

    teller = threading.Thread(target=tell)
    teller.start()
    try:
        yield ours
    finally:
        teller.join()
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize(
    "script",
    [Guest.hang, lambda guest: guest.drip(b"H"), floods(b"HTTP/1.1 100 Continue\r\n\r\n")],
)
def test_it_is_given_up_when_it_is_told_to_stop(script: Script) -> None:
    with serving(script) as server, told_to_stop(lambda: server.guests) as stop:
        began = time.monotonic()
        with pytest.raises(ExchangeError, match="it was given up"):
            exchange(Request("GET", server.url), PATIENT, time.monotonic, stop)
        assert time.monotonic() - began < PATIENT / 2


def test_a_connect_is_given_up_when_it_is_told_to_stop(machines: Machines) -> None:
    machines.silent(SILENT)
    with (
        told_to_stop(lambda: True) as stop,
        pytest.raises(ExchangeError, match="it was given up"),
    ):
        exchange(Request("GET", f"http://{SILENT}:{machines.port}"), PATIENT, time.monotonic, stop)


class Stopped(BaseException):
    """What the agent's signal handler raises."""


def test_a_signal_goes_through_and_leaves_nothing_open() -> None:
    def stop(*_: object) -> None:
        raise Stopped

    before = signal.signal(signal.SIGALRM, stop)
    try:
        with serving(Guest.hang) as server:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(Stopped):
                get(server.url)
            until(lambda: server.guests and server.guests[0].has_left, PATIENT, "it is closed")
    finally:
        signal.signal(signal.SIGALRM, before)
