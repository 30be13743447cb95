from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.bootstrap import Advice, Evidence, advise, listing, lowest
from agent.core.finding import CantTell, Finding, No, Yes
from agent.core.identity import Identity
from agent.core.membership import Membership, Rules, observe
from agent.core.memory import Memory, recall, remember
from agent.core.observation import Absent, Answered, Endpoint, Observation, Unknown, Why
from agent.core.roll import Peer, Roll, Service

SERVICE = Service("db", "prod", "cluster.local")
SOURCES: Mapping[str, str] = MappingProxyType({})

# What speaks for founding in every respect; each test takes something away.
SAFE = Evidence(
    lowest=Yes("db-0 has the lowest ordinal"),
    allowed=True,
    marker=No("there is no /state/marker"),
    data=No("/data is empty"),
    listing=Yes("DNS lists db-0 where it is"),
    peers=(No("db-1 does not answer"), No("db-2 does not answer")),
)
DOUBT = CantTell("the volume is not mounted")
SIGN = Yes("/data holds 'ibdata1'")


# The table, row by row.


def test_where_everything_speaks_for_it_founding_looks_safe_and_all_of_it_is_said() -> None:
    assert advise(SAFE) == Advice(
        "first",
        "db-0 has the lowest ordinal; DNS lists db-0 where it is; there is no /state/marker; "
        "/data is empty; db-1 does not answer; db-2 does not answer",
    )


def test_a_pod_without_any_peer_may_be_first() -> None:
    assert advise(replace(SAFE, peers=())).word == "first"


@pytest.mark.parametrize(
    "evidence",
    [
        replace(SAFE, marker=SIGN),
        replace(SAFE, data=SIGN),
        replace(SAFE, peers=(No("no"), SIGN)),
        replace(SAFE, peers=(DOUBT, SIGN, DOUBT)),
    ],
)
def test_one_sign_of_a_cluster_is_enough_to_join_and_is_the_reason(evidence: Evidence) -> None:
    assert advise(evidence) == Advice("join", SIGN.seen)


def test_who_is_not_the_first_of_its_set_may_join_whatever_else_is_not_known() -> None:
    other = No("db-1 has not the lowest ordinal")
    assert advise(replace(SAFE, lowest=other)) == Advice("join", other.seen)
    assert advise(Evidence(other)) == Advice("join", other.seen)


@pytest.mark.parametrize(
    "evidence",
    [
        replace(SAFE, lowest=DOUBT),
        replace(SAFE, marker=DOUBT),
        replace(SAFE, data=DOUBT),
        replace(SAFE, listing=DOUBT),
        replace(SAFE, peers=DOUBT),
        replace(SAFE, peers=(No("no"), DOUBT)),
    ],
)
def test_one_thing_that_cannot_be_told_is_enough_for_unknown_and_is_the_reason(
    evidence: Evidence,
) -> None:
    assert advise(evidence) == Advice("unknown", DOUBT.reason)


def test_without_the_operators_leave_nobody_is_told_first_and_the_reason_says_how_to_give_it() -> (
    None
):
    advice = advise(replace(SAFE, allowed=False))
    assert advice.word == "unknown"
    assert "set bootstrap.allow_first" in advice.reason


def test_everything_that_stands_against_founding_is_said_at_once() -> None:
    reason = advise(replace(SAFE, allowed=False, marker=CantTell("one"), peers=(CantTell("two"),)))
    assert reason.reason.startswith("one; two; first is not allowed")


def test_of_many_peers_a_reason_names_a_few() -> None:
    silent = tuple(CantTell(f"nothing came from db-{n}") for n in range(1, 8))
    assert advise(replace(SAFE, peers=silent)).reason == (
        "nothing came from db-1; nothing came from db-2; nothing came from db-3; and 4 more"
    )
    refusing = tuple(No(f"db-{n} does not answer") for n in range(1, 5))
    reason = advise(replace(SAFE, peers=refusing)).reason
    assert reason.endswith("db-3 does not answer; and 1 more")


def test_before_anybody_has_looked_the_advice_is_unknown() -> None:
    reason = advise(Evidence(allowed=True)).reason
    for unseen in ("ordinals", "marker", "folder", "DNS", "peer"):
        assert unseen in reason


# For any evidence.

WORDS = st.sampled_from(["a", "b"])
YES, NO = st.builds(Yes, WORDS), st.builds(No, WORDS)
CANT_TELL = st.builds(CantTell, WORDS)
FINDING: st.SearchStrategy[Finding] = st.one_of(NO, YES, CANT_TELL)
EVIDENCE = st.builds(
    Evidence,
    lowest=FINDING,
    allowed=st.booleans(),
    marker=FINDING,
    data=FINDING,
    listing=st.one_of(YES, CANT_TELL),
    peers=st.one_of(CANT_TELL, st.lists(FINDING, max_size=4).map(tuple)),
)
# Mostly such that only one thing or two stand against founding.
NEARLY_SAFE = st.builds(
    lambda safe, parts: replace(safe, **parts),
    st.just(SAFE),
    st.fixed_dictionaries(
        {},
        optional={
            "lowest": FINDING,
            "allowed": st.booleans(),
            "marker": FINDING,
            "data": FINDING,
            "listing": st.one_of(YES, CANT_TELL),
            "peers": st.lists(FINDING, max_size=4).map(tuple),
        },
    ),
)
ANY = st.one_of(EVIDENCE, NEARLY_SAFE)


def peers_of(evidence: Evidence) -> tuple[Finding, ...]:
    return () if isinstance(evidence.peers, CantTell) else evidence.peers


def all_of(evidence: Evidence) -> tuple[Finding, ...]:
    alone = (evidence.lowest, evidence.marker, evidence.data, evidence.listing)
    unasked = (evidence.peers,) if isinstance(evidence.peers, CantTell) else evidence.peers
    return alone + unasked


@given(ANY)
def test_first_is_said_exactly_where_all_conditions_hold(evidence: Evidence) -> None:
    holds = (
        isinstance(evidence.lowest, Yes)
        and evidence.allowed
        and isinstance(evidence.marker, No)
        and isinstance(evidence.data, No)
        and isinstance(evidence.listing, Yes)
        and not isinstance(evidence.peers, CantTell)
        and all(isinstance(finding, No) for finding in evidence.peers)
    )
    assert (advise(evidence).word == "first") == holds


@given(ANY)
def test_what_cannot_be_told_never_gives_first(evidence: Evidence) -> None:
    if any(isinstance(finding, CantTell) for finding in all_of(evidence)):
        assert advise(evidence).word != "first"


@given(ANY)
def test_only_the_lowest_ordinal_is_ever_told_anything_but_join(evidence: Evidence) -> None:
    if isinstance(evidence.lowest, No):
        assert advise(evidence).word == "join"


@given(ANY)
def test_every_advice_has_a_reason(evidence: Evidence) -> None:
    assert advise(evidence).reason


@given(ANY, st.data())
def test_more_signs_of_a_cluster_or_more_doubt_never_bring_first(
    evidence: Evidence, data: st.DataObject
) -> None:
    """Neither join nor unknown becomes first, and join stays join, whatever sign is added."""
    signs: list[Finding] = [SIGN, DOUBT]
    sign = data.draw(st.sampled_from(signs))
    peers = data.draw(st.permutations([*peers_of(evidence), sign]))
    more = data.draw(
        st.sampled_from(
            [
                replace(evidence, marker=sign),
                replace(evidence, data=sign),
                replace(evidence, peers=tuple(peers)),
            ]
        )
    )
    assert advise(more).word != "first"
    if sign is SIGN:
        assert advise(more).word == "join"


# Who has the lowest ordinal.


def roll(me: str, *others: str, start: int = 0) -> Roll:
    peers = tuple(Peer(SERVICE.pod(name), ("10.0.0.9",)) for name in (me, *others))
    return Roll(SERVICE, peers[0], peers, start_ordinal=start)


@pytest.mark.parametrize(
    ("of", "kind"),
    [
        (roll("db-0"), Yes),
        (roll("db-0", "db-1", "db-10"), Yes),
        (roll("db-5", "db-6", start=5), Yes),
        (roll("db-1"), No),
        (roll("db-1", "db-0"), No),
        (roll("db-10", "db-2"), No),
        (roll("db-5"), No),
    ],
)
def test_the_pod_with_the_lowest_ordinal_is_the_only_one_to_found(
    of: Roll, kind: type[Finding]
) -> None:
    assert isinstance(lowest(of), kind)


def test_a_wrong_start_ordinal_does_not_make_a_second_pod_the_lowest() -> None:
    finding = lowest(roll("db-5", "db-4", start=5))
    assert finding == No("db-4 has a lower ordinal, so db-5 never founds")


@pytest.mark.parametrize("stranger", ["other-0", "other-1", "db-a-0", "db", "10-0-0-7"])
def test_beside_pods_that_are_not_of_its_set_no_pod_is_sure_to_be_the_only_lowest(
    stranger: str,
) -> None:
    finding = lowest(roll("db-0", "db-1", stranger))
    assert isinstance(finding, CantTell)
    assert finding.reason.startswith(f"{stranger} is listed beside db-0 and is no pod of db")
    assert "its own service" in finding.reason


# Whether DNS's word is good enough.

OWN, OLD = "10.0.0.1", "10.0.0.200"
RULES = Rules()


def me(*addresses: str) -> Identity:
    return Identity("db-0", "db", 0, SERVICE, addresses, SOURCES)


def lists(*pods: tuple[str, str]) -> Answered:
    return Answered(tuple(Endpoint(SERVICE.pod(pod), (address,)) for pod, address in pods))


def after(*seen: Observation, own: Identity | None = None) -> Membership:
    """What db-0 knows after these observations, one each second from 0 on."""
    state = Membership(own or me(OWN))
    for second, observation in enumerate(seen):
        state = observe(state, observation, float(second), RULES).state
    return state


def at_the_end(*seen: Observation, own: Identity | None = None) -> Finding:
    return listing(after(*seen, own=own), len(seen) - 1.0, RULES.longest_gap)


HERE, THERE = ("db-0", OWN), ("db-1", "10.0.0.2")
NOBODY = Absent("NXDOMAIN", Why.NO_SUCH_NAME)


def test_an_answer_that_lists_this_pod_where_it_is_is_good_enough() -> None:
    assert at_the_end(lists(HERE, THERE)) == Yes("DNS lists db-0 where it is")
    assert isinstance(at_the_end(lists(HERE), lists(HERE), lists(HERE)), Yes)


def test_one_of_two_families_is_enough() -> None:
    assert isinstance(at_the_end(lists(HERE, THERE), own=me(OWN, "fd00::1")), Yes)


@pytest.mark.parametrize(
    "seen",
    [
        (),
        (Unknown("time-out"),),
        (lists(HERE),),  # said once only
        (Absent("not headless", Why.NOT_HEADLESS),) * 3,
        (lists(HERE), lists(HERE), lists(HERE, THERE)),  # somebody new, who is not in the roll yet
    ],
)
def test_what_is_not_believed_yet_is_not_good_enough(seen: tuple[Observation, ...]) -> None:
    finding = at_the_end(*seen)
    assert isinstance(finding, CantTell)
    assert finding.reason.startswith("DNS has not yet said who is there")


def test_after_a_restart_what_is_remembered_is_not_what_dns_says() -> None:
    before = Memory(after(lists(HERE, THERE), lists(HERE, THERE)), {})
    state = recall(remember(before), me(OWN), 0.0).membership
    assert isinstance(listing(state, 0.0, RULES.longest_gap), CantTell)
    state = observe(state, lists(HERE), 0.0, RULES).state  # it may be one of several partial ones
    assert isinstance(listing(state, 0.0, RULES.longest_gap), CantTell)
    state = observe(state, lists(HERE, THERE), 1.0, RULES).state
    assert isinstance(listing(state, 1.0, RULES.longest_gap), Yes)


@pytest.mark.parametrize(
    "seen",
    [
        (lists(THERE),),  # lists only who is ready, or is older than this pod
        (lists(("db-0", OLD), THERE),),  # is of the pod that had this name before
        (lists(HERE, THERE), lists(THERE)),  # of two DNS servers one is behind
        (lists(HERE, THERE), lists(("db-0", OLD), THERE)),
    ],
)
def test_an_answer_without_this_pod_where_it_is_may_lack_a_running_peer_too(
    seen: tuple[Observation, ...],
) -> None:
    finding = at_the_end(*seen)
    assert isinstance(finding, CantTell)
    assert finding.reason.startswith(f"DNS does not list db-0 at {OWN}")
    assert "publishNotReadyAddresses: true" in finding.reason


def test_a_pod_that_nxdomain_makes_believe_to_be_alone_does_not_found_on_that() -> None:
    """The gate lets it through (it may be the first); a cache may have said it (issue 92559)."""
    state = after(NOBODY, NOBODY, NOBODY)
    assert state.is_answered
    assert state.generation == 1
    assert isinstance(listing(state, 2.0, RULES.longest_gap), CantTell)


def test_once_dns_lists_this_pod_where_it_is_the_old_address_is_no_doubt_any_more() -> None:
    assert isinstance(at_the_end(lists(("db-0", OLD), THERE), lists(HERE, THERE)), Yes)


def test_an_answer_from_before_a_dns_outage_is_good_for_a_short_time_only() -> None:
    state = after(lists(HERE, THERE), Unknown("time-out"))
    assert isinstance(listing(state, RULES.longest_gap, RULES.longest_gap), Yes)
    assert listing(state, RULES.longest_gap + 0.1, RULES.longest_gap) == CantTell(
        "DNS has not said lately who is there"
    )


def test_a_pod_that_does_not_know_its_address_cannot_tell_an_old_record_from_a_new_one() -> None:
    finding = at_the_end(lists(HERE, THERE), own=me())
    assert isinstance(finding, CantTell)
    assert "set POD_IP" in finding.reason
