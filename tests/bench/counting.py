"""What Linux counts of a process, and CoreDNS of its questions; all counters only grow."""

from __future__ import annotations

import re
import time
import urllib.request
from pathlib import Path

_SAMPLE = re.compile(r"^(\w+)\{(.*)\} (\S+)$", re.MULTILINE)
_SERVER = re.compile(r'server="dns://([^"]*):53"')
_QUESTIONS = "coredns_dns_requests_total"
_ANSWER_BYTES = "coredns_dns_response_size_bytes_sum"


def cpu_ms(pid: int) -> float:
    """CPU time of a process in ms: the scheduler's count of all its threads, ended ones too.

    It is the sum of the first numbers in /proc/PID/task/*/schedstat, by way of the clock that
    clock_getcpuclockid(3) names: the number is made as Linux does it (posix-timers_types.h).
    """
    return 1000 * time.clock_gettime(~pid << 3 | 2)


def memory_mib(pid: int) -> tuple[float, float, float]:
    """Memory of a process in MiB: resident, the part of it that is anonymous, the most resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    resident, anonymous, most = (
        int(status.partition(f"{name}:")[2].split()[0]) / 1024
        for name in ("VmRSS", "RssAnon", "VmHWM")
    )
    return resident, anonymous, most


def fetched(url: str) -> str:
    """A page, over HTTP."""
    with urllib.request.urlopen(url, timeout=10) as reply:  # noqa: S310  # only http:// is asked
        return str(reply.read().decode())


def asked(metrics: str) -> dict[str, tuple[float, float]]:
    """Questions and bytes of answers, by the address that was asked, out of CoreDNS's metrics.

    CoreDNS 1.14 counts an answer's bytes (plugin/metrics/handler.go) before it cuts them to what
    the asker takes (request/writer.go) and compresses names: more than goes over the wire.
    """
    found: dict[str, tuple[float, float]] = {}
    for name, labels, value in _SAMPLE.findall(metrics):
        server = _SERVER.search(labels)
        if server is None or name not in (_QUESTIONS, _ANSWER_BYTES):
            continue
        questions, size = found.get(server[1], (0.0, 0.0))
        more = float(value)
        is_question = name == _QUESTIONS
        found[server[1]] = (questions + more, size) if is_question else (questions, size + more)
    return found
