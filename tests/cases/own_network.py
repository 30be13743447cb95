"""Played where port 53 and /etc/resolv.conf are this process's own; `test_networks` starts it.

`python -m tests.cases.own_network FOLDER`: FOLDER has the file that is seen as /etc/resolv.conf.
Ends with 0 if all is as it should be.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.cases.net import cluster, listed, network, of
from tests.e2e.program import QUICK, SERVICE, SOON, Program, located, rollcall
from tests.support.fault_proxy import FaultProxy
from tests.support.until import until

NOBODY = "/etc/resolv.conf names no nameserver"
ASKING = ("--pod-name=db-1", *SERVICE, *QUICK)


def main(folder: Path) -> None:
    """An agent that has nothing but resolv.conf, from one nameserver to another."""
    resolv_conf, file = folder / "resolv.conf", folder / "peers.json"
    for broken in ("", "search prod.svc.cluster.local\nnameserver kube-dns\n"):
        resolv_conf.write_text(broken)
        ended = rollcall("once", *ASKING, f"--output=json:{file}")
        assert ended.code == 2, ended
        assert ended.err == f"rollcall: {NOBODY}: set --nameserver to the cluster's DNS\n"
    with (
        network(cluster(of(3))) as net,
        FaultProxy(lambda: net.core.port, "fe80::1%lo", 53) as linked,
        FaultProxy(lambda: net.core.port, "127.0.0.1", 53) as other,
    ):
        resolv_conf.write_text("nameserver fe80::1%lo\noptions ndots:5\n")
        with Program("run", *ASKING, f"--output=json:{file}") as program:
            program.says("ready")
            assert located(file) == listed(of(3))
            resolv_conf.write_text("")  # it is being written
            asked = len(linked.asked)
            until(lambda: len(linked.asked) > asked + 2, SOON, "it asks on where it did")
            assert not other.asked
            resolv_conf.write_text("nameserver 127.0.0.1\n")
            until(lambda: other.asked, SOON, "it asks the other")
            net.scale(4)
            until(lambda: located(file) == listed(of(4)), SOON, "the file has four")
            assert not program.events("kept")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
