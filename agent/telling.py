"""What the loop says, and how often: news at once, a trouble that lasts ever more seldom."""

from collections.abc import Sequence
from typing import Any

from agent.core.bootstrap import Advice
from agent.core.decisions import Decision, Did
from agent.core.hearing import Heard
from agent.core.names import sets_of
from agent.core.roll import Peer
from agent.core.seldom import Seldom
from agent.edges import Clock, Events, Target
from agent.formats import Withheld

# So many peers are told of one by one.
MANY = 3


class Teller:
    """Tells events, and remembers what was said of each topic."""

    def __init__(self, events: Events, clock: Clock) -> None:
        self.now = events
        self._clock = clock
        self._said: dict[str, Seldom] = {}
        self._troubled: set[str] = set()
        self._sets: tuple[str, ...] = ()

    def seldom(self, topic: str, level: str, sentence: str, key: str = "", **more: Any) -> None:
        """Tells of a trouble that lasts: at once, after a minute, and then ever more seldom.

        `key` stands for sentences that say the same in other numbers.
        """
        said, is_due = self._said.get(topic, Seldom()).say(key or sentence, self._clock.now())
        self._said[topic] = said
        if is_due:
            self._troubled.add(topic)
            self.now(level, sentence, **more)

    def recovered(self, topic: str, sentence: str, **more: Any) -> None:
        """Tells that a trouble is over, if it was told of: it is not to be the last word."""
        if topic in self._troubled:
            self._troubled.discard(topic)
            self.now("info", sentence, **more)

    def is_over(self, topic: str) -> None:
        """Makes the next trouble of this topic news again."""
        self._said.pop(topic, None)

    def decisions(self, decisions: Sequence[Decision]) -> None:
        """Tells what was decided about whom; what is the same of many in one line."""
        if not decisions:
            return
        for did in (Did.MISSING, Did.RETURNED):
            same = [decision for decision in decisions if decision.did is did]
            if len(same) > MANY:
                sentence = f"{same[0].reason}; the same of {len(same) - 1} others"
                self.seldom(did.value, "info", sentence, key="many", kind=did.value, about="")
                decisions = [decision for decision in decisions if decision.did is not did]
        for decision in decisions:
            self._decision(decision)

    def _decision(self, decision: Decision) -> None:
        more: dict[str, Any] = {"kind": decision.did.value, "about": decision.about}
        match decision.did:
            case Did.KEPT:
                self.seldom("dns", "warning", decision.reason, **more)
            case Did.UNLISTED | Did.MISPLACED | Did.REMARK:
                self.seldom("setup", "warning", decision.reason, **more)
            case Did.MISSING | Did.RETURNED:
                self.seldom(decision.did.value, "info", decision.reason, key=decision.about, **more)
            case Did.ADDED | Did.READDRESSED | Did.DROPPED:
                self.now("info", decision.reason, **more)

    def advice(self, before: Advice | None, advice: Advice) -> None:
        """Tells what is new about founding a cluster, and a doubt that lasts ever more seldom."""
        sentence = f"bootstrap: {advice.word}: {advice.reason}"
        if advice.word == "unknown":
            self.seldom("bootstrap", "info", sentence, kind="bootstrap", word=advice.word)
        elif before is None or advice.word != before.word:
            self.is_over("bootstrap")
            self.now("info", sentence, kind="bootstrap", word=advice.word)

    def members(self, peers: tuple[Peer, ...], generation: int) -> None:
        """Tells a new view; its files are news too."""
        self.is_over("wrote")
        names = [peer.name for peer in peers]
        listed = f"{len(names)} {'peer' if len(names) == 1 else 'peers'}: {', '.join(names)}"
        self.now("info", listed, kind="members", generation=generation, peers=names)
        sets = sets_of(names)
        if len(sets) > 1 and sets != self._sets:
            sentence = (
                f"pods of {', '.join(sets[:MANY])}{' and more' if len(sets) > MANY else ''} are "
                "behind one service: all are members, and count for the gate"
            )
            self.now("info", sentence, kind="sets")
        self._sets = sets

    def written(self, target: Target, generation: int) -> None:
        """Tells that a file was replaced; what was wrong with it is over."""
        path = str(target.path)
        self.is_over(path)
        if path in self._troubled:  # the trouble is not to be the last word
            self._troubled.discard(path)
            self.is_over("wrote")
        more: dict[str, Any] = {"output": target.name, "path": path, "generation": generation}
        self.seldom("wrote", "info", f"wrote {path}", kind="published", **more)

    def heard(self, heard: Heard) -> None:
        """Tells what is new of who answers; a file that is written for it is news too."""
        for news in heard.news:
            self.is_over("wrote")
            self.now(news.level, news.sentence, kind=news.kind)

    def withheld(self, target: Target, content: Withheld, heard: Heard, *, is_there: bool) -> str:
        """Tells why a file is not written, with what was heard where it waits for that."""
        seen = "" if content.port is None else heard.waiting.get(content.port, "")
        said = f"{content.reason} ({seen})" if seen else content.reason
        stays = "; the last good file stays" if is_there else ""
        topic = str(target.path)
        self.seldom(topic, "warning", said + stays, key=content.reason, kind="withheld")
        return said

    def notified(self, name: str) -> None:
        """Tells that somebody was told; what was wrong with that is over."""
        self._troubled.discard(f"notifier {name}")
        self.is_over(f"notifier {name}")
        self.now("info", f"{name} was told", kind="notified", notifier=name)

    def not_notified(self, name: str, reason: str, times: int, pause: float) -> None:
        """Tells that somebody could not be told."""
        again = f"{times} times in a row" if times > 1 else "for the first time"
        sentence = f"{name} {reason} ({again}); it is told again in {pause:.0f} s"
        more: dict[str, Any] = {"notifier": name, "times": times}
        self.seldom(f"notifier {name}", "error", sentence, key=reason, kind="not_notified", **more)

    def meddling(self, target: Target, *, is_removed: bool) -> None:
        """Tells that somebody else changes a file."""
        sentence = (
            f"somebody else {'removed' if is_removed else 'changed'} {target.path} (another "
            "rollcall with the same output?): it is written again"
        )
        self.seldom("meddling", "warning", sentence, kind="meddling")

    def unread(self, target: Target, reason: str) -> None:
        """Tells that a file was written, and what is there now can't be read."""
        sentence = (
            f"{target.path} can't be read any more: {reason}. Whether somebody else changed it "
            "can't be told, so it is not written again before the members change"
        )
        self.seldom(f"unread {target.path}", "warning", sentence, kind="unread")
