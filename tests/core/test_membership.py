"""Each row of the table at the head of agent/core/membership.py, and what it promises together.

| seen in DNS                             | test                                                  |
|-----------------------------------------|-------------------------------------------------------|
| a new name in a whole answer            | test_a_new_peer_is_a_member_once_nothing_changed_…    |
| the same name, another address          | test_a_peer_that_moved_is_readdressed_at_once         |
| one name, two addresses of one family   | test_of_two_addresses_the_one_that_was_new_last_…     |
| a name missing from whole answers       | test_a_peer_that_is_missing_is_kept_until_…           |
| this pod missing                        | test_this_pod_is_a_member_although_dns_does_not_…     |
| Absent, after peers were known          | test_nobody_is_kept_from_removing_anybody_…           |
| Absent, before any was known            | test_a_pod_is_alone_once_dns_said_so_twice_…          |
| Absent, because the setup is wrong      | test_a_wrong_setup_says_nothing_about_who_is_there    |
| Unknown                                 | test_a_doubt_changes_nothing_at_any_moment            |
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from random import Random
from types import MappingProxyType

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from agent.core.decisions import Did
from agent.core.identity import Identity
from agent.core.membership import Membership, Rules, advance, due, observe
from agent.core.names import is_address
from agent.core.observation import Absent, Answered, Endpoint, Observation, Unknown, Why
from agent.core.roll import Peer, Service, sort_key
from agent.core.tracking import is_self

SERVICE = Service("db", "prod", "cluster.local")
SOURCES: Mapping[str, str] = MappingProxyType({})
ME = Identity("db-1", "db", 1, SERVICE, ("10.0.0.1",), SOURCES)
RULES = Rules(settle=1.0, forget_after=30.0)
unhurried = settings(deadline=None)
DOWN = Unknown("10.96.0.10:53 answered SERVFAIL")
NOBODY = Absent("DNS has no db.prod.svc.cluster.local (NXDOMAIN)", Why.NO_SUCH_NAME)


def named(pod: str, *addresses: str) -> Endpoint:
    """A pod of the service; db-2 has 10.0.0.2 if nothing else is said."""
    return Endpoint(SERVICE.pod(pod), addresses or (f"10.0.0.{pod.rpartition('-')[2]}",))


def nameless(address: str) -> Endpoint:
    return Endpoint(address, (address,))


DB0, DB1, DB2, DB3 = (named(f"db-{n}") for n in range(4))


class Watch:
    """A membership that is told what DNS says at which second, and all that it decided."""

    def __init__(self, rules: Rules = RULES, me: Identity = ME) -> None:
        self.rules = rules
        self.state = Membership(me)
        self.did: list[tuple[Did, str]] = []
        self.reasons: list[str] = []

    def says(self, seen: Observation, *times: float) -> "Watch":
        for now in times:
            step = observe(self.state, seen, now, self.rules)
            self.state = step.state
            self.did += [(decision.did, decision.about) for decision in step.decisions]
            self.reasons += [decision.reason for decision in step.decisions]
        return self

    def lists(self, endpoints: tuple[Endpoint, ...], *times: float) -> "Watch":
        return self.says(Answered(endpoints), *times)

    def later(self, now: float) -> "Watch":
        self.state = advance(self.state, now, self.rules).state
        return self

    @property
    def names(self) -> list[str]:
        return [peer.name for peer in self.state.peers]

    def addresses(self, name: str) -> tuple[str, ...]:
        return next(peer.addresses for peer in self.state.peers if peer.name == name)


def seconds(start: int, end: int) -> range:
    """One poll a second, the last at `end`."""
    return range(start, end + 1)


def three() -> Watch:
    """Three pods that have been there since second 0."""
    return Watch().lists((DB0, DB1, DB2), 0, 1, 2)


# A new name.


def test_the_first_whole_answer_is_the_view_at_once() -> None:
    watch = Watch().lists((DB2, DB0, DB1), 0)
    assert watch.names == ["db-0", "db-1", "db-2"]
    assert watch.state.generation == 1


def test_a_new_peer_is_a_member_once_nothing_changed_for_settle() -> None:
    watch = three().lists((DB0, DB1, DB2, DB3), 10, 10.5)
    assert watch.later(10.99).names == ["db-0", "db-1", "db-2"]
    assert watch.later(11).names == ["db-0", "db-1", "db-2", "db-3"]
    assert watch.state.generation == 2


def test_growth_comes_with_a_sentence_that_names_the_peer_and_where_it_is() -> None:
    watch = three().lists((DB0, DB1, DB2, DB3), 10, 11)
    assert watch.did[-1] == (Did.ADDED, "db-3")
    assert watch.reasons[-1] == "add db-3: listed in DNS, 10.0.0.3"


def test_one_answer_is_enough_to_be_a_member_even_if_the_next_one_lacks_it() -> None:
    watch = three().lists((DB0, DB1, DB2, DB3), 10).lists((DB0, DB1, DB2), 10.5, 11)
    assert watch.names == ["db-0", "db-1", "db-2", "db-3"]


def test_a_burst_of_new_peers_is_one_generation() -> None:
    watch = three()
    for n in range(3, 8):
        watch.lists(tuple(named(f"db-{m}") for m in range(n + 1)), 10 + (n - 3) * 0.9)
    assert watch.names == ["db-0", "db-1", "db-2"]
    watch.later(10 + 4 * 0.9 + 1)
    assert watch.names == [f"db-{n}" for n in range(8)]
    assert watch.state.generation == 2


def test_a_set_that_never_stops_changing_is_taken_after_five_times_settle() -> None:
    watch = three()
    for n in range(10):
        watch.lists(tuple(named(f"db-{m}") for m in range(4 + n)), 10 + n * 0.5)
        assert watch.state.generation == 1
    watch.lists(tuple(named(f"db-{m}") for m in range(14)), 15)
    assert watch.names == [f"db-{n}" for n in range(14)]
    assert watch.state.generation == 2


def test_with_a_settle_of_zero_a_new_peer_is_a_member_at_once() -> None:
    watch = Watch(replace(RULES, settle=0.0)).lists((DB0, DB1), 0).lists((DB0, DB1, DB2), 1)
    assert watch.names == ["db-0", "db-1", "db-2"]


def test_what_was_heard_before_an_outage_settles_during_it() -> None:
    watch = three().lists((DB0, DB1, DB2, DB3), 10).says(DOWN, 10.5, 11)
    assert watch.names == ["db-0", "db-1", "db-2", "db-3"]


# The same name, another address.


def test_a_peer_that_moved_is_readdressed_at_once() -> None:
    watch = three().lists((DB0, DB1, named("db-2", "10.0.0.99")), 10)
    assert watch.addresses("db-2") == ("10.0.0.99",)
    assert watch.state.generation == 2
    assert watch.did[-1] == (Did.READDRESSED, "db-2")
    assert watch.reasons[-1] == "db-2 moved: 10.0.0.2 is now 10.0.0.99"


def test_a_peer_that_has_no_address_yet_gets_it_at_once() -> None:
    watch = Watch().lists((DB1, Endpoint(DB2.fqdn)), 0)
    assert watch.addresses("db-2") == ()
    watch.lists((DB1, DB2), 1)
    assert watch.addresses("db-2") == ("10.0.0.2",)
    assert watch.reasons[-1] == "db-2 moved: no address is now 10.0.0.2"


def test_an_answer_that_names_a_peer_without_an_address_unlearns_none() -> None:
    watch = three().lists((DB0, DB1, Endpoint(DB2.fqdn)), *seconds(3, 100))
    assert watch.addresses("db-2") == ("10.0.0.2",)
    assert watch.state.generation == 1


# One name, two addresses of one family.

BOTH = named("db-2", "10.0.0.2", "10.0.0.99")
OLD, NEW = named("db-2", "10.0.0.2"), named("db-2", "10.0.0.99")


def test_of_two_addresses_the_one_that_was_new_last_is_used() -> None:
    assert three().lists((DB0, DB1, BOTH), 3).addresses("db-2") == ("10.0.0.99",)
    lower = named("db-2", "10.0.0.2", "9.0.0.1")
    assert three().lists((DB0, DB1, lower), 3).addresses("db-2") == ("9.0.0.1",)


def test_of_two_addresses_that_are_equally_new_the_lowest_is_used() -> None:
    higher_first = named("db-2", "10.0.0.10", "10.0.0.9")
    assert Watch().lists((DB1, higher_first), 0).addresses("db-2") == ("10.0.0.9",)


def test_an_old_address_that_a_cache_still_answers_in_turns_is_not_used_again() -> None:
    watch = three().lists((DB0, DB1, NEW), 3)
    for now in seconds(4, 200):
        watch.lists((DB0, DB1, OLD if now % 2 else NEW), now)
        assert watch.addresses("db-2") == ("10.0.0.99",)
    assert watch.state.generation == 2


def test_the_other_address_is_used_again_once_the_newest_is_gone_for_forget_after() -> None:
    watch = three().lists((DB0, DB1, NEW), 3).lists((DB0, DB1, OLD), *seconds(4, 33))
    assert watch.addresses("db-2") == ("10.0.0.99",)
    assert watch.lists((DB0, DB1, OLD), 34).addresses("db-2") == ("10.0.0.2",)


def test_an_address_is_not_given_up_for_the_word_of_one_answer() -> None:
    watch = three().lists((DB0, DB1, NEW), 3).lists((DB0, DB1, OLD), 500)
    assert watch.addresses("db-2") == ("10.0.0.99",)
    watch.lists((DB0, DB1, OLD), *seconds(501, 530))
    assert watch.addresses("db-2") == ("10.0.0.2",)


def test_a_dual_stack_peer_has_an_address_of_each_family_and_each_moves_by_itself() -> None:
    watch = Watch().lists((DB1, named("db-2", "fd00::2", "10.0.0.2")), 0)
    assert watch.addresses("db-2") == ("10.0.0.2", "fd00::2")
    watch.lists((DB1, named("db-2", "fd00::1", "10.0.0.2")), 1)
    assert watch.addresses("db-2") == ("10.0.0.2", "fd00::1")


def test_time_in_which_nobody_answered_does_not_count_against_an_address() -> None:
    watch = three().lists((DB0, DB1, NEW), 3, 4, 60).lists((DB0, DB1, OLD), 61)
    assert watch.addresses("db-2") == ("10.0.0.99",)


# A name that is missing.


def test_a_peer_that_is_missing_is_kept_until_forget_after() -> None:
    watch = three().lists((DB0, DB1), *seconds(10, 39))
    assert watch.later(39.99).names == ["db-0", "db-1", "db-2"]
    watch.lists((DB0, DB1), 40)
    assert watch.later(41).names == ["db-0", "db-1"]
    assert watch.state.generation == 2


def test_time_alone_drops_nobody_nor_does_the_word_of_one_answer() -> None:
    watch = three().lists((DB0, DB1), 10).says(DOWN, *seconds(11, 500))
    assert watch.later(10_000).names == ["db-0", "db-1", "db-2"]
    watch.lists((DB0, DB1), 10_001).later(10_002)
    assert watch.names == ["db-0", "db-1", "db-2"]


def test_time_in_which_nobody_answered_is_no_time_in_which_a_peer_was_missing() -> None:
    watch = three().lists((DB0, DB1), *seconds(10, 20)).says(DOWN, *seconds(21, 500))
    watch.lists((DB0, DB1), *seconds(501, 519)).later(520)
    assert watch.names == ["db-0", "db-1", "db-2"]
    assert watch.lists((DB0, DB1), *seconds(520, 523)).names == ["db-0", "db-1"]


def test_a_poll_that_was_missed_now_and_then_is_no_outage() -> None:
    watch = three()
    for second in range(10, 46, 5):
        watch.lists((DB0, DB1), second)
    assert watch.later(47).names == ["db-0", "db-1"]


def test_with_a_forget_after_of_zero_it_still_takes_two_answers_to_be_dropped() -> None:
    watch = Watch(Rules(settle=0.0, forget_after=0.0)).lists((DB0, DB1), 0).lists((DB1,), 1)
    assert watch.names == ["db-0", "db-1"]
    assert watch.lists((DB1,), 2).names == ["db-1"]


def test_a_peer_that_was_listed_again_has_its_whole_time_before_it() -> None:
    watch = three().lists((DB0, DB1), *seconds(10, 39)).lists((DB0, DB1, DB2), 40)
    watch.lists((DB0, DB1), *seconds(41, 70)).later(70.99)
    assert watch.names == ["db-0", "db-1", "db-2"]
    assert watch.state.generation == 1


def test_a_missing_peer_is_told_of_once_when_it_goes_and_once_when_it_is_dropped() -> None:
    watch = three()
    watch.did.clear()
    watch.reasons.clear()
    watch.lists((DB0, DB1), *seconds(10, 100))
    assert watch.did == [(Did.MISSING, "db-2"), (Did.DROPPED, "db-2")]
    assert watch.reasons == [
        "keep db-2: missing from DNS, held for 30 s",
        "drop db-2: missing for 30 s, in 31 answers",
    ]


def test_a_missing_peer_that_comes_back_is_told_of() -> None:
    watch = three().lists((DB0, DB1), *seconds(10, 14)).lists((DB0, DB1, DB2), 15, 16)
    assert watch.did[-2:] == [(Did.MISSING, "db-2"), (Did.RETURNED, "db-2")]
    assert watch.reasons[-1] == "keep db-2: listed again after 5 s"


def test_a_peer_that_comes_back_right_after_its_drop_never_leaves_the_view() -> None:
    watch = three().lists((DB0, DB1), *seconds(10, 40)).lists((DB0, DB1, DB2), 40.5)
    assert watch.later(60).names == ["db-0", "db-1", "db-2"]
    assert watch.state.generation == 1


# This pod.


def test_this_pod_is_a_member_although_dns_does_not_list_it() -> None:
    watch = Watch().lists((DB0, DB2), 0)
    assert watch.names == ["db-0", "db-1", "db-2"]
    assert watch.addresses("db-1") == ("10.0.0.1",)
    assert watch.lists((DB0, DB2), *seconds(1, 200)).names == ["db-0", "db-1", "db-2"]
    assert watch.state.generation == 1


def test_that_dns_first_lists_this_pod_later_changes_nothing() -> None:
    watch = Watch().lists((DB0,), 0).lists((DB0, DB1), *seconds(1, 5))
    assert watch.state.generation == 1


def test_a_pod_that_dns_does_not_list_for_forget_after_is_told_why_that_may_be() -> None:
    watch = Watch().lists((DB0,), *seconds(0, 29))
    assert Did.UNLISTED not in [did for did, _ in watch.did]
    watch.lists((DB0,), 30)
    assert watch.did[-1] == (Did.UNLISTED, "db-1")
    assert watch.reasons[-1] == (
        "DNS has not listed db-1 under db.prod.svc.cluster.local for 30 s: set "
        "publishNotReadyAddresses: true on the service, and check that the StatefulSet's "
        "serviceName is db"
    )


def test_a_pod_that_was_listed_in_between_is_not_warned_of() -> None:
    watch = Watch().lists((DB0,), *seconds(0, 20)).lists((DB0, DB1), 21)
    watch.lists((DB0,), *seconds(22, 51))
    assert Did.UNLISTED not in [did for did, _ in watch.did]


def test_this_pod_has_its_own_address_whatever_dns_still_says() -> None:
    watch = Watch().lists((DB0, named("db-1", "10.0.0.77")), *seconds(0, 40))
    assert watch.addresses("db-1") == ("10.0.0.1",)
    assert watch.state.generation == 1


def test_a_pod_that_does_not_know_its_address_learns_it_from_dns() -> None:
    watch = Watch(me=replace(ME, addresses=())).lists((DB0,), 0)
    assert watch.addresses("db-1") == ()
    assert watch.lists((DB0, DB1), 1).addresses("db-1") == ("10.0.0.1",)
    assert watch.state.roll(3, 0).me == Peer(DB1.fqdn, ("10.0.0.1",))


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("10.0.0.1", ("10.0.0.1",)),
        ("10-0-0-1.db.prod.svc.cluster.local", ("10.0.0.1",)),
        ("fd00--1.db.prod.svc.cluster.local", ("fd00::1",)),
        ("fd00::1", ("fd00::1", "10.0.0.1")),
        ("3f2a9c5d7e10.db.prod.svc.cluster.local", ("10.0.0.1",)),
    ],
)
def test_an_endpoint_with_this_pods_address_is_this_pod_though_dns_has_no_name_for_it(
    name: str, addresses: tuple[str, ...]
) -> None:
    me = replace(ME, addresses=("10.0.0.1", "fd00::1"))
    watch = Watch(me=me).lists((DB0, Endpoint(name, addresses)), *seconds(0, 40))
    assert watch.names == ["db-0", "db-1"]
    assert Did.UNLISTED not in [did for did, _ in watch.did]


def test_an_endpoint_that_has_more_than_this_pods_addresses_is_not_this_pod() -> None:
    watch = Watch().lists((DB0, Endpoint("10.0.0.1", ("10.0.0.1", "10.0.0.7"))), 0)
    assert watch.names == ["db-0", "db-1", "10.0.0.1"]


def test_an_old_record_of_another_pod_with_this_pods_address_is_not_this_pod() -> None:
    watch = Watch().lists((DB0, named("db-2", "10.0.0.1")), *seconds(0, 40))
    assert watch.names == ["db-0", "db-1", "db-2"]
    assert (Did.UNLISTED, "db-1") in watch.did


def test_a_peer_that_had_only_an_address_is_known_by_its_name_as_soon_as_it_has_one() -> None:
    watch = Watch().lists((DB0, DB1, nameless("10.0.0.2")), 0)
    assert watch.names == ["db-0", "db-1", "10.0.0.2"]
    watch.lists((DB0, DB1, DB2), 10, 11)
    assert watch.names == ["db-0", "db-1", "db-2"]
    assert watch.state.generation == 2


def test_an_address_without_a_name_is_another_pods_while_the_name_that_had_it_is_listed() -> None:
    watch = three().lists((DB0, DB1, NEW, nameless("10.0.0.2")), 10, 11)
    assert watch.names == ["db-0", "db-1", "db-2", "10.0.0.2"]
    assert watch.addresses("db-2") == ("10.0.0.99",)


def test_a_peer_that_lost_its_name_in_dns_is_not_dropped_while_its_address_is_listed() -> None:
    watch = three().lists((DB0, DB1, nameless("10.0.0.2")), *seconds(3, 100))
    assert watch.names == ["db-0", "db-1", "db-2"]
    assert watch.state.generation == 1


# Absent.


def test_nobody_is_kept_from_removing_anybody_once_peers_were_known() -> None:
    watch = three().says(NOBODY, *seconds(3, 500))
    assert watch.names == ["db-0", "db-1", "db-2"]
    assert watch.state.generation == 1
    assert watch.reasons[-1] == f"keep the list of 3: {NOBODY.reason}"


def test_where_nobody_is_accepted_the_peers_are_held_like_missing_ones_and_then_dropped() -> None:
    watch = Watch(replace(RULES, accept_empty=True)).lists((DB0, DB1, DB2), 0)
    watch.says(NOBODY, *seconds(10, 39))
    assert watch.later(39.99).names == ["db-0", "db-1", "db-2"]
    watch.says(NOBODY, 40)
    assert watch.later(41).names == ["db-1"]
    assert watch.says(NOBODY, *seconds(42, 100)).names == ["db-1"]


@pytest.mark.parametrize("why", sorted(set(Why) - {Why.NO_SUCH_NAME, Why.NO_DATA}, key=str))
def test_a_wrong_setup_says_nothing_about_who_is_there(why: Why) -> None:
    wrong = Absent("the service is not headless", why)
    accepting = replace(RULES, accept_empty=True)
    assert Watch(accepting).says(wrong, *seconds(0, 100)).state.generation == 0
    watch = Watch(accepting).lists((DB0, DB1), 0).says(wrong, *seconds(1, 100)).later(200)
    assert watch.names == ["db-0", "db-1"]


ONLY_SELF = Answered((DB1,))
CACHED = replace(NOBODY, ttl=5.0)


@pytest.mark.parametrize(
    ("seen", "times"),
    [(NOBODY, (0, 0.5, 1)), (ONLY_SELF, (0, 0.5, 1)), (CACHED, (0, 1, 4.99, 5))],
    ids=["NXDOMAIN", "only this pod", "an NXDOMAIN that may be cached"],
)
def test_a_pod_is_alone_once_dns_said_so_twice_for_longer_than_settle_and_a_cache(
    seen: Observation, times: tuple[float, ...]
) -> None:
    watch = Watch().says(seen, *times[:-1]).later(100)
    assert (watch.names, watch.state.generation) == ([], 0)
    watch.says(seen, times[-1])
    assert (watch.names, watch.state.generation) == (["db-1"], 1)


def test_peers_that_a_second_answer_lists_beside_this_pod_are_the_first_view() -> None:
    watch = Watch().says(ONLY_SELF, 0).lists((DB0, DB1, DB2), 0.5)
    assert (watch.names, watch.state.generation) == (["db-0", "db-1", "db-2"], 1)


def test_a_pod_is_not_alone_by_one_answer_however_long_ago() -> None:
    watch = Watch().says(NOBODY, 0).says(DOWN, *seconds(1, 100)).later(10_000)
    assert (watch.names, watch.state.generation) == ([], 0)


def test_peers_that_are_listed_after_all_are_the_first_view() -> None:
    watch = Watch().says(NOBODY, 0).lists((DB0, DB1), 0.5)
    assert (watch.names, watch.state.generation) == (["db-0", "db-1"], 1)


def test_a_pod_that_was_alone_takes_its_peers_in_when_they_come() -> None:
    watch = Watch().says(NOBODY, 0, 1, 2).lists((DB0, DB1), 10, 11)
    assert (watch.names, watch.state.generation) == (["db-0", "db-1"], 2)


# Unknown.


def test_before_anything_was_heard_a_doubt_leaves_everything_unknown() -> None:
    watch = Watch().says(DOWN, *seconds(0, 100))
    assert watch.state == Membership(ME, was_in_doubt=True)
    assert watch.reasons[-1] == f"no peers known yet: {DOWN.reason}"


def test_a_doubt_says_what_it_keeps_and_why() -> None:
    watch = three().says(DOWN, 10)
    assert watch.did[-1] == (Did.KEPT, "")
    assert watch.reasons[-1] == "keep the list of 3: 10.96.0.10:53 answered SERVFAIL"


# All together.

POOL = (
    DB0,
    DB1,
    DB2,
    DB3,
    named("db-2", "10.0.0.99"),
    named("db-2", "10.0.0.2", "10.0.0.99", "fd00::2"),
    Endpoint(DB3.fqdn),
    named("db-10"),
    nameless("10.0.0.3"),
    nameless("10.0.0.1"),
    nameless("fd00::7"),
)
answers = st.lists(st.sampled_from(POOL), min_size=1, max_size=5).map(
    lambda endpoints: Answered(tuple(endpoints))
)
observations = st.one_of(answers, answers, st.just(DOWN), st.just(NOBODY))
gaps = st.sampled_from([0.25, 0.5, 1.0, 1.0, 1.0, 2.0, 15.0, 31.0])
histories = st.lists(st.tuples(gaps, observations), max_size=40)
some_rules = st.builds(
    Rules, st.sampled_from([0.0, 1.0, 3.0]), st.sampled_from([0.0, 5.0, 30.0]), st.booleans()
)


def after(history: list[tuple[float, Observation]], rules: Rules) -> tuple[float, Watch]:
    now, watch = 0.0, Watch(rules)
    for gap, seen in history:
        now += gap
        watch.says(seen, now)
    return now, watch


@unhurried
@given(histories, some_rules, st.floats(0, 100))
def test_a_doubt_changes_nothing_at_any_moment(
    history: list[tuple[float, Observation]], rules: Rules, gap: float
) -> None:
    now, watch = after(history, rules)
    without = advance(watch.state, now + gap, rules).state
    doubted = observe(watch.state, DOWN, now + gap, rules).state
    assert doubted == replace(without, was_in_doubt=True)


@unhurried
@given(histories, some_rules)
def test_the_generation_grows_by_one_when_the_peers_change_and_never_otherwise(
    history: list[tuple[float, Observation]], rules: Rules
) -> None:
    states = [after(history[:n], rules)[1].state for n in range(len(history) + 1)]
    for before, now in pairwise(states):
        assert now.generation - before.generation == int(now.peers != before.peers)


@unhurried
@given(histories, some_rules)
def test_a_view_is_sorted_names_nobody_twice_and_always_has_this_pod_in_it(
    history: list[tuple[float, Observation]], rules: Rules
) -> None:
    _, watch = after(history, rules)
    peers = watch.state.peers
    assert list(peers) == sorted(peers, key=sort_key)
    assert len({peer.fqdn for peer in peers}) == len(peers)
    if watch.state.generation:
        assert Peer(DB1.fqdn, ("10.0.0.1",)) in peers
    else:
        assert peers == ()


@unhurried
@given(histories, some_rules)
def test_nobody_is_dropped_without_two_answers_that_lacked_him_and_forget_after_between(
    history: list[tuple[float, Observation]], rules: Rules
) -> None:
    """The reference keeps, for each name, only the times of the answers that lacked it."""
    rules = replace(rules, accept_empty=False)
    lacked: dict[str, list[float]] = {}
    renamed: set[str] = set()  # addresses that are known by a name now
    now, watch = 0.0, Watch(rules)
    for gap, seen in history:
        now += gap
        before = watch.names
        watch.says(seen, now)
        if isinstance(seen, Answered):
            listed = {Peer(endpoint.fqdn).name for endpoint in seen.endpoints}
            renamed |= {a for e in seen.endpoints if not is_address(e.fqdn) for a in e.addresses}
            for name in {*lacked, *listed, *before}:
                lacked[name] = [] if name in listed else [*lacked.get(name, []), now]
        for name in set(before) - set(watch.names) - renamed:
            assert name != "db-1"
            assert len(lacked[name]) >= 2
            assert lacked[name][-1] - lacked[name][0] >= rules.forget_after


@unhurried
@given(histories)
def test_a_peer_that_no_answer_lists_any_more_is_gone_in_the_end(
    history: list[tuple[float, Observation]],
) -> None:
    now, watch = after(history, RULES)
    for n in range(33):
        watch.lists((DB0, DB1), now + 1 + n)
    assert watch.names == ["db-0", "db-1"]


servers = st.lists(
    st.sampled_from([DB0, DB1, DB2, DB3, NEW, BOTH, named("db-3", "fd00::3", "10.0.0.3")]),
    min_size=1,
    unique_by=lambda endpoint: endpoint.fqdn,
).map(tuple)


@unhurried
@given(servers, servers, st.lists(st.booleans(), min_size=20, max_size=80))
@example((DB0, DB1), (DB0, DB1, DB2), [True, False] * 40)
@example((DB1, OLD), (DB1, NEW), [True, False] * 40)
def test_two_dns_servers_that_disagree_in_turns_never_make_the_view_flap(
    one: tuple[Endpoint, ...], other: tuple[Endpoint, ...], turns: list[bool]
) -> None:
    """Each server is asked within any `forget_after`; which one, chance decides."""
    watch = Watch().lists(one, 0).lists(other, 1).later(2)
    settled = watch.state.peers
    for n, turn in enumerate(turns):
        watch.lists(one if turn or n % 10 == 0 else other, 2 + n * 2)
        watch.lists(other if not turn or n % 10 == 5 else one, 3 + n * 2).later(3.99 + n * 2)
        assert watch.state.peers == settled


def test_a_peer_whose_name_one_dns_server_does_not_know_does_not_make_the_view_flap() -> None:
    watch = three()
    for now in range(3, 200, 4):
        watch.lists((DB0, DB1, nameless("10.0.0.2")), now, now + 1).later(now + 1.99)
        watch.lists((DB0, DB1, DB2), now + 2, now + 3).later(now + 3.99)
    assert watch.names == ["db-0", "db-1", "db-2"]
    assert watch.state.generation == 1


@unhurried
@given(histories, answers, st.randoms(use_true_random=False), st.floats(1, 600))
def test_order_and_time_to_live_in_an_answer_mean_nothing(
    history: list[tuple[float, Observation]], last: Answered, chance: Random, ttl: float
) -> None:
    assume(not all(is_self(ME, endpoint) for endpoint in last.endpoints))  # alone is another matter
    now, watch = after(history, RULES)
    shuffled = list(last.endpoints)
    chance.shuffle(shuffled)
    turned = tuple(replace(e, addresses=e.addresses[::-1]) for e in shuffled)
    step = observe(watch.state, last, now + 1, RULES)
    other = observe(watch.state, Answered(turned, ttl), now + 1, RULES)
    assert replace(other, state=replace(other.state, fresh_at=None)) == step


@unhurried
@given(histories, some_rules, st.sampled_from([0.1, 0.7, 1.0]), st.floats(0, 1e6))
@example([(0.25, Answered((DB1,)))], RULES, 0.7, 70626.1)
def test_at_the_time_that_due_names_the_change_is_taken(
    history: list[tuple[float, Observation]], rules: Rules, settle: float, start: float
) -> None:
    """Else the loop would turn on the spot: it sleeps until `due` and looks again."""
    rules = replace(rules, settle=settle)
    first = (start, Answered((DB1,)))
    change = (1.1, Answered((DB1, named("db-77"))))
    _, watch = after([first, *history, change], rules)
    then = due(watch.state, rules)
    if then is None:  # something was pending for so long that it took the change along
        assert "db-77" in watch.names
        return
    settled = advance(watch.state, then, rules).state
    assert settled.generation == watch.state.generation + 1
    assert due(settled, rules) is None


def test_nothing_is_due_while_nothing_waits_to_settle() -> None:
    assert due(Watch().state, RULES) is None
    assert due(Watch().says(NOBODY, 0).state, RULES) is None
    assert due(three().state, RULES) is None
    assert due(three().lists((DB0, DB1), *seconds(10, 39)).state, RULES) is None
    assert due(three().lists((DB0, DB1, DB3), 10).state, RULES) == 11


def test_what_is_odd_about_a_setup_that_works_is_passed_on() -> None:
    watch = three().says(Answered((DB0, DB1, DB2), remarks=("no ports",)), 3)
    assert (watch.did[-1], watch.reasons[-1]) == ((Did.REMARK, ""), "no ports")
    assert watch.state.generation == 1


def test_the_view_as_a_roll_is_what_files_are_rendered_from() -> None:
    roll = three().lists((DB0, DB1, DB2, DB3), 10).state.roll(4, 0)
    assert [peer.name for peer in roll.peers] == ["db-0", "db-1", "db-2"]
    assert (roll.me, roll.service, roll.generation) == (ME.peer, SERVICE, 1)
    assert (roll.replicas, roll.start_ordinal) == (4, 0)
    assert Membership(ME).roll(None, 0).me == ME.peer


def test_a_peer_that_moved_is_readdressed_at_once_beside_a_change_that_has_to_settle() -> None:
    watch = Watch(Rules(settle=5.0)).lists((DB0, DB1, DB2), 0)
    watch.lists((DB0, DB1, named("db-2", "10.0.9.9"), DB3), 1)
    assert watch.addresses("db-2") == ("10.0.9.9",)
    assert watch.names == ["db-0", "db-1", "db-2"]


def test_a_peer_known_by_its_address_leaves_with_a_word_when_dns_has_its_name() -> None:
    watch = Watch(Rules(settle=0.0)).lists((DB1, nameless("10.0.0.9")), 0)
    watch.lists((DB1, named("db-7", "10.0.0.9")), 1)
    assert watch.names == ["db-1", "db-7"]
    assert "drop 10.0.0.9: DNS has the name of this address now" in watch.reasons


# How long a missing peer is missing while DNS does not answer.


def test_of_the_time_around_an_unanswered_poll_only_one_interval_counts() -> None:
    """However long the interval is, a DNS outage brings nobody nearer to being dropped."""
    rules = Rules(settle=0.0, forget_after=30.0, longest_gap=32.0, interval=10.0)
    watch = Watch(rules).says(Answered((DB0, DB1, DB2)), 0, 10).says(Answered((DB0, DB1)), 20)
    watch.says(DOWN, 30, 40).says(Answered((DB0, DB1)), 50)
    assert watch.names == ["db-0", "db-1", "db-2"]
    watch.says(Answered((DB0, DB1)), 60)
    assert watch.names == ["db-0", "db-1", "db-2"]
    watch.says(Answered((DB0, DB1)), 70)
    assert watch.names == ["db-0", "db-1"]


def test_an_answer_that_does_not_list_this_pod_where_it_is_may_be_a_caches() -> None:
    """One that does is not older than this pod, so who was there before would be in it."""
    elsewhere = Endpoint(ME.fqdn, ("10.0.9.9",))
    rules = Rules(settle=1.0)
    old = Watch(rules).says(Answered((elsewhere,), 30.0), 0, 1.5, 29)
    assert not old.state.is_answered
    assert old.says(Answered((elsewhere,), 30.0), 30).state.is_answered
    here = Endpoint(ME.fqdn, ME.addresses)
    assert Watch(rules).says(Answered((here,), 30.0), 0, 1.5).state.is_answered


def test_a_longer_time_to_live_of_a_later_no_is_waited_for_too() -> None:
    rules = Rules(settle=1.0)
    watch = Watch(rules).says(Absent("NXDOMAIN", Why.NO_SUCH_NAME, 2.0), 0)
    watch.says(Absent("NXDOMAIN", Why.NO_SUCH_NAME, 20.0), 1, 19)
    assert not watch.state.is_answered
    assert watch.says(Absent("NXDOMAIN", Why.NO_SUCH_NAME, 20.0), 20).state.is_answered
