"""Where people write what a pod is given: into a Kubernetes manifest, or a docker-compose file.

Each method gives YAML and says where it belongs. What only Kubernetes has (services with a
`clusterIP`, network policies) is in `mends`.
"""

import json
from typing import Protocol

from agent.core.diagnosis import mends
from agent.core.diagnosis.evidence import Evidence, Known
from agent.core.diagnosis.mends import Mend, items_of, lines_of


class Manifest(Protocol):
    """One of the two; each differs from the other in its words only."""

    def variable(self, name: str, value: str, when: str = "") -> Mend:
        """One of the agent's own variables, and when it is to be set."""
        ...

    def own(self, name: str) -> Mend:
        """A variable that tells a pod what only its surroundings know."""
        ...

    def shared(self, folder: str) -> Mend:
        """A folder that the agent and the database share."""
        ...

    def data(self, folder: str) -> Mend:
        """The database's folder, in the agent's container too."""
        ...

    def lasting(self, folder: str) -> Mend:
        """A folder that outlives the pod and the database's data."""
        ...

    def writable(self) -> Mend:
        """Volumes that the agent may write to and read, whatever user it is."""
        ...


def manifest_of(evidence: Evidence) -> Manifest:
    """Where the people who run this pod write."""
    return Compose() if evidence.bare_by else Kubernetes()


def listing(evidence: Known, pod: str) -> Mend:
    """DNS lists a pod: in Kubernetes one that is not ready yet, as all that the service has."""
    if not evidence.bare_by:
        return mends.unready(evidence.me.service)
    return lines_of(
        f"the database's service, if it is not called {pod} itself; on a network that the rollcall "
        "service is on, too",
        f"container_name: {pod}",
    )


def wanted_family(evidence: Known) -> Mend:
    """Addresses of the family that is asked for."""
    is_six = evidence.role.family == "ipv6"
    if not evidence.bare_by:
        families = ("IPv4", "IPv6") if is_six else ("IPv6", "IPv4")
        return mends.dual_stack(evidence.me.service, *families)
    if not is_six:
        return Compose().variable("ROLLCALL_ADDRESS_FAMILY", "any")
    return lines_of(
        "the network of the databases; else leave out ROLLCALL_ADDRESS_FAMILY", "enable_ipv6: true"
    )


class Kubernetes:
    """The manifest of a StatefulSet or a Deployment, and of its service."""

    def variable(self, name: str, value: str, when: str = "") -> Mend:
        return items_of(_joined(_ENV, when), f'{{name: {name}, value: "{value}"}}')

    def own(self, name: str) -> Mend:
        field = f"{{fieldRef: {{fieldPath: {_FIELDS[name]}}}}}"
        return items_of(_ENV, f"{{name: {name}, valueFrom: {field}}}")

    def shared(self, folder: str) -> Mend:
        place = "volumeMounts of the rollcall containers and of the database"
        return items_of(place, f"{{name: peers, mountPath: {json.dumps(folder)}}}")

    def data(self, folder: str) -> Mend:
        place = "volumeMounts of the rollcall containers: the volume as the database has it"
        return items_of(place, f"{{name: DATA, mountPath: {json.dumps(folder)}, readOnly: true}}")

    def lasting(self, folder: str) -> Mend:
        place = "volumeMounts of the rollcall containers: of a persistent volume"
        return items_of(
            place, f"{{name: DATA, mountPath: {json.dumps(folder)}, subPath: rollcall}}"
        )

    def writable(self) -> Mend:
        return lines_of(
            "the pod template's spec; and no readOnly in the rollcall containers' volumeMounts",
            "securityContext: {fsGroup: 65532}",
        )


class Compose:
    """A docker-compose file, in which each member is a service of its own."""

    def variable(self, name: str, value: str, when: str = "") -> Mend:
        return items_of(_joined(_ENVIRONMENT, when), f"{name}={value}")

    def own(self, name: str) -> Mend:
        return items_of(_ENVIRONMENT, f"{name}={_VALUES[name]}")

    def shared(self, folder: str) -> Mend:
        place = "volumes of the rollcall service and of the database's service"
        return items_of(place, json.dumps(f"PEERS:{folder}"))

    def data(self, folder: str) -> Mend:
        place = "volumes of the rollcall service: the one that the database has"
        return items_of(place, json.dumps(f"DATA:{folder}:ro"))

    def lasting(self, folder: str) -> Mend:
        place = "volumes of the rollcall service: a named one of its own"
        return items_of(place, json.dumps(f"ROLLCALL:{folder}"))

    def writable(self) -> Mend:
        return lines_of(
            "the rollcall service: the user whom the volume belongs to; and no :ro there",
            'user: "UID:GID"',
        )


# By the variable: the downward API's field, and in docker-compose what is to be filled in.
_FIELDS = {
    "POD_NAME": "metadata.name",
    "POD_NAMESPACE": "metadata.namespace",
    "POD_IP": "status.podIP",
    "POD_IPS": "status.podIPs",
}
_VALUES = {"POD_NAME": "NAME-0", "POD_IP": "ADDRESS", "POD_IPS": "ADDRESS"}
_ENV = "env of the rollcall containers"
_ENVIRONMENT = "environment of the rollcall service"


def _joined(*phrases: str) -> str:
    return ", ".join(filter(None, phrases))
