"""What is known of this pod, each part with where it came from: what `whoami` and status show."""

from collections.abc import Iterable
from typing import Any

from agent.core.identity import Identity

# A name, a value (text, a number, a list of texts, or None) and the value's source.
Fact = tuple[str, Any, str]


def facts(me: Identity) -> list[Fact]:
    """Name, value and source of everything that is known of this pod."""
    source, service = me.sources, me.service
    return [
        ("pod name", me.pod, source["pod name"]),
        ("ordinal", me.ordinal, source["ordinal"]),
        ("statefulset", me.set_name or None, source["ordinal"]),
        ("service", service.name, source["service"]),
        ("namespace", service.namespace, source["namespace"]),
        ("cluster domain", service.cluster_domain, source["cluster domain"]),
        ("addresses", list(me.addresses), source["addresses"]),
        *([("name in DNS", me.fqdn, "all of these")] if me.is_member else []),
    ]


def facts_document(known: Iterable[Fact]) -> dict[str, Any]:
    """The same as JSON types: `{"pod_name": {"value": "db-1", "source": "POD_NAME"}, …}`."""
    return {
        name.replace(" ", "_").lower(): {"value": value, "source": source}
        for name, value, source in known
    }
