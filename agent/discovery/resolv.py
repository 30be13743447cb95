"""The nameservers of a resolv.conf that may be rewritten while the agent runs."""

import os
from pathlib import Path

from agent.core.nameservers import Nameserver, nameservers_in


class ResolvConf:
    """Reads the file again when it is another one; one without a nameserver changes nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = os.fspath(path)
        self._stamp: tuple[int, ...] = ()
        self._nameservers: tuple[Nameserver, ...] = ()

    def nameservers(self) -> tuple[Nameserver, ...]:
        """The nameservers that it names now, or named last."""
        try:
            now = os.stat(self._name)  # noqa: PTH116  # at each poll, where a Path costs as much again
            stamp = (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns)
            if stamp != self._stamp:
                text = self._path.read_text(encoding="utf-8", errors="replace")
                self._nameservers = nameservers_in(text) or self._nameservers
                self._stamp = stamp
        except OSError:
            pass
        return self._nameservers
