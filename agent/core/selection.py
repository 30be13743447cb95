"""Which of the peers a file names: the seeds."""

from dataclasses import dataclass
from typing import Literal

from agent.core.roll import Peer, Roll


@dataclass(frozen=True, slots=True)
class Selection:
    """The rule by which an output picks its seeds.

    `source`: `discovered` is who DNS lists now, `expected` who `replicas` says there will be (the
    same if that is unset). `exclude_self`: `unless_first` leaves this pod out, except where nobody
    else is there and it has the lowest ordinal. `limit` 0 is no limit. `allow_empty`: whether a
    file without any seed is harmless.
    """

    source: Literal["discovered", "expected"] = "discovered"
    exclude_self: Literal["never", "always", "unless_first"] = "never"
    limit: int = 0
    allow_empty: bool = False


def select(roll: Roll, rule: Selection) -> tuple[Peer, ...]:
    """The seeds, in the one order of peers."""
    peers = roll.expected if rule.source == "expected" else roll.peers
    others = tuple(peer for peer in peers if roll.me is None or peer.fqdn != roll.me.fqdn)
    alone = (roll.me,) if roll.me is not None and roll.is_first else ()
    chosen = {"never": peers, "always": others, "unless_first": others or alone}[rule.exclude_self]
    return chosen[: rule.limit] if rule.limit else chosen
