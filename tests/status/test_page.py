"""docs/status.md shows what is so."""

import json
import os
import re
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from agent.core.gate import GateRules
from agent.core.listen import DEFAULT
from agent.core.snapshot import Snapshot
from agent.status.limits import Limits
from agent.status.metrics import SnapshotCollector
from agent.status.routes import HELD, LONGEST_HELD, PAGES
from tests.status.client import SOON, serving
from tests.status.page import PAGE, refreshed
from tests.status.situations import ABOUT, EVERY, MOMENT, ready
from tests.support.need import need_program
from tests.support.until import until

IN_TMP = "/tmp/roll.json"  # noqa: S108  # so the page has it
TEXT = PAGE.read_text(encoding="utf-8")


def test_its_examples_and_its_metrics_are_what_is_really_answered() -> None:
    assert refreshed(TEXT) == TEXT, "make them anew: python -m tests.status.page"


@pytest.mark.parametrize("situation", EVERY)
def test_every_metric_is_in_its_table_with_its_labels(situation: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) ?\| ", TEXT, re.MULTILINE)
    told = {name: (kind, tuple(re.findall(r"\w+", labels))) for name, kind, labels in rows}
    for family in SnapshotCollector(EVERY[situation], ABOUT, MOMENT).collect():
        kind = "gauge" if family.type == "info" else family.type
        for sample in family.samples:
            assert told[sample.name] == (kind, tuple(sample.labels))


def test_it_lists_every_path() -> None:
    assert re.findall(r"^\| `(/.*?)` \| ", TEXT, re.MULTILINE) == list(PAGES)


def test_its_numbers_are_those_of_the_code() -> None:
    limits = Limits()
    for phrase in (
        f"at port {DEFAULT.removeprefix(':')}",
        f"At most {limits.connections} connections",
        f"headers have {limits.head // 1024} KiB at most",
        f"is closed after {limits.idle:g} s",
        f"is not read for {limits.unread:g} s",
        f"for {HELD:g} s, or for `timeout`,",
        f"which is {LONGEST_HELD:g} s at most",
        f"`wait_timeout` ({GateRules().wait_timeout:g}s)",
    ):
        assert phrase in TEXT


def test_its_probes_ask_paths_that_there_are_for_long_enough() -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    sidecar = yaml.safe_load(block)
    (port,) = sidecar["ports"]
    assert f":{port['containerPort']}" == DEFAULT
    startup, liveness = sidecar["startupProbe"], sidecar["livenessProbe"]
    assert startup["httpGet"] == {"path": "/readyz", "port": port["name"]}
    assert liveness["httpGet"] == {"path": "/livez", "port": port["name"]}
    assert startup["periodSeconds"] * startup["failureThreshold"] > GateRules().wait_timeout
    assert "readinessProbe" not in sidecar


def changed(snapshot: Snapshot, generation: int) -> Snapshot:
    return snapshot._replace(roll=replace(snapshot.roll, generation=generation))


def test_its_script_follows_the_members(tmp_path: Path) -> None:
    need_program("curl", "your system's packages")
    shell = shutil.which("sh") or need_program("sh", "your system's packages")
    (script,) = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    roll = tmp_path / "roll.json"
    with serving(changed(ready(), 1)) as server:
        here = script.replace("localhost:9797", server.where).replace(IN_TMP, str(roll))
        assert here.count(str(roll)) == 1

        def generation() -> int:
            text = roll.read_text() if roll.exists() else ""
            return int(json.loads(text)["generation"]) if text.endswith("}\n") else 0

        def sees(number: int) -> None:
            server.show(changed(ready(), number))
            until(lambda: generation() == number, SOON, f"it has seen {number}")

        process = subprocess.Popen([shell, "-c", here], start_new_session=True)
        try:
            for number in (1, 2, 7):
                sees(number)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(SOON)
