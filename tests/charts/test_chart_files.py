"""What lies in the charts' folders: Helm's own lint, the page of values, the schema."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from agent import __version__, formats
from agent.settings.json_schema import json_schema
from tests.charts.helm import CHARTS, CONSUMERS, LIBRARY, Charts, helm
from tests.charts.schema import FILE, with_settings, written
from tests.support.need import need_program

META = sorted(CHARTS.rglob("Chart.yaml"))


@pytest.mark.parametrize("name", [LIBRARY.name, *CONSUMERS])
def test_helm_finds_nothing_to_complain_of(charts: Charts, name: str) -> None:
    ended = helm("lint", "--strict", "--quiet", charts.folders[name])
    assert (ended.code, ended.err) == (0, "")
    assert not re.search(r"\[(WARNING|ERROR)\]", ended.out), ended.out


def test_the_page_is_the_one_that_helm_docs_makes(tmp_path: Path) -> None:
    program = need_program("helm-docs")
    shutil.copytree(LIBRARY, tmp_path / "rollcall")
    command = [program, "-c", str(tmp_path), "-s", "file"]
    subprocess.run(command, check=True, capture_output=True)
    made = (tmp_path / "rollcall" / "README.md").read_text(encoding="utf-8")
    assert (LIBRARY / "README.md").read_text(encoding="utf-8") == made


def test_each_value_is_in_the_schema_and_is_explained() -> None:
    text = (LIBRARY / "values.yaml").read_text(encoding="utf-8")
    schema = json.loads(FILE.read_text(encoding="utf-8"))
    values = yaml.safe_load(text)
    assert values.keys() | {"global"} == schema["properties"].keys()
    nested = {"image", "volume", "podMonitor"}
    for key in nested:
        assert values[key].keys() == schema["properties"][key]["properties"].keys()
    explained = len(re.findall(r"^ *# -- ", text, re.MULTILINE))
    assert explained == len(values.keys() - nested) + sum(len(values[key]) for key in nested)


def test_the_settings_are_held_to_the_schema_that_rollcall_prints() -> None:
    text = FILE.read_text(encoding="utf-8")
    schema = json.loads(text)
    of_all = schema["properties"]["settings"]["properties"]
    whole = json_schema(formats.names())["properties"]
    assert of_all.items() <= whole.items()
    assert whole.keys() - of_all.keys() == {"pod_name", "pod_ip"}
    assert text == written(with_settings(schema)), "make it so: python -m tests.charts.schema"


def test_no_schema_leads_out_of_its_file() -> None:
    for file in CHARTS.rglob("values.schema.json"):
        text = file.read_text(encoding="utf-8")
        assert json.loads(text)["$schema"] == "http://json-schema.org/draft-07/schema#"
        assert all(to.startswith("#/") for to in re.findall(r'"\$ref": "([^"]*)"', text))


@pytest.mark.parametrize("file", META, ids=lambda file: file.parent.name)
def test_a_chart_is_of_this_version_and_for_the_same_clusters(file: Path) -> None:
    meta = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert meta["kubeVersion"] == ">=1.25.0-0"
    library = yaml.safe_load((LIBRARY / "Chart.yaml").read_text(encoding="utf-8"))
    assert library["appVersion"] == __version__
    for dependency in meta.get("dependencies", []):
        assert dependency["version"] == library["version"]


def test_each_template_is_explained_and_those_for_others_are_on_the_page() -> None:
    page = (LIBRARY / "README.md").read_text(encoding="utf-8")
    on_page = set(re.findall(r"^\| `(rollcall\.\w+)` \|", page, re.MULTILINE))
    templates = "".join(
        path.read_text(encoding="utf-8") for path in LIBRARY.glob("templates/_*.tpl")
    )
    defined = set(re.findall(r'\{\{- define "([\w.]+)"', templates))
    assert on_page == {name for name in defined if ".own." not in name}
    explained = set(
        re.findall(r"^(rollcall\.[\w.]+): .*?^\*/\}\}$", templates, re.MULTILINE | re.DOTALL)
    )
    assert explained == defined
