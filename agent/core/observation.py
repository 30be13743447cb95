"""What one round of asking DNS can bring: an answer, a "no", or a "don't know".

They are three types, so that no code can take one for another. Only `Answered` can ever remove
anybody, `Absent` only where the operator said so (`on_empty: accept`), `Unknown` never. `Quiet` is
none of them: nobody was asked for, because nothing has changed.
"""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One pod as DNS lists it: its name (or its address, if it has no name) and its addresses."""

    fqdn: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """DNS gave a whole answer, and these are all the endpoints in it.

    `ttl` is the lowest time to live in it, in seconds; None where no record was needed to know, so
    that nothing expires. `remarks` are sentences on what is odd about the setup although it works.
    Where `is_whole` is False there may be more of them: who is listed is there, and who isn't
    listed may be there, too.
    """

    endpoints: tuple[Endpoint, ...]
    ttl: float | None = None
    remarks: tuple[str, ...] = ()
    is_whole: bool = True


class Why(Enum):
    """What kind of "nobody" it was; from the third on they say that the setup is wrong."""

    NO_SUCH_NAME = "NXDOMAIN"
    NO_DATA = "no data"
    NOT_HEADLESS = "not headless"
    EXTERNAL_NAME = "ExternalName"
    NO_NAMES = "no names"
    NO_NAMESPACE = "no namespace"
    NO_SUCH_PORT = "no such port"
    OTHER_FAMILY = "other family"


@dataclass(frozen=True, slots=True)
class Absent:
    """DNS said, in a whole answer, that there is nobody; `reason` is the sentence for people.

    `ttl`: for so many seconds a cache may go on saying so (RFC 2308 section 5); None where no
    record says it, and no cache is between.
    """

    reason: str
    why: Why
    ttl: float | None = None


class Doubt(Enum):
    """Why nothing can be said; RFC 1035 section 4.1.1 has the response codes."""

    NO_ANSWER = "no answer"
    UNREACHABLE = "unreachable"
    SERVFAIL = "SERVFAIL"
    REFUSED = "REFUSED"
    FORMERR = "FORMERR"
    NOTIMP = "NOTIMP"
    CUT_SHORT = "cut short"
    FOREIGN = "foreign"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Unknown:
    """DNS said nothing that can be relied on: no answer, a failure, half an answer."""

    reason: str
    doubt: Doubt = Doubt.OTHER


Observation = Answered | Absent | Unknown


@dataclass(frozen=True, slots=True)
class Quiet:
    """The zone has changed nothing that was not seen, so who is there was not asked."""
