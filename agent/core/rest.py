"""Rest: the answer came again that left nothing to wait for, so there is nothing to decide.

Nearly every poll is such a one. What `again` gives is what all the rules would come to.
"""

from dataclasses import replace

from agent.core.decisions import Decision, Did, remark
from agent.core.observation import Answered, Observation
from agent.core.state import Membership, Rules, Step
from agent.core.tracking import is_self


def again(state: Membership, seen: Observation, now: float, rules: Rules) -> Step | None:
    """The step of an answer that says the same as the one at rest; None if it is another.

    A time to live of 0 may be that of an old answer, for which there are rules.
    """
    rest = state.rest
    if rest is None or not isinstance(seen, Answered) or not seen.is_whole or seen.ttl == 0:
        return None
    if seen.endpoints != rest.endpoints:
        return None
    noted = state.fresh_at if seen.ttl else state.heard_at  # the one is no later than the other
    if noted is None or now - noted >= rules.slack:
        fresh_at = now if seen.ttl else state.fresh_at
        state = replace(state, answered_at=now, heard_at=now, fresh_at=fresh_at)
    return Step(state, tuple(map(remark, seen.remarks)))


def rests(state: Membership, seen: Observation, decisions: tuple[Decision, ...]) -> Step:
    """The step to `state` by these decisions, with `seen` as its rest if it left nothing to do.

    While nobody else is listed, each answer may move the time at which that is believed.
    """
    rest = None
    if isinstance(seen, Answered) and seen.is_whole and seen.ttl != 0 and _is_calm(state):
        is_alone = all(is_self(state.identity, endpoint) for endpoint in seen.endpoints)
        is_said = all(decision.did is Did.REMARK for decision in decisions)
        rest = seen if is_said and not is_alone else None
    return Step(replace(state, rest=rest), decisions)


def _is_calm(state: Membership) -> bool:
    """Whether everybody is listed where he was listed last, and that is the view."""
    if state.pending or state.unlisted_since is not None:
        return False
    return not any(
        known.sighting.missed or any(sighting.missed for _, sighting in known.addresses)
        for known in state.tracked
    )
