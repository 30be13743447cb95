"""What clients may cost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client, and all of them, may cost. Times in seconds, sizes in bytes.

    `connections`: at a time. `head`: a request's line and headers. `unsent`: of all answers that
    nobody reads, besides what the kernel keeps.
    """

    connections: int = 128
    head: int = 16 * 1024
    unsent: int = 4 * 1024 * 1024
    idle: float = 10.0
    unread: float = 10.0
    leave: float = 1.0
