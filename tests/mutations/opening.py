"""The gate, the schedule, the memory over restarts, the ledger and the choice of seeds."""

from tests.mutations.mutation import Mutation

GATE = "agent/core/gate.py"
SCHEDULE = "agent/core/schedule.py"
MEMORY = "agent/core/memory.py"
RECONCILE = "agent/core/reconcile.py"
SELECTION = "agent/core/selection.py"

NEVER_EARLY = "the gate opens no sooner than it may"
IN_THE_END = "the gate opens in the end, or says at its deadline who is missing"
POLLS = "a poll an interval after the last at the latest, not in step, seldom in an outage"
RESTARTS = "a restart at any moment changes no file and loses nobody"
SAME_POD = "what is remembered counts for the very same pod only"
DUE = "work is due while wanted and written differ"
FOUNDING = "nothing makes a database found a cluster by itself"


def _of(file: str, name: str, rule: str, old: str, new: str) -> Mutation:
    return Mutation(name, rule, file, old, new, file.replace("agent/core/", "tests/core/test_"))


MUTATIONS = (
    _of(
        GATE,
        "the gate opens before DNS has answered",
        NEVER_EARLY,
        "missing = _missing(state, rules) if is_answered else _unanswered(state, rules)",
        "missing = _missing(state, rules)",
    ),
    _of(
        GATE,
        "the gate does not wait for the last predecessor",
        NEVER_EARLY,
        "numbers = range(rules.start_ordinal, me.ordinal or 0)",
        "numbers = range(rules.start_ordinal, (me.ordinal or 0) - 1)",
    ),
    _of(
        GATE,
        "the gate waits for the next pod",
        IN_THE_END,
        "numbers = range(rules.start_ordinal, me.ordinal or 0)",
        "numbers = range(rules.start_ordinal, (me.ordinal or 0) + 2)",
    ),
    _of(
        GATE,
        "the gate waits for pods below the first",
        IN_THE_END,
        "numbers = range(rules.start_ordinal, me.ordinal or 0)",
        "numbers = range(me.ordinal or 0)",
    ),
    _of(
        GATE,
        "a half is a quorum",
        NEVER_EARLY,
        "(rules.replicas or 0) // 2 + 1",
        "((rules.replicas or 0) + 1) // 2",
    ),
    _of(
        GATE,
        "all but one are all",
        NEVER_EARLY,
        "return _missing_members(state, rules.replicas or 0)",
        "return _missing_members(state, (rules.replicas or 0) - 1)",
    ),
    _of(
        GATE,
        "one more than the number is waited for",
        IN_THE_END,
        "if listed >= wanted:",
        "if listed > wanted:",
    ),
    _of(
        GATE,
        "the gate never gives up",
        IN_THE_END,
        "if waited < rules.wait_timeout:",
        "if waited < 10 * rules.wait_timeout:",
    ),
    _of(
        GATE,
        "the gate is not open at its very deadline",
        IN_THE_END,
        "if waited < rules.wait_timeout:",
        "if waited <= rules.wait_timeout:",
    ),
    _of(
        GATE,
        "the gate proceeds although DNS has never answered",
        NEVER_EARLY,
        "if rules.proceed_at_timeout and is_answered:",
        "if rules.proceed_at_timeout:",
    ),
    _of(
        GATE,
        "on_timeout: proceed does nothing",
        IN_THE_END,
        "if rules.proceed_at_timeout and is_answered:",
        "if False:",
    ),
    _of(
        SCHEDULE,
        "a fleet polls in step",
        POLLS,
        " + (early + LATE) * chance)",
        ")",
    ),
    _of(
        SCHEDULE,
        "a poll comes late by a tenth of the interval",
        POLLS,
        "return started + gap * (1 - early + (early + LATE) * chance)",
        "return started + gap * (1 + (early + LATE) * chance)",
    ),
    _of(
        SCHEDULE,
        "an outage is polled as fast as ever",
        POLLS,
        "interval * 2.0 ** min(max(pace.doubts - 1, 0), MOST_DOUBLINGS)",
        "interval",
    ),
    _of(
        SCHEDULE,
        "polls in an outage have no bound",
        POLLS,
        "min(max(pace.doubts - 1, 0), MOST_DOUBLINGS), longest)",
        "max(pace.doubts - 1, 0), 3600.0)",
    ),
    _of(
        SCHEDULE,
        "a cache is asked again before its copy expires",
        POLLS,
        "if pace.expires is not None and pace.expires > started + interval:",
        "if False:",
    ),
    _of(
        SCHEDULE,
        "a cache puts a poll off for as long as it likes",
        POLLS,
        "return min(pace.expires + late, started + interval * LONGEST_CACHED)",
        "return pace.expires + late",
    ),
    _of(
        SCHEDULE,
        "a cache that gave out what has expired is not asked again soon",
        POLLS,
        "    if pace.is_stale and not pace.doubts:",
        "    if pace is None:",
    ),
    _of(
        SCHEDULE,
        "any lower time to live is a cache's",
        POLLS,
        "is_cached = ttl > 0 and fell > 0 and abs(fell - passed) <= ROUNDING",
        "is_cached = ttl > 0 and fell > 0",
    ),
    _of(
        MEMORY,
        "the gate is open for a new pod of the name",
        SAME_POD,
        "is_open = is_same and (bool(me.addresses) or not me.is_member)",
        "is_open = True",
    ),
    _of(
        MEMORY,
        "the gate is open for a pod that does not know its address",
        SAME_POD,
        "is_open = is_same and (bool(me.addresses) or not me.is_member)",
        "is_open = is_same",
    ),
    _of(
        MEMORY,
        "the gate of an observer is shut after each restart",
        RESTARTS,
        "is_open = is_same and (bool(me.addresses) or not me.is_member)",
        "is_open = is_same and bool(me.addresses)",
    ),
    _of(
        MEMORY,
        "a stale answer right after a restart is believed",
        RESTARTS,
        'fresh_at = now if document["has_ttl"] is True else None',
        "fresh_at = None",
    ),
    _of(
        MEMORY,
        "a new pod was told what an older one was",
        SAME_POD,
        "told if is_same or not me.addresses else {}",
        "told",
    ),
    _of(
        MEMORY,
        "the memory of another pod is used",
        SAME_POD,
        "if (roll.service, roll.me and roll.me.fqdn) != (me.service, me.peer and me.fqdn):",
        "if roll.service != me.service:",
    ),
    _of(
        MEMORY,
        "the memory of another cluster is used",
        SAME_POD,
        "if (roll.service, roll.me and roll.me.fqdn) != (me.service, me.peer and me.fqdn):",
        "if (roll.me and roll.me.name) != (me.peer and me.label):",
    ),
    _of(
        MEMORY,
        "the memory of another version is used",
        SAME_POD,
        'if document["version"] != MEMORY_VERSION:',
        'if not document["version"]:',
    ),
    _of(
        MEMORY,
        "who is only remembered counts as listed",
        RESTARTS,
        "generation, remembered=names, fresh_at=fresh_at)",
        "generation, fresh_at=fresh_at)",
    ),
    _of(
        MEMORY,
        "peers are forgotten in a restart",
        RESTARTS,
        "state = Membership(me, tracked, roll.peers,",
        "state = Membership(me, (), roll.peers,",
    ),
    _of(
        MEMORY,
        "the generation starts anew with each process",
        RESTARTS,
        "generation = max(1, roll.generation)",
        "generation = 1",
    ),
    _of(
        MEMORY,
        "the oldest address is the newest after a restart",
        RESTARTS,
        "key=lambda pair: -pair[1].first)",
        "key=lambda pair: pair[1].first)",
    ),
    _of(
        MEMORY,
        "a damaged memory ends the agent",
        RESTARTS,
        'raise RecallError("it is damaged") from None',
        "raise",
    ),
    _of(
        RECONCILE,
        "a file that is right is written again",
        DUE,
        "return self.desired is not None and self.desired != self.published",
        "return self.desired is not None",
    ),
    _of(
        RECONCILE,
        "a file that is there is never written again",
        DUE,
        "return self.desired is not None and self.desired != self.published",
        "return self.desired is not None and self.published is None",
    ),
    _of(
        SELECTION,
        "a pod that is alone is its own seed although it is not the first",
        FOUNDING,
        "others or alone}",
        "others or (roll.me,)}",
    ),
    _of(
        SELECTION,
        "the first pod is its own seed beside others",
        FOUNDING,
        "others or alone}",
        "peers if roll.is_first else others or alone}",
    ),
)
