"""What can be set: the shape of the config file, with its defaults."""

from pathlib import PurePath
from signal import Signals
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from agent.core.gate import GateRules, WaitFor
from agent.core.hearing import HearingRules
from agent.core.identity import Role
from agent.core.listen import DEFAULT, ListenAddress, parse_listen
from agent.core.membership import Rules
from agent.core.names import Family, dns_name, ip_address, is_address
from agent.core.nameservers import Nameserver, parse_nameserver
from agent.core.notice import Stdin
from agent.core.schedule import LONGEST_CACHED
from agent.core.selection import Address, ExcludeSelf, Source

# Seconds. Asking more often than this finds nothing sooner and burdens the cluster's DNS.
SHORTEST_INTERVAL = 0.1
# Seconds that a check may take, where nothing else is said.
CHECK_TIMEOUT = 10.0
# Seconds that the loop may be late, besides what DNS and checks may take: a slow disk, a template.
SLACK = 15.0
# Intervals. At rest it is not kept more exactly when answers came, unless somebody wants to know.
NOTED_EVERY = 3.0
# RFC 6335 section 5.1, and the protocols that a Kubernetes port may have.
PORT_NAME = r"[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?(?:/(?:tcp|udp|sctp))?"


Mode = Literal["auto", "srv", "address", "ordinals", "static"]


class Duration(float):
    """A length of time in seconds, written as in `parse_duration`."""


class DiscoverySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How DNS is asked."""

    mode: Mode = "auto"
    port_name: str = ""
    address_family: Family = "any"
    peers: tuple[str, ...] = ()
    nameservers: tuple[str, ...] = ()
    interval: Duration = Duration(1)
    timeout: Duration = Duration(2)
    serial: Literal["auto", "always", "never"] = "auto"


class MembershipSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What makes and unmakes a member."""

    settle: Duration = Duration(1)
    forget_after: Duration = Duration(30)
    on_empty: Literal["keep", "accept"] = "keep"


class BootstrapSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the advice on founding a cluster rests on; docs/bootstrap.md. Off without a port."""

    port: int | None = None
    data: str = ""
    state_file: str = ""
    marker: str = ""
    timeout: Duration = Duration(1)
    allow_first: bool = False


class Output(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file to keep true, by a built-in format or by a template of the user's own.

    `mode` is octal text; without it the file's own is kept, else 0644. What is None is as the
    format has it. `base` is a file that the format's keys are laid over, and `check` a command that
    has to accept a new file before it is put in place; in it `{path}` stands for that file.
    """

    path: str
    format: str = ""
    template: str = ""
    vars: dict[str, Any] = {}
    mode: str | None = None
    source: Source | None = msgspec.field(default=None, name="from")
    exclude_self: ExcludeSelf | None = None
    limit: int | None = None
    address: Address | None = None
    port: int | None = None
    base: str = ""
    check: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ()
    check_timeout: Duration | None = None

    @property
    def longest_check(self) -> float:
        """Seconds that a check may take."""
        return CHECK_TIMEOUT if self.check_timeout is None else self.check_timeout

    @property
    def permissions(self) -> int | None:
        """`mode` as a number, None if it is not set."""
        return None if self.mode is None else int(self.mode, 8)


class HttpTarget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A URL that is asked when a file has changed."""

    url: str
    method: Literal["GET", "POST", "PUT"] = "POST"
    headers: dict[str, str] = {}

    @property
    def host(self) -> str:
        """HOST or HOST:PORT, without a password; empty where there is none in it."""
        try:
            return urlsplit(self.url).netloc.rpartition("@")[2]
        except ValueError:  # half a bracket
            return ""


class SignalTarget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A process that gets a signal when a file has changed: by its name, or by its pidfile."""

    process: str = ""
    pidfile: str = ""
    signal: str = "HUP"

    @property
    def number(self) -> Signals | None:
        """The signal, None where there is none of that name."""
        return Signals.__members__.get(f"SIG{self.short_name}")

    @property
    def short_name(self) -> str:
        """`HUP`, however it was written."""
        return self.signal.upper().removeprefix("SIG")

    @property
    def whom(self) -> str:
        """The process by its name, or the pidfile's name; empty where neither is set."""
        return self.process or PurePath(self.pidfile).name


class Notify(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to tell of changed files; exactly one of `exec`, `http` and `signal` is set.

    `timeout` is for one try. `stdin` is what a command reads. `on_first`: the first files are told
    too. `min_interval`: two tries begin so far apart.
    """

    name: str = ""
    exec: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] | None = None
    http: HttpTarget | None = None
    signal: SignalTarget | None = None
    timeout: Duration = Duration(30)
    stdin: Stdin = "json"
    on_first: bool = False
    min_interval: Duration = Duration(0)

    @property
    def called(self) -> str:
        """The name in logs and metrics: as given, else made of what it does, without secrets."""
        if self.name:
            return self.name
        if self.exec is not None:
            return f"exec {PurePath(self.exec[0]).name}".rstrip()
        if self.http is not None:
            return f"http {self.http.host}".rstrip()
        if self.signal is not None:
            return f"signal {self.signal.short_name} {self.signal.whom}".rstrip()
        return ""


class StatusSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where probes, metrics and the status are served; `none` is nowhere."""

    listen: str = DEFAULT


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How events are written to stderr; `format` None is console at a terminal, else json."""

    format: Literal["console", "json"] | None = None
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set. What is None or empty here is discovered."""

    pod_name: str | None = None
    namespace: str | None = None
    service: str | None = None
    cluster_domain: str | None = None
    pod_ip: tuple[str, ...] = ()
    member: bool = True
    workload: Literal["statefulset", "deployment"] = "statefulset"
    replicas: int | None = None
    start_ordinal: int = 0
    wait_for: WaitFor = "predecessors"
    wait_timeout: Duration = Duration(240)
    on_timeout: Literal["fail", "proceed"] = "fail"
    discovery: DiscoverySettings = DiscoverySettings()
    membership: MembershipSettings = MembershipSettings()
    bootstrap: BootstrapSettings = BootstrapSettings()
    outputs: tuple[Output, ...] = ()
    vars: dict[str, Any] = {}
    notify: tuple[Notify, ...] = ()
    status: StatusSettings = StatusSettings()
    log: LogSettings = LogSettings()

    @property
    def rules(self) -> Rules:
        """What membership is judged by."""
        own, asked = self.membership, self.discovery
        longest_gap = LONGEST_CACHED * asked.interval + asked.timeout
        is_accepted = own.on_empty == "accept"
        # Who founds a cluster on an answer has to know how old it is.
        slack = 0.0 if self.bootstrap.port else NOTED_EVERY * asked.interval
        return Rules(own.settle, own.forget_after, is_accepted, longest_gap, asked.interval, slack)

    @property
    def patience(self) -> float:
        """Seconds that a turn may take at most, if all is well; then the agent is not live."""
        checks = sum(output.longest_check for output in self.outputs if output.check)
        return SLACK + self.discovery.timeout + self.bootstrap.timeout + checks

    @property
    def listen(self) -> ListenAddress | None:
        """Where the status server listens, None for nowhere."""
        return parse_listen(self.status.listen)

    @property
    def hearing(self) -> HearingRules:
        """What is judged by it who answers."""
        return HearingRules(self.membership.forget_after)

    @property
    def role(self) -> Role:
        """What this pod is to the service."""
        return Role(self.member, self.workload == "statefulset", self.discovery.address_family)

    @property
    def gate(self) -> GateRules:
        """What the startup gate is judged by; peers that are told precede nobody."""
        is_told = bool(self.discovery.peers) and self.wait_for == "predecessors"
        wait_for: WaitFor = "self" if is_told else self.wait_for
        return GateRules(
            wait_for,
            self.wait_timeout,
            self.on_timeout == "proceed",
            self.replicas,
            self.start_ordinal,
        )

    @property
    def peers(self) -> tuple[str, ...]:
        """The peers that were told, as names and addresses."""
        told = self.discovery.peers
        return tuple(ip_address(peer) if is_address(peer) else dns_name(peer) for peer in told)

    @property
    def nameservers(self) -> tuple[Nameserver, ...]:
        """The nameservers to ask instead of resolv.conf's."""
        return tuple(parse_nameserver(text) for text in self.discovery.nameservers)
