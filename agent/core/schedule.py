"""When to ask again: an interval after the last time, and not in step with others.

The agents of a fleet start together, and a DNS outage ends for all of them at once; so each asks a
little earlier or later, as chance will have it, which the caller brings. While DNS does not answer,
polls are further apart, up to `LONGEST_GAP`: more would be felt when it is back. While a DNS cache
answers, nothing new comes before what it holds expires; then that is the time of the next poll, if
it is at most `LONGEST_CACHED` intervals away: another DNS server may have another cache.
"""

from typing import NamedTuple

# Of the interval: by so much at most a poll is early, or late. In the mean it is a little late, so
# that there is no more than one in an interval.
EARLY = 0.04
LATE = 0.05
# The same where they are further apart since DNS does not answer: not all are to come at once.
EARLY_IN_DOUBT = 0.3
# Seconds, unless the interval itself is longer.
LONGEST_GAP = 5.0
# A short interval asks for quick news after an outage, too: eight of them are the longest gap.
MOST_DOUBLINGS = 3
# Intervals. For so long at most a poll is put off because a cache answers.
LONGEST_CACHED = 3
# Seconds. A cache that gives out what has expired may have something fresh right after.
STALE_AGAIN = 1.0
# Seconds. A time to live is told in whole ones.
ROUNDING = 1.0


class Pace(NamedTuple):
    """What the last polls say of the next: how many in a row had no answer, and of a cache.

    `ttl` is the last answer's time to live and `at` when it came, `expires` when the cache's copy
    does, None where no cache was noticed. All in (clock) seconds. `is_stale`: the time to live is
    0, and was not before.
    """

    doubts: int = 0
    ttl: float = 0.0
    at: float = 0.0
    expires: float | None = None
    is_stale: bool = False

    def answered(self, ttl: float | None, now: float) -> "Pace":
        """An answer came. One whose time to live fell as time passed came from a cache."""
        if ttl is None:  # nobody was asked
            return Pace()
        fell, passed = self.ttl - ttl, now - self.at
        is_cached = ttl > 0 and fell > 0 and abs(fell - passed) <= ROUNDING
        is_stale = ttl == 0 and (self.ttl > 0 or self.is_stale)
        return Pace(0, ttl, now, now + ttl if is_cached else None, is_stale)

    def quiet(self) -> "Pace":
        """Nothing has changed, and no cache was asked."""
        is_same = not self.doubts and self.expires is None
        return self if is_same else self._replace(doubts=0, expires=None)

    def doubted(self) -> "Pace":
        """No answer came."""
        return self._replace(doubts=self.doubts + 1, expires=None)


def next_poll(started: float, interval: float, pace: Pace, chance: float) -> float:
    """When the next poll begins, if the last began at `started` (clock seconds).

    `chance` is a number from 0 up to 1, another one for each pod and poll.
    """
    if pace.is_stale and not pace.doubts:
        interval = min(interval, STALE_AGAIN)
    if pace.expires is not None and pace.expires > started + interval:
        late = interval * (EARLY + LATE) * chance
        return min(pace.expires + late, started + interval * LONGEST_CACHED)
    longest = max(interval, LONGEST_GAP)
    gap = min(interval * 2.0 ** min(max(pace.doubts - 1, 0), MOST_DOUBLINGS), longest)
    early = EARLY_IN_DOUBT if gap > interval else EARLY
    return started + gap * (1 - early + (early + LATE) * chance)
