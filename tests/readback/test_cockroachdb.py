"""What a command in a shell is given by the file, in each kind of shell that an image may have.

No CockroachDB was to be had: that it takes the flags is not shown here.
"""

from __future__ import annotations

import pytest

from agent.core.roll import Peer, Roll
from agent.core.selection import Selection
from tests.formats.rolls import SERVICE, pod, render
from tests.readback.programs import Programs

FILE = "/peers/cockroach.env"
NAME = "cockroachdb"
# As the format's wiring has it, with something that prints its arguments for the database.
COMMAND = (
    f". {FILE} && exec python3 -c 'import sys; print(*sys.argv[1:], sep=chr(10))' "
    '--join="$COCKROACH_JOIN" --advertise-addr="$COCKROACH_ADVERTISE_ADDR"'
)
SHELLS = ("sh", "dash", "bash", "busybox sh")


def arguments(programs: Programs, content: bytes) -> list[list[str]]:
    """What the command gets, in each shell."""
    each = "\n".join(f'{shell} -euc "$COMMAND"; echo --' for shell in SHELLS)
    ran = programs.run(["sh", "-euc", each], {FILE: content}, env={"COMMAND": COMMAND})
    assert (ran.code, ran.err) == (0, "")
    return [said.split() for said in ran.out.split("--\n")[:-1]]


@pytest.mark.parametrize(("size", "me"), [(1, 0), (3, 2), (12, 11)])
def test_a_command_gets_each_list_as_one_argument_in_every_shell(
    programs: Programs, size: int, me: int
) -> None:
    peers = tuple(pod(n) for n in range(size))
    names = ",".join(f"{peer.fqdn}:26257" for peer in peers[:5])
    expected = [f"--join={names}", f"--advertise-addr={peers[me].fqdn}:26257"]
    content = render(NAME, Roll(SERVICE, peers[me], peers, 1, size))
    assert arguments(programs, content) == [expected] * len(SHELLS)


def test_brackets_of_ipv6_are_no_pattern_for_a_shell(programs: Programs) -> None:
    peers = tuple(Peer(pod(n).fqdn, (pod(n).addresses[1],)) for n in (1, 2))
    by_address = Selection("expected", address="ip")
    content = render(NAME, Roll(SERVICE, peers[0], peers), selection=by_address)
    expected = ["--join=[fd00::1]:26257,[fd00::2]:26257", "--advertise-addr=[fd00::1]:26257"]
    assert arguments(programs, content) == [expected] * len(SHELLS)
