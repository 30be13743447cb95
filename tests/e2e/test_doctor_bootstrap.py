"""`rollcall doctor` on what the advice on founding a cluster rests on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from agent.core.surroundings import Surroundings
from agent.lab.cluster import Pod
from tests.e2e.doctor import Seen, doctor_of, env
from tests.e2e.kube import DB, Kube
from tests.e2e.program import SERVICE
from tests.support.machines import LISTENS, REFUSES, SILENT, Machines

OWN = "127.9.0.9"
ALLOWED = "--bootstrap-allow-first=true"


@dataclass(frozen=True, slots=True)
class Founder:
    """The pod db-0 with its volumes, and the machines that others may be at."""

    data: Path
    marker: Path
    machines: Machines
    kube: Kube

    def beside(self, *others: str) -> None:
        """Shows db-0, and db-1 and the following at these addresses."""
        places = enumerate((OWN, *others))
        self.kube.show(replace(DB, pods=tuple(Pod(f"db-{n}", (at,)) for n, at in places)))

    def listening(self) -> str:
        self.machines.listening(LISTENS)
        return LISTENS

    def silent(self) -> str:
        self.machines.silent(SILENT)
        return SILENT

    def doctor(self, *flags: str, pod: str = "db-0") -> Seen:
        """What doctor says there; later flags count before earlier ones."""
        return doctor_of(
            Surroundings(),
            *SERVICE,
            f"--pod-name={pod}",
            f"--pod-ip={OWN}",
            self.kube.flag,
            f"--output=list:{self.data.parent / 'peers.list'}",
            f"--bootstrap-port={self.machines.port}",
            f"--bootstrap-data={self.data}",
            f"--bootstrap-marker={self.marker}",
            "--bootstrap-timeout=300ms",
            *flags,
        )


@pytest.fixture
def founder(kube: Kube, tmp_path: Path) -> Iterator[Founder]:
    data, lasting = tmp_path / "data", tmp_path / "lasting"
    data.mkdir()
    lasting.mkdir()
    with ExitStack() as stack:
        yield Founder(data, lasting / "marker", Machines(stack), kube)


def test_where_nobody_wants_the_advice_nothing_is_looked_at(founder: Founder) -> None:
    founder.beside()
    seen = doctor_of(Surroundings(), *SERVICE, "--pod-name=db-0", founder.kube.flag)
    assert seen.finding("bootstrap") == (
        "nobody asks whether to found a cluster (bootstrap.port is not set)"
    )


def test_who_is_not_known_can_be_told_nothing_yet(founder: Founder) -> None:
    asking = (founder.kube.flag, f"--bootstrap-port={founder.machines.port}")
    seen = doctor_of(Surroundings(hostname="vm"), *SERVICE, *asking)
    assert seen.finding("bootstrap") == "can't be told yet: first mend identity"


def test_a_first_pod_that_may_found_is_well(founder: Founder) -> None:
    founder.beside(REFUSES)
    seen = founder.doctor(ALLOWED)
    assert seen.troubles == {}
    peers, advice = seen.finding("bootstrap").splitlines()
    assert peers == f"peers at port {founder.machines.port}: 1 refusing"
    assert advice.startswith("first: db-0 has the lowest ordinal; DNS lists db-0 where it is")


def test_a_pod_with_data_is_told_join_and_gets_no_marker_from_being_looked_at(
    founder: Founder,
) -> None:
    (founder.data / "ibdata1").touch()
    founder.beside(founder.listening())
    seen = founder.doctor()
    assert seen.troubles == {}
    assert seen.finding("bootstrap").endswith(f"join: {founder.data} holds 'ibdata1'")
    assert list(founder.marker.parent.iterdir()) == []


def test_leave_to_found_that_was_not_taken_back_is_a_warning(founder: Founder) -> None:
    founder.marker.touch()
    founder.beside()
    seen = founder.doctor(ALLOWED)
    assert seen.troubles == {"bootstrap": "warn"}
    assert "bootstrap.allow_first is still set, and there is a cluster" in seen.finding("bootstrap")
    assert seen.mends("bootstrap") == [env("ROLLCALL_BOOTSTRAP_ALLOW_FIRST", "false")]


def test_that_only_a_persons_leave_is_lacking_is_said_with_when_to_give_it(
    founder: Founder,
) -> None:
    founder.beside(REFUSES)
    seen = founder.doctor()
    assert seen.troubles == {"bootstrap": "fail"}
    assert "unknown: first is not allowed" in seen.finding("bootstrap")
    assert seen.mends("bootstrap") == [env("ROLLCALL_BOOTSTRAP_ALLOW_FIRST", "true")]
    assert "the first start of a new cluster, and not after" in seen.checks["bootstrap"].mend


def test_a_silent_peer_keeps_the_first_pod_from_founding_and_its_mend_is_a_network_policys(
    founder: Founder,
) -> None:
    founder.beside(founder.silent())
    rule = [{"ports": [{"port": founder.machines.port, "protocol": "TCP"}]}]
    seen = founder.doctor(ALLOWED)
    assert seen.troubles == {"bootstrap": "fail"}
    assert "unknown: nothing came from db-1 at" in seen.finding("bootstrap")
    assert seen.mends("bootstrap") == [rule]
    seen = founder.doctor()
    assert seen.mends("bootstrap") == [rule], "leave to found is not proposed beside a doubt"


@pytest.mark.parametrize(("pod", "state"), [("db-0", "fail"), ("db-1", "warn")])
def test_volumes_that_are_not_mounted_are_found_in_every_pod(
    founder: Founder, pod: str, state: str
) -> None:
    addresses = {"db-0": REFUSES, "db-1": REFUSES} | {pod: OWN}
    founder.kube.show(replace(DB, pods=tuple(Pod(n, (at,)) for n, at in addresses.items())))
    gone, also = founder.data.parent / "gone", founder.data.parent / "also"
    flags = (f"--bootstrap-data={gone}", f"--bootstrap-marker={also / 'marker'}")
    seen = founder.doctor(*flags, pod=pod)
    assert seen.troubles == {"bootstrap": state}
    assert f"what is in {gone} can't be told: mount" in seen.finding("bootstrap")
    assert seen.mends("bootstrap") == [
        [{"name": "DATA", "mountPath": str(gone), "readOnly": True}],
        [{"name": "DATA", "mountPath": str(also), "subPath": "rollcall"}],
    ]


def test_a_peer_without_an_address_elsewhere_is_no_network_policys_fault(founder: Founder) -> None:
    founder.beside(OWN)
    seen = founder.doctor(ALLOWED)
    assert seen.troubles == {"bootstrap": "fail"}
    assert "DNS lists db-1 at this pod's own address" in seen.finding("bootstrap")
    assert seen.mends("bootstrap") == []


def test_paths_that_nobody_named_and_a_marker_among_the_data_are_found(founder: Founder) -> None:
    founder.beside(REFUSES)
    seen = founder.doctor(f"--bootstrap-marker={founder.data / 'marker'}")
    (lines,) = seen.mends("bootstrap")
    assert [line["name"] for line in lines] == ["ROLLCALL_BOOTSTRAP_MARKER"]
    unnamed = [f"--bootstrap-port={founder.machines.port}", "--pod-name=db-0", f"--pod-ip={OWN}"]
    seen = doctor_of(Surroundings(), *SERVICE, *unnamed, founder.kube.flag)
    (lines,) = seen.mends("bootstrap")
    assert [line["name"] for line in lines] == [
        "ROLLCALL_BOOTSTRAP_DATA",
        "ROLLCALL_BOOTSTRAP_MARKER",
    ]


def test_where_this_pod_is_not_listed_that_is_mended_first(founder: Founder) -> None:
    founder.kube.show(replace(DB, pods=(Pod("db-1", (REFUSES,)),)))
    seen = founder.doctor(ALLOWED)
    assert seen.troubles == {"record": "fail"}
    assert seen.finding("bootstrap") == "can't be told yet: first mend record"
    assert yaml.safe_load(seen.checks["record"].mend) == {
        "spec": {"publishNotReadyAddresses": True}
    }
