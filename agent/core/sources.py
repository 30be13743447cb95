"""Where each part of the identity is looked for, in order, and what mends its lack.

Knows `Surroundings` and nothing of what is made of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from agent.core.names import dns_label, dns_name, split_ordinal
from agent.core.surroundings import (
    Found,
    Surroundings,
    bare_source,
    full_name,
    own_addresses,
    pod_name_of,
    search_entry,
)

_POD_NAME = "--pod-name, or POD_NAME from the downward API"


@dataclass(frozen=True, slots=True)
class Look:
    """One place that was looked at: its name for people, and what was there."""

    place: str
    found: Found | None


@dataclass(frozen=True, slots=True)
class Field:
    """A part of the identity: what mends its lack, what checks it, and where to look, in order."""

    name: str
    mend: str
    check: Callable[[str], str]
    looks: tuple[Look, ...]


def fields(around: Surroundings, *, is_member: bool) -> tuple[Field, ...]:
    """What there is to know, and where each is looked for, in that order."""
    short = around.hostname.partition(".")[0]
    full = full_name(around)
    search = search_entry(around.resolv_conf)
    searched = "the search list of /etc/resolv.conf (no NAMESPACE.svc.DOMAIN)"
    is_bare = bool(bare_source(around))
    always = (
        Field(
            "pod name",
            "POD_NAME to the database container's name" if is_bare else _POD_NAME,
            dns_label,
            (
                _told(around, "pod_name"),
                _variable(around, "POD_NAME"),
                Look("the hostname", Found(short, "the hostname") if short else None),
            ),
        ),
        Field(
            "service",
            _service_mend(is_bare=is_bare, is_member=is_member),
            dns_label,
            (_told(around, "service"), *([_own_service(around)] if is_member else [])),
        ),
    )
    if is_bare:
        return always
    return (
        *always,
        Field(
            "namespace",
            "--namespace, or POD_NAMESPACE from the downward API",
            dns_label,
            (
                _told(around, "namespace"),
                _variable(around, "POD_NAMESPACE"),
                Look("/etc/hosts", full.get("namespace")),
                Look(searched, search.get("namespace")),
            ),
        ),
        Field(
            "cluster domain",
            "--cluster-domain (most clusters: cluster.local)",
            dns_name,
            (
                _told(around, "cluster_domain"),
                Look("/etc/hosts", full.get("cluster domain")),
                Look(searched, search.get("cluster domain")),
            ),
        ),
    )


def _service_mend(*, is_bare: bool, is_member: bool) -> str:
    if is_bare:
        return "--service to the alias that the database containers share"
    if not is_member:
        return "--service to the headless service that is to be followed"
    return "--service to the StatefulSet's serviceName"


def address_looks(around: Surroundings) -> tuple[Look, ...]:
    """Where the pod's own addresses are looked for, in order; several have commas between them."""
    in_hosts = ",".join(own_addresses(around))
    return (
        _told(around, "pod_ip"),
        _variable(around, "POD_IPS"),
        _variable(around, "POD_IP"),
        Look("/etc/hosts", Found(in_hosts, "/etc/hosts") if in_hosts else None),
    )


def _own_service(around: Surroundings) -> Look:
    """The service that this pod is part of, if it says so; an observer follows another one."""
    called = pod_name_of(around)
    if bare_source(around):  # an alias, which is best called as its containers are
        parts = split_ordinal(called)
        return Look("the pod name", Found(parts[0], "the pod name") if parts else None)
    place = f"/etc/hosts (no line with {called or 'the pod'}.SERVICE.NAMESPACE.svc.DOMAIN)"
    return Look(place, full_name(around).get("service"))


def _told(around: Surroundings, key: str) -> Look:
    told = around.told.get(key)
    place = "--" + key.replace("_", "-")
    return Look(place, Found(told.value, told.source) if told else None)


def _variable(around: Surroundings, name: str) -> Look:
    value = around.environment.get(name, "")
    return Look(name, Found(value, name) if value else None)
