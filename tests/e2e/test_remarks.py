"""What is odd about the pod itself is told at the start, and keeps nothing from working."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.e2e.kube import Kube
from tests.e2e.program import QUICK, SERVICE, Ended, Setting, rollcall

# Starts a command with another /etc/hosts, which only it sees: the first argument.
WITH_HOSTS = ("unshare", "--map-root-user", "--mount")
MOUNT = 'mount --bind "$1" /etc/hosts; shift; exec "$@"'


def can_have_other_hosts() -> bool:
    """Whether this machine lets a test have an /etc/hosts of its own; most containers do not."""
    if shutil.which("unshare") is None:
        return False
    command = [*WITH_HOSTS, "sh", "-c", "mount --bind /dev/null /etc/hosts"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


# No skip, which would be a failure in a strict run: there is no package that mends it.
if can_have_other_hosts():

    def with_hosts(folder: Path, line: str, *arguments: str) -> Ended:
        hosts = folder / "hosts"
        hosts.write_text(f"127.0.0.1 localhost\n{line}\n")
        through = (*WITH_HOSTS, "sh", "-ec", MOUNT, "sh", str(hosts))
        return rollcall(*arguments, setting=Setting(through=through))

    LINE = "10.0.0.2 db-1.cache.prod.svc.cluster.local db-1"
    REMARK = (
        "the service is db by --service, but this pod's own line in /etc/hosts has cache: one of "
        "them is wrong"
    )

    def test_a_service_that_etc_hosts_contradicts_is_a_warning_in_the_log(
        kube: Kube, tmp_path: Path
    ) -> None:
        kube.scale(2)
        file = tmp_path / "peers.list"
        given = ("--pod-name=db-1", *SERVICE, *QUICK, kube.flag, f"--output=list:{file}")
        ended = with_hosts(tmp_path, LINE, "once", *given)
        assert ended.code == 0, ended.err
        (remark,) = [event for event in ended.events if event["kind"] == "remark"]
        assert (remark["level"], remark["event"]) == ("warning", REMARK)
        assert file.exists()

    def test_whoami_tells_it_beside_the_facts(tmp_path: Path) -> None:
        ended = with_hosts(tmp_path, LINE, "whoami", "--pod-name=db-1", *SERVICE)
        assert (ended.code, ended.err) == (0, f"rollcall: {REMARK}\n")
        assert "10.0.0.2" in ended.out

    def test_who_is_what_etc_hosts_says_needs_no_flag_and_gets_no_remark(tmp_path: Path) -> None:
        line = "10.0.0.2 db-1.db.prod.svc.cluster.local db-1"
        ended = with_hosts(tmp_path, line, "whoami", "--pod-name=db-1")
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.count("/etc/hosts") == 4
