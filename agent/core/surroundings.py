"""What a pod can read of itself: a frozen snapshot, and how each text in it is taken apart."""

import dataclasses
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from agent.core.names import is_address
from agent.core.nameservers import nameservers_in

# What the operator says for the namespace where there are none.
NO_NAMESPACE = "-"
# Docker answers here in each container of a network that a user made; so in docker-compose.
DOCKER_DNS = "127.0.0.11"


@dataclass(frozen=True, slots=True)
class Told:
    """What the operator said in so many words, and where: a flag, a variable or a file's key."""

    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that identity may be read from. Texts are whole files, empty where there is none.

    `told` has the keys `pod_name`, `service`, `namespace`, `cluster_domain` and `pod_ip` (which
    holds several addresses separated by commas); `environment` is the downward API's part of the
    process's environment.
    """

    told: Mapping[str, Told] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    environment: Mapping[str, str] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    hosts: str = ""
    hostname: str = ""
    resolv_conf: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A value, and where it was found."""

    value: str
    source: str


def pod_name_of(around: Surroundings) -> str:
    """The pod's name as far as it is known before anything is checked."""
    if told := around.told.get("pod_name"):
        return told.value
    return around.environment.get("POD_NAME", "") or around.hostname.partition(".")[0]


def own_name(around: Surroundings) -> str:
    """The pod's whole name in its own first line of /etc/hosts, empty if there is none.

    The kubelet writes `ADDRESS FQDN HOSTNAME` for each of the pod's addresses, before any line that
    hostAliases adds.
    """
    called = pod_name_of(around)
    for _, names in _host_lines(around.hosts):
        for name in names:
            labels = name.split(".")
            if labels[0] == called and "svc" in labels[3:4]:
                return name
    return ""


def _host_lines(hosts: str) -> list[tuple[str, list[str]]]:
    lines = (line.partition("#")[0].split() for line in hosts.splitlines())
    return [(words[0], words[1:]) for words in lines if len(words) > 1]


def full_name(around: Surroundings) -> dict[str, Found]:
    """Service, namespace and cluster domain out of `pod.service.namespace.svc.domain`."""
    in_hosts = own_name(around)
    source = "/etc/hosts" if in_hosts else "the hostname"
    labels = (in_hosts or around.hostname).removesuffix(".").split(".")
    if len(labels) < 5 or labels[3] != "svc" or labels[0] != pod_name_of(around):
        return {}
    return {
        "service": Found(labels[1], source),
        "namespace": Found(labels[2], source),
        "cluster domain": Found(".".join(labels[4:]), source),
    }


def search_entry(resolv_conf: str) -> dict[str, Found]:
    """Namespace and cluster domain out of the search list, word by word.

    Never by a pattern over the whole file: that takes a comment or a later domain for the
    cluster's (helm/charts issues 1399 and 4560). resolv.conf(5): the last `search` line counts.
    """
    search: list[str] = []
    for line in resolv_conf.splitlines():
        words = line.split()
        if words and words[0] == "search":
            search = words[1:]
    for word in search:
        if word[0] in "#;":
            break
        labels = word.removesuffix(".").split(".")
        if len(labels) > 2 and labels[1] == "svc":
            source = "the search list of /etc/resolv.conf"
            return {
                "namespace": Found(labels[0], source),
                "cluster domain": Found(".".join(labels[2:]), source),
            }
    return {}


def bare_source(around: Surroundings) -> str:
    """Who says that names are bare, as they are in docker-compose; empty if nobody does.

    The operator, by `-` for the namespace, or a resolv.conf with Docker's embedded DNS, while
    nothing names a namespace: neither the operator, nor the downward API, nor the kubelet's line in
    /etc/hosts. The search list says nothing here: Docker hands its host's on, a pod's too.
    """
    if told := around.told.get("namespace"):
        return told.source if told.value == NO_NAMESPACE else ""
    is_told = "cluster_domain" in around.told or around.environment.get("POD_NAMESPACE")
    hosts = [nameserver.host for nameserver in nameservers_in(around.resolv_conf)]
    if is_told or full_name(around) or DOCKER_DNS not in hosts:
        return ""
    return f"Docker's DNS at {DOCKER_DNS}"


def container_addresses(around: Surroundings) -> tuple[str, ...]:
    """The addresses of the container that this process is in, by its own lines in /etc/hosts.

    Docker writes `ADDRESS HOSTNAME` for each network that it is on.
    """
    short = around.hostname.partition(".")[0]
    lines = _host_lines(around.hosts)
    own = (a for a, names in lines if {short, around.hostname} & set(names) and is_address(a))
    return tuple(a for a in own if not ipaddress.ip_address(a).is_loopback)


def own_addresses(around: Surroundings) -> list[str]:
    """The addresses of the pod's own lines in /etc/hosts, in their order.

    In docker-compose those of this container, if it is the one that the pod is called after.
    """
    if bare_source(around):
        is_own = around.hostname.partition(".")[0] == pod_name_of(around)
        return list(container_addresses(around)) if is_own else []
    name = own_name(around)
    lines = _host_lines(around.hosts)
    return [address for address, names in lines if name in names and is_address(address)]
