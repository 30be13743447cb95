import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.changes import script
from tests.bench.counting import asked, cpu_ms
from tests.bench.place import received
from tests.bench.stage import peers
from tests.support.until import until

METRICS = """\
# TYPE coredns_dns_requests_total counter
coredns_dns_requests_total{family="1",proto="tcp",server="dns://10.99.0.1:53",type="SRV",zone="."} 2
coredns_dns_requests_total{family="1",proto="udp",server="dns://10.99.0.1:53",type="SRV",zone="."} 3
coredns_dns_requests_total{family="1",proto="udp",server="dns://10.99.1.1:53",type="A",zone="."} 1
coredns_dns_requests_total{family="1",proto="udp",server="dns://127.0.0.1:4711",type="A",zone="."} 9
coredns_dns_response_size_bytes_bucket{proto="udp",server="dns://10.99.0.1:53",le="100"} 5
coredns_dns_response_size_bytes_sum{proto="tcp",server="dns://10.99.0.1:53",zone="."} 1.5e+06
coredns_dns_response_size_bytes_sum{proto="udp",server="dns://10.99.0.1:53",zone="."} 100
"""
NET_DEV = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
 pod10: 1 2 0 0 0 0 0 0 5 6 0 0
  pod1:     100       2    0    0    0     0          0         0      300       4    0    0
"""


def test_questions_and_bytes_are_added_up_for_each_address_that_is_asked_by_pods() -> None:
    assert asked(METRICS) == {"10.99.0.1": (5, 1500100), "10.99.1.1": (1, 0)}


def test_what_a_pod_receives_is_what_the_other_end_of_its_line_sends() -> None:
    assert [received(NET_DEV, line) for line in ("pod1", "pod10")] == [300, 5]


if Path("/proc/self/schedstat").exists():
    _BUSY = (
        "import threading as t; e = t.Event(); t.Thread(target=e.wait).start(); input(); e.set()"
    )

    def test_cpu_time_is_that_which_the_scheduler_counts_for_all_threads() -> None:
        with subprocess.Popen([sys.executable, "-c", _BUSY], stdin=subprocess.PIPE) as process:
            tasks = Path(f"/proc/{process.pid}/task")

            def is_so() -> bool:
                counts = [
                    int((each / "schedstat").read_text().split()[0]) for each in tasks.iterdir()
                ]
                return len(counts) == 2 and cpu_ms(process.pid) == pytest.approx(sum(counts) / 1e6)

            try:
                until(is_so, 10, "both count the same")
            finally:
                process.communicate(b"\n")


@given(st.sampled_from((3, 10, 100)), st.integers())
def test_each_change_is_one_pod_that_comes_or_moves_and_never_the_one_that_looks(
    size: int, seed: int
) -> None:
    before = {*peers(size)}
    lines = set()
    for change in script(size, 12, Random(seed)):
        now = {*change.pods}
        (new,) = now - before
        gone = before - now
        assert [pod.name for pod in gone] == ([new.name] if change.is_move else [])
        assert new.name != "db-1"
        lines.add(change.line)
        before = now
    assert len(lines) == 12
