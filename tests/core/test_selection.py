from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.roll import Peer, Roll, Service
from agent.core.selection import Selection, listed, select

SERVICE = Service("db", "prod", "cluster.local")


def pod(ordinal: int) -> Peer:
    return Peer(SERVICE.pod(f"db-{ordinal}"), (f"10.0.0.{ordinal + 2}",))


def roll(me: int, *others: int, replicas: int | None = None, start: int = 0) -> Roll:
    peers = tuple(pod(n) for n in sorted({me, *others}))
    return Roll(SERVICE, pod(me), peers, replicas=replicas, start_ordinal=start)


def names(peers: tuple[Peer, ...]) -> list[str]:
    return [peer.name for peer in peers]


@pytest.mark.parametrize(
    ("rule", "of", "seeds"),
    [
        (Selection(), roll(1, 0, 2), ["db-0", "db-1", "db-2"]),
        (Selection(), roll(1), ["db-1"]),
        (Selection(), roll(1, 2, replicas=5), ["db-1", "db-2"]),
        (Selection(exclude_self="always"), roll(1, 0, 2), ["db-0", "db-2"]),
        (Selection(exclude_self="always"), roll(0), []),
        (Selection(exclude_self="unless_first"), roll(1, 0, 2), ["db-0", "db-2"]),
        (Selection(exclude_self="unless_first"), roll(0, 1, 2), ["db-1", "db-2"]),
        (Selection(exclude_self="unless_first"), roll(0), ["db-0"]),
        (Selection(exclude_self="unless_first"), roll(1), []),
        (Selection(exclude_self="unless_first"), roll(5, start=5), ["db-5"]),
        (Selection(exclude_self="unless_first"), roll(0, start=5), []),
        (Selection(limit=2), roll(3, 0, 1, 2, 10), ["db-0", "db-1"]),
        (Selection(limit=2, exclude_self="always"), roll(0, 1, 2, 3), ["db-1", "db-2"]),
        (Selection(limit=9), roll(1, 0), ["db-0", "db-1"]),
    ],
)
def test_seeds_by_rule(rule: Selection, of: Roll, seeds: list[str]) -> None:
    assert names(select(of, rule)) == seeds


def test_the_expected_are_those_that_replicas_says_listed_or_not() -> None:
    expected = Selection(source="expected")
    assert names(select(roll(1, replicas=3), expected)) == ["db-0", "db-1", "db-2"]
    assert names(select(roll(5, replicas=2, start=4), expected)) == ["db-4", "db-5"]


def test_the_expected_leave_out_nobody_who_is_there() -> None:
    """Whoever scales by hand does not change `replicas`, and no pod is to miss itself."""
    assert names(select(roll(0, 1, 4, replicas=3), Selection(source="expected"))) == [
        "db-0",
        "db-1",
        "db-2",
        "db-4",
    ]


def test_the_expected_that_are_listed_have_their_addresses() -> None:
    seeds = select(roll(1, 2, replicas=3), Selection(source="expected"))
    assert [peer.addresses for peer in seeds] == [(), ("10.0.0.3",), ("10.0.0.4",)]


def test_without_replicas_the_expected_are_those_that_dns_lists() -> None:
    assert names(select(roll(1, 4), Selection(source="expected"))) == ["db-1", "db-4"]


def test_seeds_are_in_the_order_of_ordinals_as_numbers() -> None:
    seeds = names(select(roll(10, *range(12)), Selection()))
    assert seeds == [f"db-{n}" for n in range(12)]


@given(st.integers(0, 5), st.sets(st.integers(0, 5)), st.integers(0, 4), st.sampled_from([0, 2]))
def test_no_pod_is_its_own_seed_but_the_first_that_is_alone(
    me: int, others: set[int], limit: int, start: int
) -> None:
    of = roll(me, *others, start=start)
    seeds = select(of, Selection(exclude_self="unless_first", limit=limit))
    assert (of.me in seeds) == (me == start and not others - {me})
    assert limit == 0 or len(seeds) <= limit


NOBODY: set[int] = set()
ANSWERING = Selection(source="answering", exclude_self="unless_first", limit=3)


def heard(of: Roll, *, yes: set[int] = NOBODY, no: set[int] = NOBODY) -> Roll:
    """The same, after the others were asked on 7000."""
    words = {pod(n).fqdn: True for n in yes} | {pod(n).fqdn: False for n in no}
    return replace(of, answering={7000: words})


@pytest.mark.parametrize(
    ("of", "seeds"),
    [
        (heard(roll(1, 0, 2), yes={0, 2}), ["db-0", "db-2"]),
        (heard(roll(1, 0, 2), yes={2}), ["db-2"]),
        (heard(roll(1, 0, 2), yes={2}, no={0}), ["db-2"]),
        (heard(roll(4, 0, 1, 2, 3), yes={0, 1, 2, 3}), ["db-0", "db-1", "db-2"]),
        (heard(roll(1, 0, 2)), []),
        (heard(roll(1, 0, 2), no={0, 2}), []),
        (heard(roll(0, 1, 2), no={1, 2}), ["db-0"]),
        (heard(roll(0, 1, 2), no={1}), []),
        (heard(roll(0, 1, 2)), []),
        (heard(roll(0, 1, 2), yes={2}, no={1}), ["db-2"]),
        (heard(roll(0)), ["db-0"]),
        (heard(roll(1)), []),
        (roll(1, 0, 2), ["db-0", "db-2"]),
    ],
)
def test_seeds_of_those_who_answer(of: Roll, seeds: list[str]) -> None:
    assert names(select(of, ANSWERING, 7000)) == seeds


def test_who_answers_on_another_port_says_nothing() -> None:
    assert names(select(heard(roll(1, 0, 2), no={0, 2}), ANSWERING, 9042)) == ["db-0", "db-2"]


def test_this_pod_is_among_those_who_answer_where_it_is_not_left_out() -> None:
    of = heard(roll(1, 0, 2), yes={2}, no={0})
    assert names(select(of, Selection(source="answering"), 7000)) == ["db-1", "db-2"]


def test_an_observer_has_those_who_answer() -> None:
    of = heard(replace(roll(1, 0, 2), me=None), yes={1, 2}, no={0})
    assert names(select(of, Selection(source="answering"), 7000)) == ["db-1", "db-2"]


def test_by_address_only_those_who_have_one_are_named() -> None:
    of = replace(roll(1, 0), peers=(replace(pod(0), addresses=()), pod(1)))
    rule = Selection(address="ip")
    assert names(select(of, rule)) == ["db-1"]
    assert [each.host for each in listed(select(of, rule), "ip")] == ["10.0.0.3"]
    assert [each.host for each in listed(of.peers, "fqdn")] == [pod(0).fqdn, pod(1).fqdn]


@given(st.integers(0, 4), st.sets(st.integers(0, 4)), st.data())
def test_the_first_stands_for_itself_only_when_all_others_are_known_not_to_answer(
    me: int, others: set[int], data: st.DataObject
) -> None:
    others = others - {me}
    words = {n: data.draw(st.sampled_from([True, False, None])) for n in others}
    of = heard(
        roll(me, *others),
        yes={n for n, word in words.items() if word},
        no={n for n, word in words.items() if word is False},
    )
    seeds = select(of, ANSWERING, 7000)
    assert (of.me in seeds) == (me == 0 and all(word is False for word in words.values()))
    assert {peer.ordinal for peer in seeds if peer != of.me} <= {n for n in others if words[n]}
