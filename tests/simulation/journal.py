"""What an agent did and saw, event by event, as the properties read it.

There is one journal for each disk: it goes on when the agent is restarted. `at` is the world's time
and `clock` what the agent's own clock said, which starts anew on another node.
"""

from dataclasses import dataclass

from agent.core.observation import Observation, Quiet
from agent.core.roll import Roll
from agent.formats import Withheld


@dataclass(frozen=True, slots=True)
class Started:
    """An agent starts with these addresses of its own, in a new pod or in the one it was in.

    `me` is the name by which DNS lists it, empty for an observer.
    """

    at: float
    clock: float
    me: str
    addresses: tuple[str, ...]
    is_new_pod: bool


@dataclass(frozen=True, slots=True)
class Saw:
    """A poll that was begun at `asked` brought this."""

    at: float
    clock: float
    asked: float
    seen: Observation | Quiet


@dataclass(frozen=True, slots=True)
class Heard:
    """The zone's serial was asked for; None if it did not come."""

    at: float
    serial: int | None


@dataclass(frozen=True, slots=True)
class Said:
    """An event was told; `peers` are the names in the view where it is of the kind `members`."""

    at: float
    level: str
    kind: str
    sentence: str
    peers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rolled:
    """A file was rendered from this roll, or withheld."""

    at: float
    clock: float
    path: str
    roll: Roll
    content: bytes | Withheld


@dataclass(frozen=True, slots=True)
class Wrote:
    """A file was replaced; `before` is what was there."""

    at: float
    clock: float
    path: str
    content: bytes
    before: bytes | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A file could not be replaced: the volume is full."""

    at: float
    path: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """The state document was replaced."""

    at: float


@dataclass(frozen=True, slots=True)
class Damaged:
    """The state document can't be used any more, by the fault of somebody else."""

    at: float


@dataclass(frozen=True, slots=True)
class Called:
    """A hook begins to tell the database of the first file, which has this content."""

    at: float
    content: bytes


@dataclass(frozen=True, slots=True)
class Told:
    """The hook has ended: the database was told of this content, or could not be."""

    at: float
    content: bytes
    arrived: bool


@dataclass(frozen=True, slots=True)
class Turned:
    """A turn is over. When it began and when the next is due is said by the agent's clock."""

    at: float
    clock: float
    began: float
    due: float
    end: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The agent is gone, and why."""

    at: float
    why: str


Event = (
    Started
    | Saw
    | Heard
    | Said
    | Rolled
    | Wrote
    | Refused
    | Remembered
    | Damaged
    | Called
    | Told
    | Turned
    | Ended
)
