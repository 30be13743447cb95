"""What an examination found: frozen facts, and no verdict on any of them.

Sentences in it are those of the part that noticed: a setting's, an output's, the network's.
"""

from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from agent.core import bootstrap
from agent.core.gate import GateRules
from agent.core.identity import Identity, IdentityError, Role
from agent.core.nameservers import Nameserver
from agent.core.observation import Answered, Endpoint, Observation, Unknown
from agent.core.surroundings import Surroundings, bare_source


class Way(Enum):
    """What the agent asks DNS for, by its settings and by where it is."""

    SRV = "the service's SRV records"
    ADDRESS = "the service's addresses"
    ORDINALS = "each pod's name"
    STATIC = "nothing"


class Reaction(Enum):
    """What a nameserver makes of the question for the namespace's own name.

    The first two are answers: the namespace is there, or it is not (NXDOMAIN). Where names are bare
    it is the question for the name of this container's own address, which Docker answers itself.
    """

    THERE = "there"
    MISSING = "missing"
    REFUSED = "refused"
    FAILED = "failed"
    SILENT = "silent"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Asked:
    """One nameserver, asked by itself: its reaction, and after how many seconds it came.

    `phrase` says what came instead of an answer.
    """

    server: Nameserver
    reaction: Reaction
    seconds: float = 0.0
    phrase: str = ""


@dataclass(frozen=True, slots=True)
class Records:
    """What the service's records say besides who is there; each record was asked for directly.

    `ports` are the numbers in the SRV records that are asked for, in order; `no_srv` is why
    addresses are asked for instead, and `is_too_long` that these records are too many for one
    answer. `names` are the pods that they name. `addresses` are all that the service lists;
    `without_port`: those that no SRV record leads to. `ttls` are the times to live, in seconds, of
    all answers.
    """

    ports: tuple[int, ...] = ()
    no_srv: str = ""
    is_too_long: bool = False
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    without_port: tuple[str, ...] = ()
    ttls: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class OverTcp:
    """The agent's question over TCP: the size of its answer in bytes, or a `problem`.

    `fits` is how many bytes an answer over UDP may have. `is_cut_short`: one over TCP is too long,
    too.
    """

    server: Nameserver
    fits: int
    size: int = 0
    problem: str = ""
    is_cut_short: bool = False


# What is seen where nobody asked, because nothing whole could have come.
UNASKED = Unknown("DNS was not asked who is behind the service")


@dataclass(frozen=True, slots=True)
class Dns:
    """All that was asked of DNS. `seen` is what the agent's own way of asking brings.

    `has_zone`: whether there is any namespace in the cluster domain, None where that was no
    question. `own_names` are the names that DNS has for this pod's address, asked for where the
    service lists that address without a name. `unfit` are the pods that have addresses, but none of
    the family that is asked for.
    """

    asked: tuple[Asked, ...] = ()
    has_zone: bool | None = None
    seen: Observation = UNASKED
    records: Records = Records()
    over_tcp: OverTcp | None = None
    own_names: tuple[str, ...] = ()
    unfit: tuple[Endpoint, ...] = ()


class Mistake(Enum):
    """What is wrong with an output, as far as YAML mends it."""

    NO_FOLDER = "no folder"
    NOT_WRITABLE = "not writable"
    SINGLE_FILE = "single file"
    PRIVATE = "private"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with the output to `path`, in a sentence."""

    path: str
    mistake: Mistake
    sentence: str


@dataclass(frozen=True, slots=True)
class Program:
    """A command's first word and whose it is; `problem` is why it can't be run, else empty."""

    name: str
    of: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """The state file of an earlier run; `content` None where it can't be read."""

    path: str
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Founding:
    """What the advice on founding a cluster rests on, each thing looked at if this pod is known.

    `port`, `data` and `marker` as in the settings; `not_there` are the folders of the last two that
    don't exist. `is_kept_away`: there are peers elsewhere that could not be reached.
    """

    port: int
    data: str
    marker: str
    found: bootstrap.Evidence
    not_there: tuple[str, ...] = ()
    is_kept_away: bool = False


@dataclass(frozen=True, slots=True)
class WrongSetting:
    """What is wrong with the config file or a variable; then nothing else was looked at."""

    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All facts. `Known` and `Listed` are the same facts, where these say more.

    `said_by` names the flags, variables and the file that say something; `nameservers_by` where the
    nameservers come from. `port_name` is the port that SRV records are asked for, empty for all.
    `outputs` are paths, `programs` those that checks and hooks run.
    """

    who: Identity | IdentityError
    said_by: tuple[str, ...] = ()
    around: Surroundings = field(default_factory=Surroundings)
    role: Role = field(default_factory=Role)
    way: Way = Way.SRV
    port_name: str = ""
    gate: GateRules = field(default_factory=GateRules)
    nameservers: tuple[Nameserver, ...] = ()
    nameservers_by: str = ""
    dns: Dns = Dns()
    outputs: tuple[str, ...] = ()
    flaws: tuple[Flaw, ...] = ()
    programs: tuple[Program, ...] = ()
    kept: Kept | None = None
    founding: Founding | None = None

    @property
    def bare_by(self) -> str:
        """Who says that names are bare, as in docker-compose; empty where they are not."""
        return bare_source(self.around)

    @property
    def asks_own_name(self) -> bool:
        """Whether DNS is asked for this pod by its own name.

        Only where names are bare: elsewhere a question that comes too early keeps a name from
        resolving (kubernetes issue 92559).
        """
        return self.way is Way.ORDINALS and bool(self.bare_by)

    @property
    def has_ordinals(self) -> bool:
        """Whether this pod is a member that has a number, and is known by a name."""
        return self.role.is_member and self.role.has_ordinals


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(Evidence):
    """All facts, where it is known who this pod is."""

    me: Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Known):
    """All facts, where DNS says who is there, too."""

    seen: Answered


def known(evidence: Evidence) -> Known | None:
    """The facts with this pod, None if it is not known."""
    if not isinstance(evidence.who, Identity):
        return None
    return Known(**_fields(evidence), me=evidence.who)


def listed(evidence: Evidence) -> Listed | None:
    """The facts with this pod and with who is there, None if either is not known."""
    seen = evidence.dns.seen
    if not isinstance(evidence.who, Identity) or not isinstance(seen, Answered):
        return None
    return Listed(**_fields(evidence), me=evidence.who, seen=seen)


def _fields(evidence: Evidence) -> dict[str, Any]:
    return {each.name: getattr(evidence, each.name) for each in fields(evidence)}
