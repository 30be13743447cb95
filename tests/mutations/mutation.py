"""What a mutation is: a text of the agent that another one takes the place of."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Mutation:
    """One rule broken. `name` says what the agent does wrong then, `rule` which rule that breaks.

    `old` stands once in `file` (its path from the root). `tests` are looked at first, and then, if
    none of them fails, those of the whole group.
    """

    name: str
    rule: str
    file: str
    old: str
    new: str
    tests: str

    def applied(self, root: Path) -> str:
        """The file with the other text. Raises LookupError where `old` is not there once."""
        text = (root / self.file).read_text(encoding="utf-8")
        if (found := text.count(self.old)) != 1:
            raise LookupError(f"{self.name}: its text is in {self.file} {found} times, not once")
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True)
class Group:
    """Mutations of one kind: `tests` are all those that hold its rules.

    `is_simulated`: whether the simulation holds them too.
    """

    tests: tuple[str, ...]
    mutations: tuple[Mutation, ...]
    is_simulated: bool = True
