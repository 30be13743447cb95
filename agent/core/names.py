"""DNS names and addresses, checked once before anything else sees them.

Whatever comes from the network or from a person passes through `dns_name`, `dns_label` or
`ip_address` first; what they let through holds no quote, space, newline or other character that
could end a string in a config file. That is why no template has to escape a name.
"""

import functools
import ipaddress
import re
from collections.abc import Iterable
from typing import Literal

Family = Literal["any", "ipv4", "ipv6"]

# RFC 1035 section 2.3.4: a label has 63 octets at most. RFC 1123 section 2.1 lets it begin with a
# digit; the underscore is for SRV owner names (RFC 2782) and for container names in compose.
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
# RFC 1035 section 2.3.4: 255 octets on the wire are 253 characters as text.
LONGEST_NAME = 253
_ORDINAL = re.compile(r"(?P<set>.+)-(?P<ordinal>0|[1-9][0-9]{0,9})", re.ASCII)
_DASHED_V4 = re.compile(r"\d{1,3}(?:-\d{1,3}){3}", re.ASCII)
_DASHED_V6 = re.compile(r"[0-9a-f]{0,4}(?:-[0-9a-f]{0,4}){2,7}", re.ASCII)


# The same few thousand names and addresses come with each answer.
_remembered = functools.lru_cache(maxsize=8192)


def dns_label(text: str) -> str:
    """Returns one label in lower case; raises ValueError with a sentence if it is none."""
    low = text.lower()
    if not _LABEL.fullmatch(low):
        raise ValueError(f"{text!r} is not one DNS label (letters, digits and '-', at most 63)")
    return low


def dns_name(text: str) -> str:
    """Returns a name in lower case without its final dot; raises ValueError if it is none."""
    low = text.removesuffix(".").lower()
    if (
        not low
        or len(low) > LONGEST_NAME
        or not all(_LABEL.fullmatch(part) for part in low.split("."))
    ):
        raise ValueError(f"{text!r} is not a DNS name")
    return low


@_remembered
def ip_address(text: str) -> str:
    """Returns an IPv4 or IPv6 address in its shortest form; raises ValueError if it is none.

    A scoped address (`fe80::1%eth0`) is refused: it means nothing to another pod.
    """
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an IP address") from None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.scope_id is not None:
        raise ValueError(f"{text!r} has a scope, which means nothing to another pod")
    return str(parsed)


@_remembered
def is_address(text: str) -> bool:
    """Whether `text` is an address rather than a name."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@_remembered
def address_key(address: str) -> tuple[int, int]:
    """Sorts addresses by family, then as numbers: 10.0.0.9 before 10.0.0.10."""
    parsed = ipaddress.ip_address(address)
    return parsed.version, int(parsed)


def of_family(addresses: tuple[str, ...], family: Family) -> tuple[str, ...]:
    """Those of the addresses that are of a family, in their order."""
    if family == "any":
        return addresses
    version = 4 if family == "ipv4" else 6
    return tuple(address for address in addresses if address_key(address)[0] == version)


@_remembered
def split_ordinal(pod: str) -> tuple[str, int] | None:
    """Splits a StatefulSet pod's name: `my-db-2-10` is ordinal 10 of `my-db-2`.

    None for a name that no StatefulSet makes: without a number at its end, or an IPv4 address with
    dashes (`10-0-0-1`), which is how Kubernetes names an endpoint that has no hostname.
    """
    match = _ORDINAL.fullmatch(pod)
    if match is None or (_DASHED_V4.fullmatch(pod) and dashed_address(pod)):
        return None
    return match["set"], int(match["ordinal"])


def sets_of(pods: Iterable[str]) -> tuple[str, ...]:
    """The StatefulSets whose pods these are, by their names, in order."""
    return tuple(sorted({parts[0] for pod in pods if (parts := split_ordinal(pod))}))


@_remembered
def dashed_address(label: str) -> str | None:
    """The address that a label spells with dashes for dots or colons: `10-0-0-1`, `fd00--1`.

    None if it spells none. A pod may be called so by chance (`dead--beef-0`): only beside the
    address itself is it certain (Kubernetes DNS-Based Service Discovery 1.1.0, section 2.4.1).
    """
    is_v4 = _DASHED_V4.fullmatch(label)
    if not is_v4 and not _DASHED_V6.fullmatch(label):
        return None
    try:
        return ip_address(label.replace("-", "." if is_v4 else ":"))
    except ValueError:
        return None
