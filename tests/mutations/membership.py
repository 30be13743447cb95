"""The rows of the table at the head of agent/core/membership.py, each broken in turn.

`ROWS` are the first cells of the table; `tests/mutations/test_mutations.py` sees that none is left
out.
"""

from tests.mutations.mutation import Mutation

MEMBERSHIP = "agent/core/membership.py"
SIGHTINGS = "agent/core/sightings.py"
TRACKING = "agent/core/tracking.py"
FRESHNESS = "agent/core/freshness.py"
TESTS = "tests/core/test_membership.py"

NEW = "a new name in a whole answer"
MOVED = "the same name, another address"
TWO = "one name, two addresses of one family"
MISSING = "a name missing from whole answers"
SELF = "this pod missing, or listed at another address"
PART = "part of an answer, not all of it"
STALE = "a time to live of 0, after others"
ABSENT = "Absent, after peers were known"
ALONE = "nobody but this pod, or Absent, before any was known"
WRONG = "Absent, because the setup is wrong; Unknown"
ROWS = (NEW, MOVED, TWO, MISSING, SELF, PART, STALE, ABSENT, ALONE, WRONG)


def _mutation(name: str, rule: str, old: str, new: str, file: str = MEMBERSHIP) -> Mutation:
    return Mutation(name, rule, file, old, new, TESTS)


MUTATIONS = (
    _mutation(
        "a change is taken before it has settled",
        NEW,
        "return now >= _settled_at(pending, rules)",
        "return True",
    ),
    _mutation(
        "a list that never settles is never taken",
        NEW,
        "return min(pending.since + rules.settle, pending.first + rules.settle * LONGEST_SETTLE)",
        "return pending.since + rules.settle",
    ),
    _mutation(
        "the first whole answer waits to settle",
        NEW,
        "if not state.is_taken and others:",
        "if False:",
    ),
    _mutation(
        "a pod that moved waits for the list to settle",
        MOVED,
        "view = tuple(located.get(peer.fqdn, peer) for peer in state.peers)",
        "view = state.peers",
    ),
    _mutation(
        "an old address is forgotten at once",
        MOVED,
        "if address not in after and not missed.is_over(now, forget_after):",
        "if address in ():",
        SIGHTINGS,
    ),
    _mutation(
        "the older address of two is used",
        TWO,
        "sighting.first > newest[version][0]",
        "sighting.first < newest[version][0]",
        SIGHTINGS,
    ),
    _mutation(
        "the highest of two equally new addresses is used",
        TWO,
        "sighting.first > newest[version][0]",
        "sighting.first >= newest[version][0]",
        SIGHTINGS,
    ),
    _mutation(
        "an old address is never forgotten",
        TWO,
        "if address not in after and not missed.is_over(now, forget_after):",
        "if address not in after:",
        SIGHTINGS,
    ),
    _mutation(
        "a missing peer is dropped at once",
        MISSING,
        "elif (missing := known.not_seen(now)).sighting.is_over(now, forget_after):",
        "elif missing := known.not_seen(now):",
        TRACKING,
    ),
    _mutation(
        "a peer is dropped on the word of one answer",
        MISSING,
        "MISSED_ANSWERS = 2",
        "MISSED_ANSWERS = 1",
        SIGHTINGS,
    ),
    _mutation(
        "a peer is dropped before forget_after",
        MISSING,
        "return self.missed >= MISSED_ANSWERS and self.missing_for(now) >= forget_after",
        "return self.missed >= MISSED_ANSWERS",
        SIGHTINGS,
    ),
    _mutation(
        "a missing peer is never dropped",
        MISSING,
        "return self.missed >= MISSED_ANSWERS and self.missing_for(now) >= forget_after",
        "return False",
        SIGHTINGS,
    ),
    _mutation(
        "a peer that is back is still counted as missing",
        MISSING,
        "return self if self.missing_since is None else Sighting(self.first)",
        "return self",
        SIGHTINGS,
    ),
    _mutation(
        "time in which nobody answered counts against a peer",
        MISSING,
        "missed = _missed(gap, rules, was_in_doubt=state.was_in_doubt)",
        "missed = 0.0",
    ),
    _mutation(
        "an outage of a few polls counts against a peer",
        MISSING,
        "return max(0.0, gap - rules.interval) if was_in_doubt else 0.0",
        "return 0.0",
    ),
    _mutation(
        "time in which nobody answered counts against an address",
        MISSING,
        "addresses = tuple((a, sighting.after_gap(seconds)) for a, sighting in self.addresses)",
        "addresses = self.addresses",
        SIGHTINGS,
    ),
    _mutation(
        "this pod is a member only while DNS lists it",
        SELF,
        "if me.peer is not None:",
        "if me.peer is not None and me.fqdn in peers:",
    ),
    _mutation(
        "this pod has the address that DNS has for it",
        SELF,
        "me.addresses or listed.addresses)",
        "listed.addresses or me.addresses)",
    ),
    _mutation(
        "a pod that is not listed yet is warned at once",
        SELF,
        "if now - unlisted >= rules.forget_after:",
        "if True:",
    ),
    _mutation(
        "another pod that has this pod's old address is this pod",
        SELF,
        "return mine and (not is_named or split_ordinal(label) is None)",
        "return mine",
        TRACKING,
    ),
    _mutation(
        "an endpoint with this pod's address and no name is another",
        SELF,
        "return mine and (not is_named or split_ordinal(label) is None)",
        "return False",
        TRACKING,
    ),
    _mutation(
        "a pod that DNS has elsewhere is not told so",
        SELF,
        "if comparable and not set(comparable) & set(me.addresses):",
        "if not comparable:",
        TRACKING,
    ),
    _mutation(
        "who is not in a part of an answer is missing",
        PART,
        "elif not answer.is_whole:",
        "elif answer.is_whole is None:",
        TRACKING,
    ),
    _mutation(
        "a part of an answer that names nobody else says that a pod is alone",
        PART,
        "            if not believed.is_whole:\n                return step\n",
        "",
    ),
    _mutation(
        "a part of an answer puts the end of a missing peer off, ever more",
        PART,
        "heard_at=now,",
        "heard_at=now if answer.is_whole else state.heard_at,",
    ),
    _mutation(
        "time before a part of an answer counts against who is not in it",
        PART,
        "listed, idle = tracking.listed, gap - missed",
        "listed, idle = tracking.listed, 0.0",
    ),
    _mutation(
        "a stale answer is believed",
        STALE,
        "if not is_stale(answer.ttl, fresh_at, now):",
        "if answer is not None:",
        FRESHNESS,
    ),
    _mutation(
        "a stale answer adds nobody",
        STALE,
        "if endpoint.fqdn not in known)",
        "if endpoint.fqdn in ())",
        FRESHNESS,
    ),
    _mutation(
        "a stale answer moves a pod back",
        STALE,
        "if endpoint.fqdn not in known)",
        "if endpoint.fqdn)",
        FRESHNESS,
    ),
    _mutation(
        "a cluster whose records all have a TTL of 0 is never believed",
        STALE,
        "return ttl == 0 and fresh_at is not None and now - fresh_at < STALE_FOR",
        "return ttl == 0",
        FRESHNESS,
    ),
    _mutation(
        "a TTL of 0 is never believed again",
        STALE,
        "return ttl == 0 and fresh_at is not None and now - fresh_at < STALE_FOR",
        "return ttl == 0 and fresh_at is not None",
        FRESHNESS,
    ),
    _mutation(
        "a stale nobody is believed",
        STALE,
        "case Absent(reason, ttl=ttl) if is_stale(ttl, state.fresh_at, now):",
        "case Absent(reason, ttl=ttl) if ttl == -1:",
    ),
    _mutation(
        "a nobody that may be stale from the start is believed after settle",
        ALONE,
        "min(ttl or LONGEST_NEGATIVE, LONGEST_NEGATIVE)",
        "min(ttl, LONGEST_NEGATIVE)",
    ),
    _mutation(
        "nobody is taken for an empty answer",
        ABSENT,
        "if rules.accept_empty and state.tracked:",
        "if state.tracked:",
    ),
    _mutation(
        "on_empty: accept does nothing",
        ABSENT,
        "if rules.accept_empty and state.tracked:",
        "if False:",
    ),
    _mutation(
        "a pod is alone once it is said once",
        ALONE,
        "return replace(state, alone=Alone(since, until))",
        "return replace(state, alone=Alone(since, since), is_answered=True)",
    ),
    _mutation(
        "a pod is alone although a cache may say so",
        ALONE,
        "until = since + max(lasts, rules.settle)",
        "until = since + rules.settle",
    ),
    _mutation(
        "a pod is alone before the list has settled",
        ALONE,
        "until = since + max(lasts, rules.settle)",
        "until = since + lasts",
    ),
    _mutation(
        "an answer from before this pod says that it is alone",
        ALONE,
        "lasts = None if is_here(state.identity, endpoints) else believed.ttl",
        "lasts = None",
    ),
    _mutation(
        "a wrong setup says that nobody is there",
        WRONG,
        "case Absent(reason, why, ttl) if why in _SAYS_NOBODY:",
        "case Absent(reason, why, ttl):",
    ),
    _mutation(
        "what is unknown is an empty answer",
        WRONG,
        "case Absent(reason) | Unknown(reason):\n            return _doubted(state, reason)",
        "case Absent(reason) | Unknown(reason):\n"
        "            return _answered(state, Answered(()), now, rules)",
    ),
)
