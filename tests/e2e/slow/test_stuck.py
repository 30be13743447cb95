"""An agent whose loop hangs for good, which no probe may call alive."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

from agent.lab.cluster import Pod
from tests.e2e.conftest import Start
from tests.e2e.kube import DB, Kube, pods
from tests.e2e.program import QUICK, SERVICE, rollcall, seconds_to_end
from tests.status.client import Client
from tests.support.until import until

SOON = 15.0
# Seconds. It waits for some 17 until it says so: see `patience` of the settings.
IN_TIME = 40.0
AT_ONCE = 5.0
# It has no end in any time that counts, but only once db-1 has this address.
ENDLESS = """
{% for peer in peers if "10.0.0.77" in peer.addresses %}
{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}
{% endfor %}
{{ peers | length }}
"""


def test_a_template_without_end_is_told_and_a_signal_still_ends_the_agent(
    kube: Kube, tmp_path: Path, start: Start
) -> None:
    kube.scale(2)
    template, config, file = (tmp_path / name for name in ("own.j2", "rollcall.yaml", "out"))
    template.write_text(ENDLESS)
    config.write_text(f"outputs: [{{template: {template}, path: {file}}}]")
    given = (*SERVICE, *QUICK, kube.flag, f"--config={config}", "--status-listen=127.0.0.1:0")
    program = start("run", "--pod-name=db-0", "--bootstrap-timeout=100ms", *given)
    where = program.says("listening")[0]["at"]
    program.says("ready")

    def livez() -> int:
        with Client(where) as client:
            return client.ask("/livez").answer().status

    assert livez() == 200
    kube.show(replace(DB, pods=(*pods([0]), Pod("db-1", ("10.0.0.77",)))))
    until(lambda: livez() == 503, IN_TIME, "it is told that the loop stands still")
    ended = rollcall("status", f"--status-listen={where}")
    assert (ended.code, "the loop stands still" in ended.out) == (1, True)
    assert seconds_to_end(program, signal.SIGTERM) < AT_ONCE
