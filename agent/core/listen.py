"""Where the status server listens, out of what a person wrote: HOST:PORT."""

import ipaddress
import re
from dataclasses import dataclass

# The word for no status server at all, and what is listened on where nothing else is said.
NONE = "none"
DEFAULT = ":9797"
# What the header Server says; by that a command knows an agent from anything else on its port.
SERVER = "rollcall"

_FORM = re.compile(r"(?:\[(?P<v6>[^\[\]]*)\]|(?P<v4>[^\[\]:]*)):(?P<port>\d{1,5})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """`host` is an address, empty for all, IPv4 and IPv6; port 0 is any that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def asked_at(self) -> tuple[str, ...]:
        """HOST:PORT for a program of the same pod to ask at, that to try first before others."""
        if not self.host:
            return (f"127.0.0.1:{self.port}", f"[::1]:{self.port}")
        if ipaddress.ip_address(self.host).is_unspecified:
            return (f"127.0.0.1:{self.port}",)
        return (str(self),)


def parse_listen(text: str) -> ListenAddress | None:
    """Reads `:9797`, `127.0.0.1:9797` or `[::1]:9797`; None for `none`.

    `[::]`, however it is written, is all addresses, as for most servers. Raises ValueError with a
    sentence.
    """
    if text == NONE:
        return None
    form = _FORM.fullmatch(text)
    if form is None or not _is_address(form) or int(form["port"]) > 65535:
        raise ValueError(
            f"{text!r} is not where to listen: write :PORT or ADDRESS:PORT, as in :9797, "
            f"127.0.0.1:9797 or [::1]:9797, or {NONE}"
        )
    host = form["v4"] or form["v6"] or ""
    is_all = bool(form["v6"]) and ipaddress.IPv6Address(host).is_unspecified
    return ListenAddress("" if is_all else host, int(form["port"]))


def _is_address(form: re.Match[str]) -> bool:
    """Whether what stands before the port is an address of its kind, or nothing."""
    try:
        if form["v6"] is not None:
            return ipaddress.IPv6Address(form["v6"]).scope_id is None
        return not form["v4"] or bool(ipaddress.IPv4Address(form["v4"]))
    except ValueError:
        return False
