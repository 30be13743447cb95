"""What is to be done for an output: the difference between wanted and written.

Work is recorded only after it succeeded. A write that failed and a restart in between therefore
need no code of their own: the difference is still there at the next look. Who is told of what was
written is `delivery`'s.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Unread:
    """What a file holds can't be told; `reason` is a phrase.

    `is_there`: something is at its path. If not, even that can't be told.
    """

    reason: str
    is_there: bool


# A look at an output: the digest of its content, empty where that can be none of ours; None if
# there is nothing.
OnDisk = str | Unread | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """Two digests of one output's content; None where there is none yet.

    `desired` is what membership demands, `published` what is on disk.
    """

    desired: str | None = None
    published: str | None = None

    @property
    def is_publish_due(self) -> bool:
        """Whether the file differs from what it should be."""
        return self.desired is not None and self.desired != self.published

    def want(self, digest: str) -> "Ledger":
        """Membership demands this content."""
        return self if digest == self.desired else replace(self, desired=digest)

    def wrote(self, digest: str | None) -> "Ledger":
        """This content is on disk; None if there is no file."""
        return self if digest == self.published else replace(self, published=digest)

    def saw(self, on_disk: OnDisk) -> "Ledger":
        """This is on disk; where that can't be told, it is what it was."""
        return self if isinstance(on_disk, Unread) else self.wrote(on_disk)
