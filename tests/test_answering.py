import os
import resource
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from agent.answering import MOST_AT_ONCE, answering
from agent.core.finding import CantTell, Finding, No, Yes
from agent.core.roll import Peer
from tests.support.machines import (
    LISTENS,
    PATIENT,
    REFUSES,
    SILENT,
    Machines,
    wait_for_somebody,
)

# Broadcast: connect(2) says at once that TCP has no way there, and no packet leaves.
NO_ROUTE = "127.255.255.255"
# Seconds, for where nothing comes.
SHORT = 0.2


def is_ipv6_here() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.fixture
def machines() -> Iterator[Machines]:
    with ExitStack() as stack:
        yield Machines(stack)


def pod(name: str, *addresses: str) -> Peer:
    return Peer(f"{name}.db.prod.svc.cluster.local", addresses)


def ask(machines: Machines, *peers: Peer, timeout: float = PATIENT) -> dict[str, Finding]:
    """The findings by the pods' names."""
    found = answering(peers, machines.port, timeout, time.monotonic)
    assert list(found) == [peer.fqdn for peer in peers]
    return {peer.name: found[peer.fqdn] for peer in peers}


def open_files() -> set[str]:
    """The numbers of the files and sockets that this process has open."""
    return set(os.listdir("/proc/self/fd"))  # noqa: PTH208  # iterdir opens them the same way


@contextmanager
def nothing_left_open() -> Iterator[None]:
    before = open_files()
    yield
    assert open_files() == before


# What a connect says.


def test_a_port_that_somebody_listens_on_answers(machines: Machines) -> None:
    machines.listening(LISTENS)
    found = ask(machines, pod("db-1", LISTENS))
    assert found == {"db-1": Yes(f"db-1 at {LISTENS}:{machines.port} answers")}


def test_a_port_that_nobody_listens_on_does_not(machines: Machines) -> None:
    found = ask(machines, pod("db-1", REFUSES))
    assert found == {"db-1": No(f"db-1 at {REFUSES}:{machines.port} does not answer")}


def test_silence_is_no_answer_and_no_refusal(machines: Machines) -> None:
    machines.silent(SILENT)
    found = ask(machines, pod("db-1", SILENT), timeout=SHORT)
    assert found == {
        "db-1": CantTell(f"nothing came from db-1 at {SILENT}:{machines.port} in time")
    }


def test_where_no_way_leads_to_it_cannot_be_told(machines: Machines) -> None:
    found = ask(machines, pod("db-1", NO_ROUTE))
    place = f"{NO_ROUTE}:{machines.port}"
    assert found == {"db-1": CantTell(f"db-1 at {place} can't be reached: Network is unreachable")}


def test_of_a_peer_without_address_it_cannot_be_told(machines: Machines) -> None:
    assert ask(machines, pod("db-1")) == {"db-1": CantTell("db-1 has no address to connect to yet")}


@pytest.mark.parametrize("is_half_closed", [False, True])
def test_a_connection_that_is_reset_at_once_was_an_answer(
    machines: Machines, *, is_half_closed: bool
) -> None:
    """As by a database that takes no strangers; the reset is there before anybody looks."""
    listener = machines.listening(LISTENS)
    before, resets = open_files(), 0

    def clock() -> float:
        nonlocal resets
        if open_files() != before and not resets:
            wait_for_somebody(listener)
            accepted, _ = listener.accept()
            if is_half_closed:
                accepted.shutdown(socket.SHUT_WR)
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            accepted.close()
            resets += 1
        return time.monotonic()

    peer = pod("db-1", LISTENS)
    found = answering([peer], machines.port, PATIENT, clock)
    assert resets == 1
    assert isinstance(found[peer.fqdn], Yes)


def test_nothing_is_sent(machines: Machines) -> None:
    listener = machines.listening(LISTENS)
    ask(machines, pod("db-1", LISTENS))
    accepted, _ = listener.accept()
    with accepted:
        accepted.settimeout(PATIENT)
        assert accepted.recv(1) == b""  # closed, and nothing before that


@pytest.mark.skipif(not is_ipv6_here(), reason="this machine has no IPv6 loopback")
def test_ipv6_is_asked_as_ipv4_is(machines: Machines) -> None:
    peer, silent = pod("db-1", "::1"), pod("db-2", REFUSES, "::1")
    machines.refusing("::1")
    assert ask(machines, peer) == {"db-1": No(f"db-1 at [::1]:{machines.port} does not answer")}
    machines.listening("::1")
    yes = Yes(f"db-1 at [::1]:{machines.port} answers")
    assert ask(machines, peer) == {"db-1": yes}
    assert isinstance(ask(machines, silent)["db-2"], Yes)


# Several addresses, several peers.


@pytest.mark.parametrize(
    ("addresses", "kind"),
    [
        ((LISTENS, REFUSES), Yes),
        ((REFUSES, LISTENS), Yes),
        ((SILENT, LISTENS), Yes),
        ((NO_ROUTE, LISTENS), Yes),
        ((REFUSES, "127.9.0.4"), No),
        ((REFUSES, REFUSES), No),
        ((REFUSES, SILENT), CantTell),
        ((SILENT, REFUSES), CantTell),
        ((NO_ROUTE, REFUSES), CantTell),
    ],
)
def test_one_address_is_enough_to_answer_and_all_are_needed_to_refuse(
    machines: Machines, addresses: tuple[str, ...], kind: type[Finding]
) -> None:
    machines.listening(LISTENS)
    machines.refusing("127.9.0.4")
    machines.silent(SILENT)
    found = ask(machines, pod("db-1", *addresses), timeout=SHORT)
    assert isinstance(found["db-1"], kind)


def test_each_peer_has_its_own_finding_whatever_the_others_do(machines: Machines) -> None:
    machines.listening(LISTENS)
    machines.silent(SILENT)
    addresses = {"db-1": LISTENS, "db-2": REFUSES, "db-3": SILENT, "db-4": NO_ROUTE}
    peers = [pod(name, address) for name, address in addresses.items()]
    found = ask(machines, *peers, pod("db-5"), timeout=SHORT)
    assert [type(finding) for finding in found.values()] == [Yes, No, CantTell, CantTell, CantTell]


def test_two_peers_of_one_name_in_two_services_are_two(machines: Machines) -> None:
    machines.listening(LISTENS)
    twins = [Peer("db-0.one", (LISTENS,)), Peer("db-0.two", (LISTENS, REFUSES))]
    with nothing_left_open():
        found = answering(twins, machines.port, PATIENT, time.monotonic)
    assert [type(found[twin.fqdn]) for twin in twins] == [Yes, Yes]


def test_nobody_to_ask_takes_no_time_and_no_time_asks_nobody(machines: Machines) -> None:
    assert ask(machines) == {}
    machines.listening(LISTENS)
    found = ask(machines, pod("db-1", LISTENS), timeout=0.0)
    place = f"{LISTENS}:{machines.port}"
    assert found == {"db-1": CantTell(f"there was no time to connect to db-1 at {place}")}


# Many at once.


def many_silent(machines: Machines, count: int) -> list[Peer]:
    """Peers that each have an address of their own where nothing comes back."""
    machines.silent("0.0.0.0")
    return [pod(f"db-{n}", f"127.8.{n // 250}.{n % 250 + 1}") for n in range(count)]


def test_one_deadline_holds_for_all_however_many_are_silent(machines: Machines) -> None:
    peers = many_silent(machines, 5 * MOST_AT_ONCE)
    began = time.monotonic()
    found = ask(machines, *peers, timeout=SHORT)
    assert time.monotonic() - began < SHORT * len(peers) / 10  # one by one it were ten times that
    assert {type(finding) for finding in found.values()} == {CantTell}


def test_who_comes_after_more_silent_ones_than_there_are_sockets_is_still_heard(
    machines: Machines,
) -> None:
    silent = many_silent(machines, 2 * MOST_AT_ONCE)
    machines.listening(LISTENS)
    found = ask(machines, *silent, pod("last", LISTENS), timeout=5 * SHORT)
    assert isinstance(found.pop("last"), Yes)
    reasons = {finding.reason for finding in found.values() if isinstance(finding, CantTell)}
    assert len(reasons) == len(silent)
    assert all(reason.startswith("nothing came from") for reason in reasons)


def test_there_are_never_more_sockets_than_said_and_none_is_left_open(machines: Machines) -> None:
    peers = many_silent(machines, 3 * MOST_AT_ONCE)
    most, before = 0, len(open_files())

    def clock() -> float:
        nonlocal most
        most = max(most, len(open_files()) - before)
        return time.monotonic()

    with nothing_left_open():
        answering(peers, machines.port, SHORT, clock)
    assert most == MOST_AT_ONCE


def test_a_process_that_has_no_file_left_to_open_cannot_tell(machines: Machines) -> None:
    machines.listening(LISTENS)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with nothing_left_open():
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, most[1]))
            finding = answering([pod("db-1", LISTENS)], machines.port, PATIENT, time.monotonic)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, most)
    (reason,) = finding.values()
    assert isinstance(reason, CantTell)
    assert reason.reason.endswith("can't be reached: Too many open files")


# Signals.


class Stopped(BaseException):
    """What the agent's signal handler raises."""


@pytest.mark.parametrize("calls", [2, 3, 4, 5, 6])
def test_what_is_raised_in_the_middle_goes_through_and_leaves_nothing_open(
    machines: Machines, calls: int
) -> None:
    machines.listening(LISTENS)
    machines.silent(SILENT)
    peers = [pod("db-1", SILENT), pod("db-2", SILENT), pod("db-3", LISTENS), pod("db-4", REFUSES)]
    called = 0

    def clock() -> float:
        nonlocal called
        called += 1
        if called == calls:
            raise Stopped
        return time.monotonic()

    with nothing_left_open(), pytest.raises(Stopped):
        answering(peers, machines.port, SHORT, clock)


@contextmanager
def alarms(handle: Callable[[], None]) -> Iterator[None]:
    """Within it a signal comes every 20 ms."""
    before = signal.signal(signal.SIGALRM, lambda *_: handle())
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_signal_that_ends_the_agent_ends_the_wait_at_once(machines: Machines) -> None:
    machines.silent(SILENT)

    def stop() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        raise Stopped

    began = time.monotonic()
    with nothing_left_open(), pytest.raises(Stopped), alarms(stop):
        ask(machines, pod("db-1", SILENT), timeout=PATIENT)
    assert time.monotonic() - began < PATIENT / 2


def test_a_signal_that_ends_nothing_changes_nothing(machines: Machines) -> None:
    machines.listening(LISTENS)
    machines.silent(SILENT)
    signals: list[int] = []
    with alarms(lambda: signals.append(1)):
        found = ask(machines, pod("db-1", SILENT), pod("db-2", LISTENS), timeout=SHORT)
    assert signals
    assert [type(finding) for finding in found.values()] == [CantTell, Yes]
