"""When to ask again: an interval after the last time at the latest, and not in step with others.

The agents of a fleet start together, and a DNS outage ends for all of them at once; so each asks a
little early, by a part that its name and the number of the poll decide. That is as good as chance
here, and a test can say when it will be. While DNS does not answer, polls are further apart, up to
`LONGEST_GAP`: more would be felt when it is back.
"""

import hashlib

# Of the interval: by so much at most a poll is early.
EARLY = 0.1
# Seconds, unless the interval itself is longer.
LONGEST_GAP = 5.0
# A short interval asks for quick news after an outage, too: eight of them are the longest gap.
MOST_DOUBLINGS = 3


def next_poll(started: float, interval: float, doubts: int, salt: str) -> float:
    """When the next poll begins, if the last began at `started` (clock seconds).

    `doubts` counts the polls in a row that DNS did not answer; `salt` is another one for each pod
    and poll.
    """
    longest = max(interval, LONGEST_GAP)
    gap = min(interval * 2.0 ** min(max(doubts - 1, 0), MOST_DOUBLINGS), longest)
    return started + gap * (1 - EARLY * _part(salt))


def _part(salt: str) -> float:
    """A number from 0 up to 1, spread evenly over all salts."""
    number = int.from_bytes(hashlib.sha256(salt.encode()).digest()[:4], "big")
    return number / 2.0**32
