"""The zone's serial, as each DNS server tells it: when it last saw a change anywhere."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf

from agent.core.observation import Doubt
from agent.discovery.attempt import Failure
from tests.simulation.scenario import HEALED_LAG, Scenario, Serials
from tests.simulation.world import Cluster

HOUR = 3600
LONG_AGO = -100.0  # seconds; a server's last change before the run
REFUSED = Failure("10.96.0.10:53 answered REFUSED", Doubt.REFUSED)


class Zone:
    """What the servers say of their zone; their records are `dns.Dns`'s."""

    def __init__(self, plan: Scenario, serials: Serials, cluster: Cluster) -> None:
        self._serials = serials
        self._cluster = cluster
        self._lags = plan.lags
        self._troubles = [
            [t for t in plan.in_dns if t.whom % len(plan.lags) == number]
            for number in range(len(plan.lags))
        ]
        self._healed_at = inf

    def heal(self, now: float) -> None:
        """Ends all trouble of the servers."""
        self._healed_at = now
        self._troubles = [
            [replace(t, end=min(t.end, now)) for t in of_one if t.start < now]
            for of_one in self._troubles
        ]

    def serial(self, number: int, now: float, known_from: Iterable[float]) -> int | Failure:
        """What a server says; `known_from`: when it learnt of names, if it was started."""
        serials = self._serials
        match serials.worth:
            case "refused":
                return REFUSED
            case "stuck":
                return int(serials.epoch) - 4000
            case "hourly":
                return int(serials.epoch + now) // HOUR * HOUR
        now -= serials.age
        starts = [t for t in self._troubles[number] if t.kind == "starting"]
        times = [*known_from, *(t.start for t in starts), *(t.end for t in starts)]
        times += [self._seen(self._cluster.changes, number, now)]
        times += [self._seen(serials.elsewhere, number, now)]
        seen_at = max(LONG_AGO, *(time for time in times if time <= now))
        return int(serials.epoch + seen_at + serials.skews[number])

    def _seen(self, changes: Sequence[float], number: int, now: float) -> float:
        """When the server saw the last of these changes that it had seen by then."""
        for change in reversed(changes[: bisect_right(changes, now)]):
            if (at := self._seen_at(change, number)) <= now:
                return at
        return LONG_AGO

    def _seen_at(self, change: float, number: int) -> float:
        at = change + self._lags[number]
        for trouble in self._troubles[number]:
            if trouble.kind == "frozen" and trouble.start < change and at < trouble.end:
                at = trouble.end
        late = at > self._healed_at
        return max(change + HEALED_LAG, self._healed_at) if late else at
