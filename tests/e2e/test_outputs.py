"""Outputs that are links, or that are right but for their mode."""

from __future__ import annotations

import signal
import stat
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.kube import Kube
from tests.e2e.program import QUICK, SERVICE, SOON, Ended, rollcall, stamp
from tests.e2e.test_streams import is_of
from tests.support.until import until


def once(kube: Kube, *more: str) -> Ended:
    return rollcall("once", "--pod-name=db-0", *SERVICE, *QUICK, kube.flag, *more)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("lead", ["{real}/peers.json", "../real/peers.json", "link"])
@pytest.mark.parametrize("is_there", [True, False], ids=["there", "not there yet"])
def test_the_file_that_a_link_leads_to_is_kept_true_and_the_link_stays(
    kube: Kube, tmp_path: Path, start: Start, lead: str, is_there: bool
) -> None:
    real, folder = tmp_path / "real", tmp_path / "folder"
    real.mkdir()
    folder.mkdir()
    (folder / "link").symlink_to("../real/peers.json")
    link = folder / "output"
    link.symlink_to(lead.format(real=real))
    if is_there:
        (real / "peers.json").write_text("{}")
    kube.scale(2)
    program = start(
        *("run", "--pod-name=db-0", *SERVICE, *QUICK, kube.flag), f"--output=json:{link}"
    )
    program.says("ready")
    for count in (3, 2):
        kube.scale(count)
        until(partial(is_of, real / "peers.json", count), SOON, f"the file is of {count}")
    assert program.end(signal.SIGTERM).code == 0
    assert link.is_symlink()
    assert {path.name for path in folder.iterdir()} == {"output", "link"}
    assert {path.name for path in real.iterdir()} == {"peers.json", ".rollcall-db-0.state"}


def test_a_mode_is_set_at_the_start_although_no_byte_changes(kube: Kube, tmp_path: Path) -> None:
    file, config = tmp_path / "peers.json", tmp_path / "rollcall.yaml"
    kube.scale(2)
    assert once(kube, f"--output=json:{file}").code == 0
    before = stamp(file)
    assert mode_of(file) == 0o644
    config.write_text(f"outputs: [{{format: json, path: {file}, mode: '0640'}}]")
    assert once(kube, f"--config={config}").code == 0
    assert mode_of(file) == 0o640
    assert stamp(file) == before


def test_a_mode_is_set_at_the_start_although_the_gate_stays_shut(
    kube: Kube, tmp_path: Path
) -> None:
    """A password in it must not stay readable until DNS is well."""
    file, config = tmp_path / "peers.json", tmp_path / "rollcall.yaml"
    file.write_text("{}")
    file.chmod(0o644)
    config.write_text(f"outputs: [{{format: json, path: {file}, mode: '0600'}}]")
    ended = once(kube, f"--config={config}", "--wait-timeout=200ms", "--pod-name=db-1")
    assert ended.code == 3
    assert mode_of(file) == 0o600
