"""What Compose and Kubernetes are both given in examples is the same."""

from __future__ import annotations

import pytest

from tests.examples.manifests import EXAMPLES, FOLDERS

# kustomize reads nothing from outside its folder, so these files of Compose's are there twice.
COPIES = {
    "mysql/group-replication/k8s/group.cnf": "mysql/group-replication/conf.d/group.cnf",
    "mysql/group-replication/k8s/recovery.sh": "mysql/group-replication/initdb.d/recovery.sh",
    "mysql/k8s/cluster/galera.cnf": "mysql/conf.d/galera.cnf",
    "mysql/k8s/cluster/haproxy.cfg": "mysql/haproxy/haproxy.cfg",
    "mysql/k8s/cluster/reload.py": "mysql/haproxy/reload.py",
    "mysql/k8s/cluster/start.sh": "mysql/start.sh",
    "mysql/k8s/cluster/users.sql": "mysql/initdb.d/users.sql",
}


@pytest.mark.parametrize(("copy", "original"), COPIES.items())
def test_a_copy_is_as_its_original_is(copy: str, original: str) -> None:
    assert (EXAMPLES / copy).read_bytes() == (EXAMPLES / original).read_bytes()


def test_every_file_that_kustomize_reads_is_one_that_compose_has_too() -> None:
    given = (path for folder in FOLDERS for path in (EXAMPLES / folder).iterdir() if path.is_file())
    files = {path for path in given if path.suffix not in (".yaml", ".md")}
    assert {path.relative_to(EXAMPLES).as_posix() for path in files} == COPIES.keys()
