"""The YAML that mends what only Kubernetes has, and how several mends become one text.

What a person has to fill in is in capitals. Names in it were checked to be DNS names. What
docker-compose has, too, is in `manifests`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from agent.core.roll import Service


@dataclass(frozen=True, slots=True)
class Mend:
    """Lines of YAML for one place, which a sentence tells a person.

    `is_list`: each is an item of a list that is there already.
    """

    place: str
    lines: tuple[str, ...]
    is_list: bool = False


def in_yaml(mends: Iterable[Mend]) -> str:
    """A document for each mend, and one for all items of one list; none of them twice."""
    documents: dict[tuple[str, tuple[str, ...]], dict[str, None]] = {}
    for mend in mends:
        known = documents.setdefault((mend.place, () if mend.is_list else mend.lines), {})
        known |= dict.fromkeys(f"- {line}" if mend.is_list else line for line in mend.lines)
    texts = ("\n".join([f"# {place}", *lines]) for (place, _), lines in documents.items())
    return "\n---\n".join(texts)


def lines_of(place: str, *lines: str) -> Mend:
    """Lines that stand there as they are."""
    return Mend(place, lines)


def items_of(place: str, *items: str) -> Mend:
    """Items of a list."""
    return Mend(place, items, is_list=True)


def service_name(name: str) -> Mend:
    """The StatefulSet's governing service, which Kubernetes lets nobody change."""
    return lines_of(
        "the StatefulSet; serviceName can't be changed: delete it with --cascade=orphan, make it "
        "again",
        f"spec: {{serviceName: {name}}}",
    )


def headless(service: Service) -> Mend:
    """No virtual IP."""
    return lines_of(
        f"{_place(service)}; clusterIP can't be changed: delete the service, make it again",
        "spec: {clusterIP: None}",
    )


def whole_service(service: Service, whose: str) -> Mend:
    """All that a headless service has to have; `whose` pods it is of."""
    place = f"{_place(service)}; the selector: labels of the {whose}'s pods"
    if whose == "StatefulSet":
        place += (
            "; if a service of another name has them, mend the StatefulSet's serviceName instead: "
            "delete the StatefulSet with --cascade=orphan, make it again"
        )
    return lines_of(
        place,
        "spec: {clusterIP: None, publishNotReadyAddresses: true, selector: {app: LABEL}}",
    )


def unready(service: Service) -> Mend:
    """DNS lists pods that are not ready yet, too."""
    return lines_of(_place(service), "spec: {publishNotReadyAddresses: true}")


def dual_stack(service: Service, first: str, second: str) -> Mend:
    """Addresses of both families."""
    return lines_of(
        f"{_place(service)}, where the cluster has both families; else set "
        "ROLLCALL_ADDRESS_FAMILY to any",
        f"spec: {{ipFamilyPolicy: RequireDualStack, ipFamilies: [{first}, {second}]}}",
    )


def ports(service: Service) -> Mend:
    """A port, which is what SRV records are made of."""
    return lines_of(_place(service), "spec: {ports: [{name: db, port: PORT}]}")


def port_name(service: Service) -> Mend:
    """The name of a port that there is; DNS lists none of them."""
    return items_of(
        "env of the rollcall containers: a name that `kubectl get service "
        f"{service.name} -n {service.namespace} -o yaml` shows under spec.ports",
        '{name: ROLLCALL_PORT_NAME, value: "PORT-NAME"}',
    )


def target_port(service: Service) -> Mend:
    """A port that every pod has, because it is a number."""
    return lines_of(_place(service), "spec: {ports: [{name: db, port: PORT, targetPort: PORT}]}")


def selector(service: Service, set_name: str) -> Mend:
    """Labels of one StatefulSet's pods only."""
    return lines_of(
        f"{_place(service)}: labels that only the pods of {set_name} have",
        "spec: {selector: {app: LABEL}}",
    )


def _place(service: Service) -> str:
    return f"Service {service.name} in namespace {service.namespace}"


def dns_policy() -> Mend:
    """The cluster's nameserver in the pod's resolv.conf."""
    return lines_of(
        "the pod template's spec; with hostNetwork: true it is ClusterFirstWithHostNet",
        "dnsPolicy: ClusterFirst",
    )


def egress(port: int) -> Mend:
    """A network policy that lets DNS through, by both protocols."""
    return items_of(
        "one more rule for the egress of the NetworkPolicy that selects these pods",
        f"ports: [{{port: {port}, protocol: UDP}}, {{port: {port}, protocol: TCP}}]",
    )


def among_peers(port: int) -> Mend:
    """Network policies that let the pods of a cluster reach each other."""
    return items_of(
        "where a NetworkPolicy selects these pods: one more rule for its ingress and its egress",
        f"ports: [{{port: {port}, protocol: TCP}}]",
    )


def parallel() -> Mend:
    """Pods that start together, or one that waits for nobody who comes later."""
    return lines_of(
        "the StatefulSet, made again; or, for the rollcall containers, "
        "ROLLCALL_WAIT_FOR: predecessors, and then delete the pod that hangs",
        "spec: {podManagementPolicy: Parallel}",
    )


def mode(path: str) -> Mend:
    """A file that another user may read."""
    return items_of(
        "outputs in the config file",
        f'{{format: FORMAT, path: {json.dumps(path)}, mode: "0644"}}',
    )
