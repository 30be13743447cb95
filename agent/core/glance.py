"""One answer, taken at its word: for commands that ask once and do not wait to believe it."""

from agent.core.identity import Identity
from agent.core.membership import LONGEST_NEGATIVE, Membership, Rules, observe
from agent.core.observation import Answered
from agent.core.sightings import MISSED_ANSWERS


def at_once(me: Identity, seen: Answered) -> Membership:
    """What is known after an answer, if it is believed as if it had been given often enough."""
    state = Membership(me)
    for times in range(MISSED_ANSWERS):
        state = observe(state, seen, times * LONGEST_NEGATIVE, Rules(settle=0)).state
    return state
