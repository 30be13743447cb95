"""What this process takes, under the names that all of Prometheus' clients have for it.

https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics. Linux only: elsewhere
there is none of it.
"""

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

from agent.status.families import Family, counter, gauge

_PROC = Path("/proc")


def process() -> Iterator[Family]:
    """Memory, CPU and open files of this process, and when it began."""
    with contextlib.suppress(OSError):
        yield from _of_process()
    with contextlib.suppress(OSError):
        yield from _of_files()


def _of_process() -> Iterator[Family]:
    # proc_pid_stat(5): the second field, in brackets, may have blanks. What follows is field 3.
    fields = (_PROC / "self/stat").read_bytes().rpartition(b")")[2].split()
    booted = (_PROC / "stat").read_bytes().partition(b"\nbtime ")[2].split()[0]
    tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    user, system, began, size, resident = (int(fields[number]) for number in (11, 12, 19, 20, 21))
    yield gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.").add(size)
    yield gauge("process_resident_memory_bytes", "Resident memory size in bytes.").add(
        resident * page
    )
    yield gauge(
        "process_start_time_seconds", "Start time of the process since unix epoch in seconds."
    ).add(int(booted) + began / tick)
    yield counter("process_cpu_seconds", "Total user and system CPU time spent in seconds.").add(
        (user + system) / tick
    )


def _of_files() -> Iterator[Family]:
    yield gauge("process_open_fds", "Number of open file descriptors.").add(
        len(os.listdir(_PROC / "self/fd"))  # noqa: PTH208  # pathlib's would make a path of each
    )
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY:
        yield gauge("process_max_fds", "Maximum number of open file descriptors.").add(most)
