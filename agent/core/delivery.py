"""When a reader of the files is told that they changed, and when again.

| state of one notifier                      | does                                               |
|--------------------------------------------|----------------------------------------------------|
| what it told last is what is in the files  | nothing                                            |
| the files changed                          | tells, but not before `min_interval` has passed    |
|                                            | since it began to tell the last time               |
| the files change while it tells            | lets it end, and then tells the newest state       |
| telling failed                             | tells the newest state after a pause, for ever;    |
|                                            | the pause doubles                                  |
| telling failed, and the files are again    | tells all the same: a failed try may have had an   |
| what was told before                       | effect                                             |
| the agent ended while it told              | after the restart as if telling had failed         |

Times in seconds. It starts nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from agent.core.backoff import pause
from agent.core.roll import Peer

# Under this name is kept what was in the first files that were written: a notifier that is new
# after a restart is told what changed since then.
FIRST_FILES = ""
# The pause after the first failure, doubled with each that follows.
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class Told:
    """What a reader knows: `stamp` stands for the content of all files, empty if that is unsure."""

    stamp: str
    peers: tuple[Peer, ...]


# Of readers that may have been told anything.
UNSURE = Told("", ())


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """How one notifier is to tell. `on_first`: the first files too, which nobody has read yet."""

    on_first: bool = False
    min_interval: float = 0.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notifier's past and present.

    `told` is what arrived last, None before anything did; `under_way` what is being told now.
    `failed` counts failures in a row, `reason` is why the last one did. `waits_since` is when the
    news began to wait that has not arrived yet, `newer_since` when what came after the news that is
    being told.
    """

    told: Told | None = None
    under_way: Told | None = None
    began_at: float | None = None
    failed: int = 0
    reason: str = ""
    not_before: float = 0.0
    waits_since: float | None = None
    newer_since: float | None = None
    successes: int = 0
    failures: int = 0

    def due(self, stamp: str, rules: DeliveryRules) -> float | None:
        """When to tell of what `stamp` stands for; None while there is nothing to do."""
        if self.under_way is not None or (self.told is not None and self.told.stamp == stamp):
            return None
        earliest = 0.0 if self.began_at is None else self.began_at + rules.min_interval
        return max(earliest, self.not_before)

    def waiting(self, stamp: str, now: float) -> "Delivery":
        """Notes since when there is news that has not arrived."""
        if self.told is not None and self.told.stamp == stamp:
            return replace(self, waits_since=None)
        if self.under_way is not None and self.under_way.stamp == stamp:
            return replace(self, newer_since=None)
        if self.under_way is not None and self.newer_since is None:
            return replace(self, newer_since=now)
        return self if self.waits_since is not None else replace(self, waits_since=now)

    def begun(self, news: Told, now: float) -> "Delivery":
        """It is being told; of what the reader knows only the peers are sure from now on."""
        unsure = None if self.told is None else replace(self.told, stamp="")
        return replace(self, told=unsure, under_way=news, began_at=now)

    def arrived(self) -> "Delivery":
        """It was told."""
        return replace(
            self,
            told=self.under_way,
            under_way=None,
            failed=0,
            reason="",
            not_before=0.0,
            waits_since=self.newer_since,
            newer_since=None,
            successes=self.successes + 1,
        )

    def lost(self, reason: str, now: float) -> "Delivery":
        """It was not told, for this reason."""
        failed = self.failed + 1
        return replace(
            self,
            under_way=None,
            failed=failed,
            reason=reason,
            not_before=now + pause(failed, FIRST_PAUSE, LONGEST_PAUSE),
            newer_since=None,
            failures=self.failures + 1,
        )


@dataclass(frozen=True, slots=True)
class Arrived:
    """A notifier's try that succeeded."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A notifier's try that failed; `reason` is a phrase that follows the notifier's name."""

    reason: str


Outcome = Arrived | Lost


def stamp_of(published: Mapping[str, str | None]) -> str:
    """One word for the content of all files, from each file's path and its content's digest."""
    whole = sha256()
    for part in _parts(published):
        whole.update(f"{len(part)}:{part}".encode(errors="surrogateescape"))
    return whole.hexdigest()


def _parts(published: Mapping[str, str | None]) -> Iterable[str]:
    for path, digest in sorted(published.items()):
        yield path
        yield digest or ""
