"""What the example charts render to, with sidecars that Kubernetes knows and without.

`python -m tests.charts.goldens` writes the files anew; read what has changed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.charts.helm import CONSUMERS, NATIVE, PLAIN, Charts, Install, copied

_FOLDER = Path(__file__).parent / "golden"
KINDS = {"native": NATIVE, "plain": PLAIN}


def golden(chart: str, kind: str) -> Path:
    """The file; `kind` is of `KINDS`."""
    return _FOLDER / f"{chart}-{kind}.yaml"


def write(charts: Charts) -> None:
    """All of them."""
    for chart in CONSUMERS:
        for kind, version in KINDS.items():
            text = charts.text(chart, Install(version=version))
            golden(chart, kind).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as top:
        write(copied(Path(top)))
