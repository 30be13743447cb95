"""Faults that go on and on, before a real CoreDNS."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from random import Random

from tests.cases.net import Net, follow, listed, of
from tests.cases.test_faults import DOUBT, OVERCOME
from tests.e2e.conftest import Start
from tests.e2e.program import SOON, Reader, located, names, stamp
from tests.support import faults
from tests.support.faults import passed, whole
from tests.support.until import until

# Seconds. `LONG_FAULTS=300` plays for longer.
LONG = float(os.environ.get("LONG_FAULTS", "20"))


def test_a_network_that_damages_one_answer_after_another_changes_no_byte(
    net: Net, tmp_path: Path, start: Start
) -> None:
    """P1: peers were dropped at a time-out (percona-xtradb-cluster-operator 1383, envoy 9927)."""
    file = tmp_path / "peers.json"
    net.scale(3)
    program = follow(start, net, file, "--timeout=100ms")
    before = stamp(file)
    every_one = {trouble.udp: trouble for trouble in (*OVERCOME.values(), *DOUBT.values())}
    turns = [fault for one in every_one for fault in (one, one, passed)]
    net.proxy.do(faults.in_turn(*turns), faults.in_turn(whole, faults.closed_half_way))
    net.polls(len(turns))
    assert stamp(file) == before
    with Reader(file) as reader:
        net.scale(5)
        until(lambda: located(file) == listed(of(5)), SOON, "there are 5")
        net.scale(2)
        until(lambda: located(file) == listed(of(2)), SOON, "there are 2")
    assert [len(of_one) for of_one in names(reader.seen)] == [3, 5, 2]
    program.must_run()


def is_written(file: Path, size: int) -> bool:
    return located(file) == listed(of(size))


def test_a_server_that_fails_every_other_time_is_followed_write_by_write(
    net: Net, tmp_path: Path, start: Start
) -> None:
    """P2: the file is replaced as often as the membership has really changed, and never else."""
    file = tmp_path / "peers.json"
    net.scale(3)
    follow(start, net, file, "--timeout=100ms")
    doubts = [one for trouble in DOUBT.values() if trouble.tcp for one in (trouble.udp, passed)]
    net.proxy.do(faults.in_turn(*doubts), faults.in_turn(whole, faults.closed_half_way))
    chance, sizes, ends = Random(1), [3], time.monotonic() + LONG
    with Reader(file) as reader:
        while time.monotonic() < ends:
            size = chance.choice([n for n in range(1, 9) if n != sizes[-1]])
            net.scale(size)
            until(partial(is_written, file, size), SOON, f"there are {size}")
            sizes.append(size)
            net.polls(chance.randrange(12))
    assert [len(of_one) for of_one in names(reader.seen)] == sizes
