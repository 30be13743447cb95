"""Where people write what a pod is given: into a Kubernetes manifest, or a docker-compose file.

Each method gives YAML with a comment that says where it belongs. What only one of the two has
(services with a `clusterIP`, network policies) is in `mends`.
"""

import json
from typing import Protocol

from agent.core.diagnosis.evidence import Evidence
from agent.core.names import Family
from agent.core.roll import Service


class Manifest(Protocol):
    """One of the two; each differs from the other in its words only."""

    def variable(self, name: str, value: str, when: str = "") -> str:
        """One of the agent's own variables, and when it is to be set."""
        ...

    def own(self, *names: str) -> str:
        """Variables that tell a pod what only its surroundings know."""
        ...

    def shared(self, folder: str) -> str:
        """A folder that the agent and the database share."""
        ...

    def data(self, folder: str) -> str:
        """The database's folder, in the agent's container too."""
        ...

    def lasting(self, folder: str) -> str:
        """A folder that outlives the pod and the database's data."""
        ...

    def writable(self) -> str:
        """Volumes that the agent may write to and read, whatever user it is."""
        ...

    def listed(self, service: Service, pod: str) -> str:
        """DNS lists a pod while it is not ready yet."""
        ...

    def families(self, service: Service, wanted: Family) -> str:
        """Addresses of the family that is wanted."""
        ...


def manifest_of(evidence: Evidence) -> Manifest:
    """Where the people who run this pod write."""
    return Compose() if evidence.bare_by else Kubernetes()


class Kubernetes:
    """The manifest of a StatefulSet or a Deployment, and of its service."""

    def variable(self, name: str, value: str, when: str = "") -> str:
        return _list(_joined(_ENV, when), f'{{name: {name}, value: "{value}"}}')

    def own(self, *names: str) -> str:
        return _list(
            _ENV,
            *(
                f"{{name: {name}, valueFrom: {{fieldRef: {{fieldPath: {_FIELDS[name]}}}}}}}"
                for name in names
            ),
        )

    def shared(self, folder: str) -> str:
        place = "volumeMounts of the rollcall containers and of the database"
        return _list(place, f"{{name: peers, mountPath: {json.dumps(folder)}}}")

    def data(self, folder: str) -> str:
        place = "volumeMounts of the rollcall containers: the volume as the database has it"
        return _list(place, f"{{name: DATA, mountPath: {json.dumps(folder)}, readOnly: true}}")

    def lasting(self, folder: str) -> str:
        place = "volumeMounts of the rollcall containers: of a persistent volume"
        return _list(place, f"{{name: DATA, mountPath: {json.dumps(folder)}, subPath: rollcall}}")

    def writable(self) -> str:
        return (
            "# the pod template's spec; and no readOnly in the rollcall containers' volumeMounts\n"
            "securityContext: {fsGroup: 65532}"
        )

    def listed(self, service: Service, pod: str) -> str:
        del pod  # a service lists all of its pods alike
        return (
            f"# Service {service.name} in namespace {service.namespace}\n"
            "spec: {publishNotReadyAddresses: true}"
        )

    def families(self, service: Service, wanted: Family) -> str:
        names = ["IPv4", "IPv6"] if wanted == "ipv6" else ["IPv6", "IPv4"]
        return (
            f"# Service {service.name} in namespace {service.namespace}, where the cluster has "
            "both families; else set ROLLCALL_ADDRESS_FAMILY to any\n"
            f"spec: {{ipFamilyPolicy: RequireDualStack, ipFamilies: [{', '.join(names)}]}}"
        )


class Compose:
    """A docker-compose file, in which each member is a service of its own."""

    def variable(self, name: str, value: str, when: str = "") -> str:
        return _list(_joined(_ENVIRONMENT, when), f"{name}={value}")

    def own(self, *names: str) -> str:
        return _list(_ENVIRONMENT, *(f"{name}={_VALUES[name]}" for name in names))

    def shared(self, folder: str) -> str:
        place = "volumes of the rollcall service and of the database's service"
        return _list(place, json.dumps(f"PEERS:{folder}"))

    def data(self, folder: str) -> str:
        place = "volumes of the rollcall service: the one that the database has"
        return _list(place, json.dumps(f"DATA:{folder}:ro"))

    def lasting(self, folder: str) -> str:
        place = "volumes of the rollcall service: a named one of its own"
        return _list(place, json.dumps(f"ROLLCALL:{folder}"))

    def writable(self) -> str:
        return (
            "# the rollcall service: the user whom the volume belongs to; and no :ro there\n"
            'user: "UID:GID"'
        )

    def listed(self, service: Service, pod: str) -> str:
        del service  # which is an alias, and not needed where each pod is asked for by its name
        return (
            f"# the database's service, if it is not called {pod} itself; on a network that the "
            f"rollcall service is on, too\ncontainer_name: {pod}"
        )

    def families(self, service: Service, wanted: Family) -> str:
        del service
        if wanted == "ipv6":
            return (
                "# the network of the databases; else leave out ROLLCALL_ADDRESS_FAMILY\n"
                "enable_ipv6: true"
            )
        return self.variable("ROLLCALL_ADDRESS_FAMILY", "any")


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


def _list(place: str, *lines: str) -> str:
    return "\n".join([f"# {place}", *(f"- {line}" for line in lines)])
