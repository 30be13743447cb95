"""Keeps what must outlive a restart, and gives it back.

Knows the document as bytes only; what is in it is `core/memory`'s.
"""

from dataclasses import replace

from agent.core.delivery import FIRST_FILES, UNSURE
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
        self._said: object = None

    def recall(self) -> Memory:
        """What was known before a restart, or nothing."""
        nothing = Memory(Membership(self._me), {})
        if self._kept is None:
            return nothing
        try:
            return recall(self._kept, self._me, self._edges.clock.now())
        except RecallError as wrong:
            sentence = f"what was remembered before the start is not used: {wrong}"
            self._tell.now("warning", sentence, kind="memory")
            # Whoever should have been told of something by then may not have been.
            told = {FIRST_FILES: UNSURE} if wrong.is_damaged else {}
            return replace(nothing, told=told)

    def remember(self, memory: Memory) -> None:
        """Keeps it, if there is anything to keep; where that fails, it is tried again."""
        state = memory.membership
        says = (state.tracked, state.generation, state.fresh_at is None, memory.told)
        if not state.generation or self._said == (says, memory.opened_for):
            return
        self._said = (says, memory.opened_for)
        content = remember(memory)
        if content == self._kept:
            return
        try:
            self._edges.remember(content)
            self._kept = content
        except PublishError as wrong:
            self._said = None
            self._tell.seldom("memory", "warning", str(wrong), kind="memory")
