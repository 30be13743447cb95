from collections.abc import Mapping
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.gate import GateRules, Open, TimedOut, WaitFor, Waiting, judge
from agent.core.identity import Identity
from agent.core.membership import Membership, Rules, observe
from agent.core.observation import Absent, Answered, Endpoint, Unknown, Why
from agent.core.roll import Service

SERVICE = Service("db", "prod", "cluster.local")
SOURCES: Mapping[str, str] = MappingProxyType({})


def me(ordinal: int) -> Identity:
    return Identity(f"db-{ordinal}", "db", ordinal, SERVICE, ("10.0.0.99",), SOURCES)


def known(own: int, *others: int, set_name: str = "db") -> Membership:
    """What a pod knows after two answers that list itself and these ordinals."""
    names = [f"db-{own}", *(f"{set_name}-{n}" for n in others)]
    endpoints = tuple(Endpoint(SERVICE.pod(name), (f"10.0.0.{n}",)) for n, name in enumerate(names))
    first = observe(Membership(me(own)), Answered(endpoints), 0.0, Rules()).state
    return observe(first, Answered(endpoints), 2.0, Rules()).state


UNANSWERED = Membership(me(2))
NONE_LISTED = "publishNotReadyAddresses: true, or the set starts at a higher ordinal"
PARALLEL = (
    "(those that are not ready are listed only with publishNotReadyAddresses: true; under "
    "podManagementPolicy: OrderedReady"
)


@pytest.mark.parametrize(
    ("wait_for", "replicas", "own", "listed", "is_open"),
    [
        ("predecessors", None, 0, (), True),
        ("predecessors", 3, 0, (), True),
        ("predecessors", 3, 1, (), False),
        ("predecessors", 3, 1, (0,), True),
        ("predecessors", 3, 1, (2,), False),
        ("predecessors", 3, 2, (0,), False),
        ("predecessors", 3, 2, (1,), False),
        ("predecessors", 3, 2, (0, 1), True),
        ("self", None, 5, (), True),
        ("self", 3, 2, (), True),
        ("quorum", 3, 0, (), False),
        ("quorum", 3, 0, (1,), True),
        ("quorum", 4, 0, (1,), False),
        ("quorum", 4, 0, (1, 2), True),
        ("quorum", 5, 0, (1,), False),
        ("quorum", 1, 0, (), True),
        ("all", 3, 0, (1,), False),
        ("all", 3, 0, (1, 2), True),
        ("all", 1, 0, (), True),
        (1, None, 0, (), True),
        (2, None, 0, (), False),
        (2, None, 0, (7,), True),
    ],
)
def test_the_gate_opens_when_those_are_listed_that_it_waits_for(
    wait_for: WaitFor, replicas: int | None, own: int, listed: tuple[int, ...], is_open: bool
) -> None:
    gate = judge(known(own, *listed), GateRules(wait_for, replicas=replicas), 1.0)
    assert isinstance(gate, Open if is_open else Waiting)


@pytest.mark.parametrize("wait_for", ["predecessors", "self", "quorum", "all", 1])
def test_before_dns_has_answered_the_gate_is_shut_whatever_it_waits_for(wait_for: WaitFor) -> None:
    rules = GateRules(wait_for, replicas=1)
    assert judge(Membership(me(0)), rules, 0.0) == Waiting("DNS has not named anybody yet")


def test_why_dns_gave_no_peers_is_a_part_of_why_the_gate_was_shut_to_the_end() -> None:
    doubt = "10.96.0.10:53 answered SERVFAIL"
    assert judge(UNANSWERED, GateRules(), 0.0, doubt) == Waiting("DNS has not named anybody yet")
    gate = judge(UNANSWERED, GateRules(), 240.0, doubt)
    assert gate == TimedOut(f"DNS has not named anybody yet; DNS says: {doubt}")
    gate = judge(known(1), GateRules(), 240.0, doubt)
    assert isinstance(gate, TimedOut)
    assert gate.reason.startswith("db-0 is not in DNS")
    assert gate.reason.endswith(f"; DNS says: {doubt}")


@pytest.mark.parametrize("wait_for", ["predecessors", "self"])
@given(own=st.integers(0, 30), start=st.integers(0, 30))
def test_under_ordered_ready_the_gate_never_waits_for_a_pod_that_cannot_exist_yet(
    wait_for: WaitFor, own: int, start: int
) -> None:
    """Only the pods before this one are there, as OrderedReady makes them."""
    state = known(own, *range(start, own))
    assert isinstance(judge(state, GateRules(wait_for, start_ordinal=start), 0.0), Open)


def test_each_predecessor_counts_even_if_all_others_are_there() -> None:
    for lacking in range(5):
        state = known(5, *(n for n in range(8) if n not in (lacking, 5)))
        gate = judge(state, GateRules(), 0.0)
        assert isinstance(gate, Waiting)
        assert gate.reason.startswith(f"db-{lacking} is not in DNS")


def test_pods_of_another_set_behind_the_same_service_are_no_predecessors() -> None:
    assert isinstance(judge(known(2, 0, 1, set_name="other"), GateRules(), 0.0), Waiting)


def test_a_set_that_starts_at_a_higher_ordinal_has_no_predecessors_below_it() -> None:
    assert isinstance(judge(known(6, 5), GateRules(start_ordinal=5), 0.0), Open)
    assert isinstance(judge(known(6), GateRules(start_ordinal=5), 0.0), Waiting)
    assert isinstance(judge(known(5), GateRules(start_ordinal=5), 0.0), Open)


def test_a_pod_that_is_alone_by_two_answers_is_let_through_if_it_is_the_first() -> None:
    state = Membership(me(0))
    for now in (0.0, 1.0):
        state = observe(state, Absent("NXDOMAIN", Why.NO_SUCH_NAME), now, Rules()).state
    assert isinstance(judge(state, GateRules(), 1.0), Open)


def test_a_predecessor_that_is_missing_for_a_moment_still_counts() -> None:
    state = known(1, 0)
    for now in (1.0, 2.0, 3.0):
        state = observe(state, Answered((Endpoint(me(1).fqdn),)), now, Rules()).state
    assert isinstance(judge(state, GateRules(), 3.0), Open)


@pytest.mark.parametrize(
    ("own", "listed", "phrase"),
    [
        (1, (), "db-0 is not in DNS under db.prod.svc.cluster.local"),
        (2, (), "db-0, db-1 are not in DNS under db.prod.svc.cluster.local"),
        (3, (1,), "db-0, db-2 are not in DNS under"),
        (10, (), "db-0, db-1, db-2 and others are not in DNS under"),
    ],
)
def test_the_missing_predecessors_are_named(own: int, listed: tuple[int, ...], phrase: str) -> None:
    gate = judge(known(own, *listed), GateRules(), 0.0)
    assert isinstance(gate, Waiting)
    assert gate.reason.startswith(phrase)
    assert "not ready without " + NONE_LISTED in gate.reason
    assert "set start_ordinal" in gate.reason


def test_too_few_members_are_counted_with_why_that_may_be() -> None:
    gate = judge(known(0, 1), GateRules("all", replicas=3), 0.0)
    assert isinstance(gate, Waiting)
    assert gate.reason.startswith(f"2 of 3 members are in DNS under {SERVICE.fqdn} {PARALLEL}")


@pytest.mark.parametrize(
    ("waited", "kind"), [(0.0, Waiting), (239.9, Waiting), (240.0, TimedOut), (1e9, TimedOut)]
)
def test_after_the_timeout_the_gate_gives_up_with_the_same_reason(
    waited: float, kind: type[Waiting | TimedOut]
) -> None:
    gate = judge(known(2), GateRules(wait_timeout=240.0), waited)
    assert isinstance(gate, kind)
    assert gate.reason.startswith("db-0, db-1 are not in DNS")


def test_who_is_told_to_proceed_does_so_at_the_timeout_and_not_before() -> None:
    rules = GateRules(wait_timeout=60.0, proceed_at_timeout=True)
    assert isinstance(judge(known(1), rules, 59.9), Waiting)
    gate = judge(known(1), rules, 60.0)
    assert isinstance(gate, Open)
    assert gate.reason == "proceeding after 60 s, as on_timeout says"
    assert gate.although.startswith("db-0 is not in DNS")


def test_who_is_told_to_proceed_still_does_not_while_dns_has_never_answered() -> None:
    rules = GateRules(wait_timeout=60.0, proceed_at_timeout=True)
    state = observe(UNANSWERED, Unknown("time-out"), 0.0, Rules()).state
    gate = judge(state, rules, 60.0, "time-out")
    assert gate == TimedOut("DNS has not named anybody yet; DNS says: time-out")


def test_all_there_is_open_even_after_the_timeout() -> None:
    assert isinstance(judge(known(1, 0), GateRules(wait_timeout=60.0), 61.0), Open)


def test_an_open_gate_says_by_which_rule() -> None:
    assert judge(known(0), GateRules(), 0.0) == Open(
        "every peer that wait_for: predecessors asks for is listed"
    )


def test_an_ordinal_as_high_as_they_get_is_judged_at_once() -> None:
    gate = judge(known(2_000_000_000), GateRules(), 0.0)
    assert isinstance(gate, Waiting)
    assert gate.reason.startswith("db-0, db-1, db-2 and others are not in DNS")


def test_a_gate_that_wants_this_pod_to_be_listed_waits_for_that_and_says_what_may_keep_it() -> None:
    listed = GateRules("self", is_to_be_listed=True)
    assert isinstance(judge(known(1, 0), listed, 1.0), Open)
    others = Answered((Endpoint(SERVICE.pod("db-0"), ("10.0.0.1",)),))
    alone = observe(Membership(me(1)), others, 0.0, Rules()).state
    gate = judge(alone, listed, 1.0)
    assert gate == Waiting(
        "db-1 is not in DNS under db.prod.svc.cluster.local (not ready without "
        "publishNotReadyAddresses: true)"
    )
    assert isinstance(judge(alone, GateRules("self"), 1.0), Open)
