"""Which lists a database may found a cluster with."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.roll import Peer, Service
from agent.core.selection import Listed
from agent.core.voters import NotWhole, Promise, promised, several

SERVICE = Service("db", "prod", "cluster.local")
NO_ORDINAL = NotWhole("while this pod has no ordinal, so that its set is not known")


def pod(name: str) -> Listed:
    fqdn = SERVICE.pod(name)
    return Listed(Peer(fqdn), fqdn)


def pods(*ordinals: int) -> tuple[Listed, ...]:
    return tuple(pod(f"db-{n}") for n in ordinals)


def names(found: tuple[Listed, ...] | NotWhole) -> list[str]:
    assert isinstance(found, tuple), found
    return [each.name for each in found]


@given(st.integers(1, 7), st.integers(0, 2), st.data())
def test_all_pods_of_a_promise_have_one_list_and_it_is_whole(
    replicas: int, start: int, data: st.DataObject
) -> None:
    wanted = range(start, start + replicas)
    more = data.draw(st.sets(st.integers(0, 12)))
    seeds = pods(*sorted({*wanted, *more}))
    me = data.draw(st.sampled_from(wanted))
    of = Promise(pod(f"db-{me}"), replicas, start)
    assert names(promised(seeds, of)) == [f"db-{n}" for n in wanted]


@given(st.sets(st.integers(0, 6)), st.integers(1, 7))
def test_a_list_that_leaves_somebody_out_is_no_list(there: set[int], replicas: int) -> None:
    found = promised(pods(*sorted(there)), Promise(pod("db-0"), replicas))
    named = len(there & set(range(replicas)))
    if named == replicas:
        assert isinstance(found, tuple)
    else:
        assert found == NotWhole(
            f"while it would name {named} of {replicas} pods: they could found a cluster without "
            "the others"
        )


def test_a_pod_of_another_set_does_not_vote() -> None:
    strangers = (pod("backup"), pod("db-web-1"), pod("web-2"), pod("db-01"))
    of = Promise(pod("db-1"), 3)
    assert names(promised((*pods(0, 1, 2), *strangers), of)) == ["db-0", "db-1", "db-2"]
    assert isinstance(promised((*pods(0, 1), *strangers), of), NotWhole)


def test_a_pod_beyond_the_promise_has_no_list() -> None:
    beyond = Promise(pod("db-3"), 3)
    reason = NotWhole("while replicas is 3, which leaves db-3 out of the list")
    assert promised(pods(0, 1, 2, 3), beyond) == reason
    assert names(promised(pods(1, 2, 3), replace(beyond, start_ordinal=1))) == [
        "db-1",
        "db-2",
        "db-3",
    ]


def test_without_a_promise_nobody_votes() -> None:
    assert promised(pods(0, 1, 2), Promise(pod("db-0"), None)) == NotWhole(
        "while replicas is not set: pods with different lists could found two clusters"
    )


@pytest.mark.parametrize(
    "me", [None, pod("db"), pod("db-x")], ids=["observer", "bare", "no number"]
)
def test_a_pod_that_is_in_no_set_has_no_list(me: Listed | None) -> None:
    assert promised(pods(0, 1, 2), Promise(me, 3)) == NO_ORDINAL


@given(st.sets(st.integers(0, 3)), st.none() | st.integers(1, 4))
def test_one_alone_is_a_list_only_where_one_is_promised(
    there: set[int], replicas: int | None
) -> None:
    seeds = pods(*sorted(there))
    found = several(seeds, Promise(pod("db-0"), replicas))
    if len(seeds) == 1 and replicas != 1:
        assert found == NotWhole(
            "while it would name one pod only and replicas is not 1: its database would start a "
            "cluster of its own"
        )
    else:
        assert found == seeds
