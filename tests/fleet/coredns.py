"""What an answer costs a real CoreDNS: `python -m tests.fleet.coredns` prints its CPU time."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from agent.discovery import wire
from agent.discovery.attempt import EDNS_PAYLOAD
from agent.discovery.wire import Kind
from agent.lab.cluster import Cluster, Pod, Service
from tests.fleet import sizes
from tests.fleet.dns import EPOCH
from tests.fleet.table import SETS
from tests.support.coredns import CoreDns
from tests.support.kubeapi import KubeApi

NAMES: dict[Kind, str] = {
    "SRV": sizes.SERVICE,
    "A": sizes.SERVICE,
    "AAAA": sizes.SERVICE,
    "PTR": "1.0.0.10.in-addr.arpa",
    "SOA": f"rollcall-{EPOCH}.{sizes.ZONE}",
}
WAYS: tuple[tuple[Kind, bool], ...] = (
    ("SOA", False),
    ("PTR", False),
    ("SRV", False),
    ("SRV", True),
    ("A", True),
)
_PATIENCE = 10.0
# Seconds of asking, for each figure.
_ASKS_FOR = 1.0


@contextmanager
def serving(pods: int) -> Iterator[CoreDns]:
    """A CoreDNS that lists so many pods."""
    listed = (Pod(f"db-{n}", (f"10.0.{n // 250}.{n % 250 + 1}",)) for n in range(pods))
    cluster = Cluster(services=(Service("db", "prod", pods=tuple(listed)),))
    with KubeApi(cluster) as api, CoreDns(api) as server:
        yield server


def asked(server: CoreDns, kind: Kind, *, by_tcp: bool) -> bytes:
    """The answer to one question, as it came over the wire."""
    question = wire.section(NAMES[kind], kind)
    message = wire.query(os.urandom(2), question, EDNS_PAYLOAD)
    place = server.host, server.port
    if not by_tcp:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(_PATIENCE)
            sock.connect(place)
            sock.send(message)
            return sock.recv(sizes.BY_TCP)
    with socket.create_connection(place, _PATIENCE) as stream:
        stream.sendall(len(message).to_bytes(2, "big") + message)
        with stream.makefile("rb") as answers:
            return answers.read(int.from_bytes(answers.read(2), "big"))


def milliseconds(server: CoreDns, kind: Kind, *, by_tcp: bool) -> float:
    """CPU time that CoreDNS takes for such a question."""
    clock = ~server.pid << 3 | 2  # clock_getcpuclockid(3): of the whole process
    until, times = time.monotonic() + _ASKS_FOR, 0
    before = time.clock_gettime(clock)
    while time.monotonic() < until:
        asked(server, kind, by_tcp=by_tcp)
        times += 1
    return 1000 * (time.clock_gettime(clock) - before) / times


def lines() -> Iterator[str]:
    """The table."""
    heads = [f"{kind} by {'TCP' if by_tcp else 'UDP'}" for kind, by_tcp in WAYS]
    yield f"| CPU time of CoreDNS for one answer, ms | {' | '.join(heads)} |"
    yield "|---" * (len(WAYS) + 1) + "|"
    for pods in SETS:
        with serving(pods) as server:
            took = [milliseconds(server, kind, by_tcp=by_tcp) for kind, by_tcp in WAYS]
        yield f"| {pods:,} pods | {' | '.join(f'{each:.2g}' for each in took)} |"


if __name__ == "__main__":
    for line in lines():
        print(line, flush=True)
