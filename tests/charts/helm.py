"""Charts as Helm has them: their dependencies in place, and what it renders for some values.

It knows Helm's command line, and no template. No cluster is asked.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.need import need_program

ROOT = Path(__file__).resolve().parents[2]
CHARTS = ROOT / "charts"
LIBRARY = CHARTS / "rollcall"
# Charts that have the library as a dependency, by their names.
CONSUMERS = {path.parent.name: path.parent for path in sorted(CHARTS.glob("examples/*/Chart.yaml"))}
HARNESS = Path(__file__).parent / "harness"
# One that has sidecars of its own, and one that has not.
NATIVE, PLAIN = "v1.34.0", "v1.27.0"
Yaml = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Install:
    """How a chart is installed: values as in a file, more words for Helm, Kubernetes' version."""

    values: Yaml = field(default_factory=dict)
    words: tuple[str, ...] = ()
    version: str = NATIVE
    release: str = "db"


@dataclass(frozen=True, slots=True)
class Ended:
    """What Helm said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Charts:
    """A copy of all charts, with their dependencies in place: `folders` by the charts' names."""

    folders: Mapping[str, Path]

    def template(self, name: str, install: Install) -> Ended:
        """`helm template RELEASE CHART`."""
        where = (f"--kube-version={install.version}", "--namespace=prod", "--values=-")
        values = json.dumps(install.values)  # YAML that no two readers read differently
        chart = (install.release, self.folders[name])
        return helm("template", *chart, *where, *install.words, stdin=values)

    def text(self, name: str, install: Install) -> str:
        """What Helm renders."""
        ended = self.template(name, install)
        assert ended.code == 0, ended.err
        return ended.out

    def objects(self, name: str, install: Install) -> list[Yaml]:
        """The same as objects."""
        return [each for each in yaml.safe_load_all(self.text(name, install)) if each]

    def refusal(self, name: str, install: Install) -> str:
        """Why Helm renders nothing."""
        ended = self.template(name, install)
        assert (ended.code, ended.out) == (1, "")
        return ended.err


def copied(top: Path) -> Charts:
    """All that use the library, and that, copied into a folder. Without Helm a test is skipped."""
    for part in (CHARTS, HARNESS):
        ignored = shutil.ignore_patterns("*.tgz")
        shutil.copytree(part, top / part.relative_to(ROOT), ignore=ignored)
    folders = {path.name: top / path.relative_to(ROOT) for path in (HARNESS, *CONSUMERS.values())}
    for folder in folders.values():
        done = helm("dependency", "build", folder)
        assert done.code == 0, done.err
    return Charts({**folders, LIBRARY.name: top / LIBRARY.relative_to(ROOT)})


def helm(*words: str | Path, stdin: str = "") -> Ended:
    """Runs Helm, without what a user has set for it. Skips the test where it is not."""
    own = {name: text for name, text in os.environ.items() if not name.startswith("HELM_")}
    done = subprocess.run(
        [need_program("helm"), *map(str, words)],
        env={**own, "HELM_REPOSITORY_CONFIG": os.devnull, "KUBECONFIG": os.devnull},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def of_kind(objects: list[Yaml], kind: str) -> list[Yaml]:
    """Those of one kind."""
    return [each for each in objects if each["kind"] == kind]
