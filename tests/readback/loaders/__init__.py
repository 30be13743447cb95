"""Small programs around a database's own reader of its file, for those without a command for it.

Those in Go are built into the image. Those in Java are compiled where they run, against its jars.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

# Seconds. On a busy machine the compiler alone may take half a minute.
PATIENCE = 90.0

_HERE = Path(__file__).parent


def java(jars: str, loader: str, argument: str) -> tuple[list[str], Mapping[str, bytes]]:
    """The command that runs a loader of this folder with the jars of `/opt/JARS`, and its files."""
    source = f"/loaders/{loader}.java"
    command = ["java", "-cp", f"/opt/{jars}/lib/*", source, argument]
    return command, {source: (_HERE / f"{loader}.java").read_bytes()}
