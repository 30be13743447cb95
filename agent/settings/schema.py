"""What can be set: the shape of the config file, with its defaults, and what types can't say."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from agent.core.gate import GateRules, WaitFor
from agent.core.identity import Role
from agent.core.membership import Rules
from agent.core.names import Family, dns_name, ip_address, is_address
from agent.core.nameservers import Nameserver, parse_nameserver
from agent.core.schedule import LONGEST_CACHED

# Seconds. Asking more often than this finds nothing sooner and burdens the cluster's DNS.
SHORTEST_INTERVAL = 0.1
# RFC 6335 section 5.1, and the protocols that a Kubernetes port may have.
PORT_NAME = r"[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?(?:/(?:tcp|udp|sctp))?"
# The most pods that a list of the expected is made for.
MOST_REPLICAS = 10_000


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
    """One file to keep true. `mode` is octal text; without it the file's own is kept, else 0644."""

    format: str
    path: str
    vars: dict[str, Any] = {}
    mode: str | None = None

    @property
    def permissions(self) -> int | None:
        """`mode` as a number, None if it is not set."""
        return None if self.mode is None else int(self.mode, 8)


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
    log: LogSettings = LogSettings()

    @property
    def rules(self) -> Rules:
        """What membership is judged by."""
        own, asked = self.membership, self.discovery
        longest_gap = LONGEST_CACHED * asked.interval + asked.timeout
        is_accepted = own.on_empty == "accept"
        return Rules(own.settle, own.forget_after, is_accepted, longest_gap, asked.interval)

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


def problems(settings: Settings) -> Iterator[tuple[str, str]]:
    """What is wrong although each value has its type: the key, and a sentence."""
    yield from _gate_problems(settings)
    yield from _discovery_problems(settings.discovery)
    yield from _mode_problems(settings)
    yield from _bootstrap_problems(settings)
    yield from _output_problems(settings.outputs)


def _gate_problems(settings: Settings) -> Iterator[tuple[str, str]]:
    wait_for, replicas = settings.wait_for, settings.replicas
    if replicas is not None and not 1 <= replicas <= MOST_REPLICAS:
        yield "replicas", f"{replicas} has to be between 1 and {MOST_REPLICAS}"
    if not 0 <= settings.start_ordinal < 10**9:
        yield "start_ordinal", f"{settings.start_ordinal} has to be between 0 and {10**9 - 1}"
    if wait_for in ("quorum", "all") and replicas is None:
        yield "wait_for", f"{wait_for} needs to know how many pods there are to be: set replicas"
    if isinstance(wait_for, int) and not 1 <= wait_for <= (replicas or wait_for):
        most = replicas or "the number of pods"
        yield "wait_for", f"{wait_for} has to be between 1 and {most}"


def _discovery_problems(discovery: DiscoverySettings) -> Iterator[tuple[str, str]]:
    if discovery.interval < SHORTEST_INTERVAL:
        yield "discovery.interval", "it has to be 100ms or more"
    if discovery.timeout <= 0:
        yield "discovery.timeout", "it has to be more than 0"
    for text in discovery.nameservers:
        try:
            parse_nameserver(text)
        except ValueError as wrong:
            yield "discovery.nameservers", str(wrong)


def _mode_problems(settings: Settings) -> Iterator[tuple[str, str]]:
    """What a discovery mode needs, or has no use for."""
    asked = settings.discovery
    if asked.mode == "static" and not asked.peers:
        yield "discovery.mode", "static needs to be told the peers: set discovery.peers"
    if asked.mode not in ("auto", "static") and asked.peers:
        yield "discovery.peers", f"the mode {asked.mode} asks DNS: leave out one of the two"
    if asked.mode == "ordinals" and settings.replicas is None:
        yield "discovery.mode", "ordinals asks for each pod by its number: set replicas"
    if asked.mode == "ordinals" and settings.workload == "deployment":
        yield "discovery.mode", "the pods of a deployment have no ordinals to ask for"
    if asked.port_name and (asked.mode not in ("auto", "srv") or asked.peers):
        mode = "static" if asked.peers else asked.mode
        yield "discovery.port_name", f"the mode {mode} asks for no port"
    if asked.port_name and not re.fullmatch(PORT_NAME, asked.port_name):
        yield (
            "discovery.port_name",
            f"{asked.port_name!r} is no port's name, as in cql or dns/udp",
        )
    for peer in asked.peers:
        try:
            _ = ip_address(peer) if is_address(peer) else dns_name(peer)
        except ValueError as wrong:
            yield "discovery.peers", str(wrong)


def _bootstrap_problems(settings: Settings) -> Iterator[tuple[str, str]]:
    asked = settings.bootstrap
    if asked.port is not None and not 0 < asked.port < 65536:
        yield "bootstrap.port", f"{asked.port} is not a port"
    if asked.timeout <= 0:
        yield "bootstrap.timeout", "it has to be more than 0"
    for key in ("data", "state_file", "marker"):
        if not (path := getattr(asked, key)).isprintable():
            yield f"bootstrap.{key}", f"{path!r} is no path: it has characters that can't be shown"
    if asked.state_file and not _is_inside(asked.state_file):
        yield "bootstrap.state_file", f"{asked.state_file} has to be a path within bootstrap.data"
    if asked.allow_first and not (asked.port and asked.data and asked.marker):
        yield (
            "bootstrap.allow_first",
            "it needs bootstrap.port, bootstrap.data and bootstrap.marker",
        )
    if asked.port and (not settings.member or settings.workload == "deployment"):
        yield "bootstrap.port", "only a member of a StatefulSet founds a cluster: leave it out"


def _is_inside(path: str) -> bool:
    """Whether a path leads nowhere but down."""
    return not Path(path).is_absolute() and ".." not in Path(path).parts


def _output_problems(outputs: tuple[Output, ...]) -> Iterator[tuple[str, str]]:
    for path, times in Counter(Path(output.path) for output in outputs).items():
        if times > 1:
            yield "outputs", f"{path} is there {times} times: each output needs its own path"
    for output in outputs:
        if not output.path.isprintable():
            yield "outputs", f"{output.path!r} is no path: it has characters that can't be shown"
        if output.mode is not None and re.fullmatch(r"0?[0-3][0-7]{2}", output.mode):
            yield (
                "outputs",
                f"mode {output.mode} keeps the owner, this agent, from reading the file",
            )
        if output.mode is not None and not re.fullmatch(r"0?[0-7]{3}", output.mode):
            yield "outputs", f'{output.mode!r} is not a mode: write it as "0640"'
