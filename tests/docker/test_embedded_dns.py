"""What Docker's embedded DNS says: the facts that discovery relies on in docker-compose.

One network serves all of these tests; each has containers and names of its own on it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.reversename
import pytest

from tests.docker.fleet import LOOPBACK, Fleet
from tests.docker.hosts import SOON, Upstream
from tests.support.until import until

# Docker's, in seconds, whatever is done with the container.
TTL = 600
# From a block for documentation (RFC 5737): no container's.
STRANGER = "198.51.100.7"


@dataclass(frozen=True, slots=True)
class Town:
    """A network, the DNS server behind Docker's, and where Docker's own can be asked."""

    fleet: Fleet
    upstream: Upstream
    port: int

    def ask(self, name: str, kind: str = "A", transport: str = "udp") -> dns.message.Message:
        """What Docker's DNS answers to a question with EDNS."""
        query = dns.message.make_query(f"{name}.", kind, use_edns=0, payload=1232)
        over = dns.query.tcp if transport == "tcp" else dns.query.udp
        return over(query, LOOPBACK, timeout=SOON, port=self.port)

    def addresses(self, name: str) -> set[str]:
        """The IPv4 addresses that a name has."""
        return {rdata.address for rrset in self.ask(name).answer for rdata in rrset}

    def name_of(self, address: str) -> str:
        """The name that an address has; empty if it has none."""
        pointer = dns.reversename.from_address(address).to_text(omit_final_dot=True)
        found = [rdata for rrset in self.ask(pointer, "PTR").answer for rdata in rrset]
        return found[0].target.to_text(omit_final_dot=True) if found else ""


@pytest.fixture(scope="module")
def town(image: str) -> Iterator[Town]:
    with Fleet(image) as fleet:
        upstream = fleet.upstream()
        yield Town(fleet, upstream, fleet.relay())


def must_forward(town: Town, name: str, kind: str = "A") -> None:
    """A question goes to the server behind Docker's, and is answered as that one does."""
    question = f"{kind} {name}"
    before = town.upstream.asked().count(question)
    assert town.ask(name, kind).rcode() == dns.rcode.NXDOMAIN
    until(lambda: town.upstream.asked().count(question) > before, SOON, f"{question} is forwarded")


def test_a_container_has_its_service_name_its_own_name_and_its_id(town: Town) -> None:
    host = town.fleet.database("one-0")
    for name in ("one-0", host.name, host.short_id, "ONE-0"):
        for qualified in (name, f"{name}.{town.fleet.network}"):
            assert town.addresses(qualified) == {host.address}, qualified
    must_forward(town, "one-0.elsewhere")


def test_an_alias_has_all_its_containers_in_any_order_and_a_time_to_live_that_means_nothing(
    town: Town,
) -> None:
    hosts = [town.fleet.database(f"many-{n}", "many") for n in range(3)]
    orders = set[tuple[str, ...]]()

    def shuffled() -> bool:
        (found,) = town.ask("many").answer
        orders.add(tuple(rdata.address for rdata in found))
        assert found.ttl == TTL
        return len(orders) > 1

    until(shuffled, SOON, "the order changes")
    assert {frozenset(order) for order in orders} == {frozenset(host.address for host in hosts)}


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_its_own_answers_have_neither_authority_nor_edns(town: Town, transport: str) -> None:
    town.fleet.database(f"plain-{transport}")
    answered = town.ask(f"plain-{transport}", transport=transport)
    assert answered.flags == dns.flags.QR | dns.flags.RD | dns.flags.RA
    assert answered.edns == -1


def test_a_name_without_ipv6_has_no_data_and_is_not_asked_for_elsewhere(town: Town) -> None:
    town.fleet.database("four-0")
    answered = town.ask("four-0", "AAAA")
    assert (answered.rcode(), answered.answer, answered.authority) == (dns.rcode.NOERROR, [], [])
    must_forward(town, "after-four-0")  # and so all is written down that was asked before
    assert "AAAA four-0" not in town.upstream.asked()


def test_an_address_has_the_name_of_its_container_on_its_network_and_no_alias(town: Town) -> None:
    host = town.fleet.database("named-0", "named")
    assert town.name_of(host.address) == f"{host.name}.{town.fleet.network}"


@pytest.mark.parametrize(
    ("name", "kind"), [("known-0", "SRV"), ("known-0", "SOA"), ("_cql._tcp.known-0", "SRV")]
)
def test_of_a_name_that_it_knows_it_forwards_what_it_has_no_records_for(
    town: Town, name: str, kind: str
) -> None:
    if not town.addresses("known-0"):
        town.fleet.database("known-0")
    must_forward(town, name, kind)


def test_what_it_does_not_know_is_whatever_the_server_behind_it_says(town: Town) -> None:
    must_forward(town, "nobody-0")
    town.upstream.answers({"A nobody-0": STRANGER})
    answered = town.ask("nobody-0")
    assert [str(rrset) for rrset in answered.answer] == [f"nobody-0. 60 IN A {STRANGER}"]
    assert town.name_of(STRANGER) == ""


def test_silence_behind_it_is_silence_for_that_name_only(town: Town) -> None:
    known = town.fleet.database("prompt-0")
    town.upstream.answers({"A silent-0": None})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.connect((LOOPBACK, town.port))
        asker.setblocking(False)
        asker.send(dns.message.make_query("silent-0.", "A").to_wire())
        until(lambda: "A silent-0" in town.upstream.asked(), SOON, "the question is forwarded")
        assert town.addresses("prompt-0") == {known.address}
        with pytest.raises(BlockingIOError):
            asker.recv(512)


@pytest.mark.parametrize("end", ["stop", "kill", "disconnect"])
def test_a_container_that_is_gone_is_unknown_at_once(town: Town, end: str) -> None:
    stays, goes = (town.fleet.database(f"{end}-{n}", end) for n in range(2))
    address = goes.address
    assert town.addresses(end) == {stays.address, address}
    leave: dict[str, Callable[[], None]] = {
        "stop": goes.stop,
        "kill": goes.kill,
        "disconnect": goes.disconnect,
    }
    leave[end]()
    assert town.addresses(end) == {stays.address}
    must_forward(town, f"{end}-1")
    assert town.name_of(address) == ""


def test_a_paused_container_stays(town: Town) -> None:
    host = town.fleet.database("paused-0", "paused")
    host.pause()
    assert town.addresses("paused-0") == town.addresses("paused") == {host.address}


def test_a_container_that_starts_again_can_have_another_address_and_another_its_old_one(
    town: Town,
) -> None:
    host = town.fleet.database("moved-0", "moved")
    before = host.address
    heir = town.fleet.move(host)
    assert town.addresses("moved-0") == town.addresses("moved") == {host.address}
    assert town.name_of(before) == f"{heir.name}.{town.fleet.network}"


def test_a_container_is_known_before_its_program_runs(town: Town) -> None:
    asks_at_once = "print(socket.gethostbyname('early-0'), flush=True)"
    host = town.fleet.program("early-0", f"import signal, socket; {asks_at_once}; signal.pause()")
    host.says(host.address)


def test_a_container_is_told_to_ask_there_and_has_no_domain(town: Town) -> None:
    host = town.fleet.database("told-0")
    resolv_conf = (host.read("/etc/resolv.conf") or b"").decode().splitlines()
    words = [line.split() for line in resolv_conf if not line.startswith("#")]
    assert ["nameserver", "127.0.0.11"] in words
    assert "nameserver" not in [line[0] for line in words if line and line[1:] != ["127.0.0.11"]]
    assert host.hosts[-1].split() == [host.address, host.short_id]
