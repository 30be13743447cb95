"""The YAML that mends what only Kubernetes has; a comment in each says where it belongs.

What a person has to fill in is in capitals. Names in it were checked to be DNS names. What
docker-compose has, too, is in `manifests`.
"""

import json
from collections.abc import Iterable

from agent.core.roll import Service

_NEXT = "\n---\n"


def all_of(mends: Iterable[str]) -> str:
    """Several mends as one text: a YAML document for each, and one for all lines of one list."""
    lists: dict[str, list[str]] = {}
    for mend in (mend for several in mends for mend in several.split(_NEXT) if mend):
        place, _, lines = mend.partition("\n")
        is_list = lines.startswith("- ")
        known = lists.setdefault(place if is_list else mend, [])
        known += [line for line in lines.splitlines() if is_list and line not in known]
    return _NEXT.join("\n".join([place, *lines]) for place, lines in lists.items())


def service_name(name: str) -> str:
    """The StatefulSet's governing service, which Kubernetes lets nobody change."""
    return (
        "# the StatefulSet; serviceName can't be changed: delete it with --cascade=orphan, make it "
        f"again\nspec: {{serviceName: {name}}}"
    )


def headless(service: Service) -> str:
    """No virtual IP."""
    return (
        f"# Service {service.name} in namespace {service.namespace}; clusterIP can't be changed: "
        "delete the service, make it again\nspec: {clusterIP: None}"
    )


def whole_service(service: Service, whose: str) -> str:
    """All that a headless service has to have; `whose` pods it is of."""
    return (
        f"# Service {service.name} in namespace {service.namespace}; the selector: labels of the "
        f"{whose}'s pods\nspec: {{clusterIP: None, publishNotReadyAddresses: true, selector: "
        "{app: LABEL}}"
    )


def ports(service: Service) -> str:
    """A port, which is what SRV records are made of."""
    return _of(service, "ports: [{name: db, port: PORT}]")


def port_name(service: Service) -> str:
    """The name of a port that there is; DNS lists none of them."""
    return (
        "# env of the rollcall containers: a name that `kubectl get service "
        f"{service.name} -n {service.namespace} -o yaml` shows under spec.ports\n"
        '- {name: ROLLCALL_PORT_NAME, value: "PORT-NAME"}'
    )


def target_port(service: Service) -> str:
    """A port that every pod has, because it is a number."""
    return _of(service, "ports: [{name: db, port: PORT, targetPort: PORT}]")


def selector(service: Service, set_name: str) -> str:
    """Labels of one StatefulSet's pods only."""
    return (
        f"# Service {service.name} in namespace {service.namespace}: labels that only the pods of "
        f"{set_name} have\nspec: {{selector: {{app: LABEL}}}}"
    )


def _of(service: Service, spec: str) -> str:
    return f"# Service {service.name} in namespace {service.namespace}\nspec: {{{spec}}}"


def dns_policy() -> str:
    """The cluster's nameserver in the pod's resolv.conf."""
    return (
        "# the pod template's spec; with hostNetwork: true it is ClusterFirstWithHostNet\n"
        "dnsPolicy: ClusterFirst"
    )


def egress(port: int) -> str:
    """A network policy that lets DNS through, by both protocols."""
    return (
        "# one more rule for the egress of the NetworkPolicy that selects these pods\n"
        f"- ports: [{{port: {port}, protocol: UDP}}, {{port: {port}, protocol: TCP}}]"
    )


def among_peers(port: int) -> str:
    """Network policies that let the pods of a cluster reach each other."""
    return (
        "# where a NetworkPolicy selects these pods: one more rule for its ingress and its egress\n"
        f"- ports: [{{port: {port}, protocol: TCP}}]"
    )


def parallel() -> str:
    """Pods that start together, or one that waits for nobody who comes later."""
    return (
        "# the StatefulSet, made again; or, for the rollcall containers, "
        "ROLLCALL_WAIT_FOR: predecessors\nspec: {podManagementPolicy: Parallel}"
    )


def mode(path: str) -> str:
    """A file that another user may read."""
    return (
        "# outputs in the config file\n"
        f'- {{format: FORMAT, path: {json.dumps(path)}, mode: "0644"}}'
    )
