"""What is true of the agent whatever its snapshot says, and the two clocks that it is seen by."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from agent.core.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class About:
    """What is true of the agent from its start on.

    `started` in seconds of the loop's clock. `patience`: seconds that its first turn may take at
    most, if all is well.
    """

    version: str
    started: float
    patience: float

    def is_live(self, snapshot: Snapshot | None, now: float) -> bool:
        """Whether the loop does what it promised; `snapshot` None before the first one."""
        if snapshot is None:
            return now <= self.started + self.patience
        return snapshot.is_live(now)


@dataclass(frozen=True, slots=True)
class Moment:
    """`now` in seconds of the loop's clock; `offset` makes of such a time one since 1970."""

    now: float
    offset: float


@dataclass(frozen=True, slots=True)
class Clocks:
    """`steady`: the loop's clock, which never goes back. `wall`: seconds since 1970.

    The wall clock may be set while the agent runs, by NTP: what is between them is asked anew each
    time.
    """

    steady: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time

    def moment(self) -> Moment:
        """Now, by both."""
        now = self.steady()
        return Moment(now, self.wall() - now)
