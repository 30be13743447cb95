"""A namespace for one module of tests, with its maker in its name and in its labels."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from typing import Literal

from tests.kubernetes.cluster import Cluster
from tests.support.engine import LABEL, maker


@contextlib.contextmanager
def made_namespace(
    cluster: Cluster, security: Literal["restricted", "privileged"] = "restricted"
) -> Iterator[str]:
    """Its name. What was made in it goes with it."""
    name = new_name()
    labels = {LABEL: maker(), "pod-security.kubernetes.io/enforce": security}
    cluster.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    )
    try:
        yield name
    finally:
        cluster.kubectl("delete", "namespace", name)


def new_name() -> str:
    """One that no other run has."""
    return f"rollcall-test-{os.getpid()}-{uuid.uuid4().hex[:6]}"


def uid_of(cluster: Cluster, namespace: str) -> str:
    """For what is in no namespace, and goes with this one all the same."""
    return str(cluster.get(f"/api/v1/namespaces/{namespace}")["metadata"]["uid"])
