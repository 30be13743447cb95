"""Keeps what must outlive a restart, and gives it back.

Knows the document as bytes only; what is in it is `core/memory`'s.
"""

from agent.core.identity import Identity
from agent.core.membership import Membership
from agent.core.memory import Memory, RecallError, recall, remember
from agent.edges import Edges
from agent.publish import PublishError
from agent.telling import Teller


class Keeper:
    """The memory of one agent, behind `Edges.recall` and `Edges.remember`."""

    def __init__(self, me: Identity, edges: Edges, tell: Teller) -> None:
        self._me = me
        self._edges = edges
        self._tell = tell
        self._kept = edges.recall()
        self._memory: Memory | None = None

    def recall(self) -> Memory:
        """What was known before a restart, or nothing."""
        self._memory = Memory(Membership(self._me), {})
        if self._kept is not None:
            try:
                self._memory = recall(self._kept, self._me, self._edges.clock.now())
            except RecallError as wrong:
                sentence = f"what was remembered before the start is not used: {wrong}"
                self._tell.now("warning", sentence, kind="memory")
        return self._memory

    def remember(self, memory: Memory) -> None:
        """Keeps it, if there is anything to keep; where that fails, it is tried again."""
        if not memory.membership.generation or memory == self._memory:
            return
        self._memory = memory
        content = remember(memory)
        if content == self._kept:
            return
        try:
            self._edges.remember(content)
            self._kept = content
        except PublishError as wrong:
            self._memory = None
            self._tell.seldom("memory", "warning", str(wrong), kind="memory")
