"""What docs/monitoring/README.md and the runbook tell people to type and to paste."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import yaml

from agent.cli import COMMANDS
from tests.monitoring.conftest import Promtool
from tests.monitoring.exported import FOLDER, PAGES, TARGET
from tests.support.pages import blocks

README = (FOLDER / "README.md").read_text(encoding="utf-8")
RUNBOOK = (PAGES / "runbook.md").read_text(encoding="utf-8")
# `status` comes with the status server.
TOLD = {*COMMANDS}
ALERTS = (FOLDER / "alerts.yaml").read_text(encoding="utf-8")


def shell(script: str, folder: Path) -> str:
    """What a block of the page prints, with a `kubectl` that prints what it is given."""
    (folder / "alerts.yaml").write_text(ALERTS, encoding="utf-8")
    with_kubectl = f"kubectl() {{ cat; }}\n{script}"
    command = ["bash", "-euo", "pipefail", "-c", with_kubectl]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout


def test_prometheus_reads_the_scrape_configuration(promtool: Promtool, tmp_path: Path) -> None:
    (text,) = [block for block in blocks(README, "yaml") if block.startswith("scrape_configs:")]
    (tmp_path / "prometheus.yaml").write_text(text, encoding="utf-8")
    promtool("check", "config", "--syntax-only", "--lint-fatal", "prometheus.yaml", within=tmp_path)


def test_both_ways_to_scrape_give_the_labels_that_alerts_and_dashboard_go_by() -> None:
    monitor, config = (yaml.safe_load(block) for block in blocks(README, "yaml"))
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    relabel = config["scrape_configs"][0]["relabel_configs"]
    by_operator = {
        (rule["sourceLabels"][0], rule["targetLabel"]) for rule in endpoint["relabelings"]
    }
    by_file = {
        (rule["source_labels"][0], rule["target_label"])
        for rule in relabel
        if "target_label" in rule
    }
    assert by_operator <= by_file, "what the operator sets by itself is namespace and pod"
    assert {target for _, target in by_file} == TARGET - {"cluster", "instance"}
    (port,) = [rule["regex"] for rule in relabel if "port_name" in rule["source_labels"][0]]
    assert endpoint["port"] == port


def test_the_wrapped_rules_are_the_rules(tmp_path: Path) -> None:
    (script,) = [block for block in blocks(README, "sh") if "PrometheusRule" in block]
    made = yaml.safe_load(shell(script, tmp_path))
    assert (made["apiVersion"], made["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert made["spec"] == yaml.safe_load(ALERTS)


def test_the_links_to_the_runbook_can_be_made_whole(tmp_path: Path) -> None:
    (script,) = [block for block in blocks(README, "sh") if "runbook_url" in block]
    shell(script, tmp_path)
    links = re.findall(r"runbook_url: (.*)", (tmp_path / "alerts.yaml").read_text(encoding="utf-8"))
    assert len(links) == len(re.findall(r"runbook_url", ALERTS))
    assert all(re.fullmatch(r"https://\S+/docs/runbook\.md#rollcall[a-z]+", link) for link in links)


def test_the_pages_name_only_files_and_commands_that_exist() -> None:
    for page in (FOLDER / "README.md", PAGES / "runbook.md"):
        text = page.read_text(encoding="utf-8")
        for link in re.findall(r"\]\((?!http)([^)#]+)\)", text):
            assert (page.parent / link).exists(), link
        assert set(re.findall(r"(?:`| -- )rollcall (\w+)", text + ALERTS)) <= TOLD
