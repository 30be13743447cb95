"""Records, one by one, and the RRsets that a message is made of.

dnspython's record classes are untyped; this is the one place that calls them. It must not know
what is answered to whom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.PTR
import dns.rdtypes.ANY.SOA
import dns.rdtypes.ANY.TXT
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA
import dns.rdtypes.IN.SRV
import dns.rrset

IN = dns.rdataclass.IN
A = dns.rdatatype.A
AAAA = dns.rdatatype.AAAA
CNAME = dns.rdatatype.CNAME
PTR = dns.rdatatype.PTR
SOA = dns.rdatatype.SOA
SRV = dns.rdatatype.SRV
TXT = dns.rdatatype.TXT

_MAKERS: dict[dns.rdatatype.RdataType, Callable[..., dns.rdata.Rdata]] = {
    A: dns.rdtypes.IN.A.A,
    AAAA: dns.rdtypes.IN.AAAA.AAAA,
    CNAME: dns.rdtypes.ANY.CNAME.CNAME,
    PTR: dns.rdtypes.ANY.PTR.PTR,
    SOA: dns.rdtypes.ANY.SOA.SOA,
    SRV: dns.rdtypes.IN.SRV.SRV,
    TXT: dns.rdtypes.ANY.TXT.TXT,
}


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `ttl` is in seconds. Owners are equal whatever their case."""

    owner: dns.name.Name
    ttl: int
    rdata: dns.rdata.Rdata


def rdata(rdtype: dns.rdatatype.RdataType, *fields: object) -> dns.rdata.Rdata:
    """The data of a record of that type; `fields` are in the order of the type's RFC."""
    return _MAKERS[rdtype](IN, rdtype, *fields)


def distinct(records: Iterable[Record]) -> tuple[Record, ...]:
    """The records in their order, each of them once."""
    return tuple(dict.fromkeys(records))


def rrsets(records: Iterable[Record]) -> list[dns.rrset.RRset]:
    """The records by owner and type, in the order in which each of these is met first."""
    sets: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], list[Record]] = {}
    for record in records:
        sets.setdefault((record.owner, record.rdata.rdtype), []).append(record)
    return [
        dns.rrset.from_rdata_list(group[0].owner, group[0].ttl, [record.rdata for record in group])
        for group in sets.values()
    ]
