"""Putting images into the cluster, by the command that a person would use."""

from __future__ import annotations

import fcntl
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

VARIABLE = "ROLLCALL_TEST_LOAD_IMAGE"


@dataclass(frozen=True, slots=True)
class Loader:
    """Those who share the folder `scratch` share the run: each image is put in once in it."""

    command: str
    scratch: Path

    def load(self, image: str) -> None:
        """Puts it in. Its tag must not be `latest`, which the kubelet would pull."""
        stamp = self.scratch / f"loaded-{image.replace(':', '-').replace('/', '-')}"
        with (self.scratch / "load.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if stamp.exists():
                return
            done = subprocess.run(
                [*shlex.split(self.command), image],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
            if done.returncode:
                said = done.stdout.decode(errors="replace")
                pytest.fail(f"{VARIABLE}: {self.command} {image} ended {done.returncode}: {said}")
            stamp.touch()


def need_loader(scratch: Path) -> Loader:
    """The command, with its memory. Skips the test where none was given."""
    command = os.environ.get(VARIABLE, "")
    if not command:
        pytest.skip(
            f"needs {VARIABLE}, the command that puts an image into the cluster when its name is "
            "appended, as in `kind load docker-image`"
        )
    return Loader(command, scratch)
