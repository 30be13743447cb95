"""Plays the script against the original peer-finder, and records what it does.

`python -m tests.peer_finder.original PROGRAM` prints where it does something else than recorded,
and ends with 1 then; with `--record` it writes `recorded.json` anew. PROGRAM is a peer-finder that
you have; nothing of it is in this repository. Linux, with `unshare`, `ip` and `mount`: it reads
/etc/resolv.conf and asks port 53, so this is played where they are its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.lab.cluster import Cluster
from tests.cases.net import Net
from tests.peer_finder.script import CHANGES, POD, RECORDED, Playing, calls, hook, recorded
from tests.support.coredns import CoreDns
from tests.support.fault_proxy import FaultProxy
from tests.support.kubeapi import KubeApi

ROOT = Path(__file__).resolve().parents[2]
_RESOLV_CONF = """nameserver 127.0.0.1
search prod.svc.cluster.local svc.cluster.local cluster.local
options ndots:5
"""
_OWN = ("unshare", "--map-root-user", "--net", "--mount", "--uts", "sh", "-ec")
_WITH = (
    'ip link set lo up; hostname "$1"; mount --bind "$2/resolv.conf" /etc/resolv.conf; '
    'shift 2; exec "$@"'
)
# Questions: it asks once a second, each time up to twice where DNS fails.
_RESTS = 5

Recorded = list[tuple[str, list[tuple[str, str]]]]


def main() -> int:
    """Starts itself again with a network of its own, and there plays."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--within", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.within is not None:
        return _within(given.program, given.within, is_recorded=given.record)
    with TemporaryDirectory() as folder:
        (Path(folder) / "resolv.conf").write_text(_RESOLV_CONF)
        again = (sys.executable, "-m", "tests.peer_finder.original", given.program.absolute())
        command = (*_OWN, _WITH, "sh", POD, folder, *again, "--within", folder)
        more = ("--record",) if given.record else ()
        return subprocess.run([*command, *more], cwd=ROOT, check=False).returncode


def _within(program: Path, folder: Path, *, is_recorded: bool) -> int:
    both = played(program, folder / "both", ("on-start", "on-change"))
    alone = played(program, folder / "alone", ("on-change",))
    if is_recorded:
        documents = [{"change": what, "calls": those} for what, those in both]
        RECORDED.write_text(json.dumps(documents, indent=1) + "\n")
    expected = [(what, list(those)) for what, those in recorded()]
    different = [(a, b) for a, b in zip(both, expected, strict=True) if a != b]
    always = [(what, [("on-change", stdin) for _, stdin in those]) for what, those in expected]
    different += [(a, b) for a, b in zip(alone, always, strict=True) if a != b]
    for done, known in different:
        print(f"{done[0]}: it did {done[1]}, recorded is {known[1]}")
    return 1 if different else 0


def played(program: Path, folder: Path, hooks: tuple[str, ...]) -> Recorded:
    """What it did at each change."""
    folder.mkdir()
    flags = [f"-{name}={hook(name, folder)}" for name in hooks]
    with (
        KubeApi(Cluster()) as api,
        CoreDns(api, ["loadbalance"], ttl=0) as core,
        FaultProxy(lambda: core.port, "127.0.0.1", 53) as proxy,
        (folder / "log").open("wb") as log,
    ):
        playing = Playing(Net(api, core, proxy), folder, _RESTS)
        playing.show(CHANGES[0])
        process = subprocess.Popen(
            [program, "-service=db", "-ns=prod", *flags],
            stderr=log,
            env={"PATH": os.environ["PATH"]},
        )
        try:
            done: Recorded = []
            for change in CHANGES:
                before = len(calls(folder))
                playing.show(change)
                playing.rest()
                done.append((change.what, calls(folder)[before:]))
            return done
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
