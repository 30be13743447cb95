"""What outlives a restart."""

from types import MappingProxyType

import pytest

from agent.core.delivery import Told
from agent.core.identity import Identity
from agent.core.membership import Membership, Rules, observe
from agent.core.memory import Memory, RecallError, recall, remember
from agent.core.observation import Answered, Endpoint
from agent.core.roll import Service

SERVICE = Service("db", "prod", "cluster.local")
ME = Identity("db-1", "db", 1, SERVICE, ("10.0.0.1",), MappingProxyType({}))
RULES = Rules(settle=0.0, forget_after=30.0)


def seen(state: Membership, now: float, **addresses: tuple[str, ...]) -> Membership:
    """The state after an answer that lists these pods (db_0 for db-0)."""
    pods = {SERVICE.pod(name.replace("_", "-")): where for name, where in addresses.items()}
    answer = Answered(tuple(Endpoint(fqdn, where) for fqdn, where in pods.items()))
    return observe(state, answer, now, RULES).state


def kept(state: Membership) -> bytes:
    """What is remembered of it."""
    return remember(Memory(state, {}))


def back(state: Membership, now: float = 0.0) -> Membership:
    """The state after a restart."""
    return recall(kept(state), ME, now).membership


def test_who_was_told_of_what_is_kept_with_the_peers_of_that_time() -> None:
    then = seen(Membership(ME), 1.0, db_0=("10.0.0.9",))
    now = seen(then, 2.0, db_0=("10.0.0.9",), db_2=("10.0.0.2",))
    told = {"exec a": Told("abc", then.peers), "exec b": Told("def", now.peers)}
    assert recall(remember(Memory(now, told)), ME, 0.0).told == told


def test_the_view_and_its_generation_are_as_they_were() -> None:
    state = seen(Membership(ME), 5.0, db_0=("10.0.0.7",), db_1=("10.0.0.1",))
    state = seen(state, 6.0, db_0=("10.0.0.7", "fd00::7"), db_1=("10.0.0.1",))
    again = back(state)
    assert (again.peers, again.generation) == (state.peers, 2)


def test_an_old_address_that_is_answered_again_after_a_restart_is_still_the_old_one() -> None:
    state = seen(Membership(ME), 1.0, db_0=("10.0.0.9",))
    state = seen(state, 2.0, db_0=("10.0.0.3",))
    again = seen(back(state, 100.0), 101.0, db_0=("10.0.0.9",))
    assert again.peers[0].addresses == ("10.0.0.3",)


def test_a_new_address_after_a_restart_is_newer_than_all_that_were_remembered() -> None:
    state = seen(Membership(ME), 1.0, db_0=("10.0.0.9",))
    again = seen(back(state), 0.5, db_0=("10.0.0.200",))
    assert again.peers[0].addresses == ("10.0.0.200",)


def test_the_same_membership_is_remembered_by_the_same_bytes_at_any_time() -> None:
    early = seen(Membership(ME), 1.0, db_0=("10.0.0.9",), db_2=("10.0.0.2",))
    late = seen(Membership(ME), 999.0, db_2=("10.0.0.2",), db_0=("10.0.0.9",))
    assert kept(early) == kept(late)
    assert kept(back(early, 5.0)) == kept(early)


def test_what_is_remembered_is_checked_as_if_it_came_from_the_network() -> None:
    content = kept(seen(Membership(ME), 1.0, db_0=("10.0.0.9",)))
    for good, bad in ((b"db-0.db", b"db-0\\n.db"), (b"10.0.0.9", b"10.0.0.999")):
        with pytest.raises(RecallError, match="damaged"):
            recall(content.replace(good, bad), ME, 0.0)


def test_the_document_of_another_version_is_not_read() -> None:
    content = kept(seen(Membership(ME), 1.0, db_0=("10.0.0.9",)))
    with pytest.raises(RecallError, match="it has version 99, not 1"):
        recall(content.replace(b'"version": 1', b'"version": 99', 1), ME, 0.0)


def test_another_service_of_the_same_name_is_another_cluster() -> None:
    content = kept(seen(Membership(ME), 1.0, db_0=("10.0.0.9",)))
    other = Service("db", "staging", "cluster.local")
    staging = Identity("db-1", "db", 1, other, (), MappingProxyType({}))
    with pytest.raises(RecallError, match=r"it is of db-1\.db\.prod"):
        recall(content, staging, 0.0)


@pytest.mark.parametrize(
    ("addresses", "is_open"),
    [(("10.0.0.1",), True), (("10.0.0.5",), False), ((), False)],
    ids=["the same pod", "a new pod of the name", "a pod that does not know its address"],
)
def test_the_gate_stays_open_for_the_same_pod_only(
    addresses: tuple[str, ...], is_open: bool
) -> None:
    state = seen(Membership(ME), 1.0, db_0=("10.0.0.9",))
    now = Identity("db-1", "db", 1, SERVICE, addresses, MappingProxyType({}))
    assert recall(remember(Memory(state, {}, opened_for="self")), now, 0.0).opened_for == (
        "self" if is_open else ""
    )


def test_an_observer_has_no_address_and_its_gate_stays_open_all_the_same() -> None:
    proxy = Identity("proxy-0", "", None, SERVICE, (), MappingProxyType({}), is_member=False)
    state = seen(Membership(proxy), 1.0, db_0=("10.0.0.9",))
    again = recall(remember(Memory(state, {}, opened_for="self")), proxy, 0.0)
    assert again.opened_for
    assert again.membership.peers == state.peers


def test_a_pod_that_never_knew_its_address_can_not_tell_that_it_is_the_same() -> None:
    me = Identity("db-1", "db", 1, SERVICE, (), MappingProxyType({}))
    state = seen(Membership(me), 1.0, db_0=("10.0.0.9",))
    assert not recall(remember(Memory(state, {}, opened_for="self")), me, 0.0).opened_for


@pytest.mark.parametrize(
    ("addresses", "is_told"),
    [(("10.0.0.1",), True), (("10.0.0.5",), False), ((), True)],
    ids=["the same pod", "a new pod of the name", "a pod that does not know its address"],
)
def test_what_an_older_pod_was_told_of_is_not_what_a_new_one_was(
    addresses: tuple[str, ...], is_told: bool
) -> None:
    state = seen(Membership(ME), 1.0, db_0=("10.0.0.9",))
    now = Identity("db-1", "db", 1, SERVICE, addresses, MappingProxyType({}))
    told = {"exec a": Told("abc", state.peers)}
    assert recall(remember(Memory(state, told)), now, 0.0).told == (told if is_told else {})
