"""The classes by which Elasticsearch and OpenSearch find nodes, on what was rendered for them."""

from __future__ import annotations

import pytest

from tests.formats.rolls import BY_ADDRESS, THREE, pod, render, roll, with_only
from tests.readback.loaders import PATIENCE, java
from tests.readback.programs import Programs

HOSTS = {pod(n).fqdn: pod(n).addresses[0] for n in range(12)}


@pytest.mark.parametrize("name", ["Elasticsearch", "OpenSearch"])
def test_it_looks_for_nodes_at_the_address_of_each_pod_and_founds_nothing(
    programs: Programs, name: str
) -> None:
    form = name.lower()
    wanted: dict[str, tuple[bytes, list[str]]] = {"/nobody": (b"", [])}
    for size in (1, 2, 3, 12):
        content = render(form, roll(0, *range(size)))
        wanted[f"/{size}"] = (content, [f"10.0.0.{n}:9300" for n in range(size)])
    ipv6 = render(form, with_only(6, THREE), port=9301, selection=BY_ADDRESS)
    wanted["/ipv6"] = (ipv6, ["[fd00::]:9301", "[fd00::1]:9301", "[fd00::2]:9301"])

    command, loader = java(form, f"{name}Seeds", "/nobody")
    command += [folder for folder in wanted if folder != "/nobody"]
    files = {f"{folder}/unicast_hosts.txt": content for folder, (content, _) in wanted.items()}
    ran = programs.run(command, {**files, **loader}, within=PATIENCE, hosts=HOSTS)
    assert ran.code == 0, ran.err
    lines = [line for folder, (_, found) in wanted.items() for line in (folder, *found)]
    assert ran.out.splitlines() == [*lines, "/founds=false", "/founds without=true"]
