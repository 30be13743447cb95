"""The one list of what can be said by flag and by variable."""

from dataclasses import dataclass

from agent.settings.short import PREFIX


@dataclass(frozen=True, slots=True)
class Option:
    """A setting that has a flag and a variable. `key` is its place in the config file."""

    flag: str
    key: str
    metavar: str
    help: str
    is_list: bool = False
    is_number: bool = False
    is_switch: bool = False

    @property
    def variable(self) -> str:
        """`ROLLCALL_POD_NAME` for `--pod-name`."""
        return PREFIX + self.flag.removeprefix("--").replace("-", "_").upper()


OPTIONS = (
    Option("--pod-name", "pod_name", "NAME", "this pod's name, as in db-0"),
    Option("--namespace", "namespace", "NAME", "the namespace of the service"),
    Option("--service", "service", "NAME", "the StatefulSet's headless service"),
    Option("--cluster-domain", "cluster_domain", "DOMAIN", "the cluster's zone: cluster.local"),
    Option("--pod-ip", "pod_ip", "ADDRESS", "this pod's address", is_list=True),
    Option(
        "--member",
        "member",
        "BOOL",
        "false: only follow a service that this pod is not part of [true]",
        is_switch=True,
    ),
    Option(
        "--workload",
        "workload",
        "KIND",
        "whose pods they are: a statefulset's or a deployment's [statefulset]",
    ),
    Option("--replicas", "replicas", "N", "how many pods the set is to have", is_number=True),
    Option(
        "--start-ordinal", "start_ordinal", "N", "the set's spec.ordinals.start [0]", is_number=True
    ),
    Option("--output", "outputs", "FORMAT:PATH", "a file to keep true", is_list=True),
    Option("--var", "vars", "KEY=VALUE", "a variable of the outputs' formats", is_list=True),
    Option(
        "--wait-for",
        "wait_for",
        "WHO",
        "predecessors, self, quorum, all or N [predecessors]",
        is_number=True,
    ),
    Option("--wait-timeout", "wait_timeout", "TIME", "how long to wait for them [240s]"),
    Option("--on-timeout", "on_timeout", "WHAT", "fail or proceed when that is over [fail]"),
    Option(
        "--discovery", "discovery.mode", "MODE", "auto, srv, address, ordinals or static [auto]"
    ),
    Option("--port-name", "discovery.port_name", "NAME", "ask SRV for this port only, as in cql"),
    Option("--address-family", "discovery.address_family", "FAMILY", "any, ipv4 or ipv6 [any]"),
    Option("--peer", "discovery.peers", "NAME", "a peer, for --discovery static", is_list=True),
    Option(
        "--nameserver",
        "discovery.nameservers",
        "HOST[:PORT]",
        "whom to ask instead of resolv.conf's",
        is_list=True,
    ),
    Option("--interval", "discovery.interval", "TIME", "from one poll to the next [1s]"),
    Option("--timeout", "discovery.timeout", "TIME", "the longest that a poll may take [2s]"),
    Option(
        "--serial",
        "discovery.serial",
        "WHEN",
        "auto, always or never: ask at rest only whether the zone has changed [auto]",
    ),
    Option("--settle", "membership.settle", "TIME", "how long a change must last [1s]"),
    Option(
        "--forget-after", "membership.forget_after", "TIME", "how long a missing peer is kept [30s]"
    ),
    Option("--on-empty", "membership.on_empty", "WHAT", "keep or accept an empty answer [keep]"),
    Option(
        "--bootstrap-port",
        "bootstrap.port",
        "PORT",
        "the cluster's own port, for advice on founding",
        is_number=True,
    ),
    Option("--bootstrap-data", "bootstrap.data", "FOLDER", "the database's folder, mounted here"),
    Option(
        "--bootstrap-state-file",
        "bootstrap.state_file",
        "FILE",
        "the file in it that counts [any]",
    ),
    Option(
        "--bootstrap-marker",
        "bootstrap.marker",
        "FILE",
        "a file on a persistent volume: there was a cluster",
    ),
    Option(
        "--bootstrap-timeout", "bootstrap.timeout", "TIME", "how long to wait for peers' ports [1s]"
    ),
    Option(
        "--bootstrap-allow-first",
        "bootstrap.allow_first",
        "BOOL",
        "whether this pod may be told to found [false]",
        is_switch=True,
    ),
    Option("--notify", "notify", "KIND:WHAT", "whom to tell of a changed file", is_list=True),
    Option(
        "--status-listen",
        "status.listen",
        "[HOST]:PORT",
        "where probes and metrics are; none is off [:9797]",
    ),
    Option(
        "--log-format", "log.format", "FORMAT", "console or json [console at a terminal, else json]"
    ),
    Option("--log-level", "log.level", "LEVEL", "debug, info, warning or error [info]"),
)
CONFIG = Option("--config", "", "FILE", "a config file in YAML")
# The variable that holds what a config file would: a manifest has it all in one place then, and a
# change of it is a change of the pods.
INLINE = f"{PREFIX}SETTINGS"
