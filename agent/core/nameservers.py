"""Which nameservers to ask: out of flags or out of resolv.conf's text."""

import ipaddress
import re
from dataclasses import dataclass

DNS_PORT = 53
# resolv.conf(5): the resolver library reads so many and no more.
MOST_NAMESERVERS = 3
_WITH_PORT = re.compile(
    r"(?:\[(?P<v6>[^\[\]]+)\](?::(?P<port6>\d{1,5}))?|(?P<v4>[^\[\]:]+):(?P<port4>\d{1,5}))",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Nameserver:
    """Where to ask. `host` is an address, with its scope if it has one (`fe80::1%eth0`)."""

    host: str
    port: int = DNS_PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_nameserver(text: str) -> Nameserver:
    """Reads `HOST[:PORT]`, IPv6 with a port as `[HOST]:PORT`; raises ValueError with a sentence."""
    with_port = _WITH_PORT.fullmatch(text)
    host = (with_port["v6"] or with_port["v4"]) if with_port else text
    port = int(with_port["port6"] or with_port["port4"] or DNS_PORT) if with_port else DNS_PORT
    if not _is_host(host) or not 0 < port < 65536:
        raise ValueError(f"{text!r} is not a nameserver: write an address, as in 10.96.0.10:53")
    return Nameserver(host, port)


def nameservers_in(resolv_conf: str) -> tuple[Nameserver, ...]:
    """The nameservers of a resolv.conf, in its order; lines that can't be read are passed over."""
    found: list[Nameserver] = []
    for line in resolv_conf.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver" and _is_host(words[1]):
            found.append(Nameserver(str(ipaddress.ip_address(words[1]))))
    return tuple(found[:MOST_NAMESERVERS])


def _is_host(text: str) -> bool:
    """Whether it is an address that a socket can be given, with a scope or without."""
    try:
        ipaddress.ip_address(text)
        text.encode("idna")  # as getaddrinfo does, which fails on odd scopes
    except ValueError:
        return False
    return True
